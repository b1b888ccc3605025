/* SPDX-License-Identifier: GPL-2.0-only
 * MSRs and CPUID leaves of a CPU that a test makes up. Touching an MSR that the test did not set is the #GP it would
 * be on hardware, and ends the test. */
#ifndef BULKHEAD_TESTS_FAKE_MSR_H
#define BULKHEAD_TESTS_FAKE_MSR_H

#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"

/* No MSR, no leaf. */
void fake_msr_reset(void);
void fake_msr_set(uint32_t msr, uint64_t value);
uint64_t fake_msr_get(uint32_t msr);
/* Times that msr_write() was called. */
unsigned fake_msr_writes(void);
/* The answer of every subleaf; leaves that were not set answer zeros. */
void fake_cpuid_set(uint32_t leaf, struct cpuid value);

#endif
