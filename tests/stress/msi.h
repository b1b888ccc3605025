/* SPDX-License-Identifier: GPL-2.0-only
 * QEMU's edu device as a source of remapped MSIs from a thread of its own: it computes a factorial, then interrupts. */
#ifndef BULKHEAD_TESTS_STRESS_MSI_H
#define BULKHEAD_TESTS_STRESS_MSI_H

#include "kernel/selftest.h"

/* Find edu and give it one remapping entry for each CPU; STATUS_NOT_FOUND without one. */
MUST_CHECK enum status msi_load_init(const struct selftest *test);
/* The first request; every interrupt starts the next, at another CPU each time. */
void msi_load_start(void);
/* No further requests. */
void msi_load_stop(void);

uint64_t msi_load_sent(void);
uint64_t msi_load_received(void);

#endif
