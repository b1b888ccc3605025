/* SPDX-License-Identifier: GPL-2.0-only
 * Lines are written whole and at once: the process may end at any time. */
#include "tests/bochs/plugin/log.hh"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ERRORS_SHOWN 64

static struct {
    FILE *file;
    unsigned errors;
} log_root;

static void write_line(const char *prefix, const char *format, va_list arguments)
{
    if (log_root.file == NULL) {
        const char *path = getenv("BULKHEAD_LOG");
        log_root.file = path != NULL ? fopen(path, "we") : stderr;
        log_root.file = log_root.file != NULL ? log_root.file : stderr;
    }
    char text[512];
    vsnprintf(text, sizeof(text), format, arguments);
    fprintf(log_root.file, "plugin: %s%s\n", prefix, text);
    fflush(log_root.file);
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("", format, arguments);
    va_end(arguments);
}

void log_error(const char *format, ...)
{
    log_root.errors++;
    if (log_root.errors > ERRORS_SHOWN) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_line("error: ", format, arguments);
    va_end(arguments);
}

unsigned log_errors()
{
    return log_root.errors;
}
