/* SPDX-License-Identifier: GPL-2.0-only
 * The log: one lock, one ring, one serial port. */
#include "kernel/core/log.h"

#include "kernel/core/event_log.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/lock.h"
#include "kernel/core/log_panic.h"
#include "kernel/core/log_ring.h"
#include "kernel/core/serial.h"
#include "kernel/core/time.h"
#include "kernel/lib/string.h"

#define DIAG_LINE_MAX 240 /* a longer diagnostic is two lines */

static struct {
    struct lock lock;
    struct log_ring ring;
    uint32_t level;
    bool panicking; /* no lock, and the ring keeps what led here */
} log = {.level = LOG_INFO};

void log_set_level(enum log_level level)
{
    __atomic_store_n(&log.level, level, __ATOMIC_RELAXED);
}

enum log_level log_current_level(void)
{
    return (enum log_level)__atomic_load_n(&log.level, __ATOMIC_RELAXED);
}

static void emit(const char *line)
{
    serial_write(line, strlen(line));
    serial_write("\n", 1);
}

static void show(const char *line)
{
    uint64_t flags = lock_take(&log.lock);
    log_ring_put(&log.ring, line);
    last_boot_put(line);
    emit(line);
    lock_release(&log.lock, flags);
}

static void say(enum log_level level, bool event, const char *fmt, va_list args)
{
    bool shown = (uint32_t)level <= __atomic_load_n(&log.level, __ATOMIC_RELAXED);
    bool panicking = __atomic_load_n(&log.panicking, __ATOMIC_RELAXED);
    event &= !panicking && (int)level <= event_log_level();
    if (!shown && !event) {
        return;
    }
    char line[LOG_LINE_SIZE];
    size_t head = log_ring_format(line, time_now_ns(), level, fmt, args);
    if (panicking) {
        last_boot_put(line);
        emit(line);
    } else if (shown) {
        show(line);
    }
    if (event) {
        event_log_put(level, line + head);
    }
}

void log_line(enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(level, true, fmt, args);
    va_end(args);
}

void log_only(enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(level, false, fmt, args);
    va_end(args);
}

void log_guest(const char *name, char mark, const char *text)
{
    const char between[2] = {mark, ' '};
    if (__atomic_load_n(&log.panicking, __ATOMIC_RELAXED)) {
        return;
    }
    uint64_t flags = lock_take(&log.lock);
    serial_write(name, strlen(name));
    serial_write(between, sizeof(between));
    emit(text);
    lock_release(&log.lock, flags);
}

void log_diagnostics(const struct diag_list *list)
{
    static const enum log_level levels[] = {
        [DIAG_NOTE] = LOG_INFO,
        [DIAG_WARNING] = LOG_WARN,
        [DIAG_ERROR] = LOG_ERROR,
    };
    for (size_t i = 0; i < list->count; i++) {
        const struct diag *d = &list->items[i];
        char line[DIAG_LINE_MAX + 1];
        if (diag_line(d, line, sizeof(line)) < sizeof(line)) {
            log_line(levels[d->severity], "%s", line);
            continue;
        }
        log_line(levels[d->severity], "%s[BH%04u] %s: %s", diag_severity_text(d->severity), d->code, d->where, d->what);
        if (d->fix[0] != 0) {
            log_line(levels[d->severity], "%s[BH%04u] fix: %s", diag_severity_text(d->severity), d->code, d->fix);
        }
    }
    if (list->dropped != 0) {
        log_warn("diagnostics: %zu more were found than could be kept", list->dropped);
    }
}

void log_panic_begin(void)
{
    __atomic_store_n(&log.panicking, true, __ATOMIC_SEQ_CST);
}

void log_panic_history(unsigned count)
{
    for (uint64_t age = count; age-- > 0;) {
        const char *line = log_ring_line(&log.ring, age);
        if (line != NULL) {
            serial_write("| ", 2);
            emit(line);
        }
    }
}
