/* SPDX-License-Identifier: GPL-2.0-only
 * svm/exit.c: exit codes of APM2 appendix C into plain exits. */
#include "svm/exit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static const struct svm_exit_features plain = {.next_rip = false, .decode_assists = false};
static const struct svm_exit_features rich = {.next_rip = true, .decode_assists = true};

static uint8_t vmcb[VMCB_SIZE];
static struct vcpu_exit out;

static void put(unsigned offset, uint64_t v)
{
    memcpy(vmcb + offset, &v, sizeof(v));
}

/* Offsets as the manual has them: 070h code, 078h and 080h information, 0C8h next RIP, 578h RIP. */
static void decode(uint64_t code, uint64_t info_1, uint64_t info_2, const struct svm_exit_features *features)
{
    memset(vmcb, 0, sizeof(vmcb));
    memset(&out, 0xa5, sizeof(out));
    put(0x070, code);
    put(0x078, info_1);
    put(0x080, info_2);
    put(0x0c8, 0x1003);
    put(0x578, 0x1000);
    svm_exit_decode(vmcb, features, &out);
    assert_int_equal(out.code, code);
}

static void one_word_codes(void **state)
{
    (void)state;
    static const struct {
        uint16_t code;
        enum vcpu_exit_kind kind;
        uint8_t length; /* with nRIP */
    } cases[] = {
        {0x60, VCPU_EXIT_INTERRUPT, 0}, {0x61, VCPU_EXIT_INTERRUPT, 0}, {0x62, VCPU_EXIT_INTERRUPT, 0},
        {0x63, VCPU_EXIT_INTERRUPT, 0}, {0x64, VCPU_EXIT_WINDOW, 0},    {0x6f, VCPU_EXIT_RDPMC, 3},
        {0x72, VCPU_EXIT_CPUID, 3},     {0x73, VCPU_EXIT_FORBIDDEN, 3}, {0x76, VCPU_EXIT_INVD, 3},
        {0x77, VCPU_EXIT_PAUSE, 3},     {0x78, VCPU_EXIT_HLT, 3},       {0x7a, VCPU_EXIT_FORBIDDEN, 3},
        {0x7f, VCPU_EXIT_SHUTDOWN, 0},  {0x80, VCPU_EXIT_FORBIDDEN, 3}, {0x81, VCPU_EXIT_HYPERCALL, 3},
        {0x82, VCPU_EXIT_FORBIDDEN, 3}, {0x83, VCPU_EXIT_FORBIDDEN, 3}, {0x84, VCPU_EXIT_FORBIDDEN, 3},
        {0x85, VCPU_EXIT_FORBIDDEN, 3}, {0x86, VCPU_EXIT_FORBIDDEN, 3}, {0x89, VCPU_EXIT_WBINVD, 3},
        {0x8a, VCPU_EXIT_MONITOR, 3},   {0x8b, VCPU_EXIT_MWAIT, 3},     {0x8c, VCPU_EXIT_MWAIT, 3},
        {0x8d, VCPU_EXIT_XSETBV, 3},    {0x8e, VCPU_EXIT_FORBIDDEN, 3},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        decode(cases[i].code, 0, 0, &plain);
        assert_int_equal(out.kind, cases[i].kind);
        assert_int_equal(out.length, 0);
        assert_int_equal(out.byte_count, 0);
        assert_null(out.text);
        decode(cases[i].code, 0, 0, &rich);
        assert_int_equal(out.kind, cases[i].kind);
        assert_int_equal(out.length, cases[i].length);
    }
}

static void a_senseless_next_rip_is_no_length(void **state)
{
    (void)state;
    decode(0x72, 0, 0, &rich);
    put(0x0c8, 0x1000);
    svm_exit_decode(vmcb, &rich, &out);
    assert_int_equal(out.length, 0);
    put(0x0c8, 0x1010);
    svm_exit_decode(vmcb, &rich, &out);
    assert_int_equal(out.length, 0);
    put(0x0c8, 0xfff);
    svm_exit_decode(vmcb, &rich, &out);
    assert_int_equal(out.length, 0);
}

static void port_instructions(void **state)
{
    (void)state;
    /* in al, 0x64: port 0x64, 8-bit address size bits, SZ8, TYPE=IN */
    decode(0x7b, 0x00640211, 0x1002, &plain);
    assert_int_equal(out.kind, VCPU_EXIT_IO);
    assert_int_equal(out.io.port, 0x64);
    assert_int_equal(out.io.width, 1);
    assert_true(out.io.in);
    assert_false(out.io.string || out.io.rep);
    assert_int_equal(out.length, 2);
    /* rep outsd to 0xcf8 */
    decode(0x7b, 0x0cf8024c, 0x1002, &plain);
    assert_int_equal(out.io.port, 0xcf8);
    assert_int_equal(out.io.width, 4);
    assert_false(out.io.in);
    assert_true(out.io.string && out.io.rep);
    /* insw, and a next RIP that cannot be */
    decode(0x7b, 0xffff0225, 0x900, &plain);
    assert_int_equal(out.io.port, 0xffff);
    assert_int_equal(out.io.width, 2);
    assert_true(out.io.in && out.io.string && !out.io.rep);
    assert_int_equal(out.length, 0);
}

static void nested_faults(void **state)
{
    (void)state;
    decode(0x400, UINT64_C(0x100000006), 0xfee00300, &plain);
    assert_int_equal(out.kind, VCPU_EXIT_MEMORY);
    assert_int_equal(out.memory.at.v, 0xfee00300);
    assert_true(out.memory.write && !out.memory.read && !out.memory.fetch);
    assert_false(out.memory.mapped || out.memory.page_walk);
    decode(0x400, UINT64_C(0x100000004), 0xfec00010, &plain);
    assert_true(out.memory.read && !out.memory.write && !out.memory.fetch);
    decode(0x400, UINT64_C(0x100000015), 0x5000, &plain);
    assert_true(out.memory.fetch && !out.memory.read && out.memory.mapped);
    decode(0x400, UINT64_C(0x200000006), 0x123456789000, &plain);
    assert_true(out.memory.page_walk && out.memory.write);
    assert_int_equal(out.memory.at.v, 0x123456789000);
}

static void instruction_bytes_only_with_decode_assists(void **state)
{
    (void)state;
    decode(0x400, UINT64_C(0x100000006), 0xfee00300, &plain);
    vmcb[0x0d0] = 3;
    memcpy(vmcb + 0x0d1, "\x89\x08\x90", 3);
    svm_exit_decode(vmcb, &plain, &out);
    assert_int_equal(out.byte_count, 0);
    svm_exit_decode(vmcb, &rich, &out);
    assert_int_equal(out.byte_count, 3);
    assert_memory_equal(out.bytes, "\x89\x08\x90", 3);
    vmcb[0x0d0] = 0xff;
    svm_exit_decode(vmcb, &rich, &out);
    assert_int_equal(out.byte_count, 15);
}

static void control_registers(void **state)
{
    (void)state;
    decode(0x14, 0x8000000000000005, 0, &rich);
    assert_int_equal(out.kind, VCPU_EXIT_CR);
    assert_int_equal(out.cr.number, 4);
    assert_true(out.cr.write && out.cr.known);
    assert_int_equal(out.cr.gpr, 5);
    decode(0x08, 0x8000000000000005, 0, &plain);
    assert_int_equal(out.cr.number, 8);
    assert_false(out.cr.write || out.cr.known);
    decode(0x10, 5, 0, &rich); /* LMSW, CLTS: no general register */
    assert_false(out.cr.known);
}

static void exceptions_and_the_rest(void **state)
{
    (void)state;
    decode(0x41, 0, 0, &plain);
    assert_int_equal(out.kind, VCPU_EXIT_EXCEPTION);
    assert_int_equal(out.exception.vector, 1);
    assert_false(out.exception.has_error);
    decode(0x4e, 7, 0xdeadbeef000, &plain);
    assert_int_equal(out.exception.vector, 14);
    assert_true(out.exception.has_error);
    assert_int_equal(out.exception.error, 7);
    assert_int_equal(out.exception.address, 0xdeadbeef000);
    decode(0x51, 0, 0, &plain);
    assert_true(out.exception.has_error); /* #AC pushes 0 */
    decode(0x7c, 1, 0, &plain);
    assert_int_equal(out.kind, VCPU_EXIT_MSR);
    assert_true(out.msr.write);
    decode(0x7c, 0, 0, &plain);
    assert_false(out.msr.write);
    decode(0x7d, 0x28, 0, &plain);
    assert_int_equal(out.kind, VCPU_EXIT_TASK_SWITCH);
    assert_int_equal(out.task.selector, 0x28);
}

static void unknown_codes_are_named(void **state)
{
    (void)state;
    static const uint64_t codes[] = {0x25, 0x3f, 0x65, 0x74, 0x90, 0x3ff, 0x401, 0x403, UINT64_C(0x7200000072)};
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
        decode(codes[i], 0, 0, &plain);
        assert_int_equal(out.kind, VCPU_EXIT_UNKNOWN);
        assert_non_null(out.text);
    }
}

static void entry_failures_are_told_apart(void **state)
{
    (void)state;
    decode(UINT64_MAX, 0, 0, &plain);
    assert_int_equal(out.kind, VCPU_EXIT_ENTRY_FAILED);
    assert_string_equal(out.text, "EFER.SVME is clear");
    put(0x4d0, 0x1000);
    put(0x558, 0x20000000);
    svm_exit_decode(vmcb, &plain, &out);
    assert_string_equal(out.text, "CR0.NW is set without CR0.CD");
    put(0x558, 0x80000001);
    put(0x4d0, 0x1100);
    svm_exit_decode(vmcb, &plain, &out);
    assert_string_equal(out.text, "long mode with paging, but CR4.PAE is clear");
    put(0x548, 0x20);
    put(0x070, 0xffffffff); /* as TCG writes it */
    svm_exit_decode(vmcb, &plain, &out);
    assert_int_equal(out.kind, VCPU_EXIT_ENTRY_FAILED);
    assert_string_equal(out.text, "ASID is 0");
    put(0x070, UINT64_MAX - 1);
    svm_exit_decode(vmcb, &plain, &out);
    assert_string_equal(out.text, "the control block is in use by another CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_word_codes),
        cmocka_unit_test(a_senseless_next_rip_is_no_length),
        cmocka_unit_test(port_instructions),
        cmocka_unit_test(nested_faults),
        cmocka_unit_test(instruction_bytes_only_with_decode_assists),
        cmocka_unit_test(control_registers),
        cmocka_unit_test(exceptions_and_the_rest),
        cmocka_unit_test(unknown_codes_are_named),
        cmocka_unit_test(entry_failures_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
