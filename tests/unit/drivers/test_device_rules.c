/* SPDX-License-Identifier: GPL-2.0-only
 * The table of devices with rules of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/device_rules.h"
#include "drivers/pci.h"

#define NETWORK 0x020000
#define PROCESSOR 0x0b4000

static bool has(uint16_t device, uint32_t class_code, enum device_rule rule)
{
    const struct pci_function f = {.vendor = 0x8086, .device = device, .class_code = class_code};
    return device_rules_has(&f, rule);
}

static void qat(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0x0435, 0x0443, 0x19e2, 0x19e3, 0x37c8, 0x37c9, 0x6f54, 0x6f55, 0x18ee, 0x18ef};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        const struct device_rules *rules = device_rules_of(0x8086, ids[i], PROCESSOR);
        assert_string_equal(rules->name, "QAT");
        assert_int_equal(rules->aer_mask, 1u << 14 | 1u << 20 | 1u << 22);
        assert_true(has(ids[i], PROCESSOR, DEVICE_RULE_ALL_VFS) && has(ids[i], PROCESSOR, DEVICE_RULE_TRUSTED));
        assert_true(has(ids[i], PROCESSOR, DEVICE_RULE_KEEP_MASTER) && has(ids[i], PROCESSOR, DEVICE_RULE_OWNER_RESET));
        assert_non_null(rules->why_all);
        assert_non_null(rules->why_trusted);
        assert_non_null(rules->owner);
    }
}

static void network(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0x10c9, 0x1526, 0x1521, 0x10ca, 0x1520, 0x10fb, 0x1528, 0x10ed, 0x1515};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_true(has(ids[i], NETWORK, DEVICE_RULE_OWNER));
        assert_false(has(ids[i], NETWORK, DEVICE_RULE_TRUSTED));
        assert_int_equal(device_rules_of(0x8086, ids[i], NETWORK)->aer_mask, 0);
        assert_non_null(strstr(device_rules_of(0x8086, ids[i], NETWORK)->owner, "mailbox"));
    }
    assert_true(has(0x10ed, NETWORK, DEVICE_RULE_SILENT_FLR));
    assert_false(has(0x1520, NETWORK, DEVICE_RULE_SILENT_FLR));
}

static void nvme_and_others(void **state)
{
    (void)state;
    assert_string_equal(device_rules_of(0x1b36, 0x0010, 0x010802)->name, "NVMe");
    assert_non_null(strstr(device_rules_of(0x1b36, 0x0010, 0x010802)->owner, "virt-mgmt"));
    assert_int_equal(device_rules_of(0x1b36, 0x0010, 0x010801)->flags, 0);
    assert_int_equal(device_rules_of(0x1234, 0x37c8, PROCESSOR)->flags, 0); /* another maker's */
    assert_int_equal(device_rules_of(0x8086, 0x10d3, NETWORK)->flags, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qat),
        cmocka_unit_test(network),
        cmocka_unit_test(nvme_and_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
