/* SPDX-License-Identifier: GPL-2.0-only
 * Lists that come in parts, as one answer. */
#include <inttypes.h>
#include <string.h>

#include "tools/bulkheadd/ctl.h"

/* A list that is put together: the other members of the first part, and all items. */
struct parts {
    const char *command, *rows;
    struct text head, items;
    uint64_t next; /* where the next part starts; 0: there is none */
};

static void add_part(struct parts *p, const struct jtree_node *part, bool first)
{
    for (const struct jtree_node *member = part->child; member != NULL && first; member = member->next) {
        bool apart = strcmp(member->key, p->rows) == 0 || strcmp(member->key, "next") == 0;
        if (!apart && strcmp(member->key, "id") != 0) {
            text_json(&p->head, member->key);
            text_put(&p->head, ":");
            jtree_write(&p->head, member);
            text_put(&p->head, ",");
        }
    }
    for (const struct jtree_node *item = jtree_items(part, p->rows); item != NULL; item = item->next) {
        text_put(&p->items, "%s", p->items.length != 0 ? "," : "");
        jtree_write(&p->items, item);
    }
}

static enum ctl_exit ask_part(struct ctl *c, struct parts *p, bool quiet)
{
    struct jtree part;
    struct text members = {0};
    uint64_t from = p->next;
    text_put(&members, ",\"command\":\"%s\"", p->command);
    if (from != 0) {
        text_put(&members, ",\"from\":%" PRIu64, from);
    }
    enum ctl_exit result = ctl_ask(c, members.bytes, &part, quiet);
    text_free(&members);
    if (result == CTL_DONE) {
        uint64_t next = jtree_number(part.root, "next", 0);
        add_part(p, part.root, from == 0);
        p->next = next > from ? next : 0; /* a list that goes nowhere ends */
        jtree_free(&part);
    }
    return result;
}

enum ctl_exit ctl_ask_list(struct ctl *c, const char *command, const char *rows, struct jtree *answer, bool quiet)
{
    struct parts p = {.command = command, .rows = rows};
    struct text all = {0};
    const char *why = NULL;
    enum ctl_exit result = CTL_DONE;
    do {
        result = ask_part(c, &p, quiet);
    } while (result == CTL_DONE && p.next != 0);
    if (result == CTL_DONE) {
        text_put(&all, "{%s\"%s\":[%s]}", text_string(&p.head), rows, text_string(&p.items));
        if (!jtree_parse(answer, all.bytes, all.length, &why)) {
            ctl_error(why, NULL);
            result = CTL_REFUSED;
        }
    }
    text_free(&p.head);
    text_free(&p.items);
    text_free(&all);
    return result;
}
