/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/registers.c: what the guest sees and what the CPU gets. */
#include "vmx/registers.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "tests/fake/msr.h"
#include "tests/fake/vmcs.h"
#include "vmx/current.h"
#include "vmx/state.h"

static struct vcpu vcpu;
static struct vmx_vcpu data;
static uint8_t apic[4096];

static int setup(void **state)
{
    (void)state;
    fake_vmcs_reset();
    fake_msr_reset();
    memset(apic, 0, sizeof(apic));
    data = (struct vmx_vcpu){.vmcs = {0x1000}, .virtual_apic = apic};
    vcpu = (struct vcpu){.data = &data};
    vmx_current_make(&vcpu);
    fake_vmcs_set(VMCS_ENTRY_CONTROLS, 0xd1ff);
    vmx_registers_init(&vcpu);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vmx_current_drop(&vcpu);
    return 0;
}

static uint64_t value_for(unsigned r)
{
    return r == VCPU_CR8 ? 9 : 0x1000 * (r + 1);
}

static void every_register_has_a_place_of_its_own(void **state)
{
    (void)state;
    for (unsigned r = 0; r < VCPU_REGISTER_COUNT; r++) {
        vmx_registers_write(&vcpu, r, value_for(r));
    }
    for (unsigned r = 0; r < VCPU_REGISTER_COUNT; r++) {
        if (r != VCPU_CR0) { /* ET reads 1 */
            assert_int_equal(vmx_registers_read(&vcpu, r), value_for(r));
        }
    }
    /* a few places from SDM 3D appendix B */
    assert_int_equal(fake_vmcs_get(0x6802), 0x1000 * (VCPU_CR3 + 1));
    assert_int_equal(fake_vmcs_get(0x2804), 0x1000 * (VCPU_PAT + 1));
    assert_int_equal(fake_vmcs_get(0x2806), 0x1000 * (VCPU_EFER + 1));
    assert_int_equal(fake_vmcs_get(0x6818), 0x1000 * (VCPU_IDTR_BASE + 1));
    assert_int_equal(fake_vmcs_get(0x4812), 0x1000 * (VCPU_IDTR_LIMIT + 1));
    assert_int_equal(fake_vmcs_get(0x482a), 0x1000 * (VCPU_SYSENTER_CS + 1));
    assert_int_equal(fake_vmcs_get(0x681a), 0x1000 * (VCPU_DR7 + 1));
    assert_int_equal(apic[0x80], 0x90);
}

static void caches_stay_on_and_ne_set(void **state)
{
    (void)state;
    assert_int_equal(fake_vmcs_get(VMCS_CR0_MASK), 0x60000020);
    vmx_registers_write(&vcpu, VCPU_CR0, 0x60000010); /* as after power-on */
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_CR0), 0x30);
    assert_int_equal(vmx_registers_read(&vcpu, VCPU_CR0), 0x60000010);
    fake_vmcs_set(VMCS_GUEST_CR0, 0x8005003b); /* the guest turned paging on: its own bits, no exit */
    assert_int_equal(vmx_registers_read(&vcpu, VCPU_CR0), 0xe005001b);
}

static void a_change_of_hidden_cr0_bits_shows(void **state)
{
    (void)state;
    vmx_registers_write(&vcpu, VCPU_CR0, 0x60000010);
    assert_true(vmx_registers_show_cr0(&vcpu, 0x80050033));
    assert_int_equal(fake_vmcs_get(VMCS_CR0_SHADOW) & 0x60000020, 0x20);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_CR0), 0x30);   /* PE and PG are the instruction's to set */
    assert_false(vmx_registers_show_cr0(&vcpu, 0x20000010)); /* NW without CD */
    assert_int_equal(fake_vmcs_get(VMCS_CR0_SHADOW) & 0x60000020, 0x20);
    assert_true(vmx_registers_show_cr0(&vcpu, 0x40000010));
}

static void machine_checks_and_vmx_stay_on(void **state)
{
    (void)state;
    uint64_t mask = fake_vmcs_get(VMCS_CR4_MASK);
    assert_int_equal(mask & 0x2040, 0x2040);
    assert_int_equal(mask & 0x3f, 0);            /* VME .. PAE without an exit */
    assert_int_equal(mask & 0x100000, 0x100000); /* SMEP is checked */
    vmx_registers_write(&vcpu, VCPU_CR4, 0x20);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_CR4), 0x2060);
    assert_int_equal(fake_vmcs_get(VMCS_CR4_SHADOW), 0x20);
    assert_int_equal(vmx_registers_read(&vcpu, VCPU_CR4), 0x20);
    fake_vmcs_set(VMCS_GUEST_CR4, 0x20e0); /* the guest set PGE */
    assert_int_equal(vmx_registers_read(&vcpu, VCPU_CR4), 0xa0);
}

static void the_entry_control_follows_lma(void **state)
{
    (void)state;
    vmx_registers_write(&vcpu, VCPU_EFER, 0x500);
    assert_int_equal(fake_vmcs_get(VMCS_ENTRY_CONTROLS), 0xd3ff);
    vmx_registers_write(&vcpu, VCPU_EFER, 0x100);
    assert_int_equal(fake_vmcs_get(VMCS_ENTRY_CONTROLS), 0xd1ff);
}

static void paging_registers_flush(void **state)
{
    (void)state;
    for (unsigned r = 0; r < VCPU_REGISTER_COUNT; r++) {
        vcpu.flush = data.pdptes_stale = false;
        vmx_registers_write(&vcpu, r, 0);
        bool paging = r == VCPU_CR0 || r == VCPU_CR3 || r == VCPU_CR4 || r == VCPU_EFER;
        assert_int_equal(vcpu.flush, paging);
        assert_int_equal(data.pdptes_stale, paging);
    }
}

static void segments_keep_their_form(void **state)
{
    (void)state;
    const struct vcpu_segment code = {.base = 0xffff0000, .limit = 0xffff, .selector = 0xf000, .attributes = 0xa09b};
    vmx_registers_write_segment(&vcpu, VCPU_CS, code);
    assert_int_equal(fake_vmcs_get(0x0802), 0xf000);
    assert_int_equal(fake_vmcs_get(0x4802), 0xffff);
    assert_int_equal(fake_vmcs_get(0x4816), 0xa09b);
    assert_int_equal(fake_vmcs_get(0x6808), 0xffff0000);
    struct vcpu_segment back = vmx_registers_read_segment(&vcpu, VCPU_CS);
    assert_memory_equal(&back, &code, sizeof(back));
    vmx_registers_write_segment(&vcpu, VCPU_TR, (struct vcpu_segment){.attributes = 0x8b});
    assert_int_equal(fake_vmcs_get(0x4822), 0x8b);
}

static void an_absent_segment_is_unusable(void **state)
{
    (void)state;
    vmx_registers_write_segment(&vcpu, VCPU_LDTR, (struct vcpu_segment){.attributes = 0x2});
    assert_int_equal(fake_vmcs_get(0x4820), 0x10002);
    fake_vmcs_set(0x4820, 0x10082); /* the CPU may leave P set */
    assert_int_equal(vmx_registers_read_segment(&vcpu, VCPU_LDTR).attributes, 0x2);
}

static void code_is_found_by_mode(void **state)
{
    (void)state;
    struct vcpu_code code;
    vmx_registers_write(&vcpu, VCPU_CR0, 0x80000031);
    vmx_registers_write(&vcpu, VCPU_CR3, 0x7000);
    vmx_registers_write(&vcpu, VCPU_CR4, 0x20);
    vmx_registers_write(&vcpu, VCPU_EFER, 0x500);
    vmx_registers_write_segment(&vcpu, VCPU_CS, (struct vcpu_segment){.base = 0x100, .attributes = 0xa09b});
    vcpu.rip = 0x5000;
    vmx_registers_read_code(&vcpu, &code);
    assert_int_equal(code.bits, 64);
    assert_int_equal(code.linear, 0x5000);
    assert_int_equal(code.cr3, 0x7000);
    assert_int_equal(code.cr4, 0x20);
    vmx_registers_write_segment(&vcpu, VCPU_CS, (struct vcpu_segment){.base = 0x100, .attributes = 0xc09b});
    vmx_registers_read_code(&vcpu, &code);
    assert_int_equal(code.bits, 32);
    assert_int_equal(code.linear, 0x5100);
    vmx_registers_write_segment(&vcpu, VCPU_CS, (struct vcpu_segment){.base = 0x100, .attributes = 0x9b});
    vmx_registers_read_code(&vcpu, &code);
    assert_int_equal(code.bits, 16);
}

static void plain_fields_travel_when_they_changed(void **state)
{
    (void)state;
    vcpu.rip = 1;
    vcpu.rflags = 0x202;
    vcpu.gprs[VCPU_RSP] = 3;
    vcpu.tsc_offset = 5;
    vmx_registers_load(&vcpu);
    assert_int_equal(fake_vmcs_get(0x681e), 1);
    assert_int_equal(fake_vmcs_get(0x6820), 0x202);
    assert_int_equal(fake_vmcs_get(0x681c), 3);
    assert_int_equal(fake_vmcs_get(0x2010), 5);
    unsigned writes = fake_vmcs_writes();
    vmx_registers_load(&vcpu);
    assert_int_equal(fake_vmcs_writes(), writes);
    vcpu.rip = 2;
    vmx_registers_load(&vcpu);
    assert_int_equal(fake_vmcs_writes(), writes + 1);
    fake_vmcs_set(0x681e, 11);
    fake_vmcs_set(0x6820, 12);
    fake_vmcs_set(0x681c, 13);
    vmx_registers_store(&vcpu);
    assert_int_equal(vcpu.rip, 11);
    assert_int_equal(vcpu.rflags, 12);
    assert_int_equal(vcpu.gprs[VCPU_RSP], 13);
    vcpu.rip = 2; /* what the VMCS held before the exit is not what it holds now */
    vmx_registers_load(&vcpu);
    assert_int_equal(fake_vmcs_get(0x681e), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_register_has_a_place_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(caches_stay_on_and_ne_set, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_of_hidden_cr0_bits_shows, setup, teardown),
        cmocka_unit_test_setup_teardown(machine_checks_and_vmx_stay_on, setup, teardown),
        cmocka_unit_test_setup_teardown(the_entry_control_follows_lma, setup, teardown),
        cmocka_unit_test_setup_teardown(paging_registers_flush, setup, teardown),
        cmocka_unit_test_setup_teardown(segments_keep_their_form, setup, teardown),
        cmocka_unit_test_setup_teardown(an_absent_segment_is_unusable, setup, teardown),
        cmocka_unit_test_setup_teardown(code_is_found_by_mode, setup, teardown),
        cmocka_unit_test_setup_teardown(plain_fields_travel_when_they_changed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
