/* SPDX-License-Identifier: GPL-2.0-only
 * The log in memory that is kept over a warm reset (kernel/lib/last_log.h): every line of the log goes there too, and
 * what the last boot left is shown at this one, once: after a panic, a hang, a watchdog's or a button's reset. */
#ifndef BULKHEAD_CORE_LAST_BOOT_H
#define BULKHEAD_CORE_LAST_BOOT_H

#include "kernel/lib/last_log.h"
#include "kernel/lib/memory_map.h"
#include "kernel/lib/status.h"

/* Take its place out of the map, which no page was handed out of yet; say what the last boot left ("last-boot: ..." in
 * the log, event last-boot), and begin. Without a place the log is not kept, and a line says so.
 * STATUS_NO_MEMORY: the map is full. */
MUST_CHECK enum status last_boot_start(struct memory_map *map);

/* A line of the log, under its lock or in a panic: is in memory, not only in a cache, when this returns. */
void last_boot_put(const char *line);

/* From now on it ends by a panic; or, if it does not, the machine is reset or switched off on purpose. */
void last_boot_panics(void);
void last_boot_ends(void);

/* What the last boot left, for whoever asks later in this boot. */
struct last_boot_facts {
    const char *end;      /* "panic"; "unknown": from outside; "ordered"; "damaged": cannot be read; "none" */
    const char *why;      /* the panic's reason, else the last line; of "damaged" and "none": what that means */
    uint64_t lines;       /* that were kept, damaged ones among them */
    uint64_t shown;       /* of these, in this boot's log: the last ones */
    uint64_t overwritten; /* older ones that were not kept */
    uint64_t damaged;     /* kept ones that cannot be read */
};
struct last_boot_facts last_boot_facts(void);

/* The index-th line that was kept, 0 the oldest. False: it is damaged, or there is none. */
bool last_boot_line(uint64_t index, char text[LAST_LOG_TEXT]);

#endif
