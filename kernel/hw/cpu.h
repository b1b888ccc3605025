/* SPDX-License-Identifier: GPL-2.0-only
 * Single instructions of the CPU that C cannot say. */
#ifndef BULKHEAD_HW_CPU_H
#define BULKHEAD_HW_CPU_H

#include "kernel/lib/types.h"

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

struct cpuid cpu_cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t cpu_tsc(void);
void cpu_pause(void);

/* Interrupts on this CPU. cpu_irq_save returns the flags to give back to cpu_irq_restore. */
void cpu_irq_enable(void);
void cpu_irq_disable(void);
uint64_t cpu_irq_save(void);
void cpu_irq_restore(uint64_t flags);
/* Interrupts on for long enough that one which waits is served, then off again. */
void cpu_irq_serve(void);
/* STI; HLT as one step: sleeps until the next interrupt, returns with interrupts off. */
void cpu_irq_wait(void);
/* Interrupts off and HLT for ever. */
_Noreturn void cpu_stop(void);

/* Store 16 bytes, aligned to 16, as one: CPUs and devices see all of it or nothing (CMPXCHG16B, which every CPU has
 * that comes with a unit that posts interrupts: SDM 2A, CPUID.1:ECX bit 13). */
void cpu_store_pair(uint64_t *at, uint64_t low, uint64_t high);

/* All earlier loads and stores are seen before all later ones, by CPUs and by devices that snoop. */
void cpu_fence(void);
/* Write every cache line of at..at+bytes back to memory and wait; for devices that do not snoop. */
void cpu_flush(const void *at, size_t bytes);
/* Write back and invalidate all caches of this CPU. */
void cpu_wbinvd(void);
/* VERW of a data segment: where the microcode knows it, this CPU's store, fill and load buffers are overwritten. */
void cpu_clear_buffers(void);

uint64_t cpu_read_cr0(void);
uint64_t cpu_read_cr2(void);
uint64_t cpu_read_cr3(void);
uint64_t cpu_read_cr4(void);
uint64_t cpu_read_cr8(void);
void cpu_write_cr0(uint64_t value);
void cpu_write_cr2(uint64_t value);
void cpu_write_cr3(uint64_t value);
void cpu_write_cr4(uint64_t value);
void cpu_write_cr8(uint64_t value);
/* Invalidate this CPU's translation of one page. */
void cpu_invlpg(uint64_t address);

#endif
