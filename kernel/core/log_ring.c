/* SPDX-License-Identifier: GPL-2.0-only
 * Log line text and ring. */
#include "kernel/core/log_ring.h"

#include "kernel/core/log_level.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

static void make_printable(char *text)
{
    for (; *text != 0; text++) {
        if (*text < ' ' || *text > '~') {
            *text = '?';
        }
    }
}

size_t log_ring_format(char line[LOG_LINE_SIZE], uint64_t ns, enum log_level level, const char *fmt, va_list args)
{
    size_t head = format_text(line, LOG_LINE_SIZE, "[%4llu.%06llu] %-5s ", (unsigned long long)(ns / 1000000000),
                              (unsigned long long)(ns / 1000 % 1000000), log_level_text(level));
    size_t length = format_text_v(line + head, LOG_TEXT_MAX + 1, fmt, args);
    if (length > LOG_TEXT_MAX) {
        memcpy(line + head + LOG_TEXT_MAX - 3, "...", 3);
    }
    make_printable(line + head);
    return head;
}

void log_ring_put(struct log_ring *ring, const char line[LOG_LINE_SIZE])
{
    memcpy(ring->lines[ring->written % LOG_RING_LINES], line, LOG_LINE_SIZE);
    ring->written++;
}

const char *log_ring_line(const struct log_ring *ring, uint64_t age)
{
    if (age >= ring->written || age >= LOG_RING_LINES) {
        return NULL;
    }
    return ring->lines[(ring->written - 1 - age) % LOG_RING_LINES];
}
