/* SPDX-License-Identifier: GPL-2.0-only
 * The plugin's own log: lines "plugin: ..." on standard error or in the file that BULKHEAD_LOG names. */
#ifndef BULKHEAD_PLUGIN_LOG_H
#define BULKHEAD_PLUGIN_LOG_H

void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "plugin: error: ...": the run will not end with success. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
unsigned log_errors();

#endif
