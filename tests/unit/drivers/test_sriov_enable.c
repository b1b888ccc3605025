/* SPDX-License-Identifier: GPL-2.0-only
 * Switching VFs on, off and on again; tests/fake/sriov.h fails the test when the order is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drivers/sriov_rig.h"

static struct sriov sriov;

static enum status enable(unsigned num)
{
    return sriov_enable(&rig.place, rig_pf(), num, &sriov, &rig.diags);
}

static void eight_vfs(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    rig_read();
    assert_int_equal(enable(8), STATUS_OK);
    assert_int_equal(rig.diags.count, 0);
    assert_int_equal(rig.device.enables, 1);
    assert_true(sriov.enabled && sriov.ari);
    assert_int_equal(sriov.num, 8);
    assert_int_equal(sriov.offset, 1);
    assert_int_equal(sriov.stride, 1);
    assert_int_equal(sriov.vf_device, 0x1520);
    assert_int_equal(sriov.bars[0].address, 0xe0004000); /* behind the PF's own */
    assert_int_equal(sriov.bars[3].address, 0x40fff00000);
    assert_int_equal(sriov_vf_address(&sriov, 0, 7), 0xe0004000 + 7 * 0x4000);
    assert_int_equal(sriov_vf(&sriov, 7).v, sbdf_make(0, 1, 1, 0).v);
    assert_int_equal(fake_pci_get(rig.pf, rig_register(PCI_SRIOV_CONTROL), 2), 0x19);
    assert_int_equal(fake_pci_get(rig.pf, rig_register(PCI_SRIOV_BAR0), 4), 0xe0004004);
    assert_true(fake_pci_get(rig.port, (uint16_t)(rig.port_express + PCI_EXP_DEVCTL2), 2) & PCI_DEVCTL2_ARI);
}

/* Ids are read after NumVFs, ARI is told before, and both enables come in one write, last. */
static void the_order(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 4, 1, 1);
    rig_read();
    assert_int_equal(enable(4), STATUS_OK);
    size_t port = fake_pci_written(0, rig.port->at, (uint16_t)(rig.port_express + PCI_EXP_DEVCTL2), 0x20, 0x20);
    size_t ari = fake_pci_written(0, rig.pf->at, rig_register(PCI_SRIOV_CONTROL), 0x11, 0x10);
    size_t page = fake_pci_written(0, rig.pf->at, rig_register(PCI_SRIOV_PAGE), UINT32_MAX, 1);
    size_t bar = fake_pci_written(0, rig.pf->at, rig_register(PCI_SRIOV_BAR0), UINT32_MAX, 0xe0004000);
    size_t num = fake_pci_written(0, rig.pf->at, rig_register(PCI_SRIOV_NUM), UINT32_MAX, 4);
    size_t on = fake_pci_written(0, rig.pf->at, rig_register(PCI_SRIOV_CONTROL), 0x09, 0x09);
    assert_true(port < ari && ari < page && page < bar && bar < num && num < on && on != SIZE_MAX);
}

/* 82576 without ARI: offset 0x180, on the next bus. */
static void vfs_on_the_next_bus(void **state)
{
    (void)state;
    fake_pci_set(rig.port, (uint16_t)(rig.port_express + PCI_EXP_DEVCAP2), 4, 0);
    rig.device.offset = 0x180;
    rig.device.stride = 2;
    rig.device.ari_offset = 0x80;
    rig.device.ari_stride = 2;
    fake_sriov_make_vfs(&rig.device, 8, 0x180, 2);
    rig_read();
    assert_int_equal(enable(8), STATUS_OK);
    assert_false(sriov.ari);
    assert_int_equal(sriov_vf(&sriov, 1).v, sbdf_make(0, 2, 16, 2).v);
}

static void offset_follows_ari(void **state)
{
    (void)state;
    rig.device.ari_offset = 0x80;
    rig.device.ari_stride = 2;
    fake_sriov_make_vfs(&rig.device, 8, 0x80, 2);
    rig_read();
    assert_int_equal(enable(8), STATUS_OK);
    assert_int_equal(sriov.offset, 0x80);
    assert_int_equal(sriov_vf(&sriov, 7).v, sbdf_make(0, 1, 17, 6).v);
}

/* VFs beyond function 7 behind a port that keeps no ARI bit although it says that it could. */
static void a_port_that_lies_about_ari(void **state)
{
    (void)state;
    fake_pci_make_writable(rig.port, (uint16_t)(rig.port_express + PCI_EXP_DEVCTL2), 2, 0);
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    rig_read();
    assert_int_equal(enable(8), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_ARI, "0000:01:01.0 is beyond function 7", "ARI support");
    assert_int_equal(rig.device.enables, 0);
    assert_int_equal(fake_pci_get(rig.pf, rig_register(PCI_SRIOV_NUM), 2), 0);
    assert_int_equal(enable(7), STATUS_OK);
    assert_false(sriov.ari);
    assert_int_equal(fake_pci_get(rig.pf, rig_register(PCI_SRIOV_CONTROL), 2), 0x09);
}

/* The second PF of the device: the first one has the ARI bit for both. */
static void the_second_pf(void **state)
{
    static struct fake_sriov second;
    struct sriov other;
    (void)state;
    struct fake_pci_function *pf = fake_pci_add(sbdf_make(0, 1, 0, 1), 0x8086, 0x1521, 0x020000);
    fake_pci_add_express(pf, PCI_EXPRESS_ENDPOINT, true);
    fake_pci_add_ext_cap(pf, PCI_EXT_ARI, 8);
    fake_sriov_add(&second, pf, 4, 0x1520, 0x10, 1);
    fake_sriov_add_bar(&second, 0, FAKE_BAR_MEM32, 0, 0x1000);
    fake_sriov_make_vfs(&rig.device, 2, 2, 1);
    rig.device.offset = 2;
    fake_sriov_make_vfs(&second, 4, 0x10, 1);
    rig_read();
    assert_int_equal(enable(2), STATUS_OK);
    rig.sriov.pfs[rig.sriov.count++] = sriov;
    assert_int_equal(sriov_enable(&rig.place, pci_find_index(&rig.pci, pf->at), 4, &other, &rig.diags), STATUS_OK);
    assert_true(other.ari);
    assert_int_equal(other.ari_at.v, rig.pf->at.v);
    assert_int_equal(other.bars[0].address, 0xe0024000); /* behind all eight that the first PF could have */
    assert_int_equal(fake_pci_get(pf, (uint16_t)(second.cap + PCI_SRIOV_CONTROL), 2), 0x09);
}

static void registers_that_stick(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    rig_read();
    rig.device.stuck_num = true;
    assert_int_equal(enable(8), STATUS_HARDWARE);
    rig_expect(SRIOV_DIAG_REGISTER, "NumVFs does not keep what is written: 0x8 became 0x0", "firmware");
    rig.device.stuck_num = false;
    rig.device.stuck_enable = true;
    assert_int_equal(enable(8), STATUS_HARDWARE);
    rig_expect(SRIOV_DIAG_REGISTER, "control", "firmware");
    rig.device.stuck_enable = false;
    fake_pci_make_writable(rig.pf, rig_register(PCI_SRIOV_BAR0 + 4), 4, 0); /* 4 GiB at most */
    rig.taken = 0xe0000000;
    rig.taken_size = 0x100000;
    assert_int_equal(enable(8), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_NO_ROOM, "VF BAR 0 needs 0x20000 bytes (8 VFs), and bridge 0000:00:01.0 has no free",
               "mem-reserve=2M of the pcie-root-port");
}

static void a_vf_that_does_not_answer(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 7, 1, 1);
    rig_read();
    assert_int_equal(enable(8), STATUS_TIMEOUT);
    rig_expect(SRIOV_DIAG_SILENT, "its VF 0000:01:01.0 does not answer", "smaller");
    assert_int_equal(rig.device.disables, 1);
    assert_int_equal(fake_pci_get(rig.pf, rig_register(PCI_SRIOV_CONTROL), 2) & 9u, 0);
    rig.device.slow_us = 500000;
    assert_int_equal(enable(7), STATUS_OK); /* late, within the second that they have */
}

static void firmware_left_them_on(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 4, 1, 1);
    rig_read();
    sriov_stop_all(&rig.pci, &rig.diags);
    assert_int_equal(rig.diags.count, 0);
    fake_pci_forget_writes();
    size_t writes = 0;
    assert_int_equal(enable(4), STATUS_OK);
    sriov_stop_all(&rig.pci, &rig.diags);
    assert_int_equal(rig.diags.count, 1);
    assert_int_equal(rig.items[0].severity, DIAG_NOTE);
    rig_expect(SRIOV_DIAG_LEFT_ON, "firmware left 4 virtual functions on", "");
    assert_int_equal(rig.device.disables, 1);
    fake_pci_forget_writes();
    sriov_stop_all(&rig.pci, &rig.diags);
    (void)fake_pci_writes(&writes);
    assert_int_equal(writes, 0);
    assert_int_equal(enable(4), STATUS_OK); /* a second later, or the fake would say so */
}

/* What a function level reset of the PF leaves. */
static void forget(void)
{
    for (unsigned i = 0; i < 4096; i++) {
        rig.pf->bytes[i] &= (uint8_t)~rig.pf->writable[i];
    }
    rig.device.control = rig.device.num = 0;
    rig.device.page = 0;
    memset(rig.device.bars, 0, sizeof(rig.device.bars));
    for (unsigned i = 0; i < 6; i++) {
        rig.device.bars[i] = fake_pci_get(rig.pf, rig_register(PCI_SRIOV_BAR0 + 4 * i), 4);
    }
}

static enum status again(void)
{
    enum status status = sriov_restore_begin(&sriov);
    fake_time_advance_ns(SRIOV_READY_US * 1000);
    return status == STATUS_OK ? sriov_restore_end(&sriov) : status;
}

static void again_after_a_reset(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    rig_read();
    assert_int_equal(enable(8), STATUS_OK);
    fake_pci_set(fake_sriov_vf(&rig.device, 3), PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER);
    sriov_stop(&sriov);
    assert_int_equal(rig.device.disables, 1);
    forget();
    assert_int_equal(again(), STATUS_OK);
    assert_int_equal(rig.device.enables, 2);
    assert_int_equal(fake_pci_get(rig.pf, rig_register(PCI_SRIOV_CONTROL), 2), 0x19);
    assert_int_equal(fake_pci_get(rig.pf, rig_register(PCI_SRIOV_BAR0), 4), 0xe0004004);
    assert_int_equal(fake_pci_get(fake_sriov_vf(&rig.device, 3), PCI_COMMAND, 2), 0);
    /* Without a stop in between: it stops them itself. */
    assert_int_equal(again(), STATUS_OK);
    assert_int_equal(rig.device.disables, 2);
}

static void other_ids_after_a_reset(void **state)
{
    (void)state;
    fake_sriov_make_vfs(&rig.device, 8, 1, 1);
    rig_read();
    assert_int_equal(enable(8), STATUS_OK);
    sriov_stop(&sriov);
    forget();
    rig.device.offset = 9;
    assert_int_equal(again(), STATUS_HARDWARE);
    assert_int_equal(fake_pci_get(rig.pf, rig_register(PCI_SRIOV_CONTROL), 2) & 9u, 0);
    assert_non_null(strstr(fake_log_text(), "First VF Offset and VF Stride"));
    assert_non_null(strstr(fake_log_text(), "; fix: remove vfs; update the device's firmware"));
    rig.device.offset = 1;
    assert_int_equal(again(), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(eight_vfs, rig_setup),
        cmocka_unit_test_setup(the_order, rig_setup),
        cmocka_unit_test_setup(vfs_on_the_next_bus, rig_setup),
        cmocka_unit_test_setup(offset_follows_ari, rig_setup),
        cmocka_unit_test_setup(a_port_that_lies_about_ari, rig_setup),
        cmocka_unit_test_setup(the_second_pf, rig_setup),
        cmocka_unit_test_setup(registers_that_stick, rig_setup),
        cmocka_unit_test_setup(a_vf_that_does_not_answer, rig_setup),
        cmocka_unit_test_setup(firmware_left_them_on, rig_setup),
        cmocka_unit_test_setup(again_after_a_reset, rig_setup),
        cmocka_unit_test_setup(other_ids_after_a_reset, rig_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
