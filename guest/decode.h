/* SPDX-License-Identifier: GPL-2.0-only
 * Decoder for the x86 instructions that leave a guest: what they are, how long, and which operands they name.
 * Pure: bytes in, description out (SDM 2A chapter 2, SDM 2D appendix A). */
#ifndef BULKHEAD_GUEST_DECODE_H
#define BULKHEAD_GUEST_DECODE_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define DECODE_MAX_LENGTH 15
#define DECODE_NO_REGISTER 0xff

/* The code segment's default operand and address size. */
enum decode_mode {
    DECODE_16,
    DECODE_32,
    DECODE_64,
};

/* Register numbers as ModRM counts them. */
enum decode_register {
    DECODE_RAX,
    DECODE_RCX,
    DECODE_RDX,
    DECODE_RBX,
    DECODE_RSP,
    DECODE_RBP,
    DECODE_RSI,
    DECODE_RDI,
};

enum decode_segment {
    DECODE_ES,
    DECODE_CS,
    DECODE_SS,
    DECODE_DS,
    DECODE_FS,
    DECODE_GS,
    DECODE_SEGMENTS,
};

enum decode_op {
    DECODE_OTHER, /* length known, not ours to execute */
    /* the eight of opcode group 1, in its order */
    DECODE_ADD,
    DECODE_OR,
    DECODE_ADC,
    DECODE_SBB,
    DECODE_AND,
    DECODE_SUB,
    DECODE_XOR,
    DECODE_CMP,
    DECODE_TEST,
    DECODE_NOT,
    DECODE_NEG,
    DECODE_INC,
    DECODE_DEC,
    DECODE_MOV, /* MOVNTI too */
    DECODE_MOVZX,
    DECODE_MOVSX, /* MOVSXD too */
    DECODE_XCHG,
    DECODE_XADD,
    DECODE_CMPXCHG,
    /* group 8, in its order */
    DECODE_BT,
    DECODE_BTS,
    DECODE_BTR,
    DECODE_BTC,
    DECODE_MOVS,
    DECODE_CMPS,
    DECODE_STOS,
    DECODE_LODS,
    DECODE_SCAS,
    DECODE_INS,
    DECODE_OUTS,
    DECODE_IN,
    DECODE_OUT,
    DECODE_CPUID,
    DECODE_RDMSR,
    DECODE_WRMSR,
    DECODE_RDTSC,
    DECODE_RDTSCP,
    DECODE_RDPMC,
    DECODE_HLT,
    DECODE_PAUSE,
    DECODE_MONITOR,
    DECODE_MWAIT,
    DECODE_INVD,
    DECODE_WBINVD,
    DECODE_INVLPG,
    DECODE_CLTS,
    DECODE_LMSW,
    DECODE_SMSW,
    DECODE_MOV_FROM_CR,
    DECODE_MOV_TO_CR,
    DECODE_MOV_FROM_DR,
    DECODE_MOV_TO_DR,
    DECODE_XGETBV,
    DECODE_XSETBV,
    DECODE_VMCALL,
    DECODE_VMMCALL,
    DECODE_SVM, /* VMRUN, VMLOAD, VMSAVE, STGI, CLGI, SKINIT, INVLPGA */
    DECODE_RSM,
    DECODE_UD2,
    DECODE_OPS,
};

struct decode_insn {
    enum decode_op op;
    enum decode_mode mode;
    uint16_t opcode;       /* 0x00xx one byte, 0x0Fxx two bytes, 0x38xx and 0x3Axx after 0F 38 and 0F 3A */
    uint8_t length;        /* 1..15 */
    uint8_t operand_width; /* 2, 4 or 8: the operand size in force */
    uint8_t address_width; /* 2, 4 or 8 */
    uint8_t width;         /* bytes of the r/m (memory) operand; element size of string and port instructions */
    uint8_t reg_width;     /* bytes of the register operand: more than width for MOVZX and MOVSX */
    bool lock, rep, repne;
    bool has_memory;    /* the r/m operand is memory, described by segment..displacement */
    bool has_register;  /* reg is an operand */
    bool to_register;   /* reg is the destination, r/m the source */
    bool has_immediate; /* else a port is in DX, a bit number in reg */
    bool high_byte;     /* reg is AH, CH, DH, BH: bits 15:8 of registers 0..3 */
    bool rm_high_byte;
    uint8_t reg;       /* 0..15 */
    uint8_t rm;        /* 0..15 when the r/m operand is a register */
    uint8_t control;   /* CR or DR number of the MOV forms; group extension (ModRM.reg) elsewhere */
    int64_t immediate; /* sign-extended to 64 bits */
    enum decode_segment segment;
    uint8_t base, index; /* DECODE_NO_REGISTER for none */
    uint8_t scale;       /* shift, 0..3 */
    bool rip_relative;
    int64_t displacement;
};

/* Decode the instruction at bytes[0], of which `count` bytes are readable.
 * OUT_OF_RANGE: it goes on after the bytes given. BAD_FORMAT: it is longer than 15 bytes (#GP). UNSUPPORTED: not in
 * our tables, or not an instruction (VEX, EVEX, 3DNow!, #UD). *out is whole only with STATUS_OK. */
MUST_CHECK enum status decode_instruction(const uint8_t *bytes, size_t count, enum decode_mode mode,
                                          struct decode_insn *out);

/* Lower-case name ("movzx"), never NULL. */
const char *decode_op_text(enum decode_op op);

#endif
