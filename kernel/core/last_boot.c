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

static struct {
    bool open;
    struct last_log log;
} last;

static const char *end_text(enum last_log_end end)
{
    return end == LAST_LOG_PANIC ? "panic" : "unknown";
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

static uint64_t first_shown(const struct last_log_found *found)
{
    bool many = found->end_number - found->first > SHOWN_MOST;
    return many ? found->end_number - SHOWN_MOST : found->first;
}

static void show_lines(const struct last_log_found *found, char why[LAST_LOG_TEXT])
{
    char text[LAST_LOG_TEXT];
    bool reason = false;
    uint64_t damaged = 0;
    for (uint64_t i = first_shown(found); i < found->end_number; i++) {
        if (!last_log_read(found, i, text)) {
            damaged++;
            continue;
        }
        log_warn("last-boot: | %s", text);
        if (!reason) {
            reason = is_reason(text);
            memcpy(why, text, LAST_LOG_TEXT);
        }
    }
    if (damaged != 0) {
        log_warn("last-boot: %llu lines of it are damaged", (unsigned long long)damaged);
    }
}

static void put_event(const struct last_log_found *found, const char *why)
{
    struct event e;
    event_begin(&e, EVENT_ERROR, "last-boot");
    json_text(&e.json, "end", end_text(found->end));
    json_number(&e.json, "lines", found->end_number - found->first);
    json_text(&e.json, "text", why);
    event_end(&e);
}

static void show(const struct last_log_found *found)
{
    char why[LAST_LOG_TEXT] = "";
    if (found->end == LAST_LOG_ORDERED) {
        return;
    }
    log_warn("last-boot: %s; the last lines of its log were",
             found->end == LAST_LOG_PANIC ? "it ended by a panic"
                                          : "the machine was reset from outside: a hang, a watchdog, a button");
    show_lines(found, why);
    log_warn("last-boot: end");
    put_event(found, why);
}

enum status last_boot_start(struct memory_map *map)
{
    uint64_t at = 0;
    struct last_log_found found;
    if (!last_log_place(map, &at)) {
        log_info("last-boot: no place for a log that outlives a reset");
        return STATUS_OK;
    }
    enum status status = memory_map_add(map, at, LAST_LOG_BYTES, MEMORY_HYPERVISOR);
    if (status != STATUS_OK) {
        return status;
    }
    switch (last_log_open(&last.log, phys_to_virt(hpa(at)), cpu_flush, &found)) {
    case LAST_LOG_NOTHING:
        break;
    case LAST_LOG_DAMAGED:
        log_warn("last-boot: the log that the last boot left is damaged, and is not shown");
        break;
    case LAST_LOG_FOUND:
        show(&found);
        break;
    }
    last.open = true;
    return STATUS_OK;
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
