/* SPDX-License-Identifier: GPL-2.0-only
 * Enumeration, the bridge tree and the inventory, on a pretended machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci.h"
#include "drivers/pci_diag.h"
#include "tests/fake/log.h"
#include "tests/fake/pci.h"

static uint8_t memory[1 << 20];
static struct arena arena;
static struct pci_facts facts;
static struct diag diags[64];
static struct diag_list list;

static const struct pci_ecam one_segment[] = {{.segment = 0, .first_bus = 0, .last_bus = 255}};

static int setup(void **state)
{
    (void)state;
    fake_pci_reset();
    fake_log_reset();
    arena = arena_make(memory, sizeof(memory));
    list = diag_list_make(diags, 64);
    return 0;
}

static void enumerate(void)
{
    pci_config_use_ecam(one_segment, 1);
    assert_int_equal(pci_enumerate(one_segment, 1, &arena, &facts, &list), STATUS_OK);
}

static size_t count_code(unsigned code)
{
    size_t n = 0;
    for (size_t i = 0; i < list.count; i++) {
        n += list.items[i].code == code;
    }
    return n;
}

static const struct pci_function *at(unsigned bus, unsigned device, unsigned function)
{
    const struct pci_function *f = pci_find(&facts, sbdf_make(0, bus, device, function));
    assert_non_null(f);
    return f;
}

static struct fake_pci_function *endpoint(unsigned bus, unsigned device, unsigned function)
{
    return fake_pci_add(sbdf_make(0, bus, device, function), 0x1234, 0x11e8, 0x00ff00);
}

static void reads_what_a_function_says(void **state)
{
    (void)state;
    struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 0, 3, 0), 0x8086, 0x10d3, 0x020000);
    fake_pci_set(f, 0x08, 1, 0x07);
    fake_pci_set(f, 0x2c, 4, 0xa01f8086);
    fake_pci_set(f, 0x3d, 1, 2);
    uint16_t express = fake_pci_add_express(f, PCI_EXPRESS_ENDPOINT, true);
    fake_pci_add_pm(f, true);
    fake_pci_add_msi(f, true, true);
    fake_pci_add_msix(f, 5, 3, 0x2003);
    fake_pci_add_af(f);
    uint16_t acs = fake_pci_add_ext_cap(f, 0x0d, 8);
    fake_pci_set(f, acs + 4, 4, 0x001d001f);
    uint16_t sriov = fake_pci_add_ext_cap(f, 0x10, 0x40);
    enumerate();
    assert_int_equal(facts.count, 1);
    const struct pci_function *got = at(0, 3, 0);
    assert_int_equal(got->vendor, 0x8086);
    assert_int_equal(got->device, 0x10d3);
    assert_int_equal(got->class_code, 0x020000);
    assert_int_equal(got->revision, 7);
    assert_int_equal(got->subsystem_vendor, 0x8086);
    assert_int_equal(got->subsystem, 0xa01f);
    assert_int_equal(got->interrupt_pin, 2);
    assert_int_equal(got->express, PCI_EXPRESS_ENDPOINT);
    assert_int_equal(got->cap.express, express);
    assert_int_equal(got->cap.acs, acs);
    assert_int_equal(got->cap.sriov, sriov);
    assert_int_equal(got->acs_cap, 0x1f);
    assert_int_equal(got->acs_control, 0x1d);
    assert_int_equal(got->msix_count, 5);
    assert_int_equal(got->msi_count, 1);
    assert_true(got->has_flr && got->has_af_flr && got->no_soft_reset && got->is_pf);
    assert_false(got->multifunction || got->bridge);
    assert_int_equal(got->parent, PCI_NO_INDEX);
    assert_int_equal(list.count, 0);
}

static void links_the_tree(void **state)
{
    (void)state;
    endpoint(0, 0, 0);
    struct fake_pci_function *port = fake_pci_add_bridge(sbdf_make(0, 0, 1, 0), 1, 4);
    fake_pci_add_express(port, PCI_EXPRESS_ROOT_PORT, false);
    fake_pci_add_bridge(sbdf_make(0, 1, 0, 0), 2, 4);
    fake_pci_add_bridge(sbdf_make(0, 2, 0, 0), 3, 3);
    fake_pci_add_bridge(sbdf_make(0, 2, 1, 0), 4, 4);
    endpoint(3, 0, 0);
    endpoint(3, 0, 1);
    endpoint(4, 0, 0);
    enumerate();
    assert_int_equal(facts.count, 8);
    assert_int_equal(list.count, 0);
    assert_ptr_equal(pci_parent(&facts, at(3, 0, 0)), at(2, 0, 0));
    assert_ptr_equal(pci_parent(&facts, at(3, 0, 1)), at(2, 0, 0));
    assert_ptr_equal(pci_parent(&facts, at(4, 0, 0)), at(2, 1, 0));
    assert_ptr_equal(pci_parent(&facts, at(2, 1, 0)), at(1, 0, 0));
    assert_ptr_equal(pci_parent(&facts, at(1, 0, 0)), at(0, 1, 0));
    assert_null(pci_parent(&facts, at(0, 1, 0)));
    assert_true(at(3, 0, 0)->multifunction && at(3, 0, 1)->multifunction);
    assert_false(at(4, 0, 0)->multifunction);
    for (size_t i = 0; i < facts.count; i++) {
        assert_int_equal(facts.functions[i].blocked, 0);
        assert_true(facts.functions[i].parent == PCI_NO_INDEX || facts.functions[i].parent < i);
        assert_true(i == 0 || facts.functions[i - 1].at.v < facts.functions[i].at.v);
    }
    assert_int_equal(pci_find_index(&facts, sbdf_make(0, 9, 0, 0)), PCI_NO_INDEX);
}

static void windows_in_any_order_and_overlapping(void **state)
{
    (void)state;
    static const struct pci_ecam windows[] = {{.segment = 1, .first_bus = 0, .last_bus = 3},
                                              {.segment = 0, .first_bus = 0x80, .last_bus = 0x8f},
                                              {.segment = 0, .first_bus = 0, .last_bus = 0x85}};
    fake_pci_add_root(0, 0x80);
    fake_pci_add_root(1, 0);
    fake_pci_add(sbdf_make(1, 0, 2, 0), 1, 2, 0);
    fake_pci_add(sbdf_make(0, 0x80, 2, 0), 1, 2, 0);
    fake_pci_add(sbdf_make(0, 0, 2, 0), 1, 2, 0);
    pci_config_use_ecam(windows, 3);
    assert_int_equal(pci_enumerate(windows, 3, &arena, &facts, &list), STATUS_OK);
    assert_int_equal(facts.count, 3);
    assert_int_equal(facts.functions[0].at.v, sbdf_make(0, 0, 2, 0).v);
    assert_int_equal(facts.functions[1].at.v, sbdf_make(0, 0x80, 2, 0).v);
    assert_int_equal(facts.functions[2].at.v, sbdf_make(1, 0, 2, 0).v);
    assert_int_equal(facts.functions[1].parent, PCI_NO_INDEX);
}

static void legacy_ports_reach_segment_0(void **state)
{
    (void)state;
    struct fake_pci_function *f = endpoint(0, 4, 0);
    fake_pci_add_express(f, PCI_EXPRESS_ENDPOINT, false);
    fake_pci_add_ext_cap(f, 0x0d, 8);
    assert_int_equal(pci_enumerate(NULL, 0, &arena, &facts, &list), STATUS_OK);
    assert_int_equal(facts.count, 1);
    assert_int_equal(at(0, 4, 0)->cap.acs, 0); /* beyond 256 bytes nothing can be reached */
    assert_int_equal(list.count, 0);
}

static void full_arena_is_an_error(void **state)
{
    (void)state;
    endpoint(0, 1, 0);
    endpoint(0, 2, 0);
    arena = arena_make(memory, sizeof(struct pci_function) + 32);
    pci_config_use_ecam(one_segment, 1);
    assert_int_equal(pci_enumerate(one_segment, 1, &arena, &facts, &list), STATUS_NO_MEMORY);
}

static void only_function_0_of_a_single_function_device(void **state)
{
    (void)state;
    endpoint(0, 5, 1); /* no function 0: what answers here is not a device */
    enumerate();
    assert_int_equal(facts.count, 0);
}

static void undefined_header_is_blocked(void **state)
{
    (void)state;
    struct fake_pci_function *f = endpoint(0, 5, 0);
    fake_pci_set(f, 0x0e, 1, 0x25);
    enumerate();
    assert_int_equal(at(0, 5, 0)->blocked, PCI_BLOCKED_HEADER);
    assert_int_equal(count_code(PCI_DIAG_HEADER_TYPE), 1);
}

/* The tree alone, without hardware: what no sane machine can be enumerated with. */
static struct pci_function bridge_of(unsigned bus, unsigned device, unsigned secondary, unsigned subordinate)
{
    return (struct pci_function){.at = sbdf_make(0, bus, device, 0),
                                 .bridge = true,
                                 .header = 1,
                                 .primary = (uint8_t)bus,
                                 .secondary = (uint8_t)secondary,
                                 .subordinate = (uint8_t)subordinate};
}

static struct pci_function device_of(unsigned bus, unsigned device)
{
    return (struct pci_function){.at = sbdf_make(0, bus, device, 0)};
}

static void link_these(struct pci_function *functions, size_t count)
{
    facts = (struct pci_facts){.functions = functions, .count = count};
    pci_tree_link(&facts, &list);
}

static void backward_bridge_blocks_what_it_claims(void **state)
{
    (void)state;
    struct pci_function f[] = {device_of(0, 0), bridge_of(0, 1, 2, 1), device_of(2, 0)};
    link_these(f, 3);
    assert_int_equal(count_code(PCI_DIAG_BRIDGE_BUSES), 1);
    assert_int_equal(f[0].blocked, 0);
    assert_int_equal(f[1].blocked, PCI_BLOCKED_BRIDGE_PATH);
    assert_int_equal(f[2].blocked, PCI_BLOCKED_BRIDGE_PATH);
    assert_int_equal(f[2].parent, PCI_NO_INDEX);
}

static void loop_of_bridges_ends(void **state)
{
    (void)state;
    struct pci_function f[] = {bridge_of(0, 1, 1, 2), bridge_of(1, 0, 2, 2), bridge_of(2, 0, 1, 2), device_of(2, 1)};
    link_these(f, 4);
    assert_true(count_code(PCI_DIAG_BRIDGE_BUSES) == 1);
    assert_int_equal(f[2].blocked, PCI_BLOCKED_BRIDGE_PATH);
    for (size_t i = 0; i < 4; i++) {
        assert_true(f[i].parent == PCI_NO_INDEX || f[i].parent < i);
    }
}

static void bridge_to_its_own_bus_spares_that_bus(void **state)
{
    (void)state;
    struct pci_function f[] = {device_of(0, 0), bridge_of(0, 1, 0, 5), bridge_of(0, 2, 1, 1), device_of(1, 0)};
    link_these(f, 4);
    assert_int_equal(f[0].blocked, 0);
    assert_int_equal(f[1].blocked, PCI_BLOCKED_BRIDGE_PATH);
    assert_int_equal(f[2].blocked, PCI_BLOCKED_BRIDGE_PATH); /* overlaps the nonsense one */
    assert_int_equal(f[3].blocked, PCI_BLOCKED_BRIDGE_PATH);
}

static void overlapping_siblings_are_both_blocked(void **state)
{
    (void)state;
    struct pci_function f[] = {bridge_of(0, 1, 1, 3), bridge_of(0, 2, 3, 4), bridge_of(0, 3, 5, 5),
                               device_of(1, 0),       device_of(4, 0),       device_of(5, 0)};
    link_these(f, 6);
    assert_int_equal(count_code(PCI_DIAG_BRIDGE_OVERLAP), 1);
    assert_int_equal(f[3].blocked, PCI_BLOCKED_BRIDGE_PATH);
    assert_int_equal(f[4].blocked, PCI_BLOCKED_BRIDGE_PATH);
    assert_int_equal(f[5].blocked, 0);
    assert_int_equal(f[5].parent, 2);
}

static void child_range_outside_its_parent(void **state)
{
    (void)state;
    struct pci_function f[] = {bridge_of(0, 1, 1, 2), bridge_of(1, 0, 2, 9), device_of(2, 0), device_of(9, 0)};
    link_these(f, 4);
    assert_int_equal(count_code(PCI_DIAG_BRIDGE_OVERLAP), 1);
    assert_int_equal(f[2].blocked, PCI_BLOCKED_BRIDGE_PATH);
    assert_int_equal(f[3].blocked, PCI_BLOCKED_BRIDGE_PATH);
}

static void orphan_bus_is_blocked(void **state)
{
    (void)state;
    struct pci_function f[] = {bridge_of(0, 1, 1, 4), device_of(1, 0), device_of(3, 0)};
    link_these(f, 3);
    assert_int_equal(f[1].blocked, 0);
    assert_int_equal(f[2].blocked, PCI_BLOCKED_BRIDGE_PATH);
    assert_int_equal(count_code(PCI_DIAG_BUS_ORPHAN), 1);
}

static void unset_bridge_and_wrong_primary_are_notes(void **state)
{
    (void)state;
    struct pci_function f[] = {bridge_of(0, 1, 0, 0), bridge_of(0, 2, 1, 1), device_of(1, 0)};
    f[1].primary = 7;
    link_these(f, 3);
    assert_int_equal(count_code(PCI_DIAG_BRIDGE_UNSET), 1);
    assert_int_equal(count_code(PCI_DIAG_BRIDGE_PRIMARY), 1);
    assert_int_equal(f[2].blocked, 0);
    assert_int_equal(list.errors, 0);
}

static void segments_do_not_mix(void **state)
{
    (void)state;
    struct pci_function f[] = {bridge_of(0, 1, 1, 3), device_of(1, 0)};
    f[1].at = sbdf_make(1, 1, 0, 0);
    link_these(f, 2);
    assert_int_equal(f[1].parent, PCI_NO_INDEX);
    assert_int_equal(f[1].blocked, 0);
}

static void inventory_is_stable(void **state)
{
    (void)state;
    struct fake_pci_function *port = fake_pci_add_bridge(sbdf_make(0, 0, 3, 0), 1, 1);
    fake_pci_add_express(port, PCI_EXPRESS_ROOT_PORT, false);
    fake_pci_add_ext_cap(port, 0x0d, 8);
    struct fake_pci_function *f = endpoint(1, 0, 0);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM64_PREFETCHABLE, 0x800000000, 0x4000);
    enumerate();
    char line[240];
    pci_inventory_line(at(0, 3, 0), line, sizeof(line));
    assert_string_equal(line, "0000:00:03.0 8086:0d57 class=060400 rev=00 type=root-port bus=01-01 caps=acs");
    pci_inventory_line(at(1, 0, 0), line, sizeof(line));
    assert_string_equal(line, "0000:01:00.0 1234:11e8 class=00ff00 rev=00 type=pci bar0=mem64p:800000000+0");
    char small[10];
    assert_true(pci_inventory_line(at(0, 3, 0), small, sizeof(small)) > 60);
    assert_string_equal(small, "0000:00:0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_what_a_function_says, setup),
        cmocka_unit_test_setup(links_the_tree, setup),
        cmocka_unit_test_setup(windows_in_any_order_and_overlapping, setup),
        cmocka_unit_test_setup(legacy_ports_reach_segment_0, setup),
        cmocka_unit_test_setup(full_arena_is_an_error, setup),
        cmocka_unit_test_setup(only_function_0_of_a_single_function_device, setup),
        cmocka_unit_test_setup(undefined_header_is_blocked, setup),
        cmocka_unit_test_setup(backward_bridge_blocks_what_it_claims, setup),
        cmocka_unit_test_setup(loop_of_bridges_ends, setup),
        cmocka_unit_test_setup(bridge_to_its_own_bus_spares_that_bus, setup),
        cmocka_unit_test_setup(overlapping_siblings_are_both_blocked, setup),
        cmocka_unit_test_setup(child_range_outside_its_parent, setup),
        cmocka_unit_test_setup(orphan_bus_is_blocked, setup),
        cmocka_unit_test_setup(unset_bridge_and_wrong_primary_are_notes, setup),
        cmocka_unit_test_setup(segments_do_not_mix, setup),
        cmocka_unit_test_setup(inventory_is_stable, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
