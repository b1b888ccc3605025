/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/vcpu_reset.c: register values of SDM 3A table 10-1 over a backend that is an array. */
#include "kernel/core/vcpu_resident.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static struct {
    uint64_t registers[VCPU_REGISTER_COUNT];
    struct vcpu_segment segments[VCPU_SEGMENT_COUNT];
    unsigned resident_resets;
} cpu;

/* In the place of kernel/core/vcpu_resident.c, which needs a CPU. */
void vcpu_resident_reset(struct vcpu *vcpu)
{
    (void)vcpu;
    cpu.resident_resets++;
}

static uint64_t read_register(const struct vcpu *vcpu, enum vcpu_register which)
{
    (void)vcpu;
    return cpu.registers[which];
}

static void write_register(struct vcpu *vcpu, enum vcpu_register which, uint64_t value)
{
    (void)vcpu;
    cpu.registers[which] = value;
}

static void write_segment(struct vcpu *vcpu, enum vcpu_segment_name which, struct vcpu_segment value)
{
    (void)vcpu;
    cpu.segments[which] = value;
}

static const struct cpu_backend backend = {
    .name = "array", .read = read_register, .write = write_register, .write_segment = write_segment};

static struct vcpu vcpu;

static int setup(void **state)
{
    (void)state;
    memset(&cpu, 0xa5, sizeof(cpu));
    cpu.resident_resets = 0;
    memset(&vcpu, 0xa5, sizeof(vcpu));
    vcpu.backend = &backend;
    return 0;
}

static void expect_common(void)
{
    assert_int_equal(vcpu.rip, 0xfff0);
    assert_int_equal(vcpu.rflags, 2);
    assert_int_equal(vcpu.gprs[VCPU_RDX], 0x800f12);
    for (unsigned r = 0; r < VCPU_GPR_COUNT; r++) {
        assert_true(r == VCPU_RDX || vcpu.gprs[r] == 0);
    }
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NONE);
    assert_false(vcpu.shadow || vcpu.nmi_blocked);
    assert_true(vcpu.flush);
    assert_int_equal(cpu.segments[VCPU_CS].base, 0xffff0000);
    assert_int_equal(cpu.segments[VCPU_CS].selector, 0xf000);
    assert_int_equal(cpu.segments[VCPU_CS].attributes, 0x9b);
    assert_int_equal(cpu.segments[VCPU_SS].attributes, 0x93);
    assert_int_equal(cpu.segments[VCPU_LDTR].attributes, 0x82);
    assert_int_equal(cpu.segments[VCPU_TR].attributes, 0x8b);
    for (unsigned s = 0; s < VCPU_SEGMENT_COUNT; s++) {
        assert_int_equal(cpu.segments[s].limit, 0xffff);
    }
    assert_int_equal(cpu.registers[VCPU_CR3] | cpu.registers[VCPU_CR4] | cpu.registers[VCPU_EFER], 0);
    assert_int_equal(cpu.registers[VCPU_DR6], 0xffff0ff0);
    assert_int_equal(cpu.registers[VCPU_DR7], 0x400);
}

static void power_on(void **state)
{
    (void)state;
    vcpu_reset(&vcpu, VCPU_RESET_POWER_ON, 0x800f12);
    expect_common();
    assert_int_equal(cpu.registers[VCPU_CR0], 0x60000010);
    assert_int_equal(cpu.registers[VCPU_PAT], 0x0007040600070406);
    assert_int_equal(cpu.registers[VCPU_LSTAR], 0);
    assert_int_equal(cpu.registers[VCPU_SYSENTER_EIP], 0);
    assert_int_equal(cpu.resident_resets, 1);
}

static void init_keeps_what_it_must(void **state)
{
    (void)state;
    cpu.registers[VCPU_CR0] = 0xc0000011; /* CD on, NW off */
    cpu.registers[VCPU_PAT] = 0x1234;
    cpu.registers[VCPU_LSTAR] = 0x5678;
    vcpu_reset(&vcpu, VCPU_RESET_INIT, 0x800f12);
    expect_common();
    assert_int_equal(cpu.registers[VCPU_CR0], 0x40000010);
    assert_int_equal(cpu.registers[VCPU_PAT], 0x1234);
    assert_int_equal(cpu.registers[VCPU_LSTAR], 0x5678);
    assert_int_equal(cpu.resident_resets, 0);
}

static void startup_ipi(void **state)
{
    (void)state;
    vcpu_reset(&vcpu, VCPU_RESET_INIT, 0x800f12);
    vcpu_startup(&vcpu, 0x9a);
    assert_int_equal(vcpu.rip, 0);
    assert_int_equal(cpu.segments[VCPU_CS].base, 0x9a000);
    assert_int_equal(cpu.segments[VCPU_CS].selector, 0x9a00);
    assert_int_equal(cpu.segments[VCPU_CS].attributes, 0x9b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(power_on, setup),
        cmocka_unit_test_setup(init_keeps_what_it_must, setup),
        cmocka_unit_test_setup(startup_ipi, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
