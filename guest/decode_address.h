/* SPDX-License-Identifier: GPL-2.0-only
 * From a decoded operand and a vCPU's registers to a linear address (SDM 1 3.7.5, SDM 3A 3.3). */
#ifndef BULKHEAD_GUEST_DECODE_ADDRESS_H
#define BULKHEAD_GUEST_DECODE_ADDRESS_H

#include "guest/decode.h"

struct decode_registers {
    uint64_t *gpr; /* 16 of them, in ModRM order: rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
    uint64_t rip;  /* of the instruction itself */
    uint64_t rflags;
    uint64_t segment_base[DECODE_SEGMENTS]; /* as the CPU holds them; all but FS and GS count as 0 in 64-bit mode */
};

/* v cut to 1, 2, 4 or 8 bytes. */
uint64_t decode_truncate(uint64_t v, unsigned width);
/* v of that width, sign-extended to 64 bits. */
uint64_t decode_sign_extend(uint64_t v, unsigned width);

/* Linear address of segment:offset; offset is cut to the address width first. */
uint64_t decode_linear(const struct decode_insn *insn, const struct decode_registers *regs, enum decode_segment segment,
                       uint64_t offset);

/* Linear address of the memory operand. A bit number in a register moves it (BT and its kin).
 * NOT_FOUND when the instruction has no memory operand of this kind (string instructions: see emulate.h). */
MUST_CHECK enum status decode_address(const struct decode_insn *insn, const struct decode_registers *regs,
                                      uint64_t *linear);

#endif
