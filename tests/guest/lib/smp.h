/* SPDX-License-Identifier: GPL-2.0-only
 * The other CPUs of a test guest. */
#ifndef BULKHEAD_TESTS_GUEST_SMP_H
#define BULKHEAD_TESTS_GUEST_SMP_H

#include "kernel/lib/types.h"

#define SMP_MAX 17

/* Called by start.S on every other CPU. */
void smp_start_here(unsigned number);

/* CPUs this guest should have: "cpus=N" on the command line, else what CPUID says. */
unsigned smp_expected(void);

/* INIT and two startup IPIs to all others; then wait until `expected` - 1 are there (1 s). Returns the CPUs there are,
 * this one included. Later calls return the same. */
unsigned smp_start(void);

/* APIC id of CPU `number`: 0 is the boot CPU. */
uint32_t smp_apic_id(unsigned number);

/* Let CPU `number` (not 0) run fn(argument), interrupts off at its start; smp_wait: until it is back, false after `us`.
 * In between, a CPU without work waits in HLT with interrupts on, and wakes by vector SMP_WAKE_VECTOR. */
#define SMP_WAKE_VECTOR 0xf0
void smp_run(unsigned number, void (*fn)(void *argument), void *argument);
bool smp_wait(unsigned number, uint64_t us);

#endif
