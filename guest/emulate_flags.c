/* SPDX-License-Identifier: GPL-2.0-only
 * Results and status flags of the ALU operations. */
#include "guest/emulate_flags.h"

#include "guest/decode_address.h"
#include "kernel/lib/bits.h"

static uint64_t result_flags(uint64_t result, unsigned width)
{
    uint64_t flags = 0;
    if (decode_truncate(result, width) == 0) {
        flags |= RFLAGS_ZF;
    }
    if ((result >> (8 * width - 1) & 1) != 0) {
        flags |= RFLAGS_SF;
    }
    if (__builtin_parity((unsigned)(result & 0xff)) == 0) {
        flags |= RFLAGS_PF;
    }
    return flags;
}

/* carries: bit n is the carry (or borrow) out of bit n; overflow is where it differs from the one below. */
static uint64_t carry_flags(uint64_t carries, unsigned width)
{
    unsigned top = 8 * width - 1;
    uint64_t out = carries >> top & 1;
    uint64_t in = carries >> (top - 1) & 1;
    return (out != 0 ? RFLAGS_CF : 0) | (out != in ? RFLAGS_OF : 0) | ((carries & 8) != 0 ? RFLAGS_AF : 0);
}

static uint64_t add(uint64_t a, uint64_t b, uint64_t carry, unsigned width, uint64_t *flags)
{
    uint64_t result = a + b + carry;
    *flags = carry_flags((a & b) | ((a | b) & ~result), width);
    return result;
}

static uint64_t subtract(uint64_t a, uint64_t b, uint64_t borrow, unsigned width, uint64_t *flags)
{
    uint64_t result = a - b - borrow;
    *flags = carry_flags((~a & b) | ((~a | b) & result), width);
    return result;
}

static uint64_t compute(enum decode_op op, uint64_t a, uint64_t b, unsigned width, uint64_t carry, uint64_t *flags)
{
    *flags = 0;
    switch (op) {
    case DECODE_ADD:
    case DECODE_XADD:
        return add(a, b, 0, width, flags);
    case DECODE_INC:
        return add(a, 1, 0, width, flags);
    case DECODE_ADC:
        return add(a, b, carry, width, flags);
    case DECODE_SUB:
    case DECODE_CMP:
        return subtract(a, b, 0, width, flags);
    case DECODE_DEC:
        return subtract(a, 1, 0, width, flags);
    case DECODE_SBB:
        return subtract(a, b, carry, width, flags);
    case DECODE_NEG:
        return subtract(0, a, 0, width, flags);
    case DECODE_OR:
        return a | b;
    case DECODE_XOR:
        return a ^ b;
    default: /* AND, TEST */
        return a & b;
    }
}

uint64_t emulate_flags_alu(enum decode_op op, uint64_t destination, uint64_t source, unsigned width, uint64_t *rflags)
{
    if (op == DECODE_NOT) {
        return decode_truncate(~destination, width);
    }
    uint64_t flags;
    uint64_t result = compute(op, destination, source, width, *rflags & RFLAGS_CF, &flags);
    uint64_t changed = RFLAGS_STATUS;
    if (op == DECODE_INC || op == DECODE_DEC) {
        changed &= ~(uint64_t)RFLAGS_CF;
    }
    flags |= result_flags(result, width);
    *rflags = (*rflags & ~changed) | (flags & changed);
    return decode_truncate(result, width);
}

uint64_t emulate_flags_bit(enum decode_op op, uint64_t value, uint64_t bit, unsigned width, uint64_t *rflags)
{
    uint64_t mask = BIT64(bit & (8 * width - 1));
    *rflags = (*rflags & ~(uint64_t)RFLAGS_CF) | ((value & mask) != 0 ? RFLAGS_CF : 0);
    switch (op) {
    case DECODE_BTS:
        return value | mask;
    case DECODE_BTR:
        return value & ~mask;
    case DECODE_BTC:
        return value ^ mask;
    default:
        return value;
    }
}
