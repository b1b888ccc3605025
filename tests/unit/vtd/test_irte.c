/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt remapping entries and messages against vectors worked out by hand from VT-d 4.1 figures 5-2, 5-3, 9-10. */
#include "vtd/irte.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void high_halves(void **state)
{
    (void)state;
    /* SVT = 1 (bits 83:82), SQ = 0: exactly 00:1f.2. */
    assert_true(vtd_irte_make_high(vtd_irte_source_function(0x00fa)) == 0x00000000000400fa);
    assert_true(vtd_irte_make_high(vtd_irte_source_function(0xffff)) == 0x000000000004ffff);
    /* SVT = 2: buses 5 to 7. */
    assert_true(vtd_irte_make_high(vtd_irte_source_buses(5, 7)) == 0x0000000000080507);
    /* Never SVT = 0: that lets any device use the entry. */
    assert_true(vtd_irte_make_high(vtd_irte_source_function(0)) == 0x0000000000040000);
    assert_true(vtd_irte_make_high(vtd_irte_source_buses(0, 0)) == 0x0000000000080000);
}

static void low_halves(void **state)
{
    (void)state;
    static const struct {
        struct vtd_irte_target target;
        bool extended;
        uint64_t low;
    } cases[] = {
        {{.vector = 0x30, .apic_id = 0}, false, 0x0000000000300001},
        {{.vector = 0xef, .apic_id = 3}, false, 0x0000030000ef0001},
        {{.vector = 0x41, .apic_id = 0xfe, .level = true}, false, 0x0000fe0000410011},
        {{.vector = 0x30, .apic_id = 3}, true, 0x0000000300300001},
        {{.vector = 0xfe, .apic_id = 0xfffffffe}, true, 0xfffffffe00fe0001},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t low = 0;
        assert_int_equal(vtd_irte_make_low(cases[i].target, cases[i].extended, &low), STATUS_OK);
        assert_true(low == cases[i].low);
        struct vtd_irte e = {low, vtd_irte_make_high(vtd_irte_source_buses(1, 2))};
        assert_true(vtd_irte_present(e));
        assert_int_equal(vtd_irte_vector(e), cases[i].target.vector);
        assert_true(vtd_irte_apic_id(e, cases[i].extended) == cases[i].target.apic_id);
        assert_int_equal(vtd_irte_level(e), cases[i].target.level);
        assert_true(vtd_irte_source(e).bus_range && vtd_irte_source(e).first_bus == 1);
        assert_int_equal(vtd_irte_source(e).last_bus, 2);
    }
}

static void impossible_targets(void **state)
{
    (void)state;
    uint64_t low = 0;
    struct vtd_irte_target t = {.vector = 0x0f};
    assert_int_equal(vtd_irte_make_low(t, false, &low), STATUS_OUT_OF_RANGE);
    t.vector = 2; /* the NMI vector */
    assert_int_equal(vtd_irte_make_low(t, true, &low), STATUS_OUT_OF_RANGE);
    t.vector = 0xff;
    assert_int_equal(vtd_irte_make_low(t, false, &low), STATUS_OUT_OF_RANGE);
    t = (struct vtd_irte_target){.vector = 0x30, .apic_id = 0xff};
    assert_int_equal(vtd_irte_make_low(t, false, &low), STATUS_OUT_OF_RANGE);
    t.apic_id = 0x100;
    assert_int_equal(vtd_irte_make_low(t, false, &low), STATUS_OUT_OF_RANGE);
    t.apic_id = 0xffffffff;
    assert_int_equal(vtd_irte_make_low(t, true, &low), STATUS_OUT_OF_RANGE);
    assert_true(low == 0);
}

/* Whatever is asked for: fixed delivery (7:5 = 0), physical (2 = 0), no redirection (3 = 0), not posted (15 = 0). */
static void only_fixed_physical(void **state)
{
    (void)state;
    for (unsigned vector = 0x10; vector <= 0xfe; vector++) {
        uint64_t low = 0;
        struct vtd_irte_target t = {.vector = (uint8_t)vector, .apic_id = 0xfe, .level = vector & 1};
        assert_int_equal(vtd_irte_make_low(t, false, &low), STATUS_OK);
        assert_true((low & 0xff0080ee) == 0);
    }
}

/* VT-d 4.1 figure 9-11: IM 15, URG 14, V 23:16, descriptor bits 31:6 at 63:38 and 63:32 at 127:96. */
static void posted_entries(void **state)
{
    (void)state;
    static const struct {
        struct vtd_irte_posted posted;
        uint64_t low, high;
    } cases[] = {
        {{.vector = 0x41, .descriptor = {0x40}}, 0x0000004000418001, 0x000400fa},
        {{.vector = 0xff, .descriptor = {0xffffffc0}}, 0xffffffc000ff8001, 0x000400fa},
        {{.vector = 0x10, .urgent = true, .descriptor = {0x123456780}}, 0x234567800010c001, 0x00000001000400fa},
        {{.vector = 0x30, .descriptor = {0xfffffffffffc0}}, 0xffffffc000308001, 0x000fffff000400fa},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_irte e = {0, 0};
        struct vtd_irte_source source = vtd_irte_source_function(0x00fa);
        assert_int_equal(vtd_irte_make_posted(source, cases[i].posted, &e), STATUS_OK);
        assert_true(e.low == cases[i].low && e.high == cases[i].high);
        assert_true(vtd_irte_present(e) && vtd_irte_is_posted(e));
        assert_int_equal(vtd_irte_vector(e), cases[i].posted.vector);
        assert_int_equal(vtd_irte_urgent(e), cases[i].posted.urgent);
        assert_true(vtd_irte_descriptor(e).v == cases[i].posted.descriptor.v);
        assert_true(!vtd_irte_source(e).bus_range && vtd_irte_source(e).rid == 0x00fa);
    }
    struct vtd_irte plain = {.high = 0x400fa};
    assert_int_equal(vtd_irte_make_low((struct vtd_irte_target){.vector = 0x41}, true, &plain.low), STATUS_OK);
    assert_false(vtd_irte_is_posted(plain));
}

static void impossible_postings(void **state)
{
    (void)state;
    static const struct vtd_irte_posted cases[] = {
        {.vector = 0x0f, .descriptor = {0x40}},
        {.vector = 0x41, .descriptor = {0}},
        {.vector = 0x41, .descriptor = {0x60}},
        {.vector = 0x41, .descriptor = {0x41}},
        {.vector = 0x41, .descriptor = {UINT64_C(1) << 52}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_irte e = {0, 0};
        assert_int_equal(vtd_irte_make_posted(vtd_irte_source_function(1), cases[i], &e), STATUS_OUT_OF_RANGE);
        assert_true(e.low == 0 && e.high == 0);
    }
}

static void messages(void **state)
{
    (void)state;
    assert_true(vtd_msi_compose(0).address == 0xfee00010 && vtd_msi_compose(0).data == 0);
    assert_true(vtd_msi_compose(1).address == 0xfee00030);
    assert_true(vtd_msi_compose(0x7fff).address == 0xfeeffff0);
    assert_true(vtd_msi_compose(0x8000).address == 0xfee00014);
    assert_true(vtd_msi_compose(0xffff).address == 0xfeeffff4);
    assert_true(vtd_msi_compose_block(0x20).address == 0xfee00418 && vtd_msi_compose_block(0x20).data == 0);
    assert_true(vtd_msi_compose_block(0x8001).address == 0xfee0003c);
}

static void ioapic_entries(void **state)
{
    (void)state;
    struct vtd_ioapic_pin pin = {.vector = 0x51};
    assert_true(vtd_ioapic_compose(0, pin) == 0x0001000000000051);
    pin = (struct vtd_ioapic_pin){.vector = 0x51, .level = true, .active_low = true};
    assert_true(vtd_ioapic_compose(5, pin) == 0x000b00000000a051);
    pin = (struct vtd_ioapic_pin){.vector = 0x33, .masked = true};
    assert_true(vtd_ioapic_compose(0xffff, pin) == 0xffff000000010833);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(high_halves),        cmocka_unit_test(low_halves),
        cmocka_unit_test(impossible_targets), cmocka_unit_test(only_fixed_physical),
        cmocka_unit_test(posted_entries),     cmocka_unit_test(impossible_postings),
        cmocka_unit_test(messages),           cmocka_unit_test(ioapic_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
