/* SPDX-License-Identifier: GPL-2.0-only
 * Refusal rules for assigned functions: each rule alone, on a machine where everything else is right. */
#include "plan/assign_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum at {
    BRIDGE_HOST, /* 00:00.0 */
    PORT_A,      /* 00:03.0 */
    PORT_B,      /* 00:04.0 */
    EDU,         /* 00:05.0 */
    UART,        /* 00:06.0 */
    NVME,        /* 01:00.0 behind A */
    NIC,         /* 02:00.0 behind B */
    COUNT,
};

static struct pci_function functions[COUNT + 1];
static struct dmar_unit unit;
static struct dmar_rmrr rmrr;
static struct dmar_scope scope;
static struct dmar_hop hop;
static struct machine machine;
static struct assign_limits limits;
static struct diag items[16];
static struct diag_list diags;

static struct pci_function function(unsigned bus, unsigned device, uint32_t class_code, enum pci_express_type express)
{
    return (struct pci_function){.at = sbdf_make(0, bus, device, 0),
                                 .vendor = 0x8086,
                                 .device = 1,
                                 .class_code = class_code,
                                 .express = express,
                                 .parent = PCI_NO_INDEX};
}

static struct pci_function port(unsigned device, uint8_t number)
{
    struct pci_function f = function(0, device, 0x060400, PCI_EXPRESS_ROOT_PORT);
    f.bridge = true;
    f.header = 1;
    f.secondary = f.subordinate = number;
    return f;
}

static struct pci_bar memory_bar(enum pci_bar_kind kind, uint64_t address, uint64_t size)
{
    return (struct pci_bar){.kind = kind, .assigned = address != 0, .address = address, .size = size};
}

static int setup(void **state)
{
    (void)state;
    memset(functions, 0, sizeof(functions));
    functions[BRIDGE_HOST] = function(0, 0, 0x060000, PCI_EXPRESS_NONE);
    functions[PORT_A] = port(3, 1);
    functions[PORT_B] = port(4, 2);
    functions[EDU] = function(0, 5, 0x00ff00, PCI_EXPRESS_NONE);
    functions[EDU].vendor = 0x1234;
    functions[EDU].device = 0x11e8;
    functions[EDU].bars[0] = memory_bar(PCI_BAR_MEM32, 0xfe000000, MIB);
    functions[UART] = function(0, 6, 0x070002, PCI_EXPRESS_NONE);
    functions[NVME] = function(1, 0, 0x010802, PCI_EXPRESS_ENDPOINT);
    functions[NVME].parent = PORT_A;
    functions[NVME].bars[0] = memory_bar(PCI_BAR_MEM64, 0xfd000000, 0x4000);
    functions[NIC] = function(2, 0, 0x020000, PCI_EXPRESS_ENDPOINT);
    functions[NIC].parent = PORT_B;
    functions[NIC].bars[0] = memory_bar(PCI_BAR_MEM32, 0xfc000000, 0x20000);
    unit = (struct dmar_unit){.include_all = true};
    hop = (struct dmar_hop){.device = 5};
    scope = (struct dmar_scope){.type = DMAR_SCOPE_ENDPOINT, .hops = &hop, .hop_count = 1};
    rmrr = (struct dmar_rmrr){.scopes = {.items = &scope, .count = 1}};
    machine = (struct machine){.pci = {.functions = functions, .count = COUNT},
                               .has_dmar = true,
                               .dmar = {.units = &unit, .unit_count = 1, .rmrrs = &rmrr}};
    limits = (struct assign_limits){
        .remapping = true, .console_port = 0x3f8, .functions_max = 16, .low_bytes = 512 * MIB, .high_bytes = 512 * GIB};
    return 0;
}

static enum status check(const struct assign_request *requests, size_t count)
{
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    return assign_check(&machine, &limits, requests, count, &diags);
}

static enum status check_one(struct sbdf at)
{
    struct assign_request r = {.function = at, .where = "guests.toml:4:12"};
    return check(&r, 1);
}

/* Exactly one diagnostic, with that code, its place, the function's name and a fix. */
static void expect_refused(struct sbdf at, unsigned code)
{
    char text[SBDF_TEXT_SIZE];
    assert_int_equal(check_one(at), STATUS_UNSUPPORTED);
    assert_int_equal(diags.count, 1);
    assert_int_equal(items[0].code, code);
    assert_int_equal(items[0].severity, DIAG_ERROR);
    assert_string_equal(items[0].where, "guests.toml:4:12");
    assert_non_null(strstr(items[0].what, sbdf_text(at, text)));
    assert_true(items[0].fix[0] != '\0');
}

static void good_ones_pass(void **state)
{
    (void)state;
    struct assign_request all[] = {{.function = functions[NVME].at, .guest = 0, .where = "a"},
                                   {.function = functions[NIC].at, .guest = 1, .where = "b"},
                                   {.function = functions[EDU].at, .guest = 2, .where = "c"}};
    assert_int_equal(check(all, 3), STATUS_OK);
    assert_int_equal(diags.count, 0);
    assert_int_equal(check(all, 0), STATUS_OK);
}

static void absent(void **state)
{
    (void)state;
    expect_refused(sbdf_make(0, 7, 0, 0), PLAN_DEVICES_ABSENT);
}

static void twice(void **state)
{
    (void)state;
    struct assign_request r[] = {{.function = functions[NVME].at, .guest = 0, .where = "first:1:1"},
                                 {.function = functions[NVME].at, .guest = 1, .where = "second:2:2"}};
    for (unsigned other = 0; other < 2; other++) {
        r[1].guest = other;
        assert_int_equal(check(r, 2), STATUS_UNSUPPORTED);
        assert_int_equal(diags.count, 1);
        assert_int_equal(items[0].code, PLAN_DEVICES_TWICE);
        assert_string_equal(items[0].where, "second:2:2");
        assert_non_null(strstr(items[0].what, "first:1:1"));
    }
}

static void bridges(void **state)
{
    (void)state;
    expect_refused(functions[PORT_A].at, PLAN_DEVICES_BRIDGE);
    expect_refused(functions[BRIDGE_HOST].at, PLAN_DEVICES_BRIDGE);
}

static void multifunction(void **state)
{
    (void)state;
    functions[NVME].multifunction = true;
    expect_refused(functions[NVME].at, ASSIGN_DIAG_MULTIFUNCTION);
    functions[NVME].multifunction = false;
    functions[NVME].at = sbdf_make(0, 1, 0, 1);
    expect_refused(functions[NVME].at, ASSIGN_DIAG_MULTIFUNCTION);
}

static void wrong_places(void **state)
{
    (void)state;
    functions[NVME].express = PCI_EXPRESS_UPSTREAM;
    expect_refused(functions[NVME].at, ASSIGN_DIAG_PLACE);
    functions[PORT_B].express = PCI_EXPRESS_DOWNSTREAM;
    expect_refused(functions[NIC].at, ASSIGN_DIAG_PLACE);
    functions[PORT_B].express = PCI_EXPRESS_ROOT_PORT;
}

static void alone_on_the_root_bus(void **state)
{
    (void)state;
    assert_int_equal(check_one(functions[EDU].at), STATUS_OK);
    functions[EDU].express = PCI_EXPRESS_RC_ENDPOINT;
    assert_int_equal(check_one(functions[EDU].at), STATUS_OK);
    functions[EDU].express = PCI_EXPRESS_ENDPOINT; /* there is no port above it: its place makes no sense */
    expect_refused(functions[EDU].at, ASSIGN_DIAG_PLACE);
    functions[EDU].express = PCI_EXPRESS_NONE;
    functions[EDU].parent = PORT_A; /* behind a port, it shares the bus's source id with whatever else is there */
    expect_refused(functions[EDU].at, ASSIGN_DIAG_PLACE);
}

static struct assign_request with_line(struct sbdf at, uint32_t gsi)
{
    return (struct assign_request){
        .function = at, .gsi = gsi, .gsi_where = "guests.toml:9:7", .gsi_reachable = true, .where = "guests.toml:4:12"};
}

static void expect_line_refused(const struct assign_request *r, size_t count, unsigned code)
{
    assert_int_equal(check(r, count), STATUS_UNSUPPORTED);
    assert_int_equal(diags.count, 1);
    assert_int_equal(items[0].code, code);
    assert_string_equal(items[0].where, "guests.toml:9:7");
    assert_true(items[0].fix[0] != '\0');
}

static void lines(void **state)
{
    (void)state;
    struct assign_request r = with_line(functions[EDU].at, 17);
    expect_line_refused(&r, 1, PLAN_DEVICES_NO_PIN);
    functions[EDU].interrupt_pin = functions[NIC].interrupt_pin = 1;
    assert_int_equal(check(&r, 1), STATUS_OK);
    limits.console_gsi = 17;
    expect_line_refused(&r, 1, PLAN_DEVICES_LINE_SHARED);
    limits.console_gsi = 4;
    r.gsi_reachable = false;
    expect_line_refused(&r, 1, PLAN_DEVICES_NO_LINE);
    struct assign_request two[] = {with_line(functions[EDU].at, 17), with_line(functions[NIC].at, 17)};
    expect_line_refused(two, 2, PLAN_DEVICES_LINE_SHARED);
    two[1].gsi = 18;
    assert_int_equal(check(two, 2), STATUS_OK);
}

/* No MSI and no line: it works, but somebody has to say so. */
static void without_any_interrupt(void **state)
{
    (void)state;
    functions[NIC].interrupt_pin = 1;
    assert_int_equal(check_one(functions[NIC].at), STATUS_OK);
    assert_int_equal(diags.count, 1);
    assert_int_equal(items[0].code, PLAN_DEVICES_NO_INTERRUPT);
    assert_int_equal(items[0].severity, DIAG_WARNING);
    assert_non_null(strstr(items[0].fix, "[device.\"0000:02:00.0\"]"));
    functions[NIC].cap.msi = 0x50;
    assert_int_equal(check_one(functions[NIC].at), STATUS_OK);
    assert_int_equal(diags.count, 0);
}

static void a_shared_port(void **state)
{
    (void)state;
    functions[COUNT] = function(2, 1, 0x020000, PCI_EXPRESS_ENDPOINT);
    functions[COUNT].parent = PORT_B;
    machine.pci.count = COUNT + 1;
    expect_refused(functions[NIC].at, ASSIGN_DIAG_SHARED_PORT);
    assert_int_equal(check_one(functions[NVME].at), STATUS_OK);
}

static void no_unit(void **state)
{
    (void)state;
    unit.include_all = false;
    expect_refused(functions[NVME].at, PLAN_DEVICES_NO_UNIT);
}

static void no_remapping(void **state)
{
    (void)state;
    limits.remapping = false;
    expect_refused(functions[NVME].at, PLAN_DEVICES_NO_REMAPPING);
}

static void blocked(void **state)
{
    (void)state;
    static const uint32_t reasons[] = {PCI_BLOCKED_BARS, PCI_BLOCKED_BRIDGE_PATH, PCI_BLOCKED_UNIT};
    for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++) {
        functions[NVME].blocked = reasons[i];
        expect_refused(functions[NVME].at, PLAN_DEVICES_BLOCKED);
    }
}

static void reserved_memory(void **state)
{
    (void)state;
    machine.dmar.rmrr_count = 1;
    expect_refused(functions[EDU].at, PLAN_DEVICES_RESERVED);
    assert_int_equal(check_one(functions[NVME].at), STATUS_OK);
}

static void bad_bars(void **state)
{
    (void)state;
    functions[NVME].bars[2] = memory_bar(PCI_BAR_MEM32, 0xfb000100, 256);
    expect_refused(functions[NVME].at, PLAN_DEVICES_PAGE_SHARED);
    functions[NVME].bars[2] = memory_bar(PCI_BAR_MEM32, 0, 0x1000);
    expect_refused(functions[NVME].at, PLAN_DEVICES_BAR_UNSET);
    functions[NVME].bars[2] = memory_bar(PCI_BAR_MEM32, 0x40000000, GIB);
    expect_refused(functions[NVME].at, PLAN_DEVICES_BAR_FIT);
    functions[NVME].bars[2] = memory_bar(PCI_BAR_MEM64, 0x4000000000, GIB); /* goes above RAM */
    assert_int_equal(check_one(functions[NVME].at), STATUS_OK);
    functions[NVME].bars[2] = memory_bar(PCI_BAR_MEM64, 0x4000000000, UINT64_C(1) << 63);
    expect_refused(functions[NVME].at, PLAN_DEVICES_BAR_FIT);
    functions[NVME].bars[2] = memory_bar(PCI_BAR_MEM32, 0, 0); /* not implemented */
    assert_int_equal(check_one(functions[NVME].at), STATUS_OK);
}

static void bars_fit_together(void **state)
{
    (void)state;
    functions[NVME].bars[0] = memory_bar(PCI_BAR_MEM32, 0x40000000, 256 * MIB);
    functions[NIC].bars[0] = memory_bar(PCI_BAR_MEM32, 0x60000000, 256 * MIB);
    struct assign_request r[] = {{.function = functions[NVME].at, .guest = 0, .where = "a"},
                                 {.function = functions[NIC].at, .guest = 0, .where = "b"},
                                 {.function = functions[EDU].at, .guest = 0, .where = "c"}};
    assert_int_equal(check(r, 2), STATUS_OK);
    assert_int_equal(check(r, 3), STATUS_UNSUPPORTED);
    assert_int_equal(items[0].code, PLAN_DEVICES_BAR_FIT);
    assert_string_equal(items[0].where, "c");
    r[2].guest = 1;
    assert_int_equal(check(r, 3), STATUS_OK);
}

static void too_many(void **state)
{
    (void)state;
    struct assign_request r[] = {{.function = functions[NVME].at, .where = "a"},
                                 {.function = functions[NIC].at, .where = "b"}};
    limits.functions_max = 1;
    assert_int_equal(check(r, 2), STATUS_UNSUPPORTED);
    assert_int_equal(items[0].code, PLAN_DEVICES_TOO_MANY);
    assert_int_equal(diags.count, 1);
}

static void the_console(void **state)
{
    (void)state;
    functions[NIC].bars[1] = (struct pci_bar){.kind = PCI_BAR_IO, .assigned = true, .address = 0x3f8, .size = 8};
    expect_refused(functions[NIC].at, PLAN_DEVICES_CONSOLE);
    limits.console_port = 0x3f0;
    assert_int_equal(check_one(functions[NIC].at), STATUS_OK);
    limits.console_port = 0x400;
    assert_int_equal(check_one(functions[NIC].at), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_ones_pass, setup),
        cmocka_unit_test_setup(absent, setup),
        cmocka_unit_test_setup(twice, setup),
        cmocka_unit_test_setup(bridges, setup),
        cmocka_unit_test_setup(multifunction, setup),
        cmocka_unit_test_setup(wrong_places, setup),
        cmocka_unit_test_setup(alone_on_the_root_bus, setup),
        cmocka_unit_test_setup(lines, setup),
        cmocka_unit_test_setup(without_any_interrupt, setup),
        cmocka_unit_test_setup(a_shared_port, setup),
        cmocka_unit_test_setup(no_unit, setup),
        cmocka_unit_test_setup(no_remapping, setup),
        cmocka_unit_test_setup(blocked, setup),
        cmocka_unit_test_setup(reserved_memory, setup),
        cmocka_unit_test_setup(bad_bars, setup),
        cmocka_unit_test_setup(bars_fit_together, setup),
        cmocka_unit_test_setup(too_many, setup),
        cmocka_unit_test_setup(the_console, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
