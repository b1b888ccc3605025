/* SPDX-License-Identifier: GPL-2.0-only
 * A vCPU's view of memory: linear addresses through its own paging, the bytes of the instruction at RIP, and
 * instructions that touch emulated devices. */
#ifndef BULKHEAD_GUEST_VM_ACCESS_H
#define BULKHEAD_GUEST_VM_ACCESS_H

#include "guest/decode.h"
#include "guest/vm.h"
#include "kernel/core/vcpu_exit.h"

/* Fetch and decode the instruction at RIP. STATUS_NOT_FOUND: its bytes are not readable (the guest changed its tables
 * meanwhile); otherwise what decode_instruction says. *insn is good until the next call for this vCPU. */
MUST_CHECK enum status vm_access_decode(struct vm_cpu *cpu, const struct vcpu_exit *exit,
                                        const struct decode_insn **insn);
/* Step over that instruction. One that cannot be read or decoded any more simply runs again. */
void vm_access_skip(struct vm_cpu *cpu, const struct vcpu_exit *exit);

/* Carry out the instruction that touched a device's address (exit memory), or moves between ports and memory (INS,
 * OUTS: exit io). STATUS_OK: done or a page fault was injected; STATUS_UNSUPPORTED: an instruction we cannot emulate.
 */
MUST_CHECK enum status vm_access_emulate(struct vm_cpu *cpu, const struct vcpu_exit *exit);

/* Carry out the instruction but for its writes to watched memory (guest/watch.h), which were told already: they are
 * lost. As above; STATUS_UNSUPPORTED: nothing was done. */
MUST_CHECK enum status vm_access_emulate_blocked(struct vm_cpu *cpu, const struct vcpu_exit *exit);

/* The exit that was counted as `was` is a write of this register of the local APIC: EOIs, IPIs and the timer have
 * counters of their own. */
void vm_access_count_lapic(struct vm_cpu *cpu, uint64_t offset, enum vm_exit_count was);

#endif
