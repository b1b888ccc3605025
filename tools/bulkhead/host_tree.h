/* SPDX-License-Identifier: GPL-2.0-only
 * Reading files of this machine's /sys and /proc, or of a folder that looks like its root. Nothing is ever written. */
#ifndef BULKHEAD_TOOLS_HOST_TREE_H
#define BULKHEAD_TOOLS_HOST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_TREE_PATH_SIZE 1024
#define HOST_TREE_BYTES_MAX ((size_t)1 << 20) /* of one file */

/* Where "/" is: "" for the machine itself. Paths below begin with "/" and must be shorter than HOST_TREE_PATH_SIZE. */
struct host_tree {
    const char *root;
};

/* The whole file and one NUL behind it, to be freed; NULL: errno says why. *length excludes the NUL. */
uint8_t *host_tree_read(const struct host_tree *tree, const char *path, size_t *length);

/* Exactly `length` bytes of the file from `offset` on; false: errno says why (EIO: it ends before). */
bool host_tree_read_at(const struct host_tree *tree, const char *path, uint64_t offset, void *to, size_t length);

/* The first line without its end; false when the file cannot be read or the line does not fit. */
bool host_tree_line(const struct host_tree *tree, const char *path, char *out, size_t size);

/* That line as a number, decimal or 0x and hex; false when it is none. */
bool host_tree_number(const struct host_tree *tree, const char *path, uint64_t *out);

/* What a symbolic link says; false when it is none. */
bool host_tree_link(const struct host_tree *tree, const char *path, char *out, size_t size);

bool host_tree_exists(const struct host_tree *tree, const char *path);

/* Names in a folder, sorted as strings, without "." and "..". NULL items and count 0: empty or errno says why. */
struct host_names {
    char **items;
    size_t count;
};
bool host_tree_names(const struct host_tree *tree, const char *path, struct host_names *out);
void host_names_free(struct host_names *names);

#endif
