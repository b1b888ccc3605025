/* SPDX-License-Identifier: GPL-2.0-only
 * The last log lines, and how one line looks. Pure. */
#ifndef BULKHEAD_CORE_LOG_RING_H
#define BULKHEAD_CORE_LOG_RING_H

#include <stdarg.h>

#include "kernel/core/log.h"
#include "kernel/lib/types.h"

#define LOG_TEXT_MAX 640
#define LOG_LINE_SIZE (LOG_TEXT_MAX + 32) /* with head and NUL */
#define LOG_RING_LINES 64

struct log_ring {
    char lines[LOG_RING_LINES][LOG_LINE_SIZE];
    uint64_t written; /* lines ever put in */
};

/* "[   0.123456] info  text" into line, without a newline; text longer than LOG_TEXT_MAX ends in "...". Characters
 * other than printable ASCII become '?', so that no text from firmware or a guest can forge or hide lines. Returns
 * where the text starts. */
size_t log_ring_format(char line[LOG_LINE_SIZE], uint64_t ns, enum log_level level, const char *fmt, va_list args)
    __attribute__((format(printf, 4, 0)));

void log_ring_put(struct log_ring *ring, const char line[LOG_LINE_SIZE]);

/* The line put in `age` lines ago (0: the last one); NULL when there was none or it is gone. */
const char *log_ring_line(const struct log_ring *ring, uint64_t age);

#endif
