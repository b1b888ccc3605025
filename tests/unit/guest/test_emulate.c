/* SPDX-License-Identifier: GPL-2.0-only
 * guest/emulate.c, emulate_string.c, emulate_flags.c and decode_address.c, over a small pretended memory. */
#include "guest/emulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "guest/emulate_flags.h"

#define SIZE 0x1000

struct world {
    uint8_t memory[SIZE];
    unsigned reads, writes;
    uint64_t fail_at; /* an access here fails; 0 for none */
    uint64_t port_value;
    uint16_t port;
    struct decode_registers regs;
};

static enum status world_read(void *context, uint64_t linear, unsigned width, uint64_t *value)
{
    struct world *w = context;
    if (linear + width > SIZE || linear == w->fail_at) {
        return STATUS_OUT_OF_RANGE;
    }
    w->reads++;
    *value = 0;
    memcpy(value, w->memory + linear, width);
    return STATUS_OK;
}

static enum status world_write(void *context, uint64_t linear, unsigned width, uint64_t value)
{
    struct world *w = context;
    if (linear + width > SIZE || linear == w->fail_at) {
        return STATUS_OUT_OF_RANGE;
    }
    w->writes++;
    memcpy(w->memory + linear, &value, width);
    return STATUS_OK;
}

static uint64_t world_in(void *context, uint16_t port, unsigned width)
{
    struct world *w = context;
    (void)width;
    w->port = port;
    return ++w->port_value;
}

static void world_out(void *context, uint16_t port, unsigned width, uint64_t value)
{
    struct world *w = context;
    (void)width;
    w->port = port;
    w->port_value = w->port_value << 8 | value;
}

static enum status run_mode(struct world *w, enum decode_mode mode, const char *bytes, size_t count)
{
    const struct emulate_io io = {w, world_read, world_write, world_in, world_out};
    struct decode_insn insn;
    assert_int_equal(decode_instruction((const uint8_t *)bytes, count, mode, &insn), STATUS_OK);
    assert_int_equal(insn.length, count);
    return emulate_run(&insn, &w->regs, &io);
}

#define RUN(w, bytes) assert_int_equal(run_mode(w, DECODE_64, bytes, sizeof(bytes) - 1), STATUS_OK)

static uint64_t at(const struct world *w, unsigned address, unsigned width)
{
    uint64_t v = 0;
    memcpy(&v, w->memory + address, width);
    return v;
}

static uint64_t gprs[16];

static struct world world_make(uint64_t value_at_100)
{
    struct world w = {.regs = {.gpr = gprs, .rip = 0x1000, .rflags = 2}};
    memset(gprs, 0, sizeof(gprs));
    memcpy(w.memory + 0x100, &value_at_100, 8);
    w.regs.gpr[DECODE_RAX] = 0x100;
    return w;
}

static void test_moves(void **state)
{
    (void)state;
    struct world w = world_make(UINT64_C(0x88776655f4332211));
    w.regs.gpr[DECODE_RCX] = UINT64_MAX;
    RUN(&w, "\x8b\x08"); /* mov ecx,[rax]: upper half cleared */
    assert_int_equal(w.regs.gpr[DECODE_RCX], 0xf4332211);
    assert_int_equal(w.regs.rip, 0x1002);
    w.regs.gpr[DECODE_RCX] = UINT64_MAX;
    RUN(&w, "\x66\x8b\x08"); /* mov cx,[rax]: the rest kept */
    assert_int_equal(w.regs.gpr[DECODE_RCX], UINT64_C(0xffffffffffff2211));
    RUN(&w, "\x8a\x28"); /* mov ch,[rax] */
    assert_int_equal(w.regs.gpr[DECODE_RCX], UINT64_C(0xffffffffffff1111));
    RUN(&w, "\x48\x63\x08"); /* movsxd rcx,[rax] */
    assert_int_equal(w.regs.gpr[DECODE_RCX], UINT64_C(0xfffffffff4332211));
    RUN(&w, "\x0f\xbe\x48\x03"); /* movsx ecx,byte [rax+3] */
    assert_int_equal(w.regs.gpr[DECODE_RCX], 0xfffffff4);
    RUN(&w, "\x0f\xb7\x48\x06"); /* movzx ecx,word [rax+6] */
    assert_int_equal(w.regs.gpr[DECODE_RCX], 0x8877);
    assert_int_equal(w.writes, 0);
    w.reads = 0;
    RUN(&w, "\x88\x68\x08"); /* mov [rax+8],ch: a store reads nothing */
    assert_int_equal(at(&w, 0x108, 2), 0x88);
    RUN(&w, "\x48\xc7\x40\x10\xfe\xff\xff\xff"); /* mov qword [rax+16],-2 */
    assert_int_equal(at(&w, 0x110, 8), UINT64_C(0xfffffffffffffffe));
    assert_int_equal(w.reads, 0);
    assert_int_equal(w.regs.rflags, 2);
}

static void test_read_modify_write(void **state)
{
    (void)state;
    struct world w = world_make(0x0f);
    w.regs.rflags = 2 | RFLAGS_OF | RFLAGS_CF;
    RUN(&w, "\x83\x08\xf0"); /* or dword [rax],-16 */
    assert_int_equal(at(&w, 0x100, 8), 0xffffffff);
    assert_int_equal(w.regs.rflags, 2 | RFLAGS_SF | RFLAGS_PF);
    RUN(&w, "\xff\x00"); /* inc dword [rax] wraps, CF kept */
    assert_int_equal(at(&w, 0x100, 8), 0);
    assert_int_equal(w.regs.rflags, 2 | RFLAGS_ZF | RFLAGS_PF | RFLAGS_AF);
    w.writes = 0;
    RUN(&w, "\xf6\x00\x80"); /* test byte [rax],0x80 */
    RUN(&w, "\x80\x38\x01"); /* cmp byte [rax],1 */
    assert_int_equal(w.writes, 0);
    assert_int_equal(w.regs.rflags, 2 | RFLAGS_CF | RFLAGS_AF | RFLAGS_SF | RFLAGS_PF);
    RUN(&w, "\x0f\xba\x28\x05"); /* bts dword [rax],5 */
    assert_int_equal(at(&w, 0x100, 4), 0x20);
    assert_int_equal(w.regs.rflags & RFLAGS_CF, 0);
    w.regs.gpr[DECODE_RDX] = 0x7;
    RUN(&w, "\x87\x10"); /* xchg [rax],edx */
    assert_int_equal(at(&w, 0x100, 4), 7);
    assert_int_equal(w.regs.gpr[DECODE_RDX], 0x20);
    RUN(&w, "\xf0\x0f\xc1\x10"); /* lock xadd [rax],edx */
    assert_int_equal(at(&w, 0x100, 4), 0x27);
    assert_int_equal(w.regs.gpr[DECODE_RDX], 7);
    RUN(&w, "\x2b\x10"); /* sub edx,[rax] */
    assert_int_equal(w.regs.gpr[DECODE_RDX], 0xffffffe0);
    RUN(&w, "\xf7\x10"); /* not */
    assert_int_equal(at(&w, 0x100, 4), 0xffffffd8);
    RUN(&w, "\xf7\x18"); /* neg */
    assert_int_equal(at(&w, 0x100, 4), 0x28);
}

static void test_cmpxchg(void **state)
{
    (void)state;
    struct world w = world_make(0x100);
    w.regs.gpr[DECODE_RCX] = 0x55;
    RUN(&w, "\xf0\x0f\xb1\x08"); /* equal: [rax] = ecx */
    assert_int_equal(at(&w, 0x100, 4), 0x55);
    assert_true((w.regs.rflags & RFLAGS_ZF) != 0);
    RUN(&w, "\xf0\x0f\xb1\x08"); /* not equal: eax = memory */
    assert_int_equal(w.regs.gpr[DECODE_RAX], 0x55);
    assert_true((w.regs.rflags & RFLAGS_ZF) == 0);
    assert_int_equal(at(&w, 0x100, 4), 0x55);
}

static void test_bit_string_offset(void **state)
{
    (void)state;
    struct world w = world_make(0);
    w.regs.gpr[DECODE_RCX] = 37;
    RUN(&w, "\x0f\xab\x08"); /* bts [rax],ecx: bit 5 of the next dword */
    assert_int_equal(at(&w, 0x104, 4), 0x20);
    w.regs.gpr[DECODE_RCX] = (uint32_t)-1;
    RUN(&w, "\x0f\xab\x08"); /* bit 31 of the dword before */
    assert_int_equal(at(&w, 0xfc, 4), 0x80000000);
    w.regs.gpr[DECODE_RCX] = (uint64_t)-65;
    RUN(&w, "\x48\x0f\xbb\x08"); /* btc [rax],rcx: bit 63 of the qword before the one before */
    assert_int_equal(at(&w, 0xf0, 8), UINT64_C(1) << 63);
}

static void test_flags_exhaustively(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 65536; n++) {
        uint8_t a = (uint8_t)n;
        uint8_t b = (uint8_t)(n >> 8);
        for (unsigned carry = 0; carry < 2; carry++) {
            uint64_t flags = carry;
            int sum = a + b + (int)carry;
            int signed_sum = (int8_t)a + (int8_t)b + (int)carry;
            assert_int_equal(emulate_flags_alu(DECODE_ADC, a, b, 1, &flags), sum & 0xff);
            assert_int_equal((flags & RFLAGS_CF) != 0, sum > 255);
            assert_int_equal((flags & RFLAGS_OF) != 0, signed_sum < -128 || signed_sum > 127);
            assert_int_equal((flags & RFLAGS_AF) != 0, (a & 15) + (b & 15) + (int)carry > 15);
            flags = carry;
            int difference = a - b - (int)carry;
            int signed_difference = (int8_t)a - (int8_t)b - (int)carry;
            assert_int_equal(emulate_flags_alu(DECODE_SBB, a, b, 1, &flags), difference & 0xff);
            assert_int_equal((flags & RFLAGS_CF) != 0, difference < 0);
            assert_int_equal((flags & RFLAGS_OF) != 0, signed_difference < -128 || signed_difference > 127);
            assert_int_equal((flags & RFLAGS_AF) != 0, (a & 15) - (b & 15) - (int)carry < 0);
            assert_int_equal((flags & RFLAGS_ZF) != 0, (difference & 0xff) == 0);
        }
    }
    uint64_t flags = 0;
    assert_int_equal(emulate_flags_alu(DECODE_ADD, UINT64_MAX, 1, 8, &flags), 0);
    assert_int_equal(flags, RFLAGS_CF | RFLAGS_ZF | RFLAGS_PF | RFLAGS_AF);
    assert_int_equal(emulate_flags_alu(DECODE_SUB, 0x80000000, 1, 4, &flags), 0x7fffffff);
    assert_true((flags & RFLAGS_OF) != 0);
}

static void test_failed_access_changes_nothing(void **state)
{
    (void)state;
    struct world w = world_make(5);
    w.fail_at = 0x100;
    struct decode_registers before = w.regs;
    uint64_t before_gprs[16];
    memcpy(before_gprs, gprs, sizeof(gprs));
    assert_int_equal(run_mode(&w, DECODE_64, "\xff\x00", 2), STATUS_OUT_OF_RANGE);
    assert_int_equal(run_mode(&w, DECODE_64, "\x8b\x08", 2), STATUS_OUT_OF_RANGE);
    assert_int_equal(run_mode(&w, DECODE_64, "\x89\x08", 2), STATUS_OUT_OF_RANGE);
    assert_memory_equal(&before, &w.regs, sizeof(before));
    assert_memory_equal(before_gprs, gprs, sizeof(gprs));
    assert_int_equal(run_mode(&w, DECODE_64, "\x0f\x10\x00", 3), STATUS_UNSUPPORTED); /* movups */
    assert_int_equal(run_mode(&w, DECODE_64, "\x89\xc8", 2), STATUS_UNSUPPORTED);     /* no memory operand */
    assert_int_equal(w.reads + w.writes, 0);
}

static void test_strings(void **state)
{
    (void)state;
    struct world w = world_make(0);
    memcpy(w.memory + 0x200, "abcdefgh", 8);
    w.regs.gpr[DECODE_RSI] = 0x200;
    w.regs.gpr[DECODE_RDI] = 0x300;
    w.regs.gpr[DECODE_RCX] = 8;
    RUN(&w, "\xf3\xa4"); /* rep movsb */
    assert_memory_equal(w.memory + 0x300, "abcdefgh", 8);
    assert_int_equal(w.regs.gpr[DECODE_RSI], 0x208);
    assert_int_equal(w.regs.gpr[DECODE_RCX], 0);
    assert_int_equal(w.regs.rip, 0x1002);
    RUN(&w, "\xf3\xa4"); /* a count of zero does nothing but goes on */
    assert_int_equal(w.regs.rip, 0x1004);
    w.regs.gpr[DECODE_RAX] = 'e';
    w.regs.gpr[DECODE_RDI] = 0x300;
    w.regs.gpr[DECODE_RCX] = 100;
    RUN(&w, "\xf2\xae"); /* repne scasb */
    assert_int_equal(w.regs.gpr[DECODE_RDI], 0x305);
    assert_int_equal(w.regs.gpr[DECODE_RCX], 95);
    w.memory[0x303] = 'X';
    w.regs.gpr[DECODE_RSI] = 0x200;
    w.regs.gpr[DECODE_RDI] = 0x300;
    RUN(&w, "\xf3\xa6"); /* repe cmpsb */
    assert_int_equal(w.regs.gpr[DECODE_RSI], 0x204);
    w.regs.rflags |= RFLAGS_DF;
    w.regs.gpr[DECODE_RSI] = 0x206;
    RUN(&w, "\x66\xad"); /* lodsw, downwards */
    assert_int_equal(w.regs.gpr[DECODE_RAX], 0x6867);
    assert_int_equal(w.regs.gpr[DECODE_RSI], 0x204);
}

static void test_string_batches_and_faults(void **state)
{
    (void)state;
    struct world w = world_make(0);
    w.regs.gpr[DECODE_RDI] = 0x400;
    w.regs.gpr[DECODE_RCX] = EMULATE_BATCH + 3;
    RUN(&w, "\xf3\xab");                  /* rep stosd */
    assert_int_equal(w.regs.rip, 0x1000); /* not finished */
    assert_int_equal(w.regs.gpr[DECODE_RCX], 3);
    RUN(&w, "\xf3\xab");
    assert_int_equal(w.regs.rip, 0x1002);
    assert_int_equal(w.regs.gpr[DECODE_RDI], 0x400 + 4 * (EMULATE_BATCH + 3));
    w.regs.gpr[DECODE_RDI] = 0x400;
    w.regs.gpr[DECODE_RCX] = 10;
    w.fail_at = 0x408;
    assert_int_equal(run_mode(&w, DECODE_64, "\xf3\xab", 2), STATUS_OUT_OF_RANGE);
    assert_int_equal(w.regs.gpr[DECODE_RCX], 8);
    assert_int_equal(w.regs.gpr[DECODE_RDI], 0x408);
    assert_int_equal(w.regs.rip, 0x1002);
}

static void test_string_ports(void **state)
{
    (void)state;
    struct world w = world_make(0);
    w.regs.gpr[DECODE_RDX] = 0x103f8;
    w.regs.gpr[DECODE_RDI] = 0x500;
    w.regs.gpr[DECODE_RCX] = 3;
    RUN(&w, "\xf3\x6c"); /* rep insb */
    assert_int_equal(at(&w, 0x500, 4), 0x030201);
    assert_int_equal(w.port, 0x3f8);
    w.fail_at = 0x503;
    w.regs.gpr[DECODE_RCX] = 1;
    assert_int_equal(run_mode(&w, DECODE_64, "\xf3\x6c", 2), STATUS_OUT_OF_RANGE);
    assert_int_equal(w.port_value, 3); /* the device was not asked */
    w.regs.gpr[DECODE_RSI] = 0x500;
    w.port_value = 0;
    RUN(&w, "\x6e"); /* outsb */
    assert_int_equal(w.port_value, 1);
}

static void test_segments_and_wrapping(void **state)
{
    (void)state;
    struct world w = world_make(0x1234);
    w.regs.segment_base[DECODE_DS] = 0x80;
    w.regs.segment_base[DECODE_SS] = 0xffffff00;
    w.regs.segment_base[DECODE_GS] = 0xf0;
    w.regs.gpr[DECODE_RBX] = 0x12340080;
    assert_int_equal(run_mode(&w, DECODE_16, "\x8b\x0f", 2), STATUS_OK); /* mov cx,[bx]: 16 bits of it */
    assert_int_equal(w.regs.gpr[DECODE_RCX], 0x1234);
    w.regs.gpr[DECODE_RCX] = 0;
    w.regs.gpr[DECODE_RBP] = 0x200;
    assert_int_equal(run_mode(&w, DECODE_32, "\x8b\x4d\x00", 3), STATUS_OK); /* ss: wraps at 4 GiB */
    assert_int_equal(w.regs.gpr[DECODE_RCX], 0x1234);
    w.regs.gpr[DECODE_RCX] = 0;
    RUN(&w, "\x65\x8b\x0c\x25\x10\x00\x00\x00"); /* mov ecx,gs:0x10 */
    assert_int_equal(w.regs.gpr[DECODE_RCX], 0x1234);
    w.regs.rip = 0x20;
    w.regs.gpr[DECODE_RCX] = 0;
    RUN(&w, "\x8b\x0d\xda\x00\x00\x00"); /* mov ecx,[rip+0xda] */
    assert_int_equal(w.regs.gpr[DECODE_RCX], 0x1234);
    w.regs.rip = 0xffffffff;
    w.regs.gpr[DECODE_RBX] = 0x80;
    assert_int_equal(run_mode(&w, DECODE_32, "\x8b\x0b", 2), STATUS_OK);
    assert_int_equal(w.regs.rip, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_read_modify_write),
        cmocka_unit_test(test_cmpxchg),
        cmocka_unit_test(test_bit_string_offset),
        cmocka_unit_test(test_flags_exhaustively),
        cmocka_unit_test(test_failed_access_changes_nothing),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_batches_and_faults),
        cmocka_unit_test(test_string_ports),
        cmocka_unit_test(test_segments_and_wrapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
