/* SPDX-License-Identifier: GPL-2.0-only
 * CPUID as a vCPU executes it. Answers are remembered: asking the CPU itself is slow. They depend on CR4, on whether
 * the local APIC is on, and (leaf 0xd) on XCR0, and on nothing else that changes while a vCPU lives. */
#ifndef BULKHEAD_GUEST_VM_CPUID_H
#define BULKHEAD_GUEST_VM_CPUID_H

#include "guest/vm.h"

/* What CPUID answers this vCPU now. */
struct cpuid vm_cpuid_ask(const struct vm_cpu *cpu, uint32_t leaf, uint32_t subleaf);

/* The instruction, but for the step over it. */
void vm_cpuid_execute(struct vm_cpu *cpu);

/* Whoever changes CR4, or turns the local APIC on or off, calls this. */
void vm_cpuid_forget(struct vm_cpu *cpu);

#endif
