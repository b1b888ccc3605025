/* SPDX-License-Identifier: GPL-2.0-only
 * Prefixes, opcode, ModRM, SIB, displacement, immediates; decode_name.c then says what the instruction is. */
#include "guest/decode.h"

#include "guest/decode_name.h"
#include "guest/decode_table.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"

struct decoder {
    struct cursor in;
    struct decode_insn *insn;
    uint8_t rex; /* 0 when absent */
    bool operand_prefix, address_prefix;
    bool segment_prefix;
    uint8_t map;
    uint8_t modrm;
    char shape;
};

/* True when it was one. In 64-bit mode the four old segments' prefixes have no effect (SDM 2A 2.1.1, SDM 1 3.3.7). */
static bool take_segment_prefix(struct decoder *d, uint8_t byte)
{
    enum decode_segment segment;
    switch (byte) {
    case 0x26:
        segment = DECODE_ES;
        break;
    case 0x2e:
        segment = DECODE_CS;
        break;
    case 0x36:
        segment = DECODE_SS;
        break;
    case 0x3e:
        segment = DECODE_DS;
        break;
    case 0x64:
        segment = DECODE_FS;
        break;
    case 0x65:
        segment = DECODE_GS;
        break;
    default:
        return false;
    }
    if (d->insn->mode != DECODE_64 || segment >= DECODE_FS) {
        d->segment_prefix = true;
        d->insn->segment = segment;
    }
    return true;
}

static bool take_legacy_prefix(struct decoder *d, uint8_t byte)
{
    switch (byte) {
    case 0x66:
        d->operand_prefix = true;
        return true;
    case 0x67:
        d->address_prefix = true;
        return true;
    case 0xf0:
        d->insn->lock = true;
        return true;
    case 0xf2: /* of F2 and F3 the later one counts */
        d->insn->repne = true;
        d->insn->rep = false;
        return true;
    case 0xf3:
        d->insn->rep = true;
        d->insn->repne = false;
        return true;
    default:
        return take_segment_prefix(d, byte);
    }
}

/* Consumes all prefixes and returns the first opcode byte. A REX that is not the last prefix is ignored. */
static uint8_t take_prefixes(struct decoder *d)
{
    for (;;) {
        uint8_t byte = cursor_u8(&d->in);
        if (d->in.failed) {
            return 0;
        }
        if (take_legacy_prefix(d, byte)) {
            d->rex = 0;
        } else if (d->insn->mode == DECODE_64 && (byte & 0xf0) == 0x40) {
            d->rex = byte;
        } else {
            return byte;
        }
    }
}

static void set_widths(struct decoder *d)
{
    bool o = d->operand_prefix;
    bool a = d->address_prefix;
    switch (d->insn->mode) {
    case DECODE_16:
        d->insn->operand_width = o ? 4 : 2;
        d->insn->address_width = a ? 4 : 2;
        break;
    case DECODE_32:
        d->insn->operand_width = o ? 2 : 4;
        d->insn->address_width = a ? 2 : 4;
        break;
    case DECODE_64:
        d->insn->operand_width = (d->rex & 8) != 0 ? 8 : (o ? 2 : 4);
        d->insn->address_width = a ? 4 : 8;
        break;
    }
}

static void take_opcode(struct decoder *d)
{
    uint8_t opcode = take_prefixes(d);
    if (opcode == 0x0f) {
        d->map = 0x0f;
        opcode = cursor_u8(&d->in);
        if (opcode == 0x38 || opcode == 0x3a) {
            d->map = opcode;
            opcode = cursor_u8(&d->in);
        }
    }
    d->insn->opcode = (uint16_t)(d->map << 8 | opcode);
    d->shape = decode_table_shape(d->map, opcode);
}

static int64_t take_signed(struct decoder *d, unsigned width)
{
    switch (width) {
    case 1:
        return (int8_t)cursor_u8(&d->in);
    case 2:
        return (int16_t)cursor_u16(&d->in);
    case 4:
        return (int32_t)cursor_u32(&d->in);
    default:
        return (int64_t)cursor_u64(&d->in);
    }
}

static void use_segment(struct decoder *d, enum decode_segment segment)
{
    if (!d->segment_prefix) {
        d->insn->segment = segment;
    }
}

/* SDM 2A table 2-1. */
static void take_memory_16(struct decoder *d, unsigned mod, unsigned rm)
{
    static const uint8_t base[8] = {DECODE_RBX, DECODE_RBX, DECODE_RBP, DECODE_RBP,
                                    DECODE_RSI, DECODE_RDI, DECODE_RBP, DECODE_RBX};
    struct decode_insn *insn = d->insn;
    bool absolute = mod == 0 && rm == 6;
    if (!absolute) {
        insn->base = base[rm];
    }
    if (rm < 4) {
        insn->index = (rm & 1) != 0 ? DECODE_RDI : DECODE_RSI;
    }
    use_segment(d, insn->base == DECODE_RBP ? DECODE_SS : DECODE_DS);
    if (mod != 0 || absolute) {
        insn->displacement = take_signed(d, mod == 1 ? 1 : 2);
    }
}

/* SDM 2A table 2-3. Returns true when a 32-bit displacement stands in for the base. */
static bool take_sib(struct decoder *d, unsigned mod)
{
    uint8_t sib = cursor_u8(&d->in);
    struct decode_insn *insn = d->insn;
    uint8_t index = (uint8_t)(bits_get(sib, 5, 3) | (d->rex & 2) << 2);
    insn->scale = (uint8_t)bits_get(sib, 7, 6);
    insn->index = index == DECODE_RSP ? DECODE_NO_REGISTER : index;
    if (bits_get(sib, 2, 0) == DECODE_RBP && mod == 0) {
        return true;
    }
    insn->base = (uint8_t)(bits_get(sib, 2, 0) | (d->rex & 1) << 3);
    return false;
}

/* SDM 2A table 2-2. */
static void take_memory_32(struct decoder *d, unsigned mod, unsigned rm)
{
    struct decode_insn *insn = d->insn;
    bool long_displacement = mod == 2;
    if (rm == DECODE_RSP) {
        long_displacement |= take_sib(d, mod);
    } else if (rm == DECODE_RBP && mod == 0) {
        long_displacement = true;
        insn->rip_relative = insn->mode == DECODE_64;
    } else {
        insn->base = (uint8_t)(rm | (d->rex & 1) << 3);
    }
    use_segment(d, insn->base == DECODE_RSP || insn->base == DECODE_RBP ? DECODE_SS : DECODE_DS);
    if (long_displacement || mod == 1) {
        insn->displacement = take_signed(d, long_displacement ? 4 : 1);
    }
}

static void take_modrm(struct decoder *d)
{
    d->modrm = cursor_u8(&d->in);
    unsigned mod = (unsigned)bits_get(d->modrm, 7, 6);
    unsigned rm = (unsigned)bits_get(d->modrm, 2, 0);
    d->insn->reg = (uint8_t)(bits_get(d->modrm, 5, 3) | (d->rex & 4) << 1);
    d->insn->control = (uint8_t)bits_get(d->modrm, 5, 3);
    if (mod == 3 || d->shape == 'c') {
        d->insn->rm = (uint8_t)(rm | (d->rex & 1) << 3);
        return;
    }
    d->insn->has_memory = true;
    if (d->insn->address_width == 2) {
        take_memory_16(d, mod, rm);
    } else {
        take_memory_32(d, mod, rm);
    }
}

static void take_immediate(struct decoder *d, unsigned width)
{
    d->insn->has_immediate = true;
    d->insn->immediate = take_signed(d, width);
}

/* The displacement of the moffs forms is as wide as an address, and unsigned. */
static void take_absolute(struct decoder *d)
{
    unsigned width = d->insn->address_width;
    d->insn->has_memory = true;
    d->insn->displacement = (int64_t)((uint64_t)take_signed(d, width) & MASK64(8 * width - 1, 0));
    use_segment(d, DECODE_DS);
}

static void take_immediates(struct decoder *d)
{
    unsigned z = d->insn->operand_width == 2 ? 2 : 4;
    bool test = bits_get(d->modrm, 5, 3) < 2;
    switch (d->shape) {
    case 'b':
    case 'j':
    case 'M':
    case 'J':
        take_immediate(d, 1);
        break;
    case 'w':
        take_immediate(d, 2);
        break;
    case 'z':
    case 'Z':
        take_immediate(d, z);
        break;
    case 'r':
        take_immediate(d, d->insn->mode == DECODE_64 ? 4 : z);
        break;
    case 'v':
        take_immediate(d, d->insn->operand_width);
        break;
    case 'p':
        take_immediate(d, z);
        (void)cursor_u16(&d->in);
        break;
    case 'e':
        take_immediate(d, 2);
        (void)cursor_u8(&d->in);
        break;
    case 'o':
        take_absolute(d);
        break;
    case 'g':
    case 'G':
        if (test) {
            take_immediate(d, d->shape == 'g' ? 1 : z);
        }
        break;
    default:
        break;
    }
}

static bool shape_has_modrm(char shape)
{
    return shape == 'm' || shape == 'M' || shape == 'Z' || shape == 'c' || shape == 'g' || shape == 'G' ||
           shape == 'J' || shape == 'V';
}

static bool shape_is_valid(const struct decoder *d)
{
    bool only_legacy = d->shape == 'i' || d->shape == 'j' || d->shape == 'p' || d->shape == 'J' || d->shape == 'V';
    return d->shape != DECODE_TABLE_INVALID && !(only_legacy && d->insn->mode == DECODE_64);
}

static enum status run_out(const struct decoder *d)
{
    return d->in.length == DECODE_MAX_LENGTH ? STATUS_BAD_FORMAT : STATUS_OUT_OF_RANGE;
}

enum status decode_instruction(const uint8_t *bytes, size_t count, enum decode_mode mode, struct decode_insn *out)
{
    size_t length = count < DECODE_MAX_LENGTH ? count : DECODE_MAX_LENGTH;
    struct decoder d = {.in = cursor_make(bytes, length), .insn = out};
    *out = (struct decode_insn){
        .mode = mode, .segment = DECODE_DS, .base = DECODE_NO_REGISTER, .index = DECODE_NO_REGISTER};
    take_opcode(&d);
    if (d.in.failed) {
        return run_out(&d);
    }
    if (!shape_is_valid(&d)) {
        return STATUS_UNSUPPORTED;
    }
    set_widths(&d);
    if (shape_has_modrm(d.shape)) {
        take_modrm(&d);
    }
    take_immediates(&d);
    if (d.in.failed) {
        return run_out(&d);
    }
    if (d.shape == 'V' && !out->has_memory) {
        return STATUS_UNSUPPORTED;
    }
    out->length = (uint8_t)d.in.position;
    return decode_name_set(out, d.modrm, d.rex);
}
