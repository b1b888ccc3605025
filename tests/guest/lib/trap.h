/* SPDX-License-Identifier: GPL-2.0-only
 * Exceptions and interrupts of a test guest. One IDT for all CPUs. */
#ifndef BULKHEAD_TESTS_GUEST_TRAP_H
#define BULKHEAD_TESTS_GUEST_TRAP_H

#include "kernel/lib/types.h"

enum trap_vector {
    TRAP_DE = 0,
    TRAP_DB = 1,
    TRAP_NMI = 2,
    TRAP_BP = 3,
    TRAP_UD = 6,
    TRAP_NM = 7,
    TRAP_DF = 8,
    TRAP_NP = 11,
    TRAP_SS = 12,
    TRAP_GP = 13,
    TRAP_PF = 14,
    TRAP_MF = 16,
};

/* As the stubs push it. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

typedef void trap_handler(struct trap_frame *frame);

/* Load the IDT on this CPU (the first call also fills it). */
void trap_init(void);

/* NULL: back to the default, which is a FAIL and the end. Handlers of interrupts send their own EOI. */
void trap_handle(uint8_t vector, trap_handler *handler);

/* Run fn(argument). True when an exception without a handler ended it; *caught is then where and which. Boot CPU only,
 * not nested. */
bool trap_try(void (*fn)(void *argument), void *argument, struct trap_frame *caught);

/* The gate of a vector is present or not; and the whole IDT for INT n, whose frames never have an error code. */
void trap_gate_present(uint8_t vector, bool present);
void trap_software_stubs(bool on);

/* Load an IDT with limit 0: the next exception is a triple fault. */
void trap_break_idt(void);

#endif
