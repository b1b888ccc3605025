/* SPDX-License-Identifier: GPL-2.0-only
 * The general registers right behind a call. */
#ifndef BULKHEAD_SELFTEST_EXIT_PROBE_H
#define BULKHEAD_SELFTEST_EXIT_PROBE_H

#include "kernel/lib/types.h"

/* Call function(a, b, c), with this value in each register that a function gives back as it was, and store what it left
 * in each register: `left` has 16 of them by enum vcpu_gpr, RSP's stays as it was. */
#define EXIT_PROBE_MARK UINT64_C(0x686f7374)
void exit_probe(uint64_t a, uint64_t b, uint64_t c, void (*function)(void), uint64_t *left);

#endif
