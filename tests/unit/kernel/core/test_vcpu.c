/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/vcpu.c: stepping and events over a backend that is an array. */
#include "kernel/core/vcpu.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static struct {
    uint64_t registers[VCPU_REGISTER_COUNT];
    struct vcpu_segment segments[VCPU_SEGMENT_COUNT];
} cpu;

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

static struct vcpu_segment read_segment(const struct vcpu *vcpu, enum vcpu_segment_name which)
{
    (void)vcpu;
    return cpu.segments[which];
}

static const struct cpu_backend backend = {
    .name = "array", .read = read_register, .write = write_register, .read_segment = read_segment};

static struct vcpu vcpu;

static int setup(void **state)
{
    (void)state;
    memset(&cpu, 0, sizeof(cpu));
    vcpu = (struct vcpu){.backend = &backend, .rflags = 2};
    return 0;
}

static void long_mode(void)
{
    cpu.registers[VCPU_EFER] = 0x500;
    cpu.registers[VCPU_CR0] = 0x80000011;
    cpu.segments[VCPU_CS].attributes = 0xa09b;
}

static void code_size(void **state)
{
    (void)state;
    assert_int_equal(vcpu_code_bits(&vcpu), 16);
    cpu.segments[VCPU_CS].attributes = 0xc09b;
    assert_int_equal(vcpu_code_bits(&vcpu), 32);
    long_mode();
    assert_int_equal(vcpu_code_bits(&vcpu), 64);
    cpu.registers[VCPU_EFER] = 0; /* L means nothing outside long mode */
    assert_int_equal(vcpu_code_bits(&vcpu), 16);
}

static void privilege(void **state)
{
    (void)state;
    cpu.segments[VCPU_SS].attributes = 0xc0f3;
    assert_int_equal(vcpu_privilege(&vcpu), 0); /* real mode */
    cpu.registers[VCPU_CR0] = 1;
    assert_int_equal(vcpu_privilege(&vcpu), 3);
    cpu.segments[VCPU_SS].attributes = 0xc093;
    assert_int_equal(vcpu_privilege(&vcpu), 0);
    vcpu.rflags |= 1 << 17;
    assert_int_equal(vcpu_privilege(&vcpu), 3);
}

static void advancing(void **state)
{
    (void)state;
    long_mode();
    vcpu.rip = 0xfffffffe;
    vcpu.shadow = true;
    vcpu.rflags |= 1 << 16;
    vcpu_advance(&vcpu, 2);
    assert_int_equal(vcpu.rip, UINT64_C(0x100000000));
    assert_false(vcpu.shadow);
    assert_int_equal(vcpu.rflags, 2);
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NONE);
    cpu.segments[VCPU_CS].attributes = 0xc09b;
    vcpu.rip = 0xfffffffe;
    vcpu_advance(&vcpu, 3);
    assert_int_equal(vcpu.rip, 1);
}

static void a_step_traps(void **state)
{
    (void)state;
    long_mode();
    vcpu.rflags |= 1 << 8;
    cpu.registers[VCPU_DR6] = 0xffff0ff0;
    vcpu_advance(&vcpu, 2);
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_EXCEPTION);
    assert_int_equal(vcpu.event.vector, 1);
    assert_int_equal(cpu.registers[VCPU_DR6], 0xffff4ff0);
}

static void when_interrupts_can_be_taken(void **state)
{
    (void)state;
    assert_false(vcpu_can_interrupt(&vcpu));
    vcpu.rflags |= 1 << 9;
    assert_true(vcpu_can_interrupt(&vcpu));
    vcpu.shadow = true;
    assert_false(vcpu_can_interrupt(&vcpu));
    assert_false(vcpu_can_nmi(&vcpu));
    vcpu.shadow = false;
    vcpu.nmi_blocked = true;
    assert_true(vcpu_can_interrupt(&vcpu));
    assert_false(vcpu_can_nmi(&vcpu));
    vcpu.nmi_blocked = false;
    assert_true(vcpu_inject(&vcpu, (struct vcpu_event){.kind = VCPU_EVENT_INTERRUPT, .vector = 0x40}));
    assert_false(vcpu_can_interrupt(&vcpu));
    assert_false(vcpu_can_nmi(&vcpu));
}

/* SDM 3A table 7-5. 0: the second alone, 8: #DF, 255: triple fault. */
static void exceptions_meet(void **state)
{
    (void)state;
    static const struct {
        uint8_t first, second, result;
    } cases[] = {
        {6, 13, 13}, {1, 14, 14}, {13, 6, 6}, {13, 13, 8},  {0, 11, 8},   {10, 12, 8}, {13, 14, 14}, {14, 14, 8},
        {14, 13, 8}, {14, 6, 6},  {14, 0, 8}, {8, 14, 255}, {8, 13, 255}, {8, 6, 6},   {21, 13, 8},  {14, 1, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        setup(NULL);
        long_mode();
        vcpu.event = (struct vcpu_event){.kind = VCPU_EVENT_EXCEPTION, .vector = cases[i].first};
        bool alive = vcpu_inject_exception_with(&vcpu, cases[i].second, 0x77);
        assert_int_equal(alive, cases[i].result != 255);
        if (alive) {
            assert_int_equal(vcpu.event.vector, cases[i].result);
            assert_int_equal(vcpu.event.error, cases[i].result == 8 ? 0 : 0x77);
            assert_true(vcpu.event.has_error);
        }
    }
}

static void real_mode_pushes_no_error_code(void **state)
{
    (void)state;
    assert_true(vcpu_inject_exception_with(&vcpu, 13, 0));
    assert_false(vcpu.event.has_error);
    assert_true(vcpu_inject_exception_with(&vcpu, 13, 0)); /* #DF */
    assert_int_equal(vcpu.event.vector, 8);
    assert_false(vcpu.event.has_error);
    setup(NULL);
    cpu.registers[VCPU_CR0] = 1;
    assert_true(vcpu_inject_exception_with(&vcpu, 13, 0));
    assert_true(vcpu.event.has_error);
}

static void an_exception_replaces_an_interrupt(void **state)
{
    (void)state;
    vcpu.event = (struct vcpu_event){.kind = VCPU_EVENT_INTERRUPT, .vector = 0x40};
    assert_true(vcpu_inject_exception(&vcpu, 6));
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_EXCEPTION);
    assert_int_equal(vcpu.event.vector, 6);
    assert_false(vcpu.event.has_error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(code_size, setup),
        cmocka_unit_test_setup(privilege, setup),
        cmocka_unit_test_setup(advancing, setup),
        cmocka_unit_test_setup(a_step_traps, setup),
        cmocka_unit_test_setup(when_interrupts_can_be_taken, setup),
        cmocka_unit_test_setup(exceptions_meet, setup),
        cmocka_unit_test_setup(real_mode_pushes_no_error_code, setup),
        cmocka_unit_test_setup(an_exception_replaces_an_interrupt, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
