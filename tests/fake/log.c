/* SPDX-License-Identifier: GPL-2.0-only
 * Log kept in memory; a panic ends the test program. */
#include "tests/fake/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/lib/format.h"

static char text[1 << 20];
static size_t used;

void fake_log_reset(void)
{
    used = 0;
    text[0] = 0;
}

void log_set_level(enum log_level level)
{
    (void)level;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    format_text_v(line, sizeof(line), fmt, args);
    va_end(args);
    (void)level;
    size_t n = strlen(line);
    if (used + n + 2 < sizeof(text)) {
        memcpy(text + used, line, n);
        used += n;
        text[used++] = '\n';
        text[used] = 0;
    }
}

size_t fake_log_count(const char *what)
{
    size_t count = 0;
    for (const char *at = text; *at != 0;) {
        const char *end = strchr(at, '\n');
        const char *hit = strstr(at, what);
        if (hit != NULL && hit < end) {
            count++;
        }
        at = end + 1;
    }
    return count;
}

const char *fake_log_text(void)
{
    return text;
}

void panic(const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    format_text_v(line, sizeof(line), fmt, args);
    va_end(args);
    fprintf(stderr, "panic: %s\n", line);
    abort();
}
