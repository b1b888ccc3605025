/* SPDX-License-Identifier: GPL-2.0-only
 * What a second image runs once everything is up, and once guests are made: tests/selftest is linked in the place of
 * kernel/selftest.c. */
#ifndef BULKHEAD_SELFTEST_H
#define BULKHEAD_SELFTEST_H

#include "guest/virtio_console.h"
#include "guest/vm_create.h"
#include "kernel/isolate.h"
#include "kernel/lib/status.h"

struct selftest {
    const char *cmdline;
    struct machine *machine;
    struct isolate *isolate;
};

struct selftest_guests {
    const char *cmdline;
    struct isolate *isolate;
    struct vm_owned *const *guests;
    size_t count;
};

/* Run the tests that need the real machine; the first failure is logged and returned. In the product: none. */
MUST_CHECK enum status selftest_run(const struct selftest *test);

/* A port more for the virtio console of the guest with that index. False: none. In the product: none. */
bool selftest_console_port(const char *cmdline, size_t guest, struct virtio_console_port *port);

/* All guests are made, none was started, their isolation is not yet proven: spoil a table, so that it cannot be. In the
 * product: nothing. */
void selftest_guests_made(const struct selftest_guests *made);

#endif
