/* SPDX-License-Identifier: GPL-2.0-only
 * Which unit covers what, on a small topology:
 *   bus 0: 02.0 graphics, 1c.0 bridge to buses 1-4, 1d.0 USB, 1f.0 LPC (I/O APIC 2)
 *   bus 1: 00.0 switch port to buses 2-4; bus 2: 00.0 port to bus 3, 01.0 port to bus 4
 *   bus 3: 00.0 NVMe; bus 4: 00.0 network; bus 5: behind 1c.7, which firmware left unnumbered (secondary 0) */
#include "vtd/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/vtd/dmar_tables.h"

#define UNIT_A 0xfed90000
#define UNIT_B 0xfed91000
#define UNIT_C 0xfed92000
#define NO_UNIT SIZE_MAX

struct bridge {
    struct sbdf at;
    uint8_t secondary, subordinate;
};

static struct bridge bridges[8];
static size_t bridge_count;
static struct diag items[64];
static struct dmar dmar;
static struct table t;
static uint8_t space[64 * 1024];

static enum status secondary(void *context, struct sbdf at, uint8_t *first, uint8_t *last)
{
    assert_ptr_equal(context, bridges);
    for (size_t i = 0; i < bridge_count; i++) {
        if (sbdf_equal(bridges[i].at, at)) {
            *first = bridges[i].secondary;
            *last = bridges[i].subordinate;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

static const struct scope_bus_view view = {secondary, bridges};

static void add_bridge(struct sbdf at, uint8_t first, uint8_t last)
{
    bridges[bridge_count++] = (struct bridge){at, first, last};
}

static int setup(void **state)
{
    (void)state;
    bridge_count = 0;
    add_bridge(sbdf_make(0, 0, 0x1c, 0), 1, 4);
    add_bridge(sbdf_make(0, 0, 0x1c, 7), 0, 0);
    add_bridge(sbdf_make(0, 1, 0, 0), 2, 4);
    add_bridge(sbdf_make(0, 2, 0, 0), 3, 3);
    add_bridge(sbdf_make(0, 2, 1, 0), 4, 4);
    start(&t);
    return 0;
}

static void parse(void)
{
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    struct arena arena = arena_make(space, sizeof(space));
    finish(&t);
    assert_int_equal(dmar_parse(&dmar, t.bytes, t.used, &arena, &diags), STATUS_OK);
}

static size_t unit_of(unsigned segment, unsigned bus, unsigned device, unsigned function)
{
    size_t unit = 0;
    enum status status = scope_unit_of(&dmar, &view, sbdf_make(segment, bus, device, function), &unit);
    return status == STATUS_OK ? unit : NO_UNIT;
}

static void test_endpoint_is_exact(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    parse();
    assert_int_equal(unit_of(0, 0, 2, 0), 0);
    assert_int_equal(unit_of(0, 0, 2, 1), 1);
    assert_int_equal(unit_of(0, 1, 2, 0), 1);
    assert_int_equal(unit_of(1, 0, 2, 0), NO_UNIT);
}

/* An endpoint scope that names a bridge does not reach what is behind it. */
static void test_endpoint_scope_on_a_bridge(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(0x1c, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    parse();
    assert_int_equal(unit_of(0, 0, 0x1c, 0), 0);
    assert_int_equal(unit_of(0, 1, 0, 0), 1);
}

static void test_bridge_covers_all_below(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 2, 0, 0, HOP(0x1c, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    parse();
    assert_int_equal(unit_of(0, 0, 0x1c, 0), 0);
    assert_int_equal(unit_of(0, 1, 0, 0), 0);
    assert_int_equal(unit_of(0, 4, 0x1f, 7), 0);
    assert_int_equal(unit_of(0, 5, 0, 0), 1);
    assert_int_equal(unit_of(0, 0, 0x1d, 0), 1);
}

static void test_nearest_wins_in_any_order(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 2; order++) {
        setup(NULL);
        drhd(&t, 1, 0, UNIT_C);
        drhd(&t, 0, 0, UNIT_A);
        order == 0 ? scope(&t, 2, 0, 0, HOP(0x1c, 0), END) : scope(&t, 2, 0, 2, HOP(0, 0), END);
        drhd(&t, 0, 0, UNIT_B);
        order == 0 ? scope(&t, 2, 0, 2, HOP(0, 0), END) : scope(&t, 2, 0, 0, HOP(0x1c, 0), END);
        parse();
        size_t outer = order == 0 ? 1 : 2;
        size_t inner = order == 0 ? 2 : 1;
        assert_int_equal(unit_of(0, 3, 0, 0), inner);
        assert_int_equal(unit_of(0, 2, 0, 0), inner);
        assert_int_equal(unit_of(0, 2, 1, 0), outer);
        assert_int_equal(unit_of(0, 4, 0, 0), outer);
        assert_int_equal(unit_of(0, 0, 2, 0), 0);
    }
}

static void test_itself_beats_its_bridge(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 2, 0, 0, HOP(0x1c, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    scope(&t, 1, 0, 4, HOP(0, 0), END);
    parse();
    assert_int_equal(unit_of(0, 4, 0, 0), 1);
    assert_int_equal(unit_of(0, 4, 0, 1), 0);
}

static void test_multi_hop(void **state)
{
    (void)state;
    struct sbdf at;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(0x1c, 0), HOP(0, 0), HOP(1, 0), HOP(0, 0), END);
    scope(&t, 1, 0, 0, HOP(0x1d, 0), HOP(0, 0), END); /* its first step is no bridge */
    drhd(&t, 1, 0, UNIT_B);
    parse();
    assert_int_equal(unit_of(0, 4, 0, 0), 0);
    assert_int_equal(unit_of(0, 3, 0, 0), 1);
    assert_int_equal(scope_resolve(&dmar.units[0].scopes.items[0], 0, &view, &at), STATUS_OK);
    assert_int_equal(at.v, sbdf_make(0, 4, 0, 0).v);
    assert_int_equal(scope_resolve(&dmar.units[0].scopes.items[1], 0, &view, &at), STATUS_NOT_FOUND);
    /* The same path when firmware renumbered the buses: it follows the bridges, not fixed numbers. */
    bridges[0].secondary = 9;
    bridges[2] = (struct bridge){sbdf_make(0, 9, 0, 0), 10, 12};
    bridges[4] = (struct bridge){sbdf_make(0, 10, 1, 0), 12, 12};
    assert_int_equal(unit_of(0, 12, 0, 0), 0);
}

static void test_unnumbered_bridge_covers_itself_only(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 2, 0, 0, HOP(0x1c, 7), END);
    drhd(&t, 1, 0, UNIT_B);
    parse();
    assert_int_equal(unit_of(0, 0, 0x1c, 7), 0);
    assert_int_equal(unit_of(0, 0, 2, 0), 1);
}

static void test_absent_bridge_covers_nothing_else(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 2, 0, 0, HOP(0x1b, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    parse();
    assert_int_equal(unit_of(0, 1, 0, 0), 1);
}

static void test_no_include_all(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    parse();
    assert_int_equal(unit_of(0, 0, 2, 0), 0);
    assert_int_equal(unit_of(0, 0, 3, 0), NO_UNIT);
}

static void test_segments(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    drhd(&t, 1, 2, UNIT_B);
    parse();
    assert_int_equal(unit_of(0, 0, 3, 0), 0);
    assert_int_equal(unit_of(2, 0, 3, 0), 1);
    assert_int_equal(unit_of(1, 0, 3, 0), NO_UNIT);
}

/* I/O APIC and HPET scopes are no PCI scopes, even with a function's path. */
static void test_ids(void **state)
{
    (void)state;
    size_t unit = 9;
    struct sbdf source;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    scope(&t, 3, 2, 0xf0, HOP(0x1f, 0), END);
    scope(&t, 4, 0, 0xf0, HOP(0xf, 0), END);
    scope(&t, 4, 0, 0xf0, HOP(0xf, 1), END);
    parse();
    assert_int_equal(scope_unit_of_id(&dmar, &view, DMAR_SCOPE_IOAPIC, 2, &unit, &source), STATUS_OK);
    assert_int_equal(unit, 1);
    assert_int_equal(source.v, sbdf_make(0, 0xf0, 0x1f, 0).v);
    assert_int_equal(scope_unit_of_id(&dmar, &view, DMAR_SCOPE_HPET, 0, &unit, &source), STATUS_OK);
    assert_int_equal(source.v, sbdf_make(0, 0xf0, 0xf, 0).v);
    assert_int_equal(scope_unit_of_id(&dmar, &view, DMAR_SCOPE_IOAPIC, 0, &unit, &source), STATUS_NOT_FOUND);
    assert_int_equal(scope_unit_of_id(&dmar, &view, DMAR_SCOPE_ACPI, 0, &unit, &source), STATUS_NOT_FOUND);
    struct dmar_scopes only = {dmar.units[1].scopes.items, 1};
    assert_false(scope_names(&only, 0, &view, sbdf_make(0, 0xf0, 0x1f, 0)));
}

static void test_unit_declared_twice(void **state)
{
    (void)state;
    size_t unit = 9;
    struct sbdf source;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(3, 0), END);
    scope(&t, 3, 5, 0, HOP(4, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    drhd(&t, 1, 0, UNIT_B);
    parse();
    assert_int_equal(unit_of(0, 0, 3, 0), 0);
    assert_int_equal(unit_of(0, 0, 9, 0), 2);
    assert_int_equal(scope_unit_of_id(&dmar, &view, DMAR_SCOPE_IOAPIC, 5, &unit, &source), STATUS_OK);
    assert_int_equal(unit, 0);
}

static void test_rmrr_names(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    rmrr(&t, 0, 0x1000000, 0x1000fff);
    scope(&t, 1, 0, 0, HOP(0x1d, 0), END);
    scope(&t, 2, 0, 0, HOP(0x1c, 0), HOP(0, 0), HOP(0, 0), END);
    parse();
    const struct dmar_rmrr *r = &dmar.rmrrs[0];
    assert_true(scope_names(&r->scopes, r->segment, &view, sbdf_make(0, 0, 0x1d, 0)));
    assert_true(scope_names(&r->scopes, r->segment, &view, sbdf_make(0, 2, 0, 0)));
    assert_true(scope_names(&r->scopes, r->segment, &view, sbdf_make(0, 3, 0, 0)));
    assert_false(scope_names(&r->scopes, r->segment, &view, sbdf_make(0, 4, 0, 0)));
    assert_false(scope_names(&r->scopes, r->segment, &view, sbdf_make(1, 0, 0x1d, 0)));
    assert_false(scope_names(&r->scopes, 1, &view, sbdf_make(0, 0, 0x1d, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_endpoint_is_exact, setup),
        cmocka_unit_test_setup(test_endpoint_scope_on_a_bridge, setup),
        cmocka_unit_test_setup(test_bridge_covers_all_below, setup),
        cmocka_unit_test_setup(test_nearest_wins_in_any_order, setup),
        cmocka_unit_test_setup(test_itself_beats_its_bridge, setup),
        cmocka_unit_test_setup(test_multi_hop, setup),
        cmocka_unit_test_setup(test_unnumbered_bridge_covers_itself_only, setup),
        cmocka_unit_test_setup(test_absent_bridge_covers_nothing_else, setup),
        cmocka_unit_test_setup(test_no_include_all, setup),
        cmocka_unit_test_setup(test_segments, setup),
        cmocka_unit_test_setup(test_ids, setup),
        cmocka_unit_test_setup(test_unit_declared_twice, setup),
        cmocka_unit_test_setup(test_rmrr_names, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
