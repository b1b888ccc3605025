/* SPDX-License-Identifier: GPL-2.0-only
 * plan/groups.c: the vectors T1 to T14, then each rule and quirk by itself. */
#include "plan/groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_acs.h"
#include "plan/group_quirks.h"

#define MAX_FUNCTIONS 64
#define ROOT PCI_EXPRESS_ROOT_PORT
#define UP PCI_EXPRESS_UPSTREAM
#define DOWN PCI_EXPRESS_DOWNSTREAM
#define END PCI_EXPRESS_ENDPOINT
#define PCI PCI_EXPRESS_NONE

static struct pci_function functions[MAX_FUNCTIONS];
static struct pci_facts facts;
static struct groups groups;
static struct diag items[32];
static struct diag_list diags;
static uint8_t memory[256 * KIB];
static char text[2048];

static int empty(void **state)
{
    (void)state;
    facts = (struct pci_facts){.functions = functions};
    return 0;
}

/* An address "01:00.1" or "0001:01:00.1". */
static struct sbdf address(const char *at)
{
    char full[32];
    struct sbdf s;
    snprintf(full, sizeof(full), "%s%s", strlen(at) < 8 ? "0000:" : "", at);
    assert_true(sbdf_parse(full, strlen(full), &s));
    return s;
}

/* A function that no row of the table knows; good until the next one is added. */
static struct pci_function *add(const char *at, enum pci_express_type type)
{
    assert_true(facts.count < MAX_FUNCTIONS);
    struct pci_function *f = &functions[facts.count++];
    *f = (struct pci_function){.at = address(at),
                               .vendor = 0x1234,
                               .device = 0x1111,
                               .express = type,
                               .parent = PCI_NO_INDEX,
                               .class_code = 0x020000};
    f->cap.express = type == PCI ? 0 : 0x40;
    return f;
}

static struct pci_function *add_multi(const char *at, enum pci_express_type type)
{
    struct pci_function *f = add(at, type);
    f->multifunction = true;
    return f;
}

static void acs(struct pci_function *f, uint16_t cap, uint16_t control)
{
    f->cap.acs = 0x100;
    f->acs_cap = cap;
    f->acs_control = control;
}

static struct pci_function *bridge(const char *at, enum pci_express_type type, unsigned secondary, unsigned last)
{
    struct pci_function *f = add(at, type);
    f->class_code = 0x060400;
    f->header = 1;
    f->bridge = true;
    f->primary = sbdf_bus(f->at);
    f->secondary = (uint8_t)secondary;
    f->subordinate = (uint8_t)last;
    return f;
}

/* One that isolates. */
static struct pci_function *acs_bridge(const char *at, enum pci_express_type type, unsigned secondary, unsigned last)
{
    struct pci_function *f = bridge(at, type, secondary, last);
    acs(f, 0x1f, PCI_ACS_ISOLATION);
    return f;
}

static int by_address(const void *a, const void *b)
{
    uint32_t left = ((const struct pci_function *)a)->at.v;
    uint32_t right = ((const struct pci_function *)b)->at.v;
    return (left > right) - (left < right);
}

static void link_all(void)
{
    qsort(functions, facts.count, sizeof(*functions), by_address);
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    pci_tree_link(&facts, &diags);
}

static void group(void)
{
    struct arena arena = arena_make(memory, sizeof(memory));
    assert_int_equal(groups_make(&facts, &arena, &groups), STATUS_OK);
}

/* "{00:01.0}{01:00.0 01:00.1}": without segment 0. */
static const char *as_text(void)
{
    size_t used = 0;
    for (size_t g = 0; g < groups.count; g++) {
        for (uint32_t i = groups.first[g]; i < groups.first[g + 1]; i++) {
            char at[SBDF_TEXT_SIZE];
            sbdf_text(functions[groups.members[i]].at, at);
            bool short_form = strncmp(at, "0000:", 5) == 0;
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i == groups.first[g] ? "{" : " ",
                                     at + (short_form ? 5 : 0));
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "}");
    }
    return text;
}

static void expect(const char *expected)
{
    link_all();
    group();
    assert_string_equal(as_text(), expected);
}

static uint32_t index_of(const char *at)
{
    uint32_t index = pci_find_index(&facts, address(at));
    assert_true(index != PCI_NO_INDEX);
    return index;
}

static void expect_reason(const char *at, enum group_reason reason, const char *via)
{
    const struct group_member *m = &groups.of[index_of(at)];
    assert_string_equal(group_reason_text(m->reason), group_reason_text(reason));
    assert_int_equal(m->via, via == NULL ? PCI_NO_INDEX : index_of(via));
}

static void expect_says(const char *at, const char *expected)
{
    char out[256];
    assert_string_equal(group_reason_say(&facts, &groups, index_of(at), out, sizeof(out)), expected);
}

/* All sources, as "01:00.0 01:00.1". */
static void expect_sources(const char *at, const char *expected)
{
    struct sbdf sources[GROUP_SOURCES_MAX];
    size_t count = group_sources(&facts, index_of(at), sources);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char id[SBDF_TEXT_SIZE];
        sbdf_text(sources[i], id);
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i == 0 ? "" : " ", id + 5);
    }
    assert_string_equal(text, expected);
}

static void t1_t2_one_root_port(void **state)
{
    acs_bridge("00:01.0", ROOT, 1, 1);
    add("01:00.0", END);
    expect("{00:01.0}{01:00.0}");
    expect_reason("01:00.0", GROUP_ALONE, NULL);
    expect_sources("01:00.0", "01:00.0");
    empty(state);
    bridge("00:01.0", ROOT, 1, 1);
    add("01:00.0", END);
    expect("{00:01.0 01:00.0}");
    expect_reason("00:01.0", GROUP_ALONE, NULL);
    expect_reason("01:00.0", GROUP_BRIDGE, "00:01.0");
    expect_says("01:00.0", "0000:00:01.0 above it has no ACS");
    expect_sources("01:00.0", "01:00.0");
}

static void t3_t4_ports_of_one_device(void **state)
{
    bridge("00:1c.0", ROOT, 1, 1)->multifunction = true;
    bridge("00:1c.1", ROOT, 2, 2);
    add("01:00.0", END);
    add("02:00.0", END);
    expect("{00:1c.0 00:1c.1 01:00.0 02:00.0}");
    expect_reason("00:1c.1", GROUP_MULTIFUNCTION, "00:1c.0");
    expect_reason("01:00.0", GROUP_BRIDGE, "00:1c.0");
    expect_reason("02:00.0", GROUP_BRIDGE, "00:1c.1");
    expect_says("00:1c.1", "0000:00:1c.0 is a function of the same device, and neither has all of ACS");
    empty(state);
    acs_bridge("00:1c.0", ROOT, 1, 1)->multifunction = true;
    acs_bridge("00:1c.1", ROOT, 2, 2);
    add("01:00.0", END);
    add("02:00.0", END);
    expect("{00:1c.0}{00:1c.1}{01:00.0}{02:00.0}");
}

static void t5_t6_functions_of_one_endpoint(void **state)
{
    acs_bridge("00:01.0", ROOT, 1, 1);
    add_multi("01:00.0", END);
    add("01:00.1", END);
    expect("{00:01.0}{01:00.0 01:00.1}");
    expect_reason("01:00.1", GROUP_MULTIFUNCTION, "01:00.0");
    empty(state);
    acs_bridge("00:01.0", ROOT, 1, 1);
    acs(add_multi("01:00.0", END), 0x0c, 0x0c);
    acs(add("01:00.1", END), 0x0c, 0x0c);
    expect("{00:01.0}{01:00.0}{01:00.1}");
    acs(&functions[2], 0x0c, 0x04); /* one bit off: it lets pass, but to nobody who does, too */
    expect("{00:01.0}{01:00.0}{01:00.1}");
    acs(&functions[1], 0x0c, 0x08);
    expect("{00:01.0}{01:00.0 01:00.1}");
    acs(&functions[1], 0, 0); /* a capability without bits: there is nothing to redirect */
    acs(&functions[2], 0, 0);
    expect("{00:01.0}{01:00.0}{01:00.1}");
    functions[2].cap.acs = 0;
    functions[1].cap.acs = 0;
    expect("{00:01.0}{01:00.0 01:00.1}");
}

static void a_switch(bool with_acs, const char *second)
{
    struct pci_function *(*port)(const char *, enum pci_express_type, unsigned, unsigned) =
        with_acs ? acs_bridge : bridge;
    acs_bridge("00:01.0", ROOT, 1, 4);
    bridge("01:00.0", UP, 2, 4);
    port("02:00.0", DOWN, 3, 3)->multifunction = strcmp(second, "02:00.1") == 0;
    port(second, DOWN, 4, 4);
    add("03:00.0", END);
    add("04:00.0", END);
}

static void t7_t8_switches(void **state)
{
    a_switch(false, "02:01.0");
    expect("{00:01.0}{01:00.0}{02:00.0 02:01.0 03:00.0 04:00.0}");
    expect_reason("02:01.0", GROUP_SWITCH, "02:00.0");
    struct arena arena = arena_make(memory, sizeof(memory));
    assert_int_equal(groups_make_as_linux(&facts, &arena, &groups), STATUS_OK);
    assert_string_equal(as_text(), "{00:01.0}{01:00.0}{02:00.0 03:00.0}{02:01.0 04:00.0}");
    group();
    expect_reason("03:00.0", GROUP_BRIDGE, "02:00.0");
    expect_reason("04:00.0", GROUP_BRIDGE, "02:01.0");
    empty(state);
    a_switch(false, "02:00.1");
    expect("{00:01.0}{01:00.0}{02:00.0 02:00.1 03:00.0 04:00.0}");
    expect_reason("02:00.1", GROUP_MULTIFUNCTION, "02:00.0");
    empty(state);
    a_switch(true, "02:01.0");
    expect("{00:01.0}{01:00.0}{02:00.0}{02:01.0}{03:00.0}{04:00.0}");
}

/* A port without ACS sends what comes from below to any other port, whatever that one's ACS says. */
static void one_leaking_port_opens_the_switch(void **state)
{
    (void)state;
    a_switch(true, "02:01.0");
    acs_bridge("02:02.0", DOWN, 5, 5);
    functions[0].subordinate = functions[1].subordinate = 5;
    functions[3].acs_control = PCI_ACS_SOURCE_VALIDATION;
    expect("{00:01.0}{01:00.0}{02:00.0 02:01.0 02:02.0 03:00.0 04:00.0}");
    expect_says("03:00.0", "0000:02:00.0 above it is a port of a switch whose ports do not all isolate");
    expect_says("04:00.0", "0000:02:01.0 above it has not all of ACS on");
    expect_says("02:02.0", "0000:02:01.0 is a port of the same switch, whose ports do not all isolate");
}

/* Ports of different switches, and root ports in different slots, say nothing about each other. */
static void ports_of_other_switches(void **state)
{
    (void)state;
    bridge("00:01.0", ROOT, 1, 3);
    bridge("00:02.0", ROOT, 4, 6);
    bridge("01:00.0", UP, 2, 3);
    bridge("02:00.0", DOWN, 3, 3);
    bridge("04:00.0", UP, 5, 6);
    bridge("05:00.0", DOWN, 6, 6);
    expect("{00:01.0 01:00.0 02:00.0}{00:02.0 04:00.0 05:00.0}");
    expect_says("02:00.0", "0000:01:00.0 above it is below 0000:00:01.0, which has no ACS");
}

static void t9_pcie_to_pci(void **state)
{
    (void)state;
    uint8_t first = 0;
    uint8_t last = 0;
    acs_bridge("00:01.0", ROOT, 1, 2);
    bridge("01:00.0", PCI_EXPRESS_TO_PCI, 2, 2);
    add("02:00.0", PCI);
    add("02:01.0", PCI);
    expect("{00:01.0}{01:00.0 02:00.0 02:01.0}");
    expect_reason("02:01.0", GROUP_CONVENTIONAL, "01:00.0");
    expect_sources("02:01.0", "02:01.0 02:00.0");
    expect_sources("02:00.0", "02:00.0");
    expect_sources("01:00.0", "01:00.0");
    assert_true(group_interrupt_buses(&facts, index_of("02:01.0"), &first, &last));
    assert_int_equal(first, 2);
    assert_int_equal(last, 2);
    assert_false(group_interrupt_buses(&facts, index_of("01:00.0"), &first, &last));
    assert_int_equal(group_interrupt_source(&facts, index_of("01:00.0")).v, 0x100);
}

static void t10_conventional(void **state)
{
    (void)state;
    uint8_t first = 0;
    uint8_t last = 0;
    bridge("00:1e.0", PCI, 5, 5);
    add("05:00.0", PCI);
    add("05:01.0", PCI);
    expect("{00:1e.0 05:00.0 05:01.0}");
    expect_sources("05:01.0", "05:01.0 00:1e.0");
    assert_false(group_interrupt_buses(&facts, index_of("05:01.0"), &first, &last));
    assert_int_equal(group_interrupt_source(&facts, index_of("05:01.0")).v, address("00:1e.0").v);
}

/* PCIe-to-PCI, below it a plain PCI bridge: interrupts may come from either bus. */
static void bridges_below_bridges(void **state)
{
    (void)state;
    uint8_t first = 0;
    uint8_t last = 0;
    acs_bridge("00:01.0", ROOT, 1, 3);
    bridge("01:00.0", PCI_EXPRESS_TO_PCI, 2, 3);
    bridge("02:04.0", PCI, 3, 3);
    add("03:02.0", PCI);
    expect("{00:01.0}{01:00.0 02:04.0 03:02.0}");
    expect_sources("03:02.0", "03:02.0 02:04.0 02:00.0");
    assert_true(group_interrupt_buses(&facts, index_of("03:02.0"), &first, &last));
    assert_int_equal(first, 2);
    assert_int_equal(last, 3);
    expect_reason("03:02.0", GROUP_CONVENTIONAL, "02:04.0");
}

/* A PCI-to-PCIe bridge: all below it is one group, whatever ACS the ports below have. */
static void pci_to_pcie(void **state)
{
    (void)state;
    bridge("00:1e.0", PCI_EXPRESS_FROM_PCI, 1, 4);
    bridge("01:00.0", UP, 2, 4);
    acs_bridge("02:00.0", DOWN, 3, 3);
    acs_bridge("02:01.0", DOWN, 4, 4);
    add("03:00.0", END);
    add("04:00.0", END);
    expect("{00:1e.0 01:00.0 02:00.0 02:01.0 03:00.0 04:00.0}");
    expect_sources("04:00.0", "04:00.0 00:1e.0");
}

static void t11_vmd(void **state)
{
    (void)state;
    struct pci_function *vmd = add("00:0e.0", PCI_EXPRESS_RC_ENDPOINT);
    vmd->vendor = 0x8086;
    vmd->device = 0x9a0b;
    add("00:1f.0", END);
    struct pci_function *port = bridge("10000:e0:01.0", ROOT, 0xe1, 0xe1);
    port->is_vmd_child = true;
    struct pci_function *nvme = add("10000:e1:00.0", END);
    nvme->is_vmd_child = true;
    link_all();
    group();
    assert_int_equal(groups.count, 2);
    assert_int_equal(groups.of[index_of("10000:e1:00.0")].group, 0);
    expect_reason("10000:e1:00.0", GROUP_VMD, "00:0e.0");
    expect_reason("10000:e0:01.0", GROUP_VMD, "00:0e.0");
    expect_says("10000:e1:00.0", "its requests have the id of 0000:00:0e.0, the VMD endpoint");
    expect_sources("10000:e1:00.0", "00:0e.0");
    assert_int_equal(group_interrupt_source(&facts, index_of("10000:e1:00.0")).v, address("00:0e.0").v);
}

static void virtual_functions(bool with_acs)
{
    (with_acs ? acs_bridge : bridge)("00:01.0", ROOT, 1, 2);
    add("01:00.0", END)->is_pf = true;
    add("01:10.0", END)->is_vf = true;
    add("02:00.0", END)->is_vf = true; /* on a bus of its own, which no bridge leads to */
    link_all();
    for (uint32_t i = 2; i < 4; i++) {
        functions[i].pf = 1;
        functions[i].parent = i == 2 ? 0 : PCI_NO_INDEX;
    }
    group();
}

static void t12_virtual_functions(void **state)
{
    virtual_functions(true);
    assert_string_equal(as_text(), "{00:01.0}{01:00.0}{01:10.0}{02:00.0}");
    empty(state);
    virtual_functions(false);
    assert_string_equal(as_text(), "{00:01.0 01:00.0 01:10.0 02:00.0}");
    expect_reason("02:00.0", GROUP_BRIDGE, "00:01.0");
}

static struct pci_function *marvell(const char *at)
{
    struct pci_function *f = add(at, PCI_EXPRESS_LEGACY_ENDPOINT);
    f->vendor = 0x1b4b;
    f->device = 0x9172;
    return f;
}

static void t13_alias(void **state)
{
    acs_bridge("00:01.0", ROOT, 1, 1);
    marvell("01:00.0");
    acs(add("01:00.1", END), 0, 0);
    expect("{00:01.0}{01:00.0 01:00.1}");
    expect_reason("01:00.1", GROUP_ALIAS, "01:00.0");
    assert_string_equal(groups.of[index_of("01:00.1")].quirk, "quirk_dma_func1_alias");
    expect_sources("01:00.0", "01:00.0 01:00.1");
    expect_sources("01:00.1", "01:00.1");
    empty(state);
    acs_bridge("00:01.0", ROOT, 1, 1);
    marvell("01:00.0");
    expect("{00:01.0}{01:00.0}");
    expect_sources("01:00.0", "01:00.0 01:00.1");
    assert_true(group_interrupt_source(&facts, index_of("01:00.0")).v == 0x100);
    uint8_t first = 0;
    uint8_t last = 0;
    assert_true(group_interrupt_buses(&facts, index_of("01:00.0"), &first, &last));
    assert_true(first == 1 && last == 1);
    add("01:02.0", END); /* a stranger on that bus, whose messages the entry must not take */
    assert_false(group_interrupt_buses(&facts, index_of("01:00.0"), &first, &last));
}

static void t14_on_the_root_bus(void **state)
{
    add_multi("00:1f.0", PCI);
    add("00:1f.3", PCI);
    add("00:1f.4", PCI);
    expect("{00:1f.0 00:1f.3 00:1f.4}");
    empty(state);
    add_multi("00:1f.0", PCI_EXPRESS_RC_ENDPOINT)->vendor = 0x8086;
    add("00:1f.3", PCI_EXPRESS_RC_ENDPOINT)->vendor = 0x8086;
    add("00:1f.4", PCI_EXPRESS_RC_ENDPOINT)->vendor = 0x8086;
    expect("{00:1f.0}{00:1f.3}{00:1f.4}");
    assert_string_equal(groups.of[1].quirk, "pci_quirk_rciep_acs");
}

/* Function 0 need not say that there are more: a function above 0 is proof enough. */
static void functions_without_the_bit(void **state)
{
    (void)state;
    add("00:1f.0", PCI);
    add("00:1f.3", PCI);
    expect("{00:1f.0 00:1f.3}");
}

static void a_chain_of_aliases(void **state)
{
    (void)state;
    acs_bridge("00:01.0", ROOT, 1, 1);
    struct pci_function *ricoh = add("01:00.2", END); /* sends as .0 */
    ricoh->vendor = 0x1180;
    ricoh->device = 0xe832;
    acs(ricoh, 0, 0);
    acs(add_multi("01:00.0", END), 0, 0);
    expect("{00:01.0}{01:00.0 01:00.2}");
    expect_reason("01:00.2", GROUP_ALIAS, "01:00.0");
    expect_sources("01:00.2", "01:00.2 01:00.0");
}

/* A partner of a higher address is all that ties a function to its group. */
static void tied_from_above_only(void **state)
{
    (void)state;
    acs_bridge("00:01.0", ROOT, 1, 1);
    for (unsigned i = 0; i < 2; i++) {
        struct pci_function *phi = add(i == 0 ? "01:00.0" : "01:01.0", END);
        phi->vendor = 0x8086;
        phi->device = 0x2260;
    }
    add("01:10.0", END);
    expect("{00:01.0}{01:00.0 01:01.0 01:10.0}");
    expect_reason("01:01.0", GROUP_ALIAS, "01:10.0");
}

static void non_transparent_bridges(void **state)
{
    (void)state;
    uint8_t first = 0;
    uint8_t last = 0;
    acs_bridge("00:01.0", ROOT, 1, 1);
    struct pci_function *ntb = add("01:00.0", END);
    ntb->vendor = 0x10b5;
    ntb->device = 0x87b0;
    add("01:01.0", END);
    expect("{00:01.0}{01:00.0 01:01.0}");
    assert_true(group_interrupt_buses(&facts, 1, &first, &last));
    assert_int_equal(first, 1);
    assert_int_equal(last, 1);
    struct sbdf sources[GROUP_SOURCES_MAX];
    assert_int_equal(group_sources(&facts, 1, sources), GROUP_SOURCES_MAX);
}

static void phantom_functions(void **state)
{
    (void)state;
    acs_bridge("00:01.0", ROOT, 1, 1);
    add("01:00.0", END)->phantom_bits = 2;
    expect("{00:01.0}{01:00.0}");
    expect_sources("01:00.0", "01:00.0 01:00.2 01:00.4 01:00.6");
    uint8_t first = 0;
    uint8_t last = 0;
    assert_true(group_interrupt_buses(&facts, 1, &first, &last)); /* nobody else is there */
    assert_true(first == 1 && last == 1);
    functions[1].phantom_bits = 3;
    expect_sources("01:00.0", "01:00.0 01:00.1 01:00.2 01:00.3 01:00.4 01:00.5 01:00.6 01:00.7");
    acs(add("01:00.5", END), 0, 0); /* the number is taken, against the specification */
    expect("{00:01.0}{01:00.0 01:00.5}");
    expect_reason("01:00.5", GROUP_ALIAS, "01:00.0");
}

/* Some bridges do not say that they lead from PCI Express to PCI. */
static void a_bridge_that_takes_over(void **state)
{
    (void)state;
    acs_bridge("00:01.0", ROOT, 1, 2);
    struct pci_function *asmedia = bridge("01:00.0", PCI, 2, 2);
    asmedia->vendor = 0x1b21;
    asmedia->device = 0x1080;
    add("02:03.0", PCI);
    expect("{00:01.0}{01:00.0 02:03.0}");
    expect_sources("02:03.0", "02:03.0 02:00.0");
    functions[1].device = 0x1081;
    expect_sources("02:03.0", "02:03.0 01:00.0");
}

static void chipset_ports(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pci_function *port = bridge(i == 0 ? "00:1c.0" : "00:1c.1", ROOT, i + 1, i + 1);
        port->vendor = 0x8086;
        port->device = (uint16_t)(0x8c10 + i);
        port->multifunction = true;
    }
    add("01:00.0", END);
    expect("{00:1c.0 00:1c.1 01:00.0}");
    functions[0].acs_emulated = functions[1].acs_emulated = true;
    expect("{00:1c.0}{00:1c.1}{01:00.0}");
    assert_string_equal(groups.of[0].quirk, "pci_quirk_intel_pch_acs");
    functions[1].device = 0x8c0f; /* not of the list: the mark alone is not enough */
    expect("{00:1c.0}{00:1c.1}{01:00.0}");
    add("02:00.0", END);
    expect("{00:1c.0}{00:1c.1 02:00.0}{01:00.0}");
}

static void amd_southbridges(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pci_function *f = add_multi(i == 0 ? "00:14.0" : "00:14.2", PCI);
        f->vendor = 0x1002;
        f->device = i == 0 ? 0x4385 : 0x4383;
    }
    add("00:14.3", PCI);
    expect("{00:14.0}{00:14.2}{00:14.3}");
}

/* Only ports of Zhaoxin's list are believed, and only ports are in question. */
static void zhaoxin_ports(void **state)
{
    (void)state;
    acs_bridge("00:02.0", ROOT, 1, 1)->vendor = 0x1d17;
    bridge("00:03.0", ROOT, 2, 2)->vendor = 0x1d17;
    functions[1].device = 0x0725;
    add("01:00.0", END)->vendor = 0x1d17;
    add("02:00.0", END);
    expect("{00:02.0 01:00.0}{00:03.0}{02:00.0}");
}

static void by_ari(void **state)
{
    (void)state;
    acs_bridge("00:01.0", ROOT, 1, 1);
    add("01:00.0", END)->cap.ari = 0x140;
    add("01:01.0", END)->cap.ari = 0x140; /* function 8 */
    functions[1].multifunction = true;
    expect("{00:01.0}{01:00.0 01:01.0}");
    expect_reason("01:01.0", GROUP_MULTIFUNCTION, "01:00.0");
}

/* A switch whose upstream port calls itself downstream. */
static void wrong_port_types(void **state)
{
    (void)state;
    acs_bridge("00:01.0", ROOT, 1, 4);
    bridge("01:00.0", DOWN, 2, 4);
    acs_bridge("02:00.0", DOWN, 3, 3);
    bridge("02:01.0", DOWN, 4, 4);
    add("03:00.0", END);
    expect("{00:01.0}{01:00.0}{02:00.0 02:01.0 03:00.0}");
}

static void segments_are_apart(void **state)
{
    (void)state;
    add_multi("00:1f.0", PCI);
    add("0001:00:1f.3", PCI);
    add("0001:00:1f.0", PCI);
    expect("{00:1f.0}{0001:00:1f.0 0001:00:1f.3}");
}

static void order_does_not_matter(void **state)
{
    (void)state;
    char first[sizeof(text)];
    for (unsigned round = 0; round < 20; round++) {
        empty(NULL);
        a_switch(false, "02:01.0");
        bridge("00:1e.0", PCI, 5, 5);
        add("05:01.0", PCI);
        marvell("00:04.0");
        add("00:04.1", PCI);
        srand(round);
        for (size_t i = facts.count - 1; i > 0; i--) {
            size_t j = (size_t)rand() % (i + 1);
            struct pci_function f = functions[i];
            functions[i] = functions[j];
            functions[j] = f;
        }
        link_all();
        group();
        if (round == 0) {
            snprintf(first, sizeof(first), "%s", as_text());
        }
        assert_string_equal(as_text(), first);
        for (size_t i = 0; i < facts.count; i++) {
            assert_true(groups.of[i].group < groups.count);
        }
    }
}

static void no_memory_and_nothing(void **state)
{
    (void)state;
    struct arena arena = arena_make(memory, 64);
    a_switch(true, "02:01.0");
    link_all();
    assert_int_equal(groups_make(&facts, &arena, &groups), STATUS_NO_MEMORY);
    empty(NULL);
    group();
    assert_int_equal(groups.count, 0);
    assert_int_equal(groups.first[0], 0);
}

/* What facts never hold: nothing may be read out of bounds all the same. */
static void broken_links(void **state)
{
    (void)state;
    add("00:01.0", END)->parent = 1;
    add("00:02.0", END)->parent = 1;
    functions[0].is_vf = functions[1].is_vmd_child = true;
    functions[0].pf = functions[1].vmd = 77;
    group();
    assert_int_equal(groups.count, 2);
    expect_sources("00:01.0", "00:01.0");
    expect_sources("00:02.0", "00:02.0");
}

static void the_table(void **state)
{
    (void)state;
    size_t count = 0;
    const struct group_quirk *table = group_quirk_table(&count);
    assert_true(count > 90);
    for (size_t i = 0; i < count; i++) {
        assert_true(table[i].first <= table[i].last);
        assert_non_null(table[i].name);
        assert_true(table[i].effect != GROUP_QUIRK_ALIAS_FUNCTION || table[i].value < 8);
        assert_true(table[i].effect != GROUP_QUIRK_ALIAS_DEVFN || table[i].value < 256);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(t1_t2_one_root_port, empty),
        cmocka_unit_test_setup(t3_t4_ports_of_one_device, empty),
        cmocka_unit_test_setup(t5_t6_functions_of_one_endpoint, empty),
        cmocka_unit_test_setup(t7_t8_switches, empty),
        cmocka_unit_test_setup(one_leaking_port_opens_the_switch, empty),
        cmocka_unit_test_setup(ports_of_other_switches, empty),
        cmocka_unit_test_setup(t9_pcie_to_pci, empty),
        cmocka_unit_test_setup(t10_conventional, empty),
        cmocka_unit_test_setup(bridges_below_bridges, empty),
        cmocka_unit_test_setup(pci_to_pcie, empty),
        cmocka_unit_test_setup(t11_vmd, empty),
        cmocka_unit_test_setup(t12_virtual_functions, empty),
        cmocka_unit_test_setup(t13_alias, empty),
        cmocka_unit_test_setup(t14_on_the_root_bus, empty),
        cmocka_unit_test_setup(functions_without_the_bit, empty),
        cmocka_unit_test_setup(a_chain_of_aliases, empty),
        cmocka_unit_test_setup(tied_from_above_only, empty),
        cmocka_unit_test_setup(non_transparent_bridges, empty),
        cmocka_unit_test_setup(phantom_functions, empty),
        cmocka_unit_test_setup(a_bridge_that_takes_over, empty),
        cmocka_unit_test_setup(chipset_ports, empty),
        cmocka_unit_test_setup(amd_southbridges, empty),
        cmocka_unit_test_setup(zhaoxin_ports, empty),
        cmocka_unit_test_setup(by_ari, empty),
        cmocka_unit_test_setup(wrong_port_types, empty),
        cmocka_unit_test_setup(segments_are_apart, empty),
        cmocka_unit_test_setup(order_does_not_matter, empty),
        cmocka_unit_test_setup(no_memory_and_nothing, empty),
        cmocka_unit_test_setup(broken_links, empty),
        cmocka_unit_test_setup(the_table, empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
