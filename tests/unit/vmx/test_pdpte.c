/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/pdpte.c: the four entries of PAE paging. */
#include "vmx/pdpte.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "tests/fake/memory.h"
#include "tests/fake/vmcs.h"
#include "vmx/state.h"

#define BASE UINT64_C(0x1000000)
#define SIZE UINT64_C(0x400000)

static struct vcpu vcpu;
static struct vmx_vcpu data;
static struct radix nested;

/* Guest memory 0..0x1fffff lies at the second half of the pretended memory. */
static int setup(void **state)
{
    (void)state;
    static bool once;
    if (!once) {
        struct memory_map map = {0};
        fake_memory_reset(BASE, SIZE);
        assert_int_equal(memory_map_add(&map, BASE, SIZE / 2, MEMORY_RAM), STATUS_OK);
        assert_int_equal(pages_init(&map), STATUS_OK);
        assert_int_equal(radix_init(&nested, &radix_ept, 4, 2, false), STATUS_OK);
        assert_int_equal(radix_map(&nested, 0, hpa(BASE + SIZE / 2), SIZE / 2, RADIX_READ | RADIX_WRITE), STATUS_OK);
        once = true;
    }
    fake_vmcs_reset();
    data = (struct vmx_vcpu){.nested = &nested};
    vcpu = (struct vcpu){.data = &data};
    fake_vmcs_set(VMCS_GUEST_CR0, 0x80000031);
    fake_vmcs_set(VMCS_GUEST_CR4, 0x2020);
    fake_vmcs_set(VMCS_GUEST_EFER, 0);
    uint64_t *entries = phys_to_virt(hpa(BASE + SIZE / 2 + 0x3020));
    for (unsigned i = 0; i < 4; i++) {
        entries[i] = 0x5001 + 0x1000 * i;
    }
    return 0;
}

static void they_are_read_where_cr3_points(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_GUEST_CR3, 0x3038); /* bits 4:0 do not count */
    vmx_pdpte_load(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_PDPTE_0), 0x5001);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_PDPTE_3), 0x8001);
}

static void outside_of_memory_there_are_none(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_GUEST_PDPTE_1, 0x77);
    fake_vmcs_set(VMCS_GUEST_CR3, 0xfffff000);
    vmx_pdpte_load(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_PDPTE_1), 0);
}

static void other_paging_modes_have_none(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_GUEST_CR3, 0x3020);
    fake_vmcs_set(VMCS_GUEST_EFER, 0x500);
    vmx_pdpte_load(&vcpu);
    fake_vmcs_set(VMCS_GUEST_EFER, 0);
    fake_vmcs_set(VMCS_GUEST_CR4, 0x2000);
    vmx_pdpte_load(&vcpu);
    fake_vmcs_set(VMCS_GUEST_CR4, 0x2020);
    fake_vmcs_set(VMCS_GUEST_CR0, 0x31);
    vmx_pdpte_load(&vcpu);
    assert_int_equal(fake_vmcs_writes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(they_are_read_where_cr3_points, setup),
        cmocka_unit_test_setup(outside_of_memory_there_are_none, setup),
        cmocka_unit_test_setup(other_paging_modes_have_none, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
