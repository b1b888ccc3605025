/* SPDX-License-Identifier: GPL-2.0-only
 * The log of a host test: kept in memory, so that a test can ask what was said. */
#ifndef BULKHEAD_FAKE_LOG_H
#define BULKHEAD_FAKE_LOG_H

#include "kernel/lib/types.h"

void fake_log_reset(void);
/* Number of kept lines that contain text. */
size_t fake_log_count(const char *text);
/* Likewise, but only lines that the console would print: at or above the level of log_set_level(), or LOG_INFO. */
size_t fake_log_printed(const char *text);
/* Everything said since the reset (the first 1 MiB), lines separated by '\n'. */
const char *fake_log_text(void);

#endif
