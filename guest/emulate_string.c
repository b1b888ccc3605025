/* SPDX-License-Identifier: GPL-2.0-only
 * String instructions (SDM 2B REP, MOVS, CMPS; SDM 2A INS). */
#include "guest/emulate_string.h"

#include "guest/emulate_flags.h"

bool emulate_string_is(enum decode_op op)
{
    return op >= DECODE_MOVS && op <= DECODE_OUTS;
}

/* The source segment may be overridden, the destination is always ES. */
static uint64_t source(const struct decode_insn *insn, const struct decode_registers *regs)
{
    return decode_linear(insn, regs, insn->segment, regs->gpr[DECODE_RSI]);
}

static uint64_t destination(const struct decode_insn *insn, const struct decode_registers *regs)
{
    return decode_linear(insn, regs, DECODE_ES, regs->gpr[DECODE_RDI]);
}

static void step_register(const struct decode_insn *insn, struct decode_registers *regs, uint8_t number)
{
    uint64_t step = (regs->rflags & RFLAGS_DF) != 0 ? -(uint64_t)insn->width : insn->width;
    emulate_set_register(regs, number, insn->address_width, false, regs->gpr[number] + step);
}

static bool uses_source(enum decode_op op)
{
    return op == DECODE_MOVS || op == DECODE_CMPS || op == DECODE_LODS || op == DECODE_OUTS;
}

static bool uses_destination(enum decode_op op)
{
    return op != DECODE_LODS && op != DECODE_OUTS;
}

static enum status compare(const struct decode_insn *insn, struct decode_registers *regs, const struct emulate_io *io,
                           uint64_t first)
{
    uint64_t second;
    enum status s = io->read(io->context, destination(insn, regs), insn->width, &second);
    if (s == STATUS_OK) {
        (void)emulate_flags_alu(DECODE_CMP, first, second, insn->width, &regs->rflags);
    }
    return s;
}

/* INS must not take the byte from the device when it cannot be stored: the destination is read once to find out. */
static enum status port_in(const struct decode_insn *insn, struct decode_registers *regs, const struct emulate_io *io)
{
    uint64_t old;
    uint64_t at = destination(insn, regs);
    enum status s = io->read(io->context, at, insn->width, &old);
    if (s != STATUS_OK) {
        return s;
    }
    uint64_t value = io->port_read(io->context, (uint16_t)regs->gpr[DECODE_RDX], insn->width);
    return io->write(io->context, at, insn->width, decode_truncate(value, insn->width));
}

static enum status one_iteration(const struct decode_insn *insn, struct decode_registers *regs,
                                 const struct emulate_io *io)
{
    uint64_t value = emulate_register(regs, DECODE_RAX, insn->width, false);
    if (uses_source(insn->op)) {
        enum status s = io->read(io->context, source(insn, regs), insn->width, &value);
        if (s != STATUS_OK) {
            return s;
        }
        value = decode_truncate(value, insn->width);
    }
    switch (insn->op) {
    case DECODE_MOVS:
    case DECODE_STOS:
        return io->write(io->context, destination(insn, regs), insn->width, value);
    case DECODE_LODS:
        emulate_set_register(regs, DECODE_RAX, insn->width, false, value);
        return STATUS_OK;
    case DECODE_OUTS:
        io->port_write(io->context, (uint16_t)regs->gpr[DECODE_RDX], insn->width, value);
        return STATUS_OK;
    case DECODE_INS:
        return port_in(insn, regs, io);
    default: /* CMPS, SCAS */
        return compare(insn, regs, io, value);
    }
}

static void step(const struct decode_insn *insn, struct decode_registers *regs)
{
    if (uses_source(insn->op)) {
        step_register(insn, regs, DECODE_RSI);
    }
    if (uses_destination(insn->op)) {
        step_register(insn, regs, DECODE_RDI);
    }
}

/* REPE goes on while equal, REPNE while different; the others only count. */
static bool comparison_ends(const struct decode_insn *insn, const struct decode_registers *regs)
{
    if (insn->op != DECODE_CMPS && insn->op != DECODE_SCAS) {
        return false;
    }
    bool equal = (regs->rflags & RFLAGS_ZF) != 0;
    return insn->rep ? !equal : equal;
}

enum status emulate_string_run(const struct decode_insn *insn, struct decode_registers *regs,
                               const struct emulate_io *io, bool *complete)
{
    bool repeated = insn->rep || insn->repne;
    *complete = true;
    for (unsigned i = 0; i < EMULATE_BATCH; i++) {
        uint64_t count = decode_truncate(regs->gpr[DECODE_RCX], insn->address_width);
        if (repeated && count == 0) {
            return STATUS_OK;
        }
        enum status s = one_iteration(insn, regs, io);
        if (s != STATUS_OK) {
            return s;
        }
        step(insn, regs);
        if (!repeated) {
            return STATUS_OK;
        }
        emulate_set_register(regs, DECODE_RCX, insn->address_width, false, count - 1);
        if (comparison_ends(insn, regs)) {
            return STATUS_OK;
        }
    }
    *complete = decode_truncate(regs->gpr[DECODE_RCX], insn->address_width) == 0;
    return STATUS_OK;
}
