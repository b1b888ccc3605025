/* SPDX-License-Identifier: GPL-2.0-only
 * VFs among the facts: sorted, linked, with ids and BARs that their own registers do not show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drivers/sriov_rig.h"

static void enable(unsigned num)
{
    rig_read();
    assert_int_equal(sriov_enable(&rig.place, rig_pf(), num, &rig.sriov.pfs[0], &rig.diags), STATUS_OK);
    rig.sriov.count = 1;
}

static enum status add(void)
{
    return sriov_functions_add(&rig.sriov, &rig.pci, &sriov_view_live, &rig.arena, &rig.diags);
}

static void vfs_are_functions(void **state)
{
    (void)state;
    fake_pci_add_express(fake_pci_add_bridge(sbdf_make(0, 0, 2, 0), 4, 4), PCI_EXPRESS_ROOT_PORT, false);
    fake_pci_add(sbdf_make(0, 4, 0, 0), 0x8086, 0x10d3, 0x020000);
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    enable(8);
    assert_int_equal(add(), STATUS_OK);
    assert_int_equal(rig.pci.count, 4 + 8);
    for (size_t i = 1; i < rig.pci.count; i++) {
        assert_true(rig.pci.functions[i - 1].at.v < rig.pci.functions[i].at.v);
    }
    uint32_t pf = rig_pf();
    assert_int_equal(rig.sriov.pfs[0].pf, pf);
    const struct pci_function *vf = pci_find(&rig.pci, sbdf_make(0, 1, 1, 0));
    assert_non_null(vf);
    assert_true(vf->is_vf && !vf->is_pf && !vf->multifunction && vf->has_flr);
    assert_int_equal(vf->pf, pf);
    assert_int_equal(vf->vendor, 0x8086);
    assert_int_equal(vf->device, 0x1520);
    assert_int_equal(vf->class_code, 0x020000);
    assert_int_equal(vf->subsystem, 0x1234);
    assert_int_equal(vf->express, PCI_EXPRESS_ENDPOINT);
    assert_int_equal(vf->msix_count, 5);
    assert_true(vf->cap.aer != 0 && vf->cap.sriov == 0);
    assert_int_equal(vf->interrupt_pin, 0);
    assert_int_equal(vf->bars[0].address, 0xe0004000 + 7 * 0x4000);
    assert_true(vf->bars[0].assigned);
    assert_int_equal(vf->bars[0].size, 0x4000);
    assert_int_equal(vf->bars[1].kind, PCI_BAR_UPPER);
    assert_int_equal(pci_parent(&rig.pci, vf)->at.v, rig.port->at.v);
    /* Those behind are linked as before. */
    const struct pci_function *other = pci_find(&rig.pci, sbdf_make(0, 4, 0, 0));
    assert_int_equal(pci_parent(&rig.pci, other)->at.v, sbdf_make(0, 0, 2, 0).v);
    assert_ptr_equal(sriov_of(&rig.sriov, &rig.pci, pf), &rig.sriov.pfs[0]);
    assert_ptr_equal(sriov_of(&rig.sriov, &rig.pci, (uint32_t)(vf - rig.pci.functions)), &rig.sriov.pfs[0]);
    assert_null(sriov_of(&rig.sriov, &rig.pci, 0));
}

/* Header type, multifunction bit, pin and SR-IOV of a VF are not believed. */
static void vfs_that_lie(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 1, 1, 1);
    struct fake_pci_function *vf = fake_sriov_vf(&rig.device, 0);
    vf->bytes[PCI_HEADER_TYPE] = 0x81;
    vf->bytes[PCI_INTERRUPT_PIN] = 1;
    fake_pci_add_ext_cap(vf, PCI_EXT_SRIOV, 0x40);
    fake_pci_set(vf, PCI_BAR0, 4, 0xfee00000);
    enable(1);
    assert_int_equal(add(), STATUS_OK);
    const struct pci_function *f = pci_find(&rig.pci, vf->at);
    assert_true(!f->bridge && f->header == 0 && !f->multifunction && !f->is_pf);
    assert_int_equal(f->interrupt_pin, 0);
    assert_int_equal(f->bars[0].address, 0xe0004000);
}

static void no_flr(void **state)
{
    (void)state;
    rig.device.vf_flr = false;
    fake_sriov_make_vfs(&rig.device, 2, 1, 1);
    enable(2);
    assert_int_equal(add(), STATUS_OK);
    assert_false(pci_find(&rig.pci, sbdf_make(0, 1, 0, 1))->has_flr);
}

/* 82599: the VF has FLR and does not say so. */
static void a_silent_flr(void **state)
{
    (void)state;
    fake_pci_set(rig.pf, rig_register(PCI_SRIOV_VF_DEVICE), 2, 0x10ed);
    rig.device.vf_flr = false;
    fake_sriov_make_vfs(&rig.device, 1, 1, 1);
    enable(1);
    assert_int_equal(add(), STATUS_OK);
    assert_true(pci_find(&rig.pci, sbdf_make(0, 1, 0, 1))->has_flr);
}

static void no_memory(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    enable(8);
    rig.arena = arena_make(rig.memory, 64);
    const struct pci_facts before = rig.pci;
    assert_int_equal(add(), STATUS_NO_MEMORY);
    assert_memory_equal(&before, &rig.pci, sizeof(before));
}

static bool knows_nothing(const void *context, const struct sbdf *at, struct pci_reader *out)
{
    (void)context;
    (void)at;
    (void)out;
    return false;
}

/* A dump of a machine where no VF was on. */
static void without_their_registers(void **state)
{
    (void)state;
    const struct sriov_view nothing = {.open = knows_nothing};
    fake_pci_add_msix(rig.pf, 10, 0, 0x800);
    fake_sriov_make_vfs(&rig.device, 4, 1, 1);
    enable(4);
    assert_int_equal(sriov_functions_add(&rig.sriov, &rig.pci, &nothing, &rig.arena, &rig.diags), STATUS_OK);
    const struct pci_function *vf = pci_find(&rig.pci, sbdf_make(0, 1, 0, 4));
    assert_true(vf->is_vf && vf->has_flr && vf->cap.msix != 0);
    assert_int_equal(vf->device, 0x1520);
    assert_int_equal(vf->class_code, 0x020000);
    assert_int_equal(vf->bars[0].address, 0xe0004000 + 3 * 0x4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(vfs_are_functions, rig_setup),
        cmocka_unit_test_setup(vfs_that_lie, rig_setup),
        cmocka_unit_test_setup(no_flr, rig_setup),
        cmocka_unit_test_setup(a_silent_flr, rig_setup),
        cmocka_unit_test_setup(no_memory, rig_setup),
        cmocka_unit_test_setup(without_their_registers, rig_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
