/* SPDX-License-Identifier: GPL-2.0-only
 * A log in memory that outlives a warm reset: where it is, how it is written line by line, and how the next boot reads
 * what the last one left. Pure: whatever the memory holds is outside data; only whole records with a sound checksum
 * count.
 *
 * Two halves of 64 KiB, one for this boot and one for the last; in each 256 records of 256 bytes, the first of which is
 * the head. */
#ifndef BULKHEAD_LIB_LAST_LOG_H
#define BULKHEAD_LIB_LAST_LOG_H

#include "kernel/lib/memory_map.h"
#include "kernel/lib/types.h"

#define LAST_LOG_RECORD 256u
#define LAST_LOG_RECORDS 256u /* of a half, its head included */
#define LAST_LOG_BYTES ((size_t)2 * LAST_LOG_RECORDS * LAST_LOG_RECORD)
#define LAST_LOG_TEXT 225u /* of a record, with its NUL: a longer line takes several */

/* Where it is: the same on each boot with the same memory map of firmware, whatever the loader put where. False: there
 * is no such place, or the loader has used it this time. */
bool last_log_place(const struct memory_map *map, uint64_t *start);

/* How a boot ended. */
enum last_log_end {
    LAST_LOG_UNSAID, /* while it runs; afterwards: a hang, a watchdog, a reset button */
    LAST_LOG_PANIC,
    LAST_LOG_ORDERED, /* reset or switched off by the hypervisor itself */
};

/* The log that is being written. */
struct last_log {
    uint8_t *half;
    uint64_t boot;   /* its number: one more than the last boot's */
    uint64_t number; /* of the next record */
    enum last_log_end end;
    void (*flush)(const void *at, size_t bytes); /* after each change: out of the caches */
};

/* What the last boot left: read before its half is used again, by the boot after this one. */
struct last_log_found {
    const uint8_t *half;
    uint64_t boot;
    uint64_t first, end_number; /* records first..end_number-1, some of which may be damaged */
    enum last_log_end end;
};

enum last_log_state {
    LAST_LOG_NOTHING, /* power was off, or it was told before */
    LAST_LOG_DAMAGED, /* there was one, but it cannot be read */
    LAST_LOG_FOUND,
};

/* Look at the region (LAST_LOG_BYTES, aligned to 8), say what was found, and begin this boot's log. What was found
 * counts as told from now on. */
enum last_log_state last_log_open(struct last_log *log, uint8_t *region, void (*flush)(const void *at, size_t bytes),
                                  struct last_log_found *found);

/* Append a line, without a newline; the oldest goes when there is no room. */
void last_log_put(struct last_log *log, const char *line);

/* Say how it ends. */
void last_log_mark(struct last_log *log, enum last_log_end end);

/* The text of one record; what is not printable ASCII is '?'. False: it is damaged. */
bool last_log_read(const struct last_log_found *found, uint64_t number, char text[LAST_LOG_TEXT]);

#endif
