/* SPDX-License-Identifier: GPL-2.0-only
 * Names for the instructions that exit or touch MMIO; every other one stays DECODE_OTHER with its length. */
#include "guest/decode_name.h"

#include "kernel/lib/bits.h"

static void name(struct decode_insn *insn, enum decode_op op, unsigned width)
{
    insn->op = op;
    insn->width = (uint8_t)width;
    insn->reg_width = (uint8_t)width;
}

/* The low opcode bit tells bytes from words nearly everywhere. */
static unsigned width_by_low_bit(const struct decode_insn *insn)
{
    return (insn->opcode & 1) != 0 ? insn->operand_width : 1;
}

static void name_with_register(struct decode_insn *insn, enum decode_op op, bool to_register)
{
    name(insn, op, width_by_low_bit(insn));
    insn->has_register = true;
    insn->to_register = to_register;
}

/* Both operands are registers, or one is the accumulator and the other an immediate. */
static void name_accumulator(struct decode_insn *insn, enum decode_op op)
{
    name(insn, op, width_by_low_bit(insn));
    insn->rm = DECODE_RAX;
}

/* Opcodes 00..3F: eight operations in six forms each; the table let nothing else through but one-byte oddities. */
static void name_arithmetic(struct decode_insn *insn)
{
    enum decode_op op = (enum decode_op)(DECODE_ADD + (insn->opcode >> 3));
    unsigned form = insn->opcode & 7;
    if (form < 4) {
        name_with_register(insn, op, form >= 2);
    } else if (form < 6) {
        name_accumulator(insn, op);
    }
}

static void name_string(struct decode_insn *insn, enum decode_op op)
{
    name(insn, op, width_by_low_bit(insn));
}

static void name_port(struct decode_insn *insn, enum decode_op op)
{
    unsigned width = width_by_low_bit(insn);
    name(insn, op, width > 4 ? 4 : width);
}

/* reg does not name a register here but extends the opcode. */
static enum status name_group(struct decode_insn *insn)
{
    static const enum decode_op group3[8] = {DECODE_TEST, DECODE_TEST, DECODE_NOT, DECODE_NEG};
    unsigned extension = insn->control;
    unsigned width = width_by_low_bit(insn);
    switch (insn->opcode) {
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x83:
        name(insn, (enum decode_op)(DECODE_ADD + extension), width);
        return STATUS_OK;
    case 0xf6:
    case 0xf7:
        name(insn, group3[extension], width);
        return STATUS_OK;
    case 0xc6:
    case 0xc7:
        name(insn, extension == 0 ? DECODE_MOV : DECODE_OTHER, width);
        return extension == 0 || (extension == 7 && !insn->has_memory) ? STATUS_OK : STATUS_UNSUPPORTED;
    case 0xfe:
    case 0xff:
        if (extension >= 2) {
            return insn->opcode == 0xfe || extension == 7 ? STATUS_UNSUPPORTED : STATUS_OK;
        }
        name(insn, extension == 0 ? DECODE_INC : DECODE_DEC, width);
        return STATUS_OK;
    default:
        return extension == 0 ? STATUS_OK : STATUS_UNSUPPORTED; /* 8F: POP, or XOP */
    }
}

static void name_movsxd(struct decode_insn *insn)
{
    if (insn->mode != DECODE_64) {
        return; /* ARPL */
    }
    name(insn, DECODE_MOVSX, insn->operand_width == 2 ? 2 : 4);
    insn->reg_width = insn->operand_width;
    insn->has_register = true;
    insn->to_register = true;
}

/* MOV between the accumulator and an absolute address. */
static void name_moffs(struct decode_insn *insn)
{
    name_with_register(insn, DECODE_MOV, insn->opcode < 0xa2);
    insn->reg = DECODE_RAX;
}

static void name_string_or_port(struct decode_insn *insn)
{
    switch (insn->opcode & 0xfe) {
    case 0x6c:
        name_port(insn, DECODE_INS);
        break;
    case 0x6e:
        name_port(insn, DECODE_OUTS);
        break;
    case 0xa4:
        name_string(insn, DECODE_MOVS);
        break;
    case 0xa6:
        name_string(insn, DECODE_CMPS);
        break;
    case 0xaa:
        name_string(insn, DECODE_STOS);
        break;
    case 0xac:
        name_string(insn, DECODE_LODS);
        break;
    case 0xae:
        name_string(insn, DECODE_SCAS);
        break;
    case 0xe4:
    case 0xec:
        name_port(insn, DECODE_IN);
        break;
    case 0xe6:
    case 0xee:
        name_port(insn, DECODE_OUT);
        break;
    default:
        break;
    }
}

static enum status name_one_byte(struct decode_insn *insn, uint8_t rex)
{
    uint16_t opcode = insn->opcode;
    if (opcode < 0x40) {
        name_arithmetic(insn);
        return STATUS_OK;
    }
    switch (opcode) {
    case 0x63:
        name_movsxd(insn);
        return STATUS_OK;
    case 0x84:
    case 0x85:
        name_with_register(insn, DECODE_TEST, false);
        return STATUS_OK;
    case 0x86:
    case 0x87:
        name_with_register(insn, DECODE_XCHG, false);
        return STATUS_OK;
    case 0x88:
    case 0x89:
    case 0x8a:
    case 0x8b:
        name_with_register(insn, DECODE_MOV, opcode >= 0x8a);
        return STATUS_OK;
    case 0x90:
        insn->op = insn->rep && (rex & 1) == 0 ? DECODE_PAUSE : DECODE_OTHER;
        return STATUS_OK;
    case 0xa0:
    case 0xa1:
    case 0xa2:
    case 0xa3:
        name_moffs(insn);
        return STATUS_OK;
    case 0xa8:
    case 0xa9:
        name_accumulator(insn, DECODE_TEST);
        return STATUS_OK;
    case 0xf4:
        insn->op = DECODE_HLT;
        return STATUS_OK;
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x83:
    case 0x8f:
    case 0xc6:
    case 0xc7:
    case 0xf6:
    case 0xf7:
    case 0xfe:
    case 0xff:
        return name_group(insn);
    default:
        name_string_or_port(insn);
        return STATUS_OK;
    }
}

/* 0F 01 with a register-form ModRM is a table of its own (SDM 2D table A-6). */
static enum decode_op group7_register_form(uint8_t modrm)
{
    switch (modrm) {
    case 0xc1:
        return DECODE_VMCALL;
    case 0xc8:
    case 0xfa:
        return DECODE_MONITOR;
    case 0xc9:
    case 0xfb:
        return DECODE_MWAIT;
    case 0xd0:
        return DECODE_XGETBV;
    case 0xd1:
        return DECODE_XSETBV;
    case 0xd9:
        return DECODE_VMMCALL;
    case 0xd8:
    case 0xda:
    case 0xdb:
    case 0xdc:
    case 0xdd:
    case 0xde:
    case 0xdf:
        return DECODE_SVM;
    case 0xf9:
        return DECODE_RDTSCP;
    default:
        return DECODE_OTHER;
    }
}

static void name_group7(struct decode_insn *insn, uint8_t modrm)
{
    switch (insn->control) {
    case 4:
        name(insn, DECODE_SMSW, insn->has_memory ? 2 : insn->operand_width);
        break;
    case 6:
        name(insn, DECODE_LMSW, 2);
        break;
    default:
        insn->op = DECODE_OTHER;
        if (!insn->has_memory) {
            insn->op = group7_register_form(modrm);
        } else if (insn->control == 7) {
            insn->op = DECODE_INVLPG;
        }
    }
}

/* The general register is in r/m. AMD reaches CR8 by LOCK where there is no REX (APM3 MOV CRn). */
static void name_control_move(struct decode_insn *insn)
{
    static const enum decode_op ops[4] = {DECODE_MOV_FROM_CR, DECODE_MOV_FROM_DR, DECODE_MOV_TO_CR, DECODE_MOV_TO_DR};
    name(insn, ops[insn->opcode & 3], insn->mode == DECODE_64 ? 8 : 4);
    insn->control = insn->reg;
    if (insn->lock && (insn->opcode & 1) == 0) {
        insn->control |= 8;
    }
    insn->reg = insn->rm;
    insn->has_register = true;
    insn->to_register = (insn->opcode & 2) == 0;
}

static void name_bit(struct decode_insn *insn, enum decode_op op, bool has_register)
{
    name(insn, op, insn->operand_width);
    insn->has_register = has_register;
}

static void name_extending_move(struct decode_insn *insn, enum decode_op op)
{
    name(insn, op, (insn->opcode & 1) != 0 ? 2 : 1);
    insn->reg_width = insn->operand_width;
    insn->has_register = true;
    insn->to_register = true;
}

static enum decode_op two_byte_plain(uint8_t opcode)
{
    switch (opcode) {
    case 0x06:
        return DECODE_CLTS;
    case 0x08:
        return DECODE_INVD;
    case 0x09:
        return DECODE_WBINVD;
    case 0x0b:
        return DECODE_UD2;
    case 0x30:
        return DECODE_WRMSR;
    case 0x31:
        return DECODE_RDTSC;
    case 0x32:
        return DECODE_RDMSR;
    case 0x33:
        return DECODE_RDPMC;
    case 0xa2:
        return DECODE_CPUID;
    case 0xaa:
        return DECODE_RSM;
    default:
        return DECODE_OTHER;
    }
}

static enum status name_two_byte(struct decode_insn *insn, uint8_t modrm, bool operand_prefix)
{
    bool sse_prefix = operand_prefix || insn->rep || insn->repne;
    switch (insn->opcode & 0xff) {
    case 0x01:
        name_group7(insn, modrm);
        return STATUS_OK;
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
        name_control_move(insn);
        return STATUS_OK;
    case 0x78: /* EXTRQ and INSERTQ carry immediates */
        return sse_prefix ? STATUS_UNSUPPORTED : STATUS_OK;
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xbb:
        name_bit(insn, (enum decode_op)(DECODE_BT + bits_get(insn->opcode, 4, 3)), true);
        return STATUS_OK;
    case 0xba:
        if (insn->control < 4) {
            return STATUS_UNSUPPORTED;
        }
        name_bit(insn, (enum decode_op)(DECODE_BT + insn->control - 4), false);
        return STATUS_OK;
    case 0xb0:
    case 0xb1:
        name_with_register(insn, DECODE_CMPXCHG, false);
        return STATUS_OK;
    case 0xc0:
    case 0xc1:
        name_with_register(insn, DECODE_XADD, false);
        return STATUS_OK;
    case 0xb6:
    case 0xb7:
        name_extending_move(insn, DECODE_MOVZX);
        return STATUS_OK;
    case 0xb8: /* without F3 (POPCNT) no instruction of ours */
        return insn->rep ? STATUS_OK : STATUS_UNSUPPORTED;
    case 0xbe:
    case 0xbf:
        name_extending_move(insn, DECODE_MOVSX);
        return STATUS_OK;
    case 0xc3:
        if (sse_prefix || !insn->has_memory) {
            return STATUS_UNSUPPORTED;
        }
        name_with_register(insn, DECODE_MOV, false); /* MOVNTI */
        return STATUS_OK;
    default:
        insn->op = two_byte_plain((uint8_t)insn->opcode);
        return STATUS_OK;
    }
}

/* Without REX, byte registers 4..7 are the second bytes of registers 0..3 (SDM 2A 2.2.1.2). */
static void set_high_bytes(struct decode_insn *insn, uint8_t rex)
{
    if (rex != 0) {
        return;
    }
    if (insn->has_register && insn->reg_width == 1 && insn->reg >= 4) {
        insn->high_byte = true;
        insn->reg -= 4;
    }
    if (!insn->has_memory && insn->width == 1 && insn->rm >= 4) {
        insn->rm_high_byte = true;
        insn->rm -= 4;
    }
}

/* Effective operand prefix: the width differs from the mode's own. */
static bool has_operand_prefix(const struct decode_insn *insn)
{
    unsigned natural = insn->mode == DECODE_16 ? 2 : 4;
    return insn->operand_width != natural && insn->operand_width != 8;
}

enum status decode_name_set(struct decode_insn *insn, uint8_t modrm, uint8_t rex)
{
    enum status s = STATUS_OK;
    if (insn->opcode < 0x100) {
        s = name_one_byte(insn, rex);
    } else if (insn->opcode >> 8 == 0x0f) {
        s = name_two_byte(insn, modrm, has_operand_prefix(insn));
    }
    if (s == STATUS_OK) {
        set_high_bytes(insn, rex);
    }
    return s;
}

const char *decode_op_text(enum decode_op op)
{
    static const char *const text[DECODE_OPS] = {
        "other",  "add",     "or",      "adc",  "sbb",         "and",       "sub",         "xor",       "cmp",
        "test",   "not",     "neg",     "inc",  "dec",         "mov",       "movzx",       "movsx",     "xchg",
        "xadd",   "cmpxchg", "bt",      "bts",  "btr",         "btc",       "movs",        "cmps",      "stos",
        "lods",   "scas",    "ins",     "outs", "in",          "out",       "cpuid",       "rdmsr",     "wrmsr",
        "rdtsc",  "rdtscp",  "rdpmc",   "hlt",  "pause",       "monitor",   "mwait",       "invd",      "wbinvd",
        "invlpg", "clts",    "lmsw",    "smsw", "mov from cr", "mov to cr", "mov from dr", "mov to dr", "xgetbv",
        "xsetbv", "vmcall",  "vmmcall", "svm",  "rsm",         "ud2",
    };
    return op < DECODE_OPS ? text[op] : "unknown";
}
