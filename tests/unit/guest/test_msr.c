/* SPDX-License-Identifier: GPL-2.0-only
 * guest/msr.c: default deny, what is emulated, what is handed to the hardware. */
#include "guest/msr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define EFER 0xc0000080u

static uint64_t registers[VCPU_REGISTER_COUNT];
static uint32_t allowed[32];
static unsigned allowed_count;
static struct guest_msrs msrs;

static uint64_t fake_read(const struct vcpu *vcpu, enum vcpu_register which)
{
    (void)vcpu;
    return registers[which];
}

static void fake_write(struct vcpu *vcpu, enum vcpu_register which, uint64_t value)
{
    (void)vcpu;
    registers[which] = value;
}

static enum status fake_allow(struct vcpu *vcpu, uint32_t msr, unsigned access)
{
    (void)vcpu;
    assert_int_equal(access, VCPU_ALLOW_READ | VCPU_ALLOW_WRITE);
    allowed[allowed_count++] = msr;
    return STATUS_OK;
}

static enum status refuse_allow(struct vcpu *vcpu, uint32_t msr, unsigned access)
{
    (void)vcpu;
    (void)msr;
    (void)access;
    return STATUS_OUT_OF_RANGE;
}

static struct cpu_backend backend = {.read = fake_read, .write = fake_write, .allow_msr = fake_allow};
static struct vcpu vcpu = {.backend = &backend};

static int setup(void **state)
{
    (void)state;
    memset(registers, 0, sizeof(registers));
    allowed_count = 0;
    vcpu.tsc_offset = 0;
    guest_msrs_reset(&msrs);
    return 0;
}

static enum status write(uint32_t msr, uint64_t value)
{
    return guest_msr_write(&vcpu, &msrs, msr, 1000, value);
}

static uint64_t read(uint32_t msr)
{
    uint64_t value = 0;
    assert_int_equal(guest_msr_read(&vcpu, &msrs, msr, 1000, &value), STATUS_OK);
    return value;
}

static void check_denied(uint32_t msr)
{
    uint64_t value = 0;
    assert_int_equal(guest_msr_read(&vcpu, &msrs, msr, 1000, &value), STATUS_NOT_FOUND);
    assert_int_equal(write(msr, 0), STATUS_NOT_FOUND);
}

static void test_denied(void **state)
{
    (void)state;
    /* feature control, TSC_ADJUST, speculation, microcode, SMM, RAPL, performance, debug, VMX, SVM, machine check */
    static const uint32_t denied[] = {
        0x3a,       0x3b,       0x48,       0x49,       0x79,       0x9b,       0x9e,       0xc1,       0x186,
        0x38f,      0x606,      0x610,      0x611,      0x639,      0x1d9,      0x480,      0x179,      0x400,
        0xce,       0xe1,       0xd90,      0x6a0,      0x570,      0xc0010114, 0xc0010117, 0xc0010008, 0xc0010200,
        0xc000ffff, 0xc0010020, 0xc0010111, 0xc0000104, 0xc0010061, 0xc0010062, 0xc0010299};
    for (size_t i = 0; i < ARRAY_LENGTH(denied); i++) {
        check_denied(denied[i]);
    }
    for (uint32_t msr = 0x280; msr < 0x2ff; msr++) {
        check_denied(msr);
    }
    check_denied(0x210);
    check_denied(0x270);
}

/* XSAVES without any supervisor state. */
static void test_xss_stays_zero(void **state)
{
    (void)state;
    assert_int_equal(read(0xda0), 0);
    assert_int_equal(write(0xda0, 0), STATUS_OK);
    assert_int_equal(write(0xda0, 1), STATUS_OUT_OF_RANGE);
    assert_int_equal(write(0xda0, UINT64_C(1) << 11), STATUS_OUT_OF_RANGE);
    assert_int_equal(read(0xda0), 0);
}

/* No CPUID bit tells that an AMD CPU lacks its four old counters: they are there and stand still. */
static void test_counters_stand_still(void **state)
{
    (void)state;
    for (uint32_t msr = 0xc0010000; msr <= 0xc0010007; msr++) {
        assert_int_equal(write(msr, 0x530076), STATUS_OK);
        assert_int_equal(read(msr), 0);
    }
}

static void test_handed_to_the_backend(void **state)
{
    (void)state;
    /* The only MSRs that entry and exit switch (kernel/core/vcpu.h); no other may be allowed. */
    static const uint32_t switched[] = {0x174,      0x175,      0x176,      0xc0000081, 0xc0000082, 0xc0000083,
                                        0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103};
    assert_int_equal(guest_msrs_allow(&vcpu), STATUS_OK);
    assert_int_equal(allowed_count, ARRAY_LENGTH(switched));
    for (size_t i = 0; i < allowed_count; i++) {
        bool found = false;
        for (size_t k = 0; k < ARRAY_LENGTH(switched); k++) {
            found |= switched[k] == allowed[i];
        }
        assert_true(found);
    }
    backend.allow_msr = refuse_allow;
    assert_int_equal(guest_msrs_allow(&vcpu), STATUS_OUT_OF_RANGE);
    backend.allow_msr = fake_allow;
}

static void test_efer(void **state)
{
    (void)state;
    registers[VCPU_EFER] = 0x500;
    registers[VCPU_CR0] = UINT64_C(0x80000011);
    assert_int_equal(read(EFER), 0x500);
    assert_int_equal(write(EFER, 0xd01), STATUS_OK);
    assert_int_equal(registers[VCPU_EFER], 0xd01);
    assert_int_equal(write(EFER, 0x1d01), STATUS_OUT_OF_RANGE); /* SVME */
    assert_int_equal(write(EFER, 0x4d01), STATUS_OUT_OF_RANGE); /* FFXSR */
    assert_int_equal(write(EFER, 0x400), STATUS_OUT_OF_RANGE);  /* LME off while paging is on */
    assert_int_equal(write(EFER, 0x101), STATUS_OK);            /* LMA is not the guest's to clear */
    assert_int_equal(registers[VCPU_EFER], 0x501);
    registers[VCPU_EFER] = 0;
    registers[VCPU_CR0] = 0x11;
    assert_int_equal(write(EFER, 0x500), STATUS_OK); /* nor to set */
    assert_int_equal(registers[VCPU_EFER], 0x100);
}

static void test_pat(void **state)
{
    (void)state;
    assert_int_equal(write(0x277, UINT64_C(0x0007040600070406)), STATUS_OK);
    assert_int_equal(read(0x277), UINT64_C(0x0007040600070406));
    static const uint8_t bad[] = {2, 3, 8, 0x80};
    for (size_t i = 0; i < sizeof(bad); i++) {
        for (unsigned at = 0; at < 64; at += 8) {
            assert_int_equal(write(0x277, (uint64_t)bad[i] << at), STATUS_OUT_OF_RANGE);
        }
    }
    assert_int_equal(read(0x277), UINT64_C(0x0007040600070406));
}

static void test_mtrr(void **state)
{
    (void)state;
    uint64_t cap = read(0xfe);
    assert_int_equal(cap & 0xff, 8);
    assert_int_equal(read(0x2ff), 0xc06);
    static const uint32_t fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
    for (size_t i = 0; i < ARRAY_LENGTH(fixed); i++) {
        assert_int_equal(read(fixed[i]), UINT64_C(0x0606060606060606));
        assert_int_equal(write(fixed[i], i), STATUS_OK);
    }
    for (uint32_t msr = 0x200; msr < 0x210; msr++) {
        assert_int_equal(read(msr), 0);
        assert_int_equal(write(msr, 0x1000 + msr), STATUS_OK);
    }
    for (uint32_t msr = 0x200; msr < 0x210; msr++) {
        assert_int_equal(read(msr), 0x1000 + msr);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(fixed); i++) {
        assert_int_equal(read(fixed[i]), i);
    }
}

static void test_tsc(void **state)
{
    (void)state;
    assert_int_equal(read(0x10), 1000);
    assert_int_equal(write(0x10, 0), STATUS_OK);
    assert_int_equal(vcpu.tsc_offset, (uint64_t)-1000);
    assert_int_equal(read(0x10), 0);
}

static void test_constants_and_kept(void **state)
{
    (void)state;
    assert_int_equal(write(0xc0011029, UINT64_MAX), STATUS_OK);
    assert_int_equal(read(0xc0011029), 2);
    assert_int_equal(write(0xc0010010, UINT64_MAX), STATUS_OK); /* SYSCFG: never the hardware's */
    assert_int_equal(read(0xc0010010), 0);
    assert_int_equal(write(0x8b, 0), STATUS_OK);
    assert_int_equal(read(0x8b), 0);
    assert_int_equal(write(0x1a0, 9), STATUS_OK);
    assert_int_equal(read(0x1a0), 9);
}

static void test_lapic_msrs(void **state)
{
    (void)state;
    assert_true(guest_msr_is_lapic(0x1b));
    assert_true(guest_msr_is_lapic(0x6e0));
    assert_true(guest_msr_is_lapic(0x800));
    assert_true(guest_msr_is_lapic(0x8ff));
    assert_false(guest_msr_is_lapic(0x7ff));
    assert_false(guest_msr_is_lapic(0x900));
    check_denied(0x1b);
    check_denied(0x802);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_denied, setup),
        cmocka_unit_test_setup(test_xss_stays_zero, setup),
        cmocka_unit_test_setup(test_counters_stand_still, setup),
        cmocka_unit_test_setup(test_handed_to_the_backend, setup),
        cmocka_unit_test_setup(test_efer, setup),
        cmocka_unit_test_setup(test_pat, setup),
        cmocka_unit_test_setup(test_mtrr, setup),
        cmocka_unit_test_setup(test_tsc, setup),
        cmocka_unit_test_setup(test_constants_and_kept, setup),
        cmocka_unit_test_setup(test_lapic_msrs, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
