/* SPDX-License-Identifier: GPL-2.0-only
 * MMIO instructions: read the memory operand, compute, write back; registers and flags change only after the last
 * access succeeded. */
#include "guest/emulate.h"

#include "guest/emulate_flags.h"
#include "guest/emulate_string.h"
#include "kernel/lib/bits.h"

uint64_t emulate_register(const struct decode_registers *regs, uint8_t number, unsigned width, bool high_byte)
{
    return decode_truncate(regs->gpr[number & 15] >> (high_byte ? 8 : 0), width);
}

void emulate_set_register(struct decode_registers *regs, uint8_t number, unsigned width, bool high_byte, uint64_t v)
{
    uint64_t *r = &regs->gpr[number & 15];
    if (width >= 4) {
        *r = decode_truncate(v, width);
    } else if (high_byte) {
        *r = bits_set(*r, 15, 8, v);
    } else {
        *r = bits_set(*r, 8 * width - 1, 0, v);
    }
}

void emulate_skip(const struct decode_insn *insn, struct decode_registers *regs)
{
    regs->rip += insn->length;
    if (insn->mode != DECODE_64) {
        regs->rip = decode_truncate(regs->rip, 4);
    }
}

bool emulate_can(const struct decode_insn *insn)
{
    if (emulate_string_is(insn->op)) {
        return true;
    }
    return insn->has_memory && insn->op >= DECODE_ADD && insn->op <= DECODE_BTC;
}

struct operation {
    const struct decode_insn *insn;
    struct decode_registers *regs;
    const struct emulate_io *io;
    uint64_t linear;
    uint64_t memory;  /* what the memory operand holds */
    uint64_t operand; /* the register or immediate operand */
};

static uint64_t second_operand(const struct decode_insn *insn, const struct decode_registers *regs)
{
    if (insn->has_register) {
        return emulate_register(regs, insn->reg, insn->reg_width, insn->high_byte);
    }
    return insn->has_immediate ? (uint64_t)insn->immediate : 0;
}

static void set_destination_register(struct operation *o, uint64_t v)
{
    emulate_set_register(o->regs, o->insn->reg, o->insn->reg_width, o->insn->high_byte, v);
}

static enum status store(const struct operation *o, uint64_t v)
{
    return o->io->write(o->io->context, o->linear, o->insn->width, decode_truncate(v, o->insn->width));
}

static enum status run_move(struct operation *o)
{
    switch (o->insn->op) {
    case DECODE_MOVSX:
        set_destination_register(o, decode_sign_extend(o->memory, o->insn->width));
        return STATUS_OK;
    case DECODE_MOVZX:
        set_destination_register(o, o->memory);
        return STATUS_OK;
    default:
        break;
    }
    if (o->insn->to_register) {
        set_destination_register(o, o->memory);
        return STATUS_OK;
    }
    return store(o, o->operand);
}

static enum status run_exchange(struct operation *o)
{
    enum status s = store(o, o->operand);
    if (s == STATUS_OK) {
        set_destination_register(o, o->memory);
    }
    return s;
}

static enum status run_xadd(struct operation *o)
{
    uint64_t flags = o->regs->rflags;
    enum status s = store(o, emulate_flags_alu(DECODE_XADD, o->memory, o->operand, o->insn->width, &flags));
    if (s == STATUS_OK) {
        o->regs->rflags = flags;
        set_destination_register(o, o->memory);
    }
    return s;
}

/* The memory operand is written in either case (SDM 2A CMPXCHG). */
static enum status run_cmpxchg(struct operation *o)
{
    uint64_t flags = o->regs->rflags;
    uint64_t accumulator = emulate_register(o->regs, DECODE_RAX, o->insn->width, false);
    (void)emulate_flags_alu(DECODE_CMP, accumulator, o->memory, o->insn->width, &flags);
    bool equal = (flags & RFLAGS_ZF) != 0;
    enum status s = store(o, equal ? o->operand : o->memory);
    if (s != STATUS_OK) {
        return s;
    }
    o->regs->rflags = flags;
    if (!equal) {
        emulate_set_register(o->regs, DECODE_RAX, o->insn->width, false, o->memory);
    }
    return STATUS_OK;
}

static enum status run_bit(struct operation *o)
{
    uint64_t flags = o->regs->rflags;
    uint64_t value = emulate_flags_bit(o->insn->op, o->memory, o->operand, o->insn->width, &flags);
    enum status s = o->insn->op == DECODE_BT ? STATUS_OK : store(o, value);
    if (s == STATUS_OK) {
        o->regs->rflags = flags;
    }
    return s;
}

static enum status run_alu(struct operation *o)
{
    const struct decode_insn *insn = o->insn;
    uint64_t flags = o->regs->rflags;
    uint64_t first = insn->to_register ? o->operand : o->memory;
    uint64_t second = insn->to_register ? o->memory : o->operand;
    uint64_t result = emulate_flags_alu(insn->op, first, second, insn->width, &flags);
    enum status s = STATUS_OK;
    if (insn->op != DECODE_CMP && insn->op != DECODE_TEST) {
        if (insn->to_register) {
            set_destination_register(o, result);
        } else {
            s = store(o, result);
        }
    }
    if (s == STATUS_OK) {
        o->regs->rflags = flags;
    }
    return s;
}

static enum status run_operation(struct operation *o)
{
    switch (o->insn->op) {
    case DECODE_MOV:
    case DECODE_MOVZX:
    case DECODE_MOVSX:
        return run_move(o);
    case DECODE_XCHG:
        return run_exchange(o);
    case DECODE_XADD:
        return run_xadd(o);
    case DECODE_CMPXCHG:
        return run_cmpxchg(o);
    case DECODE_BT:
    case DECODE_BTS:
    case DECODE_BTR:
    case DECODE_BTC:
        return run_bit(o);
    default:
        return run_alu(o);
    }
}

static enum status run_memory(const struct decode_insn *insn, struct decode_registers *regs,
                              const struct emulate_io *io)
{
    struct operation o = {.insn = insn, .regs = regs, .io = io, .operand = second_operand(insn, regs)};
    enum status s = decode_address(insn, regs, &o.linear);
    if (s != STATUS_OK) {
        return s;
    }
    bool plain_store = insn->op == DECODE_MOV && !insn->to_register;
    if (!plain_store) { /* device registers may change by being read */
        s = io->read(io->context, o.linear, insn->width, &o.memory);
        o.memory = decode_truncate(o.memory, insn->width);
    }
    return s == STATUS_OK ? run_operation(&o) : s;
}

enum status emulate_run(const struct decode_insn *insn, struct decode_registers *regs, const struct emulate_io *io)
{
    bool is_port = insn->op == DECODE_INS || insn->op == DECODE_OUTS;
    if (!emulate_can(insn) || (is_port && (io->port_read == NULL || io->port_write == NULL))) {
        return STATUS_UNSUPPORTED;
    }
    bool complete = true;
    enum status s =
        emulate_string_is(insn->op) ? emulate_string_run(insn, regs, io, &complete) : run_memory(insn, regs, io);
    if (s == STATUS_OK && complete) {
        emulate_skip(insn, regs);
    }
    return s;
}
