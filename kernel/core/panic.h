/* SPDX-License-Identifier: GPL-2.0-only
 * For our own bugs, and for hardware that leaves no safe way on: stop every CPU, switch all bus mastering off,
 * print registers, backtrace and the last log lines, and halt. */
#ifndef BULKHEAD_CORE_PANIC_H
#define BULKHEAD_CORE_PANIC_H

_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Stays on in release builds: it guards isolation. */
#define bulkhead_assert(condition)                                                                                     \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);                                      \
        }                                                                                                              \
    } while (0)

#endif
