/* SPDX-License-Identifier: GPL-2.0-only
 * guest/decode.c, decode_name.c and decode_table.c: encodings written out by hand from the manual. */
#include "guest/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct example {
    enum decode_mode mode;
    uint8_t bytes[16];
    uint8_t length;
    enum decode_op op;
    unsigned width, reg_width;
    bool memory, to_register;
    int reg; /* -1: no register operand */
    bool immediate;
    int64_t value;
};

/* clang-format off */
static const struct example examples[] = {
    {DECODE_64, {0x0f, 0xa2}, 2, DECODE_CPUID, 0, 0, false, false, -1, false, 0},
    {DECODE_64, {0x66, 0x0f, 0xa2}, 3, DECODE_CPUID, 0, 0, false, false, -1, false, 0},
    {DECODE_64, {0x0f, 0x32}, 2, DECODE_RDMSR, 0, 0, false, false, -1, false, 0},
    {DECODE_64, {0x0f, 0x01, 0xf9}, 3, DECODE_RDTSCP, 0, 0, false, false, -1, false, 0},
    {DECODE_32, {0x0f, 0x01, 0xd1}, 3, DECODE_XSETBV, 0, 0, false, false, -1, false, 0},
    {DECODE_64, {0x0f, 0x01, 0xd9}, 3, DECODE_VMMCALL, 0, 0, false, false, -1, false, 0},
    {DECODE_64, {0x0f, 0x01, 0x38}, 3, DECODE_INVLPG, 0, 0, true, false, -1, false, 0},
    {DECODE_64, {0xf3, 0x90}, 2, DECODE_PAUSE, 0, 0, false, false, -1, false, 0},
    {DECODE_64, {0xf3, 0x41, 0x90}, 3, DECODE_OTHER, 0, 0, false, false, -1, false, 0},
    {DECODE_64, {0xf4}, 1, DECODE_HLT, 0, 0, false, false, -1, false, 0},
    {DECODE_64, {0x44, 0x0f, 0x22, 0xc0}, 4, DECODE_MOV_TO_CR, 8, 8, false, false, 0, false, 0},
    {DECODE_32, {0xf0, 0x0f, 0x20, 0xc1}, 4, DECODE_MOV_FROM_CR, 4, 4, false, true, 1, false, 0},
    {DECODE_32, {0x0f, 0x22, 0x1b}, 3, DECODE_MOV_TO_CR, 4, 4, false, false, 3, false, 0}, /* mod is ignored */
    {DECODE_64, {0xe4, 0x71}, 2, DECODE_IN, 1, 1, false, false, -1, true, 0x71},
    {DECODE_64, {0x48, 0xed}, 2, DECODE_IN, 4, 4, false, false, -1, false, 0},
    {DECODE_16, {0xef}, 1, DECODE_OUT, 2, 2, false, false, -1, false, 0},
    {DECODE_16, {0x66, 0xef}, 2, DECODE_OUT, 4, 4, false, false, -1, false, 0},
    {DECODE_32, {0xf3, 0x6e}, 2, DECODE_OUTS, 1, 1, false, false, -1, false, 0},
    /* mov [rax],ecx and friends */
    {DECODE_64, {0x89, 0x08}, 2, DECODE_MOV, 4, 4, true, false, 1, false, 0},
    {DECODE_64, {0x66, 0x89, 0x08}, 3, DECODE_MOV, 2, 2, true, false, 1, false, 0},
    {DECODE_64, {0x4c, 0x89, 0x08}, 3, DECODE_MOV, 8, 8, true, false, 9, false, 0},
    {DECODE_64, {0x66, 0x48, 0x89, 0x08}, 4, DECODE_MOV, 8, 8, true, false, 1, false, 0},
    {DECODE_64, {0x48, 0x66, 0x89, 0x08}, 4, DECODE_MOV, 2, 2, true, false, 1, false, 0}, /* REX not last: ignored */
    {DECODE_64, {0x8a, 0x20}, 2, DECODE_MOV, 1, 1, true, true, 0, false, 0},         /* AH */
    {DECODE_64, {0x40, 0x8a, 0x20}, 3, DECODE_MOV, 1, 1, true, true, 4, false, 0},   /* SPL */
    {DECODE_64, {0x8b, 0x05, 1, 2, 3, 4}, 6, DECODE_MOV, 4, 4, true, true, 0, false, 0},
    {DECODE_64, {0xc7, 0x00, 0xff, 0xff, 0xff, 0xff}, 6, DECODE_MOV, 4, 4, true, false, -1, true, -1},
    {DECODE_64, {0x48, 0xc7, 0x40, 8, 1, 0, 0, 0x80}, 8, DECODE_MOV, 8, 8, true, false, -1, true, -2147483647},
    {DECODE_64, {0xc6, 0x04, 0x25, 0, 0, 0, 1, 0x80}, 8, DECODE_MOV, 1, 1, true, false, -1, true, -128},
    {DECODE_16, {0xc7, 0x06, 0x34, 0x12, 0x78, 0x56}, 6, DECODE_MOV, 2, 2, true, false, -1, true, 0x5678},
    {DECODE_64, {0xa1, 1, 2, 3, 4, 5, 6, 7, 8}, 9, DECODE_MOV, 4, 4, true, true, 0, false, 0},
    {DECODE_32, {0xa2, 1, 2, 3, 4}, 5, DECODE_MOV, 1, 1, true, false, 0, false, 0},
    {DECODE_64, {0x0f, 0xb6, 0x00}, 3, DECODE_MOVZX, 1, 4, true, true, 0, false, 0},
    {DECODE_64, {0x48, 0x0f, 0xbf, 0x00}, 4, DECODE_MOVSX, 2, 8, true, true, 0, false, 0},
    {DECODE_64, {0x48, 0x63, 0x00}, 3, DECODE_MOVSX, 4, 8, true, true, 0, false, 0},
    {DECODE_32, {0x63, 0x00}, 2, DECODE_OTHER, 0, 0, true, false, -1, false, 0}, /* ARPL */
    {DECODE_64, {0x0f, 0xc3, 0x10}, 3, DECODE_MOV, 4, 4, true, false, 2, false, 0},
    {DECODE_64, {0x83, 0x08, 0xf0}, 3, DECODE_OR, 4, 4, true, false, -1, true, -16},
    {DECODE_64, {0x81, 0x20, 0, 0, 0, 0x80}, 6, DECODE_AND, 4, 4, true, false, -1, true, INT32_MIN},
    {DECODE_64, {0x3b, 0x10}, 2, DECODE_CMP, 4, 4, true, true, 2, false, 0},
    {DECODE_64, {0x30, 0x18}, 2, DECODE_XOR, 1, 1, true, false, 3, false, 0},
    {DECODE_64, {0xf6, 0x00, 0x80}, 3, DECODE_TEST, 1, 1, true, false, -1, true, -128},
    {DECODE_64, {0xf7, 0x10}, 2, DECODE_NOT, 4, 4, true, false, -1, false, 0},
    {DECODE_64, {0xf0, 0x0f, 0xba, 0x28, 7}, 5, DECODE_BTS, 4, 4, true, false, -1, true, 7},
    {DECODE_64, {0x48, 0x0f, 0xb3, 0x08}, 4, DECODE_BTR, 8, 8, true, false, 1, false, 0},
    {DECODE_64, {0xf0, 0x0f, 0xb1, 0x08}, 4, DECODE_CMPXCHG, 4, 4, true, false, 1, false, 0},
    {DECODE_64, {0xf3, 0x48, 0xa5}, 3, DECODE_MOVS, 8, 8, false, false, -1, false, 0},
    {DECODE_64, {0xfe, 0x00}, 2, DECODE_INC, 1, 1, true, false, -1, false, 0},
    {DECODE_64, {0xff, 0x10}, 2, DECODE_OTHER, 0, 0, true, false, -1, false, 0}, /* CALL [rax] */
    {DECODE_64, {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, 10, DECODE_OTHER, 0, 0, false, false, -1, true,
     0x0807060504030201},
    {DECODE_32, {0xc8, 1, 2, 3}, 4, DECODE_OTHER, 0, 0, false, false, -1, true, 0x201},
    {DECODE_32, {0xea, 1, 2, 3, 4, 5, 6}, 7, DECODE_OTHER, 0, 0, false, false, -1, true, 0x04030201},
};
/* clang-format on */

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(examples); i++) {
        const struct example *e = &examples[i];
        struct decode_insn insn;
        assert_int_equal(decode_instruction(e->bytes, sizeof(e->bytes), e->mode, &insn), STATUS_OK);
        if (insn.length != e->length || insn.op != e->op || insn.width != e->width) {
            fail_msg("example %zu: length %u op %s width %u", i, insn.length, decode_op_text(insn.op), insn.width);
        }
        assert_int_equal(insn.reg_width, e->reg_width);
        assert_int_equal(insn.has_memory, e->memory);
        assert_int_equal(insn.to_register, e->to_register);
        assert_int_equal(insn.has_register ? insn.reg : -1, e->reg);
        assert_int_equal(insn.has_immediate, e->immediate);
        assert_int_equal(insn.immediate, e->value);
        for (size_t n = 0; n < e->length; n++) {
            assert_int_equal(decode_instruction(e->bytes, n, e->mode, &insn), STATUS_OUT_OF_RANGE);
        }
    }
}

static enum status decode(enum decode_mode mode, const char *bytes, size_t count, struct decode_insn *insn)
{
    return decode_instruction((const uint8_t *)bytes, count, mode, insn);
}

static void test_refused(void **state)
{
    (void)state;
    struct decode_insn insn;
    assert_int_equal(decode(DECODE_64, "\xc5\xf8\x28\x00", 4, &insn), STATUS_UNSUPPORTED);         /* VEX */
    assert_int_equal(decode(DECODE_32, "\xc5\xf8\x28\x00", 4, &insn), STATUS_UNSUPPORTED);         /* VEX again */
    assert_int_equal(decode(DECODE_32, "\xc5\x08", 2, &insn), STATUS_OK);                          /* LDS */
    assert_int_equal(decode(DECODE_64, "\x62\xf1\x7c\x48\x28\x00", 6, &insn), STATUS_UNSUPPORTED); /* EVEX */
    assert_int_equal(decode(DECODE_64, "\x0f\x0f\x00\x9e", 4, &insn), STATUS_UNSUPPORTED);         /* 3DNow! */
    assert_int_equal(decode(DECODE_64, "\x06", 1, &insn), STATUS_UNSUPPORTED);                     /* PUSH ES */
    assert_int_equal(decode(DECODE_32, "\x06", 1, &insn), STATUS_OK);
    assert_int_equal(decode(DECODE_64, "\xc6\x08\x00", 3, &insn), STATUS_UNSUPPORTED);
    assert_int_equal(decode(DECODE_64, "\xfe\x10", 2, &insn), STATUS_UNSUPPORTED);
    assert_int_equal(decode(DECODE_64, "\x0f\xba\x18\x01", 4, &insn), STATUS_UNSUPPORTED);
    assert_int_equal(decode(DECODE_64, "\x8f\xe8", 2, &insn), STATUS_UNSUPPORTED); /* XOP */
    assert_int_equal(decode(DECODE_64, "", 0, &insn), STATUS_OUT_OF_RANGE);
}

static void test_longest(void **state)
{
    (void)state;
    struct decode_insn insn;
    uint8_t bytes[32];
    memset(bytes, 0x66, sizeof(bytes));
    assert_int_equal(decode_instruction(bytes, 14, DECODE_64, &insn), STATUS_OUT_OF_RANGE);
    assert_int_equal(decode_instruction(bytes, 32, DECODE_64, &insn), STATUS_BAD_FORMAT);
    bytes[14] = 0xf4;
    assert_int_equal(decode_instruction(bytes, 32, DECODE_64, &insn), STATUS_OK);
    assert_int_equal(insn.length, 15);
    bytes[14] = 0x0f;
    bytes[15] = 0xa2;
    assert_int_equal(decode_instruction(bytes, 32, DECODE_64, &insn), STATUS_BAD_FORMAT);
}

static void test_operands(void **state)
{
    (void)state;
    struct decode_insn insn;
    /* mov eax, fs:[r13+r12*8+0x12345678] */
    assert_int_equal(decode(DECODE_64, "\x64\x43\x8b\x84\xe5\x78\x56\x34\x12", 9, &insn), STATUS_OK);
    assert_int_equal(insn.base, 13);
    assert_int_equal(insn.index, 12);
    assert_int_equal(insn.scale, 3);
    assert_int_equal(insn.segment, DECODE_FS);
    assert_int_equal(insn.displacement, 0x12345678);
    /* es: has no effect in 64-bit mode, not even on an earlier gs: */
    assert_int_equal(decode(DECODE_64, "\x65\x26\x8b\x00", 4, &insn), STATUS_OK);
    assert_int_equal(insn.segment, DECODE_GS);
    assert_int_equal(decode(DECODE_32, "\x65\x26\x8b\x00", 4, &insn), STATUS_OK);
    assert_int_equal(insn.segment, DECODE_ES);
    assert_int_equal(decode(DECODE_32, "\x8b\x45\xfc", 3, &insn), STATUS_OK); /* mov eax,[ebp-4] */
    assert_int_equal(insn.segment, DECODE_SS);
    assert_int_equal(insn.displacement, -4);
    assert_int_equal(decode(DECODE_64, "\x8a\x20", 2, &insn), STATUS_OK);
    assert_true(insn.high_byte);
    assert_int_equal(decode(DECODE_32, "\xf0\x0f\x20\xc0", 4, &insn), STATUS_OK);
    assert_int_equal(insn.control, 8);
    assert_int_equal(decode(DECODE_64, "\xf2\xf3\xa6", 3, &insn), STATUS_OK);
    assert_true(insn.rep && !insn.repne);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned op = 0; op < DECODE_OPS; op++) {
        assert_non_null(decode_op_text((enum decode_op)op));
        assert_true(strlen(decode_op_text((enum decode_op)op)) > 1);
    }
    assert_string_equal(decode_op_text(DECODE_UD2), "ud2");
    assert_string_equal(decode_op_text(DECODE_MOV_FROM_DR), "mov from dr");
    assert_string_equal(decode_op_text(DECODE_OPS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples), cmocka_unit_test(test_refused), cmocka_unit_test(test_longest),
        cmocka_unit_test(test_operands), cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
