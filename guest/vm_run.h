/* SPDX-License-Identifier: GPL-2.0-only
 * Running one vCPU on its host CPU, host interrupts off throughout (but where it waits). Times in ..._ns are the
 * host's, as time_now_ns() gives them. */
#ifndef BULKHEAD_GUEST_VM_RUN_H
#define BULKHEAD_GUEST_VM_RUN_H

#include "guest/vm.h"

/* As long as it may be entered (vm_may_enter): this vCPU has the CPU for itself. */
void vm_run_alone(struct vm_cpu *cpu);

/* Has the vCPU something to do? One that has run and was not halted has, without a look at anything else. For the
 * others: time and events that came for it are looked at; *wake_ns is lowered to when time alone may change the
 * answer. */
bool vm_run_wants(struct vm_cpu *cpu, uint64_t *wake_ns);

/* Run it, which wants the CPU, until somebody has to look: something happened on this CPU, wake_ns has come, or its
 * slice is over at slice_end_ns. */
void vm_run_turn(struct vm_cpu *cpu, uint64_t wake_ns, uint64_t slice_end_ns);

/* Nobody wants the CPU: sleep until an interrupt, or until wake_ns (TIMER_NEVER: for ever). */
void vm_run_wait(uint64_t wake_ns);

#endif
