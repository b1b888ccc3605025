/* SPDX-License-Identifier: GPL-2.0-only
 * Words for the levels of log lines. */
#ifndef BULKHEAD_CORE_LOG_LEVEL_H
#define BULKHEAD_CORE_LOG_LEVEL_H

#include "kernel/core/log.h"

#define LOG_LEVELS (LOG_DEBUG + 1)

/* "error", "warn", "info", "debug". */
const char *log_level_text(enum log_level level);

/* The level of that word; false when there is none. */
bool log_level_parse(const char *word, enum log_level *level);

#endif
