/* SPDX-License-Identifier: GPL-2.0-only
 * tools/bulkhead/lspci.c and groups_compare.c: each kind of line, and the cause of each kind of difference. */
#include "tools/bulkhead/lspci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bulkhead/groups_compare.h"
#include "tools/bulkhead/pci_ids_find.h"

static struct lspci l;
static struct groups ours, as_linux;
static struct groups_comparison compared;
static struct diag items[32];
static struct diag_list diags;
static uint8_t memory[512 * KIB];
static struct arena arena;

static enum status parse(const char *text)
{
    arena = arena_make(memory, sizeof(memory));
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    size_t length = strlen(text);
    char *copy = malloc(length + (length == 0)); /* without a NUL: the sanitizer sees a read past its end */
    memcpy(copy, text, length);
    enum status status = lspci_parse(copy, length, NULL, &arena, &l, &diags);
    free(copy);
    return status;
}

static void compare(const char *text)
{
    assert_int_equal(parse(text), STATUS_OK);
    assert_int_equal(groups_make(&l.facts, &arena, &ours), STATUS_OK);
    assert_int_equal(groups_make_as_linux(&l.facts, &arena, &as_linux), STATUS_OK);
    assert_int_equal(groups_compare(&l, &ours, &as_linux, &arena, &compared), STATUS_OK);
}

static void expect_cause(const char *text, const char *cause)
{
    compare(text);
    assert_true(compared.count >= 1);
    assert_string_equal(groups_cause_text(compared.items[0].cause), cause);
    assert_int_equal(compared.unexplained != 0, strcmp(cause, "unexplained") == 0);
}

static void one_function(void **state)
{
    (void)state;
    assert_int_equal(
        parse("0000:3b:00.0 Ethernet controller [0200]: Intel Corporation [X] I350 [8086:1521] (rev 01)\r\n"
              "\tSubsystem: Dell Device [1028:1f60]\n"
              "\tIOMMU group: 31\n"
              "\tCapabilities: [a0] Express (v2) Endpoint, MSI 00\n"
              "\t\tDevCap:\tMaxPayload 512 bytes, PhantFunc 3, Latency L0s <512ns\n"
              "\tCapabilities: [150 v1] Alternative Routing-ID Interpretation (ARI)\n"
              "\tCapabilities: [1d0 v1] Access Control Services\n"
              "\t\tACSCap:\tSrcValid- TransBlk- ReqRedir+ CmpltRedir+ UpstreamFwd- EgressCtrl- DirectTrans+\n"
              "\t\tACSCtl:\tSrcValid- TransBlk- ReqRedir- CmpltRedir+ UpstreamFwd- EgressCtrl- DirectTrans-\n"),
        STATUS_OK);
    assert_int_equal(l.facts.count, 1);
    const struct pci_function *f = &l.facts.functions[0];
    assert_int_equal(f->at.v, 0x3b00);
    assert_int_equal(f->vendor, 0x8086);
    assert_int_equal(f->device, 0x1521);
    assert_int_equal(f->revision, 1);
    assert_int_equal(f->class_code, 0x020000);
    assert_int_equal(f->subsystem_vendor, 0x1028);
    assert_int_equal(f->subsystem, 0x1f60);
    assert_int_equal(f->express, PCI_EXPRESS_ENDPOINT);
    assert_int_equal(f->phantom_bits, 2);
    assert_int_equal(f->cap.ari, 0x150);
    assert_int_equal(f->cap.acs, 0x1d0);
    assert_int_equal(f->acs_cap, 0x4c);
    assert_int_equal(f->acs_control, 0x08);
    assert_int_equal(l.functions[0].linux_group, 31);
    assert_true(l.has_groups);
    assert_false(f->bridge || f->multifunction);
}

static void numbers_only(void **state)
{
    (void)state;
    assert_int_equal(parse("00:1c.0 0604: 8086:a110 (rev f1) (prog-if 00 [Normal decode])\n"
                           "\tBus: primary=00, secondary=01, subordinate=02, sec-latency=0\n"
                           "\tCapabilities: [40] Express (v2) Root Port (Slot+), MSI 00\n"
                           "\tCapabilities: [140 v1] Access Control Services\n"
                           "\t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd- EgressCtrl-\n"
                           "\t\tACSCtl:\tSrcValid- TransBlk- ReqRedir- CmpltRedir- UpstreamFwd- EgressCtrl-\n"
                           "\tIOMMU group: 1\n"
                           "01:00.0 0108: 144d:a808\n"),
                     STATUS_OK);
    const struct pci_function *f = &l.facts.functions[0];
    assert_int_equal(f->device, 0xa110);
    assert_int_equal(f->header, 1);
    assert_true(f->bridge);
    assert_int_equal(f->subordinate, 2);
    assert_int_equal(f->acs_control, 0x0d); /* where lspci does not look */
    assert_true(l.functions[0].acs_assumed);
    assert_int_equal(l.facts.functions[1].parent, 0);
    assert_int_equal(l.facts.functions[1].vendor, 0x144d);
    assert_int_equal(l.functions[1].linux_group, LSPCI_NO_GROUP);
}

static void without_groups_acs_is_predicted(void **state)
{
    (void)state;
    assert_int_equal(parse("00:1c.0 0604: 1022:1234\n"
                           "\tCapabilities: [40] Express (v2) Root Port (Slot+), MSI 00\n"
                           "\tCapabilities: [140 v1] Access Control Services\n"
                           "\t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl-\n"),
                     STATUS_OK);
    assert_false(l.has_groups);
    assert_int_equal(l.facts.functions[0].acs_control, 0x1f);
}

static void registers_count_more(void **state)
{
    (void)state;
    assert_int_equal(parse("00:1f.0 ISA bridge: Intel Corporation Nothing\n"
                           "00: 86 80 54 1c 07 00 10 02 04 00 01 06 00 00 80 00\n"
                           "10: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
                           "20: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
                           "30: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
                           "50: 00\n"
                           "01:00.0 SATA controller: Some Company Device 1234\n"
                           "00: ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n"
                           "10: ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n"
                           "20: ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n"
                           "30: ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff\n"),
                     STATUS_OK);
    assert_int_equal(l.facts.functions[0].vendor, 0x8086);
    assert_int_equal(l.facts.functions[0].device, 0x1c54);
    assert_int_equal(l.facts.functions[0].class_code, 0x060100);
    assert_true(l.facts.functions[0].multifunction);
    assert_true(l.functions[1].unreadable);
}

static void several_functions(void **state)
{
    (void)state;
    assert_int_equal(parse("0000:01:00.1 0200: 0001:0002\n00:1f.3 0403: 8086:0001\n0000:01:00.0 0200: 15b3:1013\n"
                           "00:1f.3 0403: 8086:0002\nnot:an:add.r x\n00:20.0 0200: 1111:2222\n"),
                     STATUS_OK);
    assert_int_equal(l.facts.count, 3);
    assert_int_equal(l.facts.functions[0].device, 1); /* the first mention */
    assert_false(l.facts.functions[0].multifunction);
    assert_true(l.facts.functions[1].multifunction);
    assert_true(l.facts.functions[2].multifunction);
}

static void virtual_functions(void **state)
{
    (void)state;
    assert_int_equal(parse("00:01.0 0604: 8086:1901\n\tBus: primary=00, secondary=01, subordinate=02, sec-latency=0\n"
                           "\tCapabilities: [40] Express (v2) Root Port (Slot+), MSI 00\n"
                           "01:00.0 0200: 8086:1521\n"
                           "\tCapabilities: [160 v1] Single Root I/O Virtualization (SR-IOV)\n"
                           "\t\tInitial VFs: 8, Total VFs: 8, Number of VFs: 2, Function Dependency Link: 00\n"
                           "\t\tVF offset: 255, stride: 2, Device ID: 1520\n"
                           "01:1f.7 0200: 8086:1520\n02:00.1 0200: 8086:1520\n02:00.3 0200: 8086:1520\n"),
                     STATUS_OK);
    const struct pci_function *f = l.facts.functions;
    assert_true(f[1].is_pf);
    assert_true(f[2].is_vf && f[3].is_vf && !f[4].is_vf);
    assert_int_equal(f[3].pf, 1);
    assert_int_equal(f[3].parent, 0);
    assert_int_equal(f[3].blocked, 0);
}

static void behind_vmd(void **state)
{
    (void)state;
    assert_int_equal(
        parse("0000:00:0e.0 0104: 8086:467f\n0000:20:05.5 0104: 8086:28c0\n"
              "10000:e0:06.0 0604: 8086:464d\n10001:01:00.0 0108: 144d:a80a\n10002:01:00.0 0108: 144d:0001\n"),
        STATUS_OK);
    const struct pci_function *f = l.facts.functions;
    assert_int_equal(l.facts.count, 5);
    assert_true(f[2].is_vmd_child && f[3].is_vmd_child);
    assert_int_equal(f[2].vmd, 0);
    assert_int_equal(f[3].vmd, 1);
    assert_false(f[4].is_vmd_child); /* there is no third endpoint */
}

#define PORT(at, buses, acs, group)                                                                                    \
    at " 0604: 1111:2222\n\tBus: " buses ", sec-latency=0\n\tCapabilities: [40] Express (v2) " acs                     \
       "\tIOMMU group: " group "\n"
#define ACS_ON "\tCapabilities: [100 v1] Access Control Services\n\t\tACSCap: ReqRedir+\n\t\tACSCtl: ReqRedir+\n"
#define ACS_OFF "\tCapabilities: [100 v1] Access Control Services\n\t\tACSCap: ReqRedir+\n\t\tACSCtl: ReqRedir-\n"
#define ENDPOINT(at, group)                                                                                            \
    at " 0200: 1111:2222\n\tCapabilities: [40] Express (v2) Endpoint, MSI 00\n\tIOMMU group: " group "\n"

static void causes(void **state)
{
    (void)state;
    compare(PORT("00:01.0", "primary=00, secondary=01, subordinate=01", "Root Port\n" ACS_ON, "1")
                ENDPOINT("01:00.0", "2"));
    assert_int_equal(compared.count, 0);
    assert_int_equal(compared.compared, 2);
    expect_cause(PORT("00:01.0", "primary=00, secondary=01, subordinate=01", "Root Port\n", "1")
                     ENDPOINT("01:00.0", "2"),
                 "unexplained");
    expect_cause(PORT("00:01.0", "primary=00, secondary=01, subordinate=01", "Root Port\n" ACS_ON, "1")
                     ENDPOINT("01:00.0", "1"),
                 "unexplained");
    expect_cause(PORT("00:01.0", "primary=00, secondary=01, subordinate=01", "Root Port\n" ACS_OFF, "1")
                     ENDPOINT("01:00.0", "2"),
                 "acs-changed");
    expect_cause(ENDPOINT("01:00.0", "1") ENDPOINT("02:00.0", "1"), "left-out");
    expect_cause(PORT("00:01.0", "primary=00, secondary=01, subordinate=04", "Root Port\n" ACS_ON, "1")
                     PORT("01:00.0", "primary=01, secondary=02, subordinate=04", "Upstream Port\n", "2")
                         PORT("02:00.0", "primary=02, secondary=03, subordinate=03", "Downstream Port\n", "3")
                             PORT("02:01.0", "primary=02, secondary=04, subordinate=04", "Downstream Port\n", "4"),
                 "safe-rule");
    expect_cause("00:1f.0 0600: 8086:0001\n\tCapabilities: [40] Express (v2) Root Complex Integrated Endpoint, MSI 00\n"
                 "\tIOMMU group: 5\n00:1f.1 0600: 8086:0001\n\tCapabilities: [40] Express (v2) Root Complex Integrated "
                 "Endpoint, MSI 00\n\tIOMMU group: 5\n",
                 "quirk");
    expect_cause("00:1f.0 Host bridge: Nobody Ltd. Thing\n\tIOMMU group: 5\n00:1f.1 Host bridge: Nobody Ltd. Thing\n"
                 "\tIOMMU group: 6\n",
                 "no-id");
    expect_cause("00:1f.0 0600: 8086:0001\n\tIOMMU group: 5\n00:1f.1 0600: 8086:0001\n\tCapabilities: <access denied>\n"
                 "\tIOMMU group: 6\n",
                 "unreadable");
}

static void nothing_in_it(void **state)
{
    (void)state;
    assert_int_equal(parse(""), STATUS_NOT_FOUND);
    assert_int_equal(parse("hello\n\n\x01\xff"), STATUS_NOT_FOUND);
    assert_int_equal(parse("00:00.0"), STATUS_NOT_FOUND);
    assert_int_equal(parse("00:00.0 "), STATUS_NOT_FOUND); /* blanks at the end go */
    assert_int_equal(parse("00:00.0 x"), STATUS_OK);
}

static void too_many(void **state)
{
    (void)state;
    static const char line[] = "00:00.0 x\n";
    size_t count = LSPCI_FUNCTIONS_MAX + 1;
    char *text = malloc(count * strlen(line) + 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * strlen(line), line, sizeof(line));
    }
    assert_int_equal(parse(text), STATUS_UNSUPPORTED);
    arena = arena_make(memory, 100);
    assert_int_equal(lspci_parse(text, 1000, NULL, &arena, &l, &diags), STATUS_NO_MEMORY);
    free(text);
}

static void names(void **state)
{
    (void)state;
    static char text[] = "# comment\n1022  Advanced Micro Devices, Inc.\n\t1234  Wrong one\n"
                         "1002  Advanced Micro Devices, Inc. [AMD/ATI]\n\t4383  SBx00 Azalia\n\t\t1002 1111  Not this\n"
                         "C 06  Bridge\n\t04  PCI bridge\n\t\t00  Normal decode\n\t80  Bridge\n";
    struct pci_ids *ids = malloc(sizeof(*ids));
    uint16_t vendor = 0;
    uint16_t device = 0;
    memset(ids, 0xff, sizeof(*ids));
    ids->text = text;
    ids->vendors[0x1022] = (size_t)(strstr(text, "1022  ") - text);
    ids->vendors[0x1002] = (size_t)(strstr(text, "1002  ") - text);
    ids->classes[6] = (size_t)(strstr(text, "C 06") - text);
    assert_true(pci_ids_find_device(ids, "Advanced Micro Devices, Inc. [AMD/ATI] SBx00 Azalia", &vendor, &device));
    assert_int_equal(vendor, 0x1002);
    assert_int_equal(device, 0x4383);
    assert_true(pci_ids_find_device(ids, "Advanced Micro Devices, Inc. Device 78ab", &vendor, &device));
    assert_int_equal(vendor, 0x1022);
    assert_int_equal(device, 0x78ab);
    assert_true(pci_ids_find_device(ids, "Advanced Micro Devices, Inc. Unheard of", &vendor, &device));
    assert_int_equal(device, 0);
    assert_true(pci_ids_find_device(NULL, "Device 1234:5678", &vendor, &device));
    assert_int_equal(vendor, 0x1234);
    assert_true(pci_ids_find_device(NULL, "Intel Corporation 82574L", &vendor, &device));
    assert_int_equal(vendor, 0x8086);
    assert_false(pci_ids_find_device(ids, "Nobody Ltd. Thing", &vendor, &device));
    assert_true(pci_ids_find_class(ids, "PCI bridge", &vendor));
    assert_int_equal(vendor, 0x0604);
    assert_false(pci_ids_find_class(ids, "Normal decode", &vendor));
    free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_function),
        cmocka_unit_test(numbers_only),
        cmocka_unit_test(without_groups_acs_is_predicted),
        cmocka_unit_test(registers_count_more),
        cmocka_unit_test(several_functions),
        cmocka_unit_test(virtual_functions),
        cmocka_unit_test(behind_vmd),
        cmocka_unit_test(causes),
        cmocka_unit_test(nothing_in_it),
        cmocka_unit_test(too_many),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
