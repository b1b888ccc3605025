/* SPDX-License-Identifier: GPL-2.0-only
 * CPUs speaking to each other: calls, kicks, work, and the stop of a panic. */
#ifndef BULKHEAD_CORE_SMP_H
#define BULKHEAD_CORE_SMP_H

#include "kernel/lib/types.h"

typedef void smp_function(void *argument);

/* Run function(argument) on that online CPU, in its interrupt handler, and wait until it returned; on this CPU it is
 * a plain call with interrupts off. Never with a lock held that the other CPU may want. A CPU that does not answer for
 * ten seconds is a panic. */
void smp_call(unsigned cpu, smp_function *function, void *argument);

/* smp_call on every online CPU in turn, this one included. */
void smp_call_all(smp_function *function, void *argument);

/* Interrupt that CPU: ends its HLT or its guest's run, does nothing more. */
void smp_kick(unsigned cpu);

/* Give an idle CPU (not the boot CPU) work to do on its own stack, interrupts on; returns at once. When the function
 * returns the CPU is idle again. Giving work to a CPU that has some is a bug: panic. */
void smp_start_work(unsigned cpu, smp_function *function, void *argument);
bool smp_has_work(unsigned cpu);

/* What a CPU without work does: waits for it. */
_Noreturn void smp_idle(void);

/* Called by irq_dispatch only. */
void smp_call_interrupt(void);

/* For panic only: NMI to all other online CPUs, which then stop. */
void smp_stop_others(void);

#endif
