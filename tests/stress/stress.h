/* SPDX-License-Identifier: GPL-2.0-only
 * The stress of interrupts around VMRUN: options, and what each CPU counts. */
#ifndef BULKHEAD_TESTS_STRESS_H
#define BULKHEAD_TESTS_STRESS_H

#include "kernel/core/percpu.h"
#include "kernel/lib/types.h"

/* Words of the command line, see docs/testing-svm.md. */
struct stress_options {
    uint64_t seconds;
    unsigned cpus; /* all that are online */
    bool repair;   /* leave the quirk's parts on: CR8 written, */
    bool soft;     /* software injection, */
    bool tick;     /* backup tick */
    bool window;   /* ask for interrupt windows (V_IRQ) */
    bool ipi, msi, timer;
    bool detect;   /* look for requests that were lost, and mend them */
    uint64_t spin; /* rounds of the guest's long loop with interrupts off: 65536 steps each */
};

/* One CPU's load and what came of it. Written by that CPU alone; read by all. */
struct stress_cpu {
    uint64_t exits;
    uint64_t interrupts; /* of any kind that reached this CPU's handlers */
    uint64_t timer_fired;
    uint64_t timer_last_ns; /* when it last fired */
    uint64_t timer_late_ns; /* worst lateness */
    uint64_t lost;          /* requests found in the LAPIC that the CPU did not know of */
    uint64_t unseen;        /* IPIs that the guest ran on under for rounds of its long loop */
    uint64_t stalls;        /* times another CPU found this one's timer dead */
    uint64_t injected;
    uint64_t windows;
    const uint32_t *progress; /* the guest's count of rounds of its long loop, written by the guest */
    bool pending;             /* a virtual interrupt waits for the guest */
    uint32_t random;
} CPU_ALIGNED;

struct stress {
    struct stress_options options;
    uint64_t end_ns;
    struct stress_cpu cpus[CPU_MAX];
};

extern struct stress stress;

static inline struct stress_cpu *stress_self(void)
{
    return &stress.cpus[cpu_index()];
}

/* A number below `below`, different on each CPU. */
static inline uint32_t stress_random(uint32_t below)
{
    struct stress_cpu *self = stress_self();
    self->random = self->random * 1664525 + 1013904223;
    return (self->random >> 8) % below;
}

#endif
