/* SPDX-License-Identifier: GPL-2.0-only
 * The lines of a test guest on its serial port: "PASS: what", "FAIL: what: got, expected", "SKIP: what: why", and last
 * "SUMMARY: N passed, M failed". Boot CPU only. */
#ifndef BULKHEAD_TESTS_GUEST_REPORT_H
#define BULKHEAD_TESTS_GUEST_REPORT_H

#include "kernel/lib/types.h"

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One PASS or FAIL line; returns ok. */
bool check(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same with both values shown on a FAIL. */
bool expect(uint64_t got, uint64_t expected, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* got must lie in low..high, both included. */
bool expect_in(uint64_t got, uint64_t low, uint64_t high, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void skip(const char *what, const char *why);

/* Print the summary and power off. */
_Noreturn void report_end(void);

#endif
