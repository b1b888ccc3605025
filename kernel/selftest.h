/* SPDX-License-Identifier: GPL-2.0-only
 * What a second image runs once everything is up: tests/selftest is linked in the place of kernel/selftest.c. */
#ifndef BULKHEAD_SELFTEST_H
#define BULKHEAD_SELFTEST_H

#include "kernel/isolate.h"
#include "kernel/lib/status.h"

struct selftest {
    const char *cmdline;
    struct machine *machine;
    struct isolate *isolate;
};

/* Run the tests that need the real machine; the first failure is logged and returned. In the product: none. */
MUST_CHECK enum status selftest_run(const struct selftest *test);

#endif
