/* SPDX-License-Identifier: GPL-2.0-only
 * Events as text. */
#include "tools/bulkheadd/event_text.h"

#include <inttypes.h>
#include <string.h>

bool event_is_one(const struct jtree_node *node)
{
    const char *type = jtree_text(node, "type");
    return type != NULL && type[0] != 0;
}

/* Shown elsewhere in a line already. */
static bool is_head(const char *key)
{
    static const char *const heads[] = {"seq", "time-ns", "wall", "severity", "type", "source-program", "text"};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (strcmp(heads[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static void put_value(struct text *out, const struct jtree_node *value)
{
    struct text json = {0};
    bool is_word = value->type == JTREE_STRING && value->text[0] != 0 && strpbrk(value->text, " \"=") == NULL;
    if (is_word || (value->type != JTREE_STRING && value->text != NULL)) {
        text_clean(out, value->text);
        return;
    }
    jtree_write(&json, value);
    text_clean(out, text_string(&json));
    text_free(&json);
}

void event_text(struct text *out, const struct jtree_node *event)
{
    const char *message = jtree_text(event, "text");
    text_clean(out, jtree_text(event, "type"));
    text_put(out, ":");
    if (message != NULL) {
        text_put(out, " ");
        text_clean(out, message);
    }
    for (const struct jtree_node *member = event->child; member != NULL; member = member->next) {
        if (!is_head(member->key) && member->type != JTREE_NULL) {
            text_put(out, " ");
            text_clean(out, member->key);
            text_put(out, "=");
            put_value(out, member);
        }
    }
}

void event_time(struct text *out, const struct jtree_node *event)
{
    uint64_t ns = jtree_number(event, "time-ns", UINT64_MAX);
    const char *wall = jtree_text(event, "wall");
    if (ns != UINT64_MAX) {
        text_put(out, "%" PRIu64 ".%06" PRIu64, ns / 1000000000, ns % 1000000000 / 1000);
    } else {
        text_clean(out, wall != NULL ? wall : "-");
    }
}
