/* SPDX-License-Identifier: GPL-2.0-only
 * The screen of top: a line of sums, the guests with their rates, the networks, devices with faults. */
#include "tools/bulkheadd/top_screen.h"

#include <inttypes.h>
#include <string.h>

#include "tools/bulkheadd/lists.h"

#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

struct top_sample top_sample_make(const struct top_answers *answers, uint64_t ms)
{
    struct top_sample sample = {.ms = ms};
    for (const struct jtree_node *row = jtree_items(answers->guests, "guests"); row != NULL; row = row->next) {
        const char *name = jtree_text(row, "name");
        if (name != NULL && sample.count < STATE_GUESTS_MAX) {
            struct top_guest *guest = &sample.guests[sample.count++];
            text_fit(guest->name, sizeof(guest->name), name);
            guest->exits = jtree_number(row, "exits", 0);
            guest->interrupts = jtree_number(row, "device-interrupts", 0);
        }
    }
    return sample;
}

static const struct top_guest *find(const struct top_sample *sample, const char *name)
{
    for (size_t i = 0; i < sample->count; i++) {
        if (strcmp(sample->guests[i].name, name) == 0) {
            return &sample->guests[i];
        }
    }
    return NULL;
}

/* ,"key":N a second - or nothing, where one sample is missing or a counter started again. */
static void put_rate(struct text *out, const char *key, uint64_t before, uint64_t now, uint64_t ms)
{
    if (ms != 0 && now >= before) {
        text_put(out, ",\"%s\":%" PRIu64, key, (now - before) * 1000 / ms);
    }
}

static void put_guest(struct text *rows, const struct jtree_node *row, const struct top_sample *before,
                      const struct top_sample *now)
{
    const char *name = jtree_text(row, "name");
    const struct top_guest *old = name != NULL ? find(before, name) : NULL;
    const struct top_guest *new = name != NULL ? find(now, name) : NULL;
    text_put(rows, "%s{\"-\":0", rows->length > 1 ? "," : "");
    if (old != NULL && new != NULL && before->ms != 0) {
        put_rate(rows, "exits-rate", old->exits, new->exits, now->ms - before->ms);
        put_rate(rows, "interrupts-rate", old->interrupts, new->interrupts, now->ms - before->ms);
    }
    jtree_write_members(rows, row, "-");
    text_put(rows, "}");
}

static void put_guests(struct text *out, const struct top_answers *answers, const struct top_sample *before,
                       const struct top_sample *now, bool colour)
{
    static const struct table_column columns[] = {
        {"name", "GUEST", TABLE_TEXT},
        {"state", "STATE", TABLE_STATE},
        {"cpus", "CPUS", TABLE_NUMBER},
        {"memory-mib", "MEMORY", TABLE_MIB},
        {"exits-rate", "EXITS/S", TABLE_NUMBER},
        {"exits", "EXITS", TABLE_NUMBER},
        {"interrupts-rate", "IRQ/S", TABLE_NUMBER},
        {"starts", "STARTS", TABLE_NUMBER},
        {"why", "WHY", TABLE_TEXT},
    };
    struct text rows = {0};
    struct jtree tree;
    const char *why = NULL;
    text_put(&rows, "[");
    for (const struct jtree_node *row = jtree_items(answers->guests, "guests"); row != NULL; row = row->next) {
        put_guest(&rows, row, before, now);
    }
    text_put(&rows, "]");
    if (jtree_parse(&tree, rows.bytes, rows.length, &why)) {
        table_write(out, tree.root->child, columns, sizeof(columns) / sizeof(columns[0]), colour);
        jtree_free(&tree);
    }
    text_free(&rows);
}

static void put_head(struct text *out, const struct top_answers *answers, const struct top_sample *now, bool colour)
{
    text_put(out, "%sbulkhead%s  guests %zu", colour ? TABLE_BOLD : "", colour ? TABLE_PLAIN : "", now->count);
    if (answers->agent != NULL) {
        text_put(out, "  events %" PRIu64 "  dropped %" PRIu64 "  missed %" PRIu64,
                 jtree_number(answers->agent, "events", 0), jtree_number(answers->agent, "dropped", 0),
                 jtree_number(answers->agent, "missed", 0));
    }
    if (jtree_get(answers->faults, "faults") != NULL) {
        text_put(out, "  faults %" PRIu64, jtree_number(answers->faults, "faults", 0));
    }
    text_put(out, "  (q quits)\n");
    if (answers->error != NULL) {
        text_put(out, "%s", colour ? table_colour("error") : "");
        text_clean(out, answers->error);
        text_put(out, "%s\n", colour ? TABLE_PLAIN : "");
    }
    text_put(out, "\n");
}

static void put_networks(struct text *out, const struct top_answers *answers, bool colour)
{
    const struct jtree_node *networks = jtree_items(answers->networks, "networks");
    if (networks == NULL) {
        return;
    }
    text_put(out, "\nnetworks");
    for (; networks != NULL; networks = networks->next) {
        const char *word = jtree_is_true(networks, "up") ? "up" : "cut";
        const char *name = jtree_text(networks, "name");
        text_put(out, "  ");
        text_clean(out, name != NULL ? name : "-");
        text_put(out, " %s%s%s", colour ? table_colour(word) : "", word, colour ? TABLE_PLAIN : "");
    }
    text_put(out, "\n");
}

/* Devices that have faults, below the rest. */
static void put_faults(struct text *out, const struct top_answers *answers, bool colour)
{
    const struct list *list = list_find("faults");
    struct text rows = {0};
    struct jtree tree;
    const char *why = NULL;
    text_put(&rows, "[");
    for (const struct jtree_node *row = jtree_items(answers->faults, "devices"); row != NULL; row = row->next) {
        if (jtree_number(row, "faults", 0) != 0) {
            text_put(&rows, "%s", rows.length > 1 ? "," : "");
            jtree_write(&rows, row);
        }
    }
    text_put(&rows, "]");
    if (rows.length > 2 && jtree_parse(&tree, rows.bytes, rows.length, &why)) {
        text_put(out, "\n");
        table_write(out, tree.root->child, list->columns, list->count, colour);
        jtree_free(&tree);
    }
    text_free(&rows);
}

void top_screen_clip(struct text *out, const char *line, size_t length, size_t columns)
{
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t start = i++;
        bool escape = line[start] == '\033';
        while (escape && i < length && line[i] != 'm') {
            i++;
        }
        i += escape && i < length;
        while (!escape && i < length && ((unsigned char)line[i] & 0xc0) == 0x80) {
            i++;
        }
        used += !escape;
        if (escape || used <= columns) {
            text_bytes(out, line + start, i - start);
        }
    }
}

void top_screen_write(struct text *out, const struct top_answers *answers, const struct top_sample *before,
                      const struct top_sample *now, size_t columns, size_t lines, bool colour)
{
    struct text all = {0};
    put_head(&all, answers, now, colour);
    if (answers->guests != NULL) {
        put_guests(&all, answers, before, now, colour);
    }
    put_networks(&all, answers, colour);
    put_faults(&all, answers, colour);
    const char *line = all.bytes;
    for (size_t i = 0; i < lines && *line != 0; i++) {
        size_t length = strcspn(line, "\n");
        text_put(out, "%s", i != 0 ? "\r\n" : "");
        top_screen_clip(out, line, length, columns);
        text_put(out, CLEAR_LINE);
        line += length + (line[length] == '\n');
    }
    text_put(out, CLEAR_REST);
    text_free(&all);
}
