/* SPDX-License-Identifier: GPL-2.0-only
 * The quirk table, on functions with one pretended config dword each. */
#include "vtd/quirks.h"

#include <string.h>

#include "kernel/hw/pci_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct {
    uint16_t offset;
    uint32_t value;
    unsigned writes;
} config;

uint32_t pci_config_read32(struct sbdf at, uint16_t offset)
{
    (void)at;
    assert_int_equal(offset % 4, 0);
    return offset == config.offset ? config.value : UINT32_MAX;
}

void pci_config_write32(struct sbdf at, uint16_t offset, uint32_t value)
{
    (void)at;
    assert_int_equal(offset, config.offset);
    config.value = value;
    config.writes++;
}

static struct vtd_quirks with(uint16_t vendor, uint16_t device, uint8_t revision, uint8_t class)
{
    struct vtd_quirk_facts facts = {0};
    struct vtd_quirk_function f = {
        .at = sbdf_make(0, 0, 2, 0), .vendor = vendor, .device = device, .revision = revision, .base_class = class};
    vtd_quirks_see(&facts, &f);
    return vtd_quirks_decide(&facts, 0);
}

static void set_config(uint16_t offset, uint32_t value)
{
    config.offset = offset;
    config.value = value;
    config.writes = 0;
}

static void nothing(void **state)
{
    (void)state;
    struct vtd_quirks none;
    struct vtd_quirk_facts facts = {0};
    memset(&none, 0, sizeof(none));
    set_config(0xffc, 0);
    none = vtd_quirks_decide(&facts, 0x906e9);
    assert_false(none.force_write_buffer_flush || none.graphics_blocked || none.keep_translation_enabled ||
                 none.no_superpages || none.no_interrupt_remapping || none.ignore_isoch_unit);
    assert_false(with(0x1022, 0x2a40, 0, 6).force_write_buffer_flush); /* another vendor */
    assert_false(with(0x8086, 0x2a41, 0, 6).force_write_buffer_flush);
}

static void write_buffers(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0x2a40, 0x2e00, 0x2e10, 0x2e20, 0x2e30, 0x2e40, 0x2e90};
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        struct vtd_quirks q = with(0x8086, ids[i], 0, 6);
        assert_true(q.force_write_buffer_flush && q.graphics_blocked);
    }
}

static void graphics(void **state)
{
    (void)state;
    assert_true(with(0x8086, 0x1616, 0, 3).graphics_blocked);
    assert_false(with(0x8086, 0x1604, 0, 6).graphics_blocked); /* the host bridge of that CPU */
    static const uint8_t high[] = {0x45, 0x46, 0x4c, 0x4e, 0x8a, 0x98, 0x9a};
    for (size_t i = 0; i < ARRAY_LENGTH(high); i++) {
        assert_true(with(0x8086, (uint16_t)(high[i] << 8 | 0x49), 0, 3).keep_translation_enabled);
        assert_false(with(0x8086, (uint16_t)(high[i] << 8 | 0x49), 0, 2).keep_translation_enabled);
    }
    assert_false(with(0x8086, 0x5916, 0, 3).keep_translation_enabled);
}

static void calpella(void **state)
{
    (void)state;
    set_config(0x50, 0xf7ffffff); /* GGC at 0x52: bit 11 clear */
    assert_true(with(0x8086, 0x0044, 0, 6).graphics_blocked);
    set_config(0x50, 0x08000000);
    assert_false(with(0x8086, 0x0044, 0, 6).graphics_blocked);
}

static void interrupt_errata(void **state)
{
    (void)state;
    assert_true(with(0x8086, 0x3403, 0x13, 6).no_interrupt_remapping);
    assert_true(with(0x8086, 0x3406, 0x21, 6).no_interrupt_remapping);
    assert_false(with(0x8086, 0x3403, 0x22, 6).no_interrupt_remapping);
    assert_true(with(0x8086, 0x3405, 0x22, 6).no_interrupt_remapping);
    assert_true(with(0x8086, 0x3405, 0xff, 6).no_interrupt_remapping);
}

static struct vtd_quirks tylersburg(uint32_t control, bool audio)
{
    struct vtd_quirk_facts facts = {0};
    struct vtd_quirk_function f = {.at = sbdf_make(0, 0, 0x1b, 0), .vendor = 0x8086, .device = 0x3a3e};
    set_config(0x188, control);
    if (audio) {
        vtd_quirks_see(&facts, &f);
    }
    f = (struct vtd_quirk_function){.at = sbdf_make(0, 0, 0x14, 0), .vendor = 0x8086, .device = 0x342e};
    vtd_quirks_see(&facts, &f);
    return vtd_quirks_decide(&facts, 0);
}

static void isoch(void **state)
{
    (void)state;
    assert_true(tylersburg(0, true).ignore_isoch_unit);
    assert_true(sbdf_equal(tylersburg(0, true).isoch_at, sbdf_make(0, 0, 0x1b, 0)));
    assert_false(tylersburg(1, true).ignore_isoch_unit);    /* audio uses the other unit */
    assert_false(tylersburg(0x10, true).ignore_isoch_unit); /* it has its entries */
    assert_false(tylersburg(0xffffffff, true).ignore_isoch_unit);
    assert_false(tylersburg(0, false).ignore_isoch_unit);
}

static void escalation(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0x342e, 0x3728, 0x3c28};
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        set_config(0x1ac, 0x00001234);
        (void)with(0x8086, ids[i], 0, 8);
        assert_true(config.writes == 1 && config.value == 0x80001234);
        set_config(0x1ac, UINT32_MAX); /* out of reach */
        (void)with(0x8086, ids[i], 0, 8);
        assert_int_equal(config.writes, 0);
    }
}

static void sandy_bridge(void **state)
{
    (void)state;
    struct vtd_quirk_facts facts = {0};
    assert_true(vtd_quirks_decide(&facts, 0x000206a7).no_superpages);
    assert_true(vtd_quirks_decide(&facts, 0x000206d7).no_superpages);
    assert_false(vtd_quirks_decide(&facts, 0x000306a9).no_superpages); /* Ivy Bridge */
    assert_false(vtd_quirks_decide(&facts, 0x00020fa7).no_superpages); /* family 15 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),    cmocka_unit_test(write_buffers),    cmocka_unit_test(graphics),
        cmocka_unit_test(calpella),   cmocka_unit_test(interrupt_errata), cmocka_unit_test(isoch),
        cmocka_unit_test(escalation), cmocka_unit_test(sandy_bridge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
