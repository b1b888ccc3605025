/* SPDX-License-Identifier: GPL-2.0-only
 * The interrupt descriptor table, one for all CPUs, and what a CPU pushes on its way in (SDM 3A 6.11, 6.14). */
#ifndef BULKHEAD_CORE_IDT_H
#define BULKHEAD_CORE_IDT_H

#include "kernel/lib/types.h"

/* As kernel/core/idt_stubs.S builds it on the stack, lowest address first. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector;
    uint64_t error; /* 0 for vectors that push none */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Fill the table; once, before the first idt_load. */
void idt_init(void);
void idt_load(void);

/* Linear address, for a CPU backend that must restore it itself. */
uint64_t idt_base(void);

/* Every vector ends here, interrupts off; called by the entry stubs only. */
void idt_dispatch(struct trap_frame *frame);

#endif
