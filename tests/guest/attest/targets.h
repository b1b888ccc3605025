/* SPDX-License-Identifier: GPL-2.0-only
 * Addresses of the machine to aim at: "targets=0x12345000,0xfed90000" of the command line. */
#ifndef BULKHEAD_TESTS_GUEST_ATTEST_TARGETS_H
#define BULKHEAD_TESTS_GUEST_ATTEST_TARGETS_H

#include "kernel/lib/types.h"

/* Number `index`; false past the end. */
bool attest_target(unsigned index, uint64_t *at);

#endif
