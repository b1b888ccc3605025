/* SPDX-License-Identifier: GPL-2.0-only
 * A tree as JSON again. */
#include <assert.h>
#include <string.h>

#include "tools/bulkheadd/jtree.h"

static void write_head(struct text *out, const struct jtree_node *node)
{
    if (node->key != NULL) {
        text_json(out, node->key);
        text_put(out, ":");
    }
    if (node->type == JTREE_STRING) {
        text_json(out, node->text);
    } else if (node->type == JTREE_LIST || node->type == JTREE_OBJECT) {
        text_put(out, node->type == JTREE_LIST ? "[" : "{");
    } else {
        text_put(out, "%s", node->text);
    }
}

static void write_end(struct text *out, const struct jtree_node *node)
{
    text_put(out, node->type == JTREE_LIST ? "]" : "}");
}

/* One value with its key, then what is inside of it, going down and up by a stack. */
static void write_all(struct text *out, const struct jtree_node *node)
{
    const struct jtree_node *open[JTREE_DEPTH_MAX];
    size_t depth = 0;
    write_head(out, node);
    const struct jtree_node *at = node;
    for (;;) {
        bool is_open = at->type == JTREE_LIST || at->type == JTREE_OBJECT;
        if (is_open && at->child != NULL) {
            assert(depth < JTREE_DEPTH_MAX);
            open[depth++] = at;
            at = at->child;
            write_head(out, at);
            continue;
        }
        if (is_open) {
            write_end(out, at);
        }
        while (depth != 0 && at->next == NULL) {
            at = open[--depth];
            write_end(out, at);
        }
        if (depth == 0) {
            return;
        }
        at = at->next;
        text_put(out, ",");
        write_head(out, at);
    }
}

void jtree_write(struct text *out, const struct jtree_node *node)
{
    struct jtree_node alone = *node;
    alone.key = NULL;
    write_all(out, &alone);
}

void jtree_write_members(struct text *out, const struct jtree_node *object, const char *except)
{
    const struct jtree_node *member = object->type == JTREE_OBJECT ? object->child : NULL;
    for (; member != NULL; member = member->next) {
        if (strcmp(member->key, except) != 0) {
            text_put(out, ",");
            write_all(out, member);
        }
    }
}
