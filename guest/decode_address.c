/* SPDX-License-Identifier: GPL-2.0-only
 * Effective and linear addresses. */
#include "guest/decode_address.h"

#include "kernel/lib/bits.h"

uint64_t decode_truncate(uint64_t v, unsigned width)
{
    return v & MASK64(8 * width - 1, 0);
}

uint64_t decode_sign_extend(uint64_t v, unsigned width)
{
    uint64_t sign = BIT64(8 * width - 1);
    return (decode_truncate(v, width) ^ sign) - sign;
}

uint64_t decode_linear(const struct decode_insn *insn, const struct decode_registers *regs, enum decode_segment segment,
                       uint64_t offset)
{
    offset = decode_truncate(offset, insn->address_width);
    if (insn->mode == DECODE_64) {
        return offset + (segment >= DECODE_FS ? regs->segment_base[segment] : 0);
    }
    return decode_truncate(offset + regs->segment_base[segment], 4);
}

/* A register's bit number counts from the operand's first bit, in both directions (SDM 2A BT). */
static uint64_t bit_displacement(const struct decode_insn *insn, const struct decode_registers *regs)
{
    bool is_bit = insn->op >= DECODE_BT && insn->op <= DECODE_BTC;
    if (!is_bit || !insn->has_register) {
        return 0;
    }
    unsigned shift = insn->width == 2 ? 4 : (insn->width == 4 ? 5 : 6);
    uint64_t bit = decode_sign_extend(regs->gpr[insn->reg], insn->width);
    uint64_t negative = (bit >> 63) != 0 ? ~(~UINT64_C(0) >> shift) : 0;
    return ((bit >> shift) | negative) * insn->width;
}

enum status decode_address(const struct decode_insn *insn, const struct decode_registers *regs, uint64_t *linear)
{
    if (!insn->has_memory) {
        return STATUS_NOT_FOUND;
    }
    uint64_t offset = (uint64_t)insn->displacement + bit_displacement(insn, regs);
    if (insn->base != DECODE_NO_REGISTER) {
        offset += regs->gpr[insn->base];
    }
    if (insn->index != DECODE_NO_REGISTER) {
        offset += regs->gpr[insn->index] << insn->scale;
    }
    if (insn->rip_relative) {
        offset += regs->rip + insn->length;
    }
    *linear = decode_linear(insn, regs, insn->segment, offset);
    return STATUS_OK;
}
