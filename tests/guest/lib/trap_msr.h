/* SPDX-License-Identifier: GPL-2.0-only
 * RDMSR and WRMSR that may be refused. */
#ifndef BULKHEAD_TESTS_GUEST_TRAP_MSR_H
#define BULKHEAD_TESTS_GUEST_TRAP_MSR_H

#include <stdbool.h>
#include <stdint.h>

/* True: #GP with error code 0, and nothing was read or written. *value: what was read, else 0. As trap_try(). */
bool trap_msr_read_faults(uint32_t msr, uint64_t *value);
bool trap_msr_write_faults(uint32_t msr, uint64_t value);

#endif
