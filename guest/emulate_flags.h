/* SPDX-License-Identifier: GPL-2.0-only
 * RFLAGS after the arithmetic and logic instructions that MMIO emulation executes (SDM 1 3.4.3.1). */
#ifndef BULKHEAD_GUEST_EMULATE_FLAGS_H
#define BULKHEAD_GUEST_EMULATE_FLAGS_H

#include "guest/decode.h"

enum {
    RFLAGS_CF = 1 << 0,
    RFLAGS_PF = 1 << 2,
    RFLAGS_AF = 1 << 4,
    RFLAGS_ZF = 1 << 6,
    RFLAGS_SF = 1 << 7,
    RFLAGS_DF = 1 << 10,
    RFLAGS_OF = 1 << 11,
    RFLAGS_STATUS = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF,
};

/* destination = destination op source, operands of `width` bytes; op is one of ADD..CMP (group 1), TEST, NOT, NEG, INC,
 * DEC, XADD (as ADD). Returns the result (of CMP and TEST too, which the caller does not store); *rflags gets the
 * status flags that the instruction changes. */
uint64_t emulate_flags_alu(enum decode_op op, uint64_t destination, uint64_t source, unsigned width, uint64_t *rflags);

/* BT, BTS, BTR, BTC on bit `bit` (taken modulo the width): returns the new value; CF is the old bit. */
uint64_t emulate_flags_bit(enum decode_op op, uint64_t value, uint64_t bit, unsigned width, uint64_t *rflags);

#endif
