/* SPDX-License-Identifier: GPL-2.0-only
 * Instructions with one memory operand at (%rdi), to be run on RAM and on MMIO: tests/guest/decode/code.S. */
#ifndef BULKHEAD_TESTS_GUEST_DECODE_H
#define BULKHEAD_TESTS_GUEST_DECODE_H

#include "kernel/lib/types.h"

/* What an instruction starts from and ends with; the assembly knows the offsets. */
struct decode_state {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, r8, r9, r10, r11, rflags;
};

struct decode_case {
    const void *code;
    const char *text;
    uint64_t flags_mask; /* the flags it defines */
};

/* Run one, with everything loaded from and stored to *state. */
void decode_run(const void *code, struct decode_state *state);

/* 32-bit operands, for a register that keeps what is written; and all widths, for a place that keeps nothing. Both end
 * with a case whose code is NULL. */
extern const struct decode_case decode_register_cases[], decode_hole_cases[];

/* MOV between RAX, EAX and an absolute 64-bit address, which is 0xfee00380. */
void decode_store_absolute(uint32_t value);
uint32_t decode_load_absolute(void);

#endif
