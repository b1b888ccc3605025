/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes from the channel, in pieces of any size: lines, JSON and back, state, texts, tables, the screen of top. */
#include <stdlib.h>
#include <string.h>

#include "kernel/core/panic.h"
#include "tools/bulkheadd/event_text.h"
#include "tools/bulkheadd/forward.h"
#include "tools/bulkheadd/line_reader.h"
#include "tools/bulkheadd/lists.h"
#include "tools/bulkheadd/state.h"
#include "tools/bulkheadd/top_screen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS 40
#define LINES 12

static void check_clean(const struct text *text)
{
    for (size_t i = 0; i < text->length; i++) {
        bulkhead_assert((unsigned char)text->bytes[i] >= 0x20 && text->bytes[i] != 0x7f);
    }
}

/* What was written reads as the same again. */
static void check_round_trip(const struct jtree_node *root)
{
    struct text once = {0};
    struct text twice = {0};
    struct jtree tree;
    const char *why = NULL;
    jtree_write(&once, root);
    check_clean(&once);
    bulkhead_assert(jtree_parse(&tree, once.bytes, once.length, &why));
    jtree_write(&twice, tree.root);
    bulkhead_assert(strcmp(once.bytes, twice.bytes) == 0);
    jtree_free(&tree);
    text_free(&once);
    text_free(&twice);
}

static void check_event(struct state *s, const struct jtree_node *event, const char *line)
{
    struct text text = {0};
    uint64_t missed = s->missed;
    bulkhead_assert(state_event(s, event) + missed == s->missed);
    state_keep(s, event, line);
    event_text(&text, event);
    event_time(&text, event);
    forward_syslog_entry(&text, event);
    check_clean(&text);
    forward_journal_entry(&text, event, "{}");
    text_free(&text);
    bulkhead_assert(s->type_count <= STATE_TYPES_MAX && s->kept_count <= s->kept_most);
}

static void check_answer(struct state *s, const struct jtree_node *root)
{
    static const char *const names[] = {"guests", "devices", "networks", "faults"};
    struct top_answers answers = {root, root, root, root, NULL};
    struct top_sample before = top_sample_make(&answers, 1);
    struct top_sample now = top_sample_make(&answers, 1001);
    struct text screen = {0};
    size_t lines = 1;
    state_answer(s, root);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct list *list = list_find(names[i]);
        table_write(&screen, jtree_items(root, list->rows), list->columns, list->count, true);
    }
    screen.length = 0;
    top_screen_write(&screen, &answers, &before, &now, COLUMNS, LINES, true);
    for (size_t i = 0; i < screen.length; i++) {
        lines += screen.bytes[i] == '\n';
    }
    bulkhead_assert(lines <= LINES);
    text_free(&screen);
}

static void take_line(struct state *s, const char *line, size_t length)
{
    struct jtree tree;
    const char *why = NULL;
    if (!jtree_parse(&tree, line, length, &why)) {
        bulkhead_assert(why != NULL);
        return;
    }
    check_round_trip(tree.root);
    if (event_is_one(tree.root)) {
        check_event(s, tree.root, line);
    }
    check_answer(s, tree.root);
    jtree_free(&tree);
}

/* The first byte: how many come at a time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_reader reader = {0};
    struct state s = state_make(4);
    size_t piece = size != 0 ? (size_t)data[0] + 1 : 1;
    size_t at = 1;
    while (at < size) {
        size_t room = 0;
        size_t length = 0;
        char *to = line_reader_room(&reader, &room);
        size_t count = size - at < piece ? size - at : piece;
        count = count < room ? count : room;
        memcpy(to, data + at, count);
        line_reader_filled(&reader, count);
        at += count;
        for (char *line = line_reader_take(&reader, &length); line != NULL; line = line_reader_take(&reader, &length)) {
            bulkhead_assert(line[length] == 0 && memchr(line, '\n', length) == NULL);
            take_line(&s, line, length);
        }
    }
    state_free(&s);
    line_reader_free(&reader);
    return 0;
}
