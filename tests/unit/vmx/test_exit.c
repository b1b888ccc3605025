/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/exit.c: exit reasons and qualifications to plain exits. */
#include "vmx/exit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "tests/fake/vmcs.h"

static struct vcpu_exit exit_;

static int setup(void **state)
{
    (void)state;
    fake_vmcs_reset();
    memset(&exit_, 0xff, sizeof(exit_));
    fake_vmcs_set(VMCS_EXIT_LENGTH, 2);
    fake_vmcs_set(VMCS_QUALIFICATION, 0);
    fake_vmcs_set(VMCS_GUEST_PHYSICAL, 0);
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000301);
    fake_vmcs_set(VMCS_EXIT_EVENT_ERROR, 0);
    return 0;
}

static const struct vcpu_exit *decode(unsigned reason)
{
    vmx_exit_decode(reason, &exit_);
    return &exit_;
}

static const struct {
    unsigned reason; /* SDM 3D table C-1 */
    enum vcpu_exit_kind kind;
    uint8_t length;
} simple[] = {
    {1, VCPU_EXIT_INTERRUPT, 0},  {2, VCPU_EXIT_SHUTDOWN, 0},   {3, VCPU_EXIT_INTERRUPT, 0},
    {7, VCPU_EXIT_WINDOW, 0},     {8, VCPU_EXIT_WINDOW, 0},     {10, VCPU_EXIT_CPUID, 2},
    {11, VCPU_EXIT_FORBIDDEN, 2}, {12, VCPU_EXIT_HLT, 2},       {13, VCPU_EXIT_INVD, 2},
    {15, VCPU_EXIT_RDPMC, 2},     {17, VCPU_EXIT_FORBIDDEN, 2}, {18, VCPU_EXIT_HYPERCALL, 2},
    {19, VCPU_EXIT_FORBIDDEN, 2}, {20, VCPU_EXIT_FORBIDDEN, 2}, {21, VCPU_EXIT_FORBIDDEN, 2},
    {22, VCPU_EXIT_FORBIDDEN, 2}, {23, VCPU_EXIT_FORBIDDEN, 2}, {24, VCPU_EXIT_FORBIDDEN, 2},
    {25, VCPU_EXIT_FORBIDDEN, 2}, {26, VCPU_EXIT_FORBIDDEN, 2}, {27, VCPU_EXIT_FORBIDDEN, 2},
    {36, VCPU_EXIT_MWAIT, 2},     {39, VCPU_EXIT_MONITOR, 2},   {40, VCPU_EXIT_PAUSE, 2},
    {50, VCPU_EXIT_FORBIDDEN, 2}, {53, VCPU_EXIT_FORBIDDEN, 2}, {54, VCPU_EXIT_WBINVD, 2},
    {55, VCPU_EXIT_XSETBV, 2},    {59, VCPU_EXIT_FORBIDDEN, 2},
};

static void simple_reasons_have_their_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(simple); i++) {
        const struct vcpu_exit *e = decode(simple[i].reason);
        assert_int_equal(e->kind, simple[i].kind);
        assert_int_equal(e->length, simple[i].length);
        assert_int_equal(e->byte_count, 0);
        assert_int_equal(e->code, simple[i].reason);
        assert_null(e->text);
    }
}

static void every_reason_ends_somewhere(void **state)
{
    (void)state;
    for (unsigned reason = 0; reason < 0x10000; reason++) {
        const struct vcpu_exit *e = decode(reason);
        assert_in_range(e->kind, VCPU_EXIT_INTERRUPT, VCPU_EXIT_UNKNOWN);
        assert_true((e->kind == VCPU_EXIT_UNKNOWN || e->kind == VCPU_EXIT_ENTRY_FAILED) == (e->text != NULL));
        assert_non_null(vmx_exit_name(reason));
    }
    assert_string_equal(decode(49)->text, "EPT misconfiguration");
    assert_string_equal(decode(35)->text, "an exit reason without a name");
}

static void a_length_that_cannot_be_is_none(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_EXIT_LENGTH, 16);
    assert_int_equal(decode(10)->length, 0);
    fake_vmcs_set(VMCS_EXIT_LENGTH, 15);
    assert_int_equal(decode(10)->length, 15);
}

static void io_says_what_it_was(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_QUALIFICATION, 0x03f80000); /* OUT 0x3f8, AL */
    const struct vcpu_exit *e = decode(30);
    assert_int_equal(e->kind, VCPU_EXIT_IO);
    assert_int_equal(e->io.port, 0x3f8);
    assert_int_equal(e->io.width, 1);
    assert_false(e->io.in || e->io.string || e->io.rep);
    assert_int_equal(e->length, 2);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x0cfc003b); /* REP INSD */
    e = decode(30);
    assert_int_equal(e->io.port, 0xcfc);
    assert_int_equal(e->io.width, 4);
    assert_true(e->io.in && e->io.string && e->io.rep);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x00800041); /* immediate, 2 bytes */
    assert_int_equal(decode(30)->io.width, 2);
}

static void control_registers_come_with_their_gpr(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_QUALIFICATION, 0xf04); /* MOV CR4, R15 */
    const struct vcpu_exit *e = decode(28);
    assert_int_equal(e->kind, VCPU_EXIT_CR);
    assert_int_equal(e->cr.number, 4);
    assert_true(e->cr.write && e->cr.known);
    assert_int_equal(e->cr.gpr, 15);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x318); /* MOV RBX, CR8 */
    e = decode(28);
    assert_int_equal(e->cr.number, 8);
    assert_false(e->cr.write);
    assert_int_equal(e->cr.gpr, 3);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x20); /* CLTS */
    assert_int_equal(decode(28)->kind, VCPU_EXIT_UNKNOWN);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x30); /* LMSW */
    assert_int_equal(decode(28)->kind, VCPU_EXIT_UNKNOWN);
}

static void msrs_by_direction(void **state)
{
    (void)state;
    assert_int_equal(decode(31)->kind, VCPU_EXIT_MSR);
    assert_false(exit_.msr.write);
    assert_int_equal(decode(32)->kind, VCPU_EXIT_MSR);
    assert_true(exit_.msr.write);
    assert_int_equal(exit_.length, 2);
}

static const struct {
    uint64_t qualification; /* SDM 3C table 28-7 */
    bool read, write, fetch, mapped, page_walk;
} violations[] = {
    {0x181, true, false, false, false, false}, {0x182, false, true, false, false, false},
    {0x18a, false, true, false, true, false},  {0x184, false, false, true, false, false},
    {0x083, true, true, false, false, true},   {0x081, true, false, false, false, true},
    {0x001, true, false, false, false, false}, /* no linear address: not a walk for one */
};

static void ept_violations_say_what_was_tried(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_GUEST_PHYSICAL, UINT64_C(0xfee00300));
    for (size_t i = 0; i < ARRAY_LENGTH(violations); i++) {
        fake_vmcs_set(VMCS_QUALIFICATION, violations[i].qualification);
        const struct vcpu_exit *e = decode(48);
        assert_int_equal(e->kind, VCPU_EXIT_MEMORY);
        assert_int_equal(e->memory.at.v, UINT64_C(0xfee00300));
        assert_int_equal(e->memory.read, violations[i].read);
        assert_int_equal(e->memory.write, violations[i].write);
        assert_int_equal(e->memory.fetch, violations[i].fetch);
        assert_int_equal(e->memory.mapped, violations[i].mapped);
        assert_int_equal(e->memory.page_walk, violations[i].page_walk);
        assert_int_equal(e->length, 0); /* undefined there */
    }
}

static void exceptions_and_nmis_are_told_apart(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000b11);
    fake_vmcs_set(VMCS_EXIT_EVENT_ERROR, 0);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x77);
    const struct vcpu_exit *e = decode(0);
    assert_int_equal(e->kind, VCPU_EXIT_EXCEPTION);
    assert_int_equal(e->exception.vector, 17);
    assert_true(e->exception.has_error);
    assert_int_equal(e->exception.address, 0x77);
    assert_false(vmx_exit_is_nmi());
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000301);
    e = decode(0);
    assert_int_equal(e->exception.vector, 1);
    assert_false(e->exception.has_error);
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000202);
    assert_true(vmx_exit_is_nmi());
    assert_int_equal(decode(0)->kind, VCPU_EXIT_INTERRUPT);
    assert_int_equal(decode(41)->kind, VCPU_EXIT_EXCEPTION); /* a machine check during the entry */
    assert_int_equal(exit_.exception.vector, 18);
}

static void task_switches_name_the_selector(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_QUALIFICATION, 0x40000038);
    assert_int_equal(decode(9)->kind, VCPU_EXIT_TASK_SWITCH);
    assert_int_equal(exit_.task.selector, 0x38);
}

static void failed_entries_have_a_text(void **state)
{
    (void)state;
    assert_int_equal(decode(33)->kind, VCPU_EXIT_ENTRY_FAILED);
    assert_int_equal(decode(34)->kind, VCPU_EXIT_ENTRY_FAILED);
    assert_non_null(exit_.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(simple_reasons_have_their_kind, setup),
        cmocka_unit_test_setup(every_reason_ends_somewhere, setup),
        cmocka_unit_test_setup(a_length_that_cannot_be_is_none, setup),
        cmocka_unit_test_setup(io_says_what_it_was, setup),
        cmocka_unit_test_setup(control_registers_come_with_their_gpr, setup),
        cmocka_unit_test_setup(msrs_by_direction, setup),
        cmocka_unit_test_setup(ept_violations_say_what_was_tried, setup),
        cmocka_unit_test_setup(exceptions_and_nmis_are_told_apart, setup),
        cmocka_unit_test_setup(task_switches_name_the_selector, setup),
        cmocka_unit_test_setup(failed_entries_have_a_text, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
