/* SPDX-License-Identifier: GPL-2.0-only
 * One JSON value (RFC 8259) as a tree. Any bytes may come in: depth, number of values and length are bounded. */
#ifndef BULKHEAD_AGENT_JTREE_H
#define BULKHEAD_AGENT_JTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/bulkheadd/text.h"

#define JTREE_DEPTH_MAX 16
#define JTREE_NODES_MAX 32768

enum jtree_type {
    JTREE_NULL,
    JTREE_BOOL,
    JTREE_NUMBER,
    JTREE_STRING,
    JTREE_LIST,
    JTREE_OBJECT,
};

struct jtree_node {
    enum jtree_type type;
    const char *key;  /* in an object; else NULL */
    const char *text; /* of a string, decoded; of a number, true, false, null as written; else NULL */
    struct jtree_node *next, *child;
};

struct jtree {
    struct jtree_node *root;
    struct jtree_node *nodes;
    size_t count, most;
    char *pool; /* keys and texts */
    size_t used;
};

/* One value and nothing but space around it. False: *why says what is wrong with it, nothing to free. A NUL in a string
 * (\u0000) becomes U+FFFD. */
bool jtree_parse(struct jtree *tree, const char *text, size_t length, const char **why);
void jtree_free(struct jtree *tree);

/* The first member of that name; NULL where there is none, or node is NULL or no object. */
const struct jtree_node *jtree_get(const struct jtree_node *node, const char *key);
/* The text of a string member; NULL where it is none. */
const char *jtree_text(const struct jtree_node *node, const char *key);
/* The value of a member that is a whole number of 0 to 2^64 - 1; else `otherwise`. */
uint64_t jtree_number(const struct jtree_node *node, const char *key, uint64_t otherwise);
bool jtree_is_true(const struct jtree_node *node, const char *key);
/* The first item of a list member, to be followed by ->next; NULL. */
const struct jtree_node *jtree_items(const struct jtree_node *node, const char *key);

/* Append a value as JSON without spaces; depth is bounded by how it was parsed. */
void jtree_write(struct text *out, const struct jtree_node *node);
/* The members of an object but that one, each as ,"key":value - behind a first one that the caller wrote. Nothing
 * for what is no object. */
void jtree_write_members(struct text *out, const struct jtree_node *object, const char *except);

#endif
