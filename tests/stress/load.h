/* SPDX-License-Identifier: GPL-2.0-only
 * The interrupts of the stress: one-shot timers that arm themselves again, and IPIs between all CPUs. */
#ifndef BULKHEAD_TESTS_STRESS_LOAD_H
#define BULKHEAD_TESTS_STRESS_LOAD_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Vectors for every pair of CPUs; once. */
MUST_CHECK enum status load_init(void);
/* Start this CPU's timer chain. */
void load_start(void);
/* Between two exits: perhaps an IPI to another CPU, unless the last one to it has not arrived yet. */
void load_step(void);

/* After interrupts were on for a moment: a request that still waits in the LAPIC, though nothing held it back, was
 * lost. Counts and mends it. */
void load_detect(void);
/* After an exit that was not for an interrupt: did the guest run on for rounds of its long loop after an IPI had been
 * sent? Then the CPU did not know of it while it was in the guest. Counts. */
void load_detect_unseen(void);
/* Does the timer of any CPU seem dead? Counts, and kicks that CPU. */
void load_watch(void);

uint64_t load_ipis_sent(void);
uint64_t load_ipis_received(void);

#endif
