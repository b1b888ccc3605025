/* SPDX-License-Identifier: GPL-2.0-only
 * Which CPU am I, and which are there. CPUs have indices 0..cpu_count()-1, the boot CPU 0; APIC ids are the hardware's
 * names and may have gaps. Subsystems keep their own arrays of CPU_MAX, indexed by cpu_index(). */
#ifndef BULKHEAD_CORE_PERCPU_H
#define BULKHEAD_CORE_PERCPU_H

#include "kernel/lib/types.h"

#define CPU_MAX 64
/* Keeps two CPUs' data out of one cache line (and out of the pair that adjacent-line prefetch fetches). */
#define CPU_ALIGNED __attribute__((aligned(128)))

struct percpu {
    struct percpu *self; /* first: what one load through GS reads */
    unsigned index;
    uint32_t apic_id;
    bool online; /* takes interrupts and calls */
} CPU_ALIGNED;

/* Make this CPU number `index`. Done once on each CPU, right after its GDT. */
void percpu_init(unsigned index, uint32_t apic_id);
/* This CPU takes part from now on. */
void percpu_set_online(void);

struct percpu *percpu_self(void);
/* The CPU with that index, online or not; index < CPU_MAX. */
struct percpu *percpu_at(unsigned index);

unsigned cpu_index(void);
/* CPUs online; all indices below it are. */
unsigned cpu_count(void);

#endif
