/* SPDX-License-Identifier: GPL-2.0-only
 * Log kept in memory; a panic ends the test program. */
#include "tests/fake/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/lib/format.h"

#define KEPT (1 << 20)

struct lines {
    char text[KEPT];
    size_t used;
};

static struct {
    struct lines all;
    struct lines printed; /* those that the console would show */
    enum log_level limit;
} kept = {.limit = LOG_INFO};

static void clear(struct lines *lines)
{
    lines->used = 0;
    lines->text[0] = 0;
}

void fake_log_reset(void)
{
    clear(&kept.all);
    clear(&kept.printed);
    kept.limit = LOG_INFO;
}

void log_set_level(enum log_level level)
{
    kept.limit = level;
}

enum log_level log_current_level(void)
{
    return kept.limit;
}

static void keep(struct lines *lines, const char *line)
{
    size_t n = strlen(line);
    if (lines->used + n + 2 < KEPT) {
        memcpy(lines->text + lines->used, line, n);
        lines->used += n;
        lines->text[lines->used++] = '\n';
        lines->text[lines->used] = 0;
    }
}

static void say(enum log_level level, const char *fmt, va_list args)
{
    char line[512];
    format_text_v(line, sizeof(line), fmt, args);
    keep(&kept.all, line);
    if (level <= kept.limit) {
        keep(&kept.printed, line);
    }
}

void log_line(enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(level, fmt, args);
    va_end(args);
}

void log_only(enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(level, fmt, args);
    va_end(args);
}

static size_t count_in(const struct lines *lines, const char *what)
{
    size_t count = 0;
    for (const char *at = lines->text; *at != 0;) {
        const char *end = strchr(at, '\n');
        const char *hit = strstr(at, what);
        if (hit != NULL && hit < end) {
            count++;
        }
        at = end + 1;
    }
    return count;
}

void log_guest(const char *name, char mark, const char *line)
{
    log_line(LOG_INFO, "%s%c %s", name, mark, line);
}

size_t fake_log_count(const char *what)
{
    return count_in(&kept.all, what);
}

size_t fake_log_printed(const char *what)
{
    return count_in(&kept.printed, what);
}

const char *fake_log_text(void)
{
    return kept.all.text;
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
