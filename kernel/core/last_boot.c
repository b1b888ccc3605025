/* SPDX-License-Identifier: GPL-2.0-only
 * What the last boot left, and what this one leaves. */
#include "kernel/core/last_boot.h"

#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/last_log.h"
#include "kernel/lib/string.h"

#define SHOWN_MOST 64u /* lines: a panic is shorter */
#define HEAD_MOST 32u  /* characters of a line before its text */

#define NO_PLACE "there is no place for a log that outlives a reset"
#define NOTHING "power was off, or firmware or loader used that memory"
#define DAMAGED "bytes of it were lost or changed: nothing of it is believed"

static struct {
    bool open;
    struct last_log log;
    struct last_log_found found; /* of the last boot; no lines: there is none */
    struct last_boot_facts facts;
    char why[LAST_LOG_TEXT];
} last = {.facts = {.end = "none", .why = NO_PLACE}};

static const char *end_text(enum last_log_end end)
{
    static const char *const words[] = {
        [LAST_LOG_UNSAID] = "unknown", [LAST_LOG_PANIC] = "panic", [LAST_LOG_ORDERED] = "ordered"};
    return words[end];
}

/* The line that says why: the first of the panic's own, behind time and level; else the last there is. */
static bool is_reason(const char *text)
{
    static const char words[] = "panic: CPU ";
    size_t length = strlen(text);
    for (size_t at = 0; at < HEAD_MOST && at + sizeof(words) <= length; at++) {
        if (strncmp(text + at, words, sizeof(words) - 1) == 0) {
            return true;
        }
    }
    return false;
}

/* Once over all that was kept: how much of it is whole, and why it ended. */
static void take_facts(const struct last_log_found *found)
{
    char text[LAST_LOG_TEXT];
    bool reason = false;
    uint64_t kept = found->end_number - found->first;
    uint64_t wanted = found->end == LAST_LOG_ORDERED ? 0 : SHOWN_MOST;
    last.found = *found;
    last.facts = (struct last_boot_facts){.end = end_text(found->end),
                                          .why = last.why,
                                          .lines = kept,
                                          .shown = kept < wanted ? kept : wanted,
                                          .overwritten = found->first};
    for (uint64_t i = 0; i < kept; i++) {
        if (!last_boot_line(i, text)) {
            last.facts.damaged++;
        } else if (!reason) {
            reason = is_reason(text);
            memcpy(last.why, text, LAST_LOG_TEXT);
        }
    }
}

static void show_lines(void)
{
    char text[LAST_LOG_TEXT];
    for (uint64_t i = last.facts.lines - last.facts.shown; i < last.facts.lines; i++) {
        if (last_boot_line(i, text)) {
            log_warn("last-boot: | %s", text);
        }
    }
    if (last.facts.damaged != 0) {
        log_warn("last-boot: %llu lines of it are damaged", (unsigned long long)last.facts.damaged);
    }
}

static void put_event(void)
{
    struct event e;
    event_begin(&e, EVENT_ERROR, "last-boot");
    json_text(&e.json, "end", last.facts.end);
    json_number(&e.json, "lines", last.facts.lines);
    json_number(&e.json, "shown", last.facts.shown);
    json_number(&e.json, "overwritten", last.facts.overwritten);
    json_number(&e.json, "damaged", last.facts.damaged);
    json_text(&e.json, "text", last.facts.why);
    event_end(&e);
}

static void show(const struct last_log_found *found)
{
    take_facts(found);
    if (found->end == LAST_LOG_ORDERED) {
        return;
    }
    log_warn("last-boot: %s; the last lines of its log were",
             found->end == LAST_LOG_PANIC ? "it ended by a panic"
                                          : "the machine was reset from outside: a hang, a watchdog, a button");
    show_lines();
    log_warn("last-boot: end");
    put_event();
}

enum status last_boot_start(struct memory_map *map)
{
    uint64_t at = 0;
    struct last_log_found found;
    if (!last_log_place(map, &at)) {
        last.facts = (struct last_boot_facts){.end = "none", .why = NO_PLACE};
        log_info("last-boot: no place for a log that outlives a reset");
        return STATUS_OK;
    }
    enum status status = memory_map_add(map, at, LAST_LOG_BYTES, MEMORY_HYPERVISOR);
    if (status != STATUS_OK) {
        return status;
    }
    last.found = (struct last_log_found){0};
    switch (last_log_open(&last.log, phys_to_virt(hpa(at)), cpu_flush, &found)) {
    case LAST_LOG_NOTHING:
        last.facts = (struct last_boot_facts){.end = "none", .why = NOTHING};
        break;
    case LAST_LOG_DAMAGED:
        last.facts = (struct last_boot_facts){.end = "damaged", .why = DAMAGED};
        log_warn("last-boot: the log that the last boot left is damaged, and is not shown");
        break;
    case LAST_LOG_FOUND:
        show(&found);
        break;
    }
    last.open = true;
    return STATUS_OK;
}

struct last_boot_facts last_boot_facts(void)
{
    return last.facts;
}

bool last_boot_line(uint64_t index, char text[LAST_LOG_TEXT])
{
    return index < last.found.end_number - last.found.first &&
           last_log_read(&last.found, last.found.first + index, text);
}

void last_boot_put(const char *line)
{
    if (last.open) {
        last_log_put(&last.log, line);
    }
}

void last_boot_panics(void)
{
    if (last.open) {
        last_log_mark(&last.log, LAST_LOG_PANIC);
    }
}

void last_boot_ends(void)
{
    if (last.open && last.log.end == LAST_LOG_UNSAID) {
        last_log_mark(&last.log, LAST_LOG_ORDERED);
    }
}
