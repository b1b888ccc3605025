/* SPDX-License-Identifier: GPL-2.0-only
 * The capability as outside data: numbers, BARs and ids that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drivers/sriov_rig.h"

static struct sriov sriov;

static void read_it(void)
{
    struct pci_reader reader = pci_reader_live(&rig.pf->at);
    rig_read();
    assert_int_equal(sriov_read(&reader, &rig.pci, rig_pf(), &sriov), STATUS_OK);
}

static void set(unsigned offset, unsigned width, uint32_t value)
{
    fake_pci_set(rig.pf, rig_register(offset), width, value);
}

static enum status count(unsigned num)
{
    read_it();
    return sriov_plan_count(&rig.place, &sriov, num, &rig.diags);
}

static void what_it_says(void **state)
{
    (void)state;
    set(PCI_SRIOV_NUM, 2, 3);
    read_it();
    assert_int_equal(sriov.pf, 1);
    assert_int_equal(sriov.total, 8);
    assert_int_equal(sriov.initial, 8);
    assert_int_equal(sriov.num, 3);
    assert_int_equal(sriov.vf_device, 0x1520);
    assert_int_equal(sriov.pages, 0x553);
    assert_false(sriov.enabled);
    assert_int_equal(sriov.bars[0].kind, PCI_BAR_MEM64);
    assert_int_equal(sriov.bars[1].kind, PCI_BAR_UPPER);
    assert_int_equal(sriov.bars[2].kind, PCI_BAR_NONE);
    assert_true(sriov.bars[3].prefetchable && !sriov.bars[0].prefetchable);
    struct pci_reader reader = pci_reader_live(&rig.port->at);
    assert_int_equal(sriov_read(&reader, &rig.pci, 0, &sriov), STATUS_NOT_FOUND);
}

static void numbers(void **state)
{
    (void)state;
    assert_int_equal(count(9), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_TOO_MANY, "9 VFs are asked for, and it has 8", "write vfs = 8 or less");
    set(PCI_SRIOV_INITIAL, 2, 2);
    assert_int_equal(count(3), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_TOO_MANY, "it has 2", "vfs = 2");
    set(PCI_SRIOV_INITIAL, 2, 0xffff);
    assert_int_equal(count(9), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_TOO_MANY, "it has 8", "vfs = 8");
    set(PCI_SRIOV_TOTAL, 2, 0);
    assert_int_equal(count(1), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_TOO_MANY, "it has 0", "SR-IOV support");
}

static void pages(void **state)
{
    (void)state;
    set(PCI_SRIOV_PAGES, 4, 0x552);
    assert_int_equal(count(1), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_PAGES, "pages of 4 KiB", "remove vfs");
}

static void ari(void **state)
{
    (void)state;
    assert_int_equal(count(8), STATUS_OK);
    assert_true(sriov.ari);
    /* A neighbour on the link that does not know it. */
    fake_pci_add_express(fake_pci_add(sbdf_make(0, 1, 0, 1), 0x8086, 1, 0x020000), PCI_EXPRESS_ENDPOINT, false);
    assert_int_equal(count(8), STATUS_OK);
    assert_false(sriov.ari);
}

static enum status bars(uint32_t low, uint32_t high, uint32_t next)
{
    const uint32_t values[PCI_BARS] = {0}, masks[PCI_BARS] = {low, high, next};
    assert_int_equal(count(8), STATUS_OK);
    return sriov_plan_bars(&sriov, values, masks, &rig.diags);
}

static void malformed_bars(void **state)
{
    (void)state;
    const uint32_t bad[][3] = {
        {0xfffff801, 0, 0},          /* ports */
        {0xfffffc00, 0, 0},          /* 1 KiB: several VFs in a page */
        {0xffff0fff & ~0xfu, 0, 0},  /* holes */
        {0xffffc006, 0, 0},          /* a reserved type */
        {UINT32_MAX, UINT32_MAX, 0}, /* gone */
        {0x00000004, 0x80000000, 0}, /* eight of 2^63 do not fit anywhere */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(bars(bad[i][0], bad[i][1], bad[i][2]), STATUS_UNSUPPORTED);
        rig_expect(SRIOV_DIAG_BAR, "VF BAR 0 is malformed", "firmware");
    }
    const uint32_t values[PCI_BARS] = {0}, last[PCI_BARS] = {0, 0, 0, 0, 0, 0xffffc004};
    assert_int_equal(sriov_plan_bars(&sriov, values, last, &rig.diags), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_BAR, "VF BAR 5 is malformed", "firmware");
    assert_int_equal(bars(0xffffc00c, UINT32_MAX, 0xfffff000), STATUS_OK);
    assert_int_equal(sriov.bars[0].size, 0x4000);
    assert_int_equal(sriov.bars[2].kind, PCI_BAR_MEM32);
    assert_int_equal(sriov.bars[2].size, 0x1000);
}

static enum status ids(unsigned num, uint16_t offset, uint16_t stride)
{
    enum status status = count(num);
    assert_int_equal(status, STATUS_OK);
    sriov.offset = offset;
    sriov.stride = stride;
    return sriov_plan_ids(&rig.place, &sriov, &rig.diags);
}

static void ids_that_make_no_sense(void **state)
{
    (void)state;
    const struct {
        unsigned num;
        uint16_t offset, stride;
    } bad[] = {{1, 0, 1}, {2, 1, 0}, {1, 0xffff, 1}, {8, 1, 0xffff}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(ids(bad[i].num, bad[i].offset, bad[i].stride), STATUS_UNSUPPORTED);
        rig_expect(SRIOV_DIAG_IDS, "make no sense", "vfs");
    }
    assert_int_equal(ids(1, 1, 0), STATUS_OK);
}

static void buses(void **state)
{
    (void)state;
    assert_int_equal(ids(8, 0x100, 1), STATUS_OK);
    assert_int_equal(ids(8, 0x1ff, 1), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_BUSES, "its VF 0000:03:00.0 is on a bus that the bridge above does not lead to (01-02)",
               "bus-reserve=1");
    /* A bridge beside it claims bus 2. */
    rig.port->bytes[0x1a] = 4;
    fake_pci_add_bridge(sbdf_make(0, 1, 2, 0), 2, 2);
    assert_int_equal(ids(8, 0x100, 1), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_IDS, "0000:02:00.0 would have an address that is somebody else's", "");
}

static void neighbours(void **state)
{
    (void)state;
    struct fake_pci_function *other = fake_pci_add(sbdf_make(0, 1, 0, 3), 0x8086, 1, 0x020000);
    fake_pci_add_express(other, PCI_EXPRESS_ENDPOINT, false);
    assert_int_equal(ids(2, 1, 1), STATUS_OK);
    assert_int_equal(ids(3, 1, 1), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_IDS, "its VF 0000:01:00.3", "smaller");
    rig.sriov.pfs[0] = sriov;
    rig.sriov.pfs[0].num = 2; /* 01:00.1 and .2 are somebody's VFs */
    rig.sriov.count = 1;
    assert_int_equal(ids(1, 2, 1), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_IDS, "its VF 0000:01:00.2", "smaller");
    assert_int_equal(ids(1, 4, 1), STATUS_OK);
}

static void beyond_function_seven(void **state)
{
    (void)state;
    fake_pci_set(rig.port, (uint16_t)(rig.port_express + PCI_EXP_DEVCAP2), 4, 0);
    assert_int_equal(ids(7, 1, 1), STATUS_OK);
    assert_int_equal(ids(8, 1, 1), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_ARI, "0000:01:01.0 is beyond function 7", "ARI");
    assert_int_equal(ids(8, 0x100, 4), STATUS_OK); /* on the next bus it is a device number */
}

/* Over saved bytes, with sizes from elsewhere. */
static void saved(void **state)
{
    (void)state;
    const uint64_t sizes[PCI_BARS] = {0x4000, 0, 0, 0x4000, 0, 0};
    set(PCI_SRIOV_NUM, 2, 8);
    set(PCI_SRIOV_OFFSET, 2, 1);
    set(PCI_SRIOV_STRIDE, 2, 1);
    fake_pci_set(rig.pf, rig_register(PCI_SRIOV_BAR0), 4, 0xe0020004); /* Linux placed it */
    read_it();
    assert_int_equal(sriov_plan_saved(&rig.place, &sriov, 8, sizes, &rig.diags), STATUS_OK);
    assert_int_equal(sriov.bars[0].address, 0xe0020000);
    assert_int_equal(sriov.bars[0].size, 0x4000);
    assert_int_equal(sriov.bars[3].address, 0x40fff00000);
    size_t writes = 1;
    (void)fake_pci_writes(&writes);
    assert_int_equal(writes, 0);
    const uint64_t odd[PCI_BARS] = {0x3000, 0, 0, 0x4000, 0, 0};
    read_it();
    assert_int_equal(sriov_plan_saved(&rig.place, &sriov, 8, odd, &rig.diags), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_BAR, "VF BAR 0", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_it_says, rig_setup),
        cmocka_unit_test_setup(numbers, rig_setup),
        cmocka_unit_test_setup(pages, rig_setup),
        cmocka_unit_test_setup(ari, rig_setup),
        cmocka_unit_test_setup(malformed_bars, rig_setup),
        cmocka_unit_test_setup(ids_that_make_no_sense, rig_setup),
        cmocka_unit_test_setup(buses, rig_setup),
        cmocka_unit_test_setup(neighbours, rig_setup),
        cmocka_unit_test_setup(beyond_function_seven, rig_setup),
        cmocka_unit_test_setup(saved, rig_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
