/* SPDX-License-Identifier: GPL-2.0-only
 * The log: lines of "[   0.123456] info  vtd: text" on the serial console and in a ring that a panic prints again.
 * One call is one line; the area is the word before the colon in the text. Safe on every CPU. */
#ifndef BULKHEAD_CORE_LOG_H
#define BULKHEAD_CORE_LOG_H

#include "kernel/lib/diag.h"
#include "kernel/lib/types.h"

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
};

/* Lines above this level are kept out of console and ring (default LOG_INFO). */
void log_set_level(enum log_level level);
enum log_level log_current_level(void);

/* fmt as in kernel/lib/format.h, without a newline; longer than 640 characters is cut and marked "...". From a
 * chosen level upwards (kernel/core/event_log.h) it is an event too. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* log_line() that is never an event: for what an event of its own says. */
void log_only(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* A guest's line, "NAME" mark " text"; mark is '|' for a whole line and '>' for a part of one. Never in the ring: the
 * log keeps nothing of what guests print. */
void log_guest(const char *name, char mark, const char *text);

/* Every diagnostic of a list, one line each, at the level of its severity. */
void log_diagnostics(const struct diag_list *list);

#endif
