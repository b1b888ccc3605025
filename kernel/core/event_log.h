/* SPDX-License-Identifier: GPL-2.0-only
 * Log lines as events of type "log", from a chosen level upwards. */
#ifndef BULKHEAD_CORE_EVENT_LOG_H
#define BULKHEAD_CORE_EVENT_LOG_H

#include "kernel/core/log.h"

#define EVENT_LOG_NONE (-1)

/* Lines up to this level (enum log_level) become events; EVENT_LOG_NONE: none. Default LOG_WARN. */
void event_log_set_level(int level);
int event_log_level(void);

/* text: the line without time and level. Nothing when the level is not wanted. */
void event_log_put(enum log_level level, const char *text);

#endif
