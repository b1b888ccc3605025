/* SPDX-License-Identifier: GPL-2.0-only
 * The order in which a VMD domain is reset, and what it holds afterwards; over the model of one. */
#include "drivers/vmd_reset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "drivers/vmd_bridge.h"
#include "kernel/core/time.h"
#include "tests/fake/guest_vmd_rig.h"
#include "tests/fake/log.h"

#define PORTS 2u
#define ACTIVE (PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER)

static struct guest_vmd_rig rig;

static int setup(void **state)
{
    (void)state;
    fake_log_reset();
    guest_vmd_rig_start(&rig, fake_vmd_server(), NULL);
    return 0;
}

static enum status reset_domain(const struct pci_facts *facts)
{
    struct vmd_reset r;
    vmd_reset_begin(&r, facts, rig.domain);
    while (!vmd_reset_go_on(&r)) {
        time_wait_until(r.due_ns);
    }
    return r.status;
}

static struct sbdf port(unsigned i)
{
    return sbdf_make(SBDF_VMD_FIRST, 128, 1 + i, 0);
}

static struct sbdf disk(unsigned i)
{
    return sbdf_make(SBDF_VMD_FIRST, 129 + i, 0, 0);
}

/* What a user leaves: windows open, other bus numbers, everything decoding and mastering, messages passing by. */
static void used(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        const struct vmd_bridge_windows w = {0xf000f000 + 0x100010 * i, 0xf0100010, 0, 0};
        vmd_bridge_set(port(i), &w);
        pci_config_write16(disk(i), PCI_COMMAND, ACTIVE);
        pci_config_write16(port(i), PCI_COMMAND, ACTIVE);
    }
    pci_config_write32(port(0), PCI_BUS_NUMBERS, 0x00909080);
    pci_config_write32(port(1), PCI_BUS_NUMBERS, 0x00818180);
    pci_config_write16(rig.vmd.endpoint, VMD_CONFIG, 0x102);
    pci_config_write16(rig.vmd.endpoint, PCI_COMMAND, ACTIVE);
    fake_pci_forget_writes();
}

static void expect_closed(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        assert_true(vmd_bridge_is_closed(port(i)));
        assert_int_equal(pci_config_read16(port(i), PCI_COMMAND) & ACTIVE, 0);
        assert_int_equal(pci_config_read16(disk(i), PCI_COMMAND) & ACTIVE, 0);
        assert_int_equal(pci_config_read32(port(i), PCI_BUS_NUMBERS), 0x00818180 + 0x00010100 * i);
        assert_int_equal(pci_config_read16(port(i), PCI_BRIDGE_CONTROL), 0);
    }
    assert_int_equal(pci_config_read16(rig.vmd.endpoint, VMD_CONFIG), 0x100);
    assert_int_equal(pci_config_read16(rig.vmd.endpoint, PCI_COMMAND) & PCI_COMMAND_BUS_MASTER, 0);
}

static void the_order(void **state)
{
    (void)state;
    used();
    uint64_t resets = rig.vmd.model.counts.bus_resets;
    rig.vmd.model.counts.strays = rig.vmd.model.counts.unread = 0;
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_OK);
    size_t stopped = fake_pci_written(0, rig.vmd.endpoint, PCI_COMMAND, PCI_COMMAND_BUS_MASTER, 0);
    size_t numbered = fake_pci_written(stopped, port(0), PCI_BUS_NUMBERS, UINT32_MAX, 0x00818180);
    size_t quiet = fake_pci_written(numbered, disk(0), PCI_COMMAND, ACTIVE, 0);
    size_t asserted = fake_pci_written(quiet, port(1), PCI_BRIDGE_CONTROL, PCI_BRIDGE_RESET, PCI_BRIDGE_RESET);
    size_t released = fake_pci_written(asserted, port(1), PCI_BRIDGE_CONTROL, PCI_BRIDGE_RESET, 0);
    size_t upper_limit = fake_pci_written(released, port(1), VMD_BRIDGE_PREFETCH_LIMIT, UINT32_MAX, 0);
    size_t halves = fake_pci_written(upper_limit, port(1), VMD_BRIDGE_PREFETCH, UINT32_MAX, VMD_BRIDGE_CLOSED);
    size_t upper_base = fake_pci_written(halves, port(1), VMD_BRIDGE_PREFETCH_BASE, UINT32_MAX, UINT32_MAX);
    size_t remapped = fake_pci_written(upper_base, rig.vmd.endpoint, VMD_CONFIG, VMD_CONFIG_BYPASS, 0);
    assert_int_not_equal(remapped, SIZE_MAX);
    assert_int_equal(rig.vmd.model.counts.bus_resets, resets + PORTS);
    assert_int_equal(rig.vmd.model.counts.strays, 0);
    assert_int_equal(rig.vmd.model.counts.unread, 0);
    expect_closed();
}

/* A reset of the endpoint takes everything behind it back to its power-on state. */
static void restored(void **state)
{
    (void)state;
    rig.vmd.model.config.numbered = false; /* power-on has no bus numbers */
    used();
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_OK);
    uint16_t pm = rig.device.function->cap.pm;
    pci_config_write16(rig.vmd.endpoint, pm + PCI_PM_CONTROL, PCI_PM_D3HOT);
    pci_config_write16(rig.vmd.endpoint, pm + PCI_PM_CONTROL, 0);
    for (unsigned i = 0; i < PCI_BARS; i += 2) {
        uint64_t at = rig.device.function->bars[i].address;
        pci_config_write32(rig.vmd.endpoint, (uint16_t)(PCI_BAR0 + 4 * i), (uint32_t)at);
        if (i != 2) {
            pci_config_write32(rig.vmd.endpoint, (uint16_t)(PCI_BAR0 + 4 * i + 4), (uint32_t)(at >> 32));
        }
    }
    assert_int_equal(vmd_reset_restore(&rig.pci.facts, rig.domain), STATUS_OK);
    expect_closed();
}

static void a_disk_that_is_gone(void **state)
{
    (void)state;
    used();
    rig.vmd.model.port[1].present = false;
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_OK);
    assert_int_equal(fake_log_count("10000:82:00.0: does not answer"), 1);
    assert_int_equal(fake_log_count("10000:81:00.0: does not answer"), 0);
}

/* Asleep, or with its link off, a root port hides its disk from everybody who has the endpoint afterwards: the reset of
 * the bus below does not reach it. */
static void ports_asleep_or_without_link(void **state)
{
    (void)state;
    used();
    const struct pci_function *first = pci_find(&rig.pci.facts, port(0)), *second = pci_find(&rig.pci.facts, port(1));
    uint16_t link = second->cap.express + PCI_EXP_LNKCTL;
    pci_model_allow(&rig.vmd.model.port[1].space, link, 2, 0x01fb);
    pci_config_write16(port(0), first->cap.pm + PCI_PM_CONTROL, PCI_PM_D3HOT);
    pci_config_write16(port(1), link, PCI_LNKCTL_DISABLE);
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_OK);
    assert_int_equal(pci_config_read16(port(0), first->cap.pm + PCI_PM_CONTROL) & PCI_PM_STATE, 0);
    assert_int_equal(pci_config_read16(port(1), link), 0);
    assert_int_equal(fake_log_count("does not answer"), 0);
    assert_int_not_equal(pci_config_read16(disk(0), PCI_VENDOR), UINT16_MAX);
    expect_closed();
}

/* Else a guest that resets its disk and reads on holds up others: before the first access to a disk, and again after
 * the endpoint's reset. */
static void retries_are_shown(void **state)
{
    (void)state;
    uint16_t cap = pci_find(&rig.pci.facts, port(1))->cap.express;
    struct pci_model *space = &rig.vmd.model.port[1].space;
    pci_model_set(space, cap + PCI_EXP_ROOTCAP, 2, PCI_ROOTCAP_RETRY);
    pci_model_allow(space, cap + PCI_EXP_ROOTCTL, 2, 0x1f);
    used();
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_OK);
    assert_int_equal(pci_config_read16(port(1), cap + PCI_EXP_ROOTCTL), PCI_ROOTCTL_RETRY);
    pci_config_write16(port(1), cap + PCI_EXP_ROOTCTL, 0x000f);
    assert_int_equal(vmd_reset_restore(&rig.pci.facts, rig.domain), STATUS_OK);
    assert_int_equal(pci_config_read16(port(1), cap + PCI_EXP_ROOTCTL), PCI_ROOTCTL_RETRY | PCI_ROOTCTL_PME);
}

/* Sizes, the link's power saving and the slot's lights: no reset reaches them, and the next user is to find what
 * firmware left. */
static void what_was_written_into_ports(void **state)
{
    (void)state;
    uint16_t cap = pci_find(&rig.pci.facts, port(1))->cap.express;
    static const uint16_t registers[] = {PCI_EXP_DEVCTL, PCI_EXP_LNKCTL, PCI_EXP_SLTCTL, PCI_EXP_DEVCTL2};
    uint16_t before[ARRAY_LENGTH(registers)];
    for (unsigned i = 0; i < ARRAY_LENGTH(registers); i++) {
        pci_model_allow(&rig.vmd.model.port[1].space, cap + registers[i], 2, 0xffff);
        before[i] = pci_config_read16(port(1), cap + registers[i]);
        pci_config_write16(port(1), cap + registers[i], before[i] ^ (i == 1 ? 0x01cb : i == 3 ? 0x1f : 0x00c0));
    }
    used();
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_OK);
    for (unsigned i = 0; i < ARRAY_LENGTH(registers); i++) {
        assert_int_equal(pci_config_read16(port(1), cap + registers[i]), before[i]);
    }
}

static void a_port_that_does_not_wake_up(void **state)
{
    (void)state;
    used();
    uint16_t pm = pci_find(&rig.pci.facts, port(0))->cap.pm + PCI_PM_CONTROL;
    pci_config_write16(port(0), pm, PCI_PM_D3HOT);
    pci_model_allow(&rig.vmd.model.port[0].space, pm, 2, 0);
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_HARDWARE);
}

/* One wait for a switch that was pulled, not one for each function behind it. */
static void behind_a_switch_that_is_gone(void **state)
{
    (void)state;
    struct pci_facts *facts = &rig.pci.facts;
    uint32_t above = pci_find_index(facts, disk(1));
    used();
    assert_int_equal(above, facts->count - 1);
    rig.vmd.model.port[1].present = false;
    rig.functions[above].header = 1;
    rig.functions[above].secondary = rig.functions[above].subordinate = 0x83;
    for (unsigned i = 0; i < 16; i++) {
        struct pci_function f = rig.functions[above - 2];
        f.at = sbdf_make(SBDF_VMD_FIRST, 0x83, i, 0);
        f.parent = above;
        f.header = 0;
        rig.functions[facts->count++] = f;
    }
    uint64_t from = time_now_ns();
    assert_int_equal(reset_domain(facts), STATUS_OK);
    assert_true(time_now_ns() - from < UINT64_C(4000000000));
    assert_int_equal(fake_log_count("does not answer"), 17);
}

static void a_first_bus_that_moved(void **state)
{
    (void)state;
    struct vmd_domain other = *rig.domain;
    other.first_bus = 224;
    assert_int_equal(vmd_reset_restore(&rig.pci.facts, &other), STATUS_HARDWARE);
    assert_int_equal(fake_log_count(vmd_fault_fix(VMD_FAULT_BUS_MODE)), 1);
}

/* A part that restricts no buses may have anything in VMCAP and VMCONFIG 9:8: that means nothing, at boot and here. */
static void a_part_without_restrictions(void **state)
{
    (void)state;
    struct vmd_domain other = *rig.domain;
    other.flags = vmd_ids_flags(0x8086, 0x201d);
    other.restricts = true;
    other.first_bus = 0;
    assert_int_equal(vmd_reset_restore(&rig.pci.facts, &other), STATUS_OK);
}

static void windows_that_do_not_close(void **state)
{
    (void)state;
    used();
    pci_model_allow(&rig.vmd.model.port[0].space, VMD_BRIDGE_MEMORY, 4, 0);
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_HARDWARE);
}

static void bypass_that_stays(void **state)
{
    (void)state;
    used();
    pci_model_allow(&rig.vmd.model.space, VMD_CONFIG, 4, 0);
    assert_int_equal(reset_domain(&rig.pci.facts), STATUS_HARDWARE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_order, setup),
        cmocka_unit_test_setup(restored, setup),
        cmocka_unit_test_setup(a_disk_that_is_gone, setup),
        cmocka_unit_test_setup(ports_asleep_or_without_link, setup),
        cmocka_unit_test_setup(retries_are_shown, setup),
        cmocka_unit_test_setup(what_was_written_into_ports, setup),
        cmocka_unit_test_setup(a_port_that_does_not_wake_up, setup),
        cmocka_unit_test_setup(behind_a_switch_that_is_gone, setup),
        cmocka_unit_test_setup(a_first_bus_that_moved, setup),
        cmocka_unit_test_setup(a_part_without_restrictions, setup),
        cmocka_unit_test_setup(windows_that_do_not_close, setup),
        cmocka_unit_test_setup(bypass_that_stays, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
