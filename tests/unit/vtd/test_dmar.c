/* SPDX-License-Identifier: GPL-2.0-only
 * The DMAR parser: synthesised tables, every firmware oddity by its code, real tables, and mutations of them. */
#include "vtd/dmar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/vtd/dmar_tables.h"
#include "vtd/dmar_diag.h"

#define UNIT_A 0xfed90000
#define UNIT_B 0xfed91000

static struct diag items[4096];
static struct diag_list diags;
static struct dmar dmar;
static struct table t;
static void *space;

static int setup(void **state)
{
    (void)state;
    start(&t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(space);
    space = NULL;
    return 0;
}

/* Exact heap copies of table and arena, so that the sanitizer sees every step outside; the facts must not need the
 * table's bytes later. */
static enum status parse_bytes(const uint8_t *bytes, size_t length)
{
    free(space);
    uint8_t *copy = malloc(length != 0 ? length : 1);
    memcpy(copy, bytes, length);
    size_t size = dmar_arena_bytes(length);
    space = malloc(size);
    struct arena arena = arena_make(space, size);
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    enum status status = dmar_parse(&dmar, copy, length, &arena, &diags);
    free(copy);
    assert_int_not_equal(status, STATUS_NO_MEMORY);
    assert_int_equal(status == STATUS_OK, diags.errors == 0);
    return status;
}

static enum status parse(void)
{
    finish(&t);
    return parse_bytes(t.bytes, t.used);
}

static const struct diag *find(enum dmar_diag code)
{
    for (size_t i = 0; i < diags.count; i++) {
        if (diags.items[i].code == code) {
            return &diags.items[i];
        }
    }
    return NULL;
}

/* The table is accepted or not, and says that once, at that offset. */
static void expect(enum dmar_diag code, enum diag_severity severity, unsigned offset)
{
    char where[DIAG_WHERE_SIZE];
    size_t count = 0;
    snprintf(where, sizeof(where), "DMAR offset 0x%x", offset);
    assert_int_equal(parse(), severity == DIAG_ERROR ? STATUS_BAD_FORMAT : STATUS_OK);
    for (size_t i = 0; i < diags.count; i++) {
        count += diags.items[i].code == code;
    }
    assert_int_equal(count, 1);
    assert_int_equal(find(code)->severity, severity);
    assert_string_equal(find(code)->where, where);
    assert_true(find(code)->what[0] != 0);
    assert_true(severity == DIAG_NOTE || severity == DIAG_WARNING || find(code)->fix[0] != 0);
}

static void test_whole_table(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    scope(&t, 3, 2, 0xf0, HOP(31, 0), END);
    rmrr(&t, 0, 0x8a785000, 0x8a7a4fff);
    scope(&t, 1, 0, 0, HOP(28, 4), HOP(0, 2), END);
    scope(&t, 1, 0, 0, HOP(28, 4), HOP(0, 3), END);
    atsr(&t, 1, 0);
    rhsa(&t, UNIT_B, 7);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(diags.count, 0);
    assert_string_equal(dmar.header.oem_id, "TESTER");
    assert_string_equal(dmar.header.oem_table_id, "SYNTHETC");
    assert_int_equal(dmar.address_bits, 39);
    assert_true(dmar.interrupt_remapping);
    assert_true(dmar.checksum_ok);
    assert_int_equal(dmar.unit_count, 2);
    assert_int_equal(dmar.units[0].place.offset, 48);
    assert_int_equal(dmar.units[0].place.length, 24);
    assert_int_equal(dmar.units[0].base.v, UNIT_A);
    assert_int_equal(dmar.units[0].window, 4096);
    assert_false(dmar.units[0].include_all);
    assert_true(dmar.units[1].include_all);
    assert_int_equal(dmar.units[1].same_as, 1);
    assert_int_equal(dmar.units[1].scopes.items[0].type, DMAR_SCOPE_IOAPIC);
    assert_int_equal(dmar.units[1].scopes.items[0].enumeration_id, 2);
    assert_int_equal(dmar.units[1].scopes.items[0].bus, 0xf0);
    assert_int_equal(dmar.rmrr_count, 1);
    assert_int_equal(dmar.rmrrs[0].start, 0x8a785000);
    assert_int_equal(dmar.rmrrs[0].size, 0x20000);
    const struct dmar_scope *s = &dmar.rmrrs[0].scopes.items[0];
    assert_int_equal(s->length, 10);
    assert_int_equal(s->hop_count, 2);
    assert_int_equal(s->hops[0].device, 28);
    assert_int_equal(s->hops[0].function, 4);
    assert_int_equal(s->hops[1].function, 2);
    assert_int_equal(dmar.rhsas[0].proximity, 7);
    assert_int_equal(dmar.order_count, 5);
    assert_int_equal(dmar.order[3].type, DMAR_ATSR);
    assert_int_equal(dmar_place_of(&dmar, 4)->type, DMAR_RHSA);
    assert_int_equal(dmar_scopes_of(&dmar, 2).count, 2);
    assert_int_equal(dmar_scopes_of(&dmar, 4).count, 0);
}

static void test_longest_path(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    size_t at = t.used;
    add(&t, 1, 1), add(&t, 1, 254), add(&t, 4, 0);
    for (unsigned i = 0; i < 124; i++) {
        add(&t, 1, i % 32), add(&t, 1, i % 8);
    }
    close_structure(&t);
    assert_int_equal(t.used - at, 254);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(dmar.units[0].scopes.items[0].hop_count, 124);
    assert_int_equal(dmar.units[0].scopes.items[0].hops[123].device, 123 % 32);
}

static void test_several_segments(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    drhd(&t, 1, 1, UNIT_B);
    drhd(&t, 1, 0xfeff, UNIT_B + 0x1000);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(diags.count, 0);
    assert_int_equal(dmar.units[2].segment, 0xfeff);
}

/* Those numbers stand for the domains behind VMD endpoints. */
static void test_segments_of_vmd(void **state)
{
    (void)state;
    drhd(&t, 1, 0xff00, UNIT_A);
    expect(DMAR_DIAG_SEGMENT, DIAG_ERROR, 48);
    start(&t);
    drhd(&t, 1, 0, UNIT_A);
    rmrr(&t, 0xffff, 0x1000000, 0x1000fff);
    expect(DMAR_DIAG_SEGMENT, DIAG_ERROR, 64);
}

static void test_many_units(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        drhd(&t, 1, i, UNIT_A + i * 0x1000);
    }
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(dmar.unit_count, 200);
}

/* The bytes as a whole. */
static void test_header_faults(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    t.bytes[0] = 'X';
    expect(DMAR_DIAG_SIGNATURE, DIAG_ERROR, 0);
    t.bytes[0] = 'D';
    t.bytes[36] = 10;
    expect(DMAR_DIAG_WIDTH, DIAG_WARNING, 36);
    assert_int_equal(dmar.address_bits, 52);
    t.bytes[36] = 255;
    expect(DMAR_DIAG_WIDTH, DIAG_WARNING, 36);
    t.bytes[36] = 38;
    t.bytes[37] = 0x81;
    expect(DMAR_DIAG_RESERVED, DIAG_NOTE, 37);
    t.bytes[37] = 1;
    t.bytes[47] = 1;
    expect(DMAR_DIAG_RESERVED, DIAG_NOTE, 37);
    t.bytes[47] = 0;
    t.bytes[8] = 3;
    expect(DMAR_DIAG_REVISION, DIAG_NOTE, 8);
    t.bytes[8] = 2;
    assert_int_equal(parse(), STATUS_OK);
    t.bytes[9]++;
    assert_int_equal(parse_bytes(t.bytes, t.used), STATUS_BAD_FORMAT);
    assert_non_null(find(DMAR_DIAG_CHECKSUM));
    assert_int_equal(dmar.unit_count, 1); /* still decoded, to be shown */
}

static void test_table_length(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    finish(&t);
    t.used += 3;
    assert_int_equal(parse_bytes(t.bytes, t.used), STATUS_OK);
    assert_non_null(find(DMAR_DIAG_EXTRA));
    t.used -= 3;
    assert_int_equal(parse_bytes(t.bytes, t.used - 1), STATUS_BAD_FORMAT);
    assert_non_null(find(DMAR_DIAG_LENGTH));
    assert_int_equal(parse_bytes(t.bytes, 47), STATUS_BAD_FORMAT);
    assert_non_null(find(DMAR_DIAG_SHORT));
    t.bytes[4] = 47;
    assert_int_equal(parse_bytes(t.bytes, t.used), STATUS_BAD_FORMAT);
    assert_non_null(find(DMAR_DIAG_LENGTH));
    assert_int_equal(dmar.unit_count, 0);
}

static void test_trailing_bytes(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    add(&t, 2, 0);
    expect(DMAR_DIAG_TRAILING, DIAG_NOTE, 64);
    assert_non_null(find(DMAR_DIAG_ODD_LENGTH));
    t.bytes[t.used - 1] = 1;
    expect(DMAR_DIAG_TRAILING, DIAG_WARNING, 64);
}

static void test_structure_lengths(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    size_t second = t.used;
    drhd(&t, 1, 0, UNIT_B);
    const uint16_t bad[] = {0, 1, 3, 4, 15, 17, 0xffff};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        set16(&t, second + 2, bad[i]);
        assert_int_equal(parse(), STATUS_BAD_FORMAT);
        assert_true(find(DMAR_DIAG_STRUCTURE_LENGTH) != NULL || find(DMAR_DIAG_SCOPE_LENGTH) != NULL);
        assert_int_equal(dmar.unit_count, 1);
    }
}

/* Each type cut below its fixed part is refused; the structure after it is still read. */
static void test_short_structures(void **state)
{
    (void)state;
    const size_t fixed[] = {16, 24, 8, 20, 8, 8, 8};
    for (unsigned type = 0; type < ARRAY_LENGTH(fixed); type++) {
        start(&t);
        open_structure(&t, type);
        add(&t, fixed[type] - 5 > 8 ? 8 : fixed[type] - 5, 0);
        while (t.used - t.structure < fixed[type] - 1) {
            add(&t, 1, 0);
        }
        close_structure(&t);
        drhd(&t, 1, 0, UNIT_A);
        expect(DMAR_DIAG_STRUCTURE_LENGTH, DIAG_ERROR, 48);
        assert_int_equal(dmar.unit_count, 1);
    }
}

static void test_unknown_structure(void **state)
{
    (void)state;
    open_structure(&t, 77);
    add(&t, 8, 0);
    close_structure(&t);
    drhd(&t, 1, 0, UNIT_A);
    expect(DMAR_DIAG_STRUCTURE_UNKNOWN, DIAG_NOTE, 48);
    assert_int_equal(dmar.other_count, 1);
    assert_int_equal(dmar.unit_count, 1);
    assert_string_equal(dmar_type_text(77), "UNKNOWN");
    assert_int_equal(dmar_place_of(&dmar, 0)->length, 12);
}

static void test_scope_lengths(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    scope(&t, 1, 0, 0, HOP(3, 0), END);
    rmrr(&t, 0, 0x1000000, 0x1000fff);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    const uint8_t bad[] = {0, 1, 6, 7, 9, 10, 255};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        t.bytes[73] = bad[i]; /* the second scope's length; 10 would reach into the RMRR */
        expect(DMAR_DIAG_SCOPE_LENGTH, DIAG_ERROR, 72);
        assert_int_equal(dmar.units[0].scopes.count, 1);
        assert_int_equal(dmar.rmrrs[0].scopes.count, 1);
    }
}

static void test_scope_faults(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    t.bytes[t.scope + 6] = 32;
    expect(DMAR_DIAG_SCOPE_PATH, DIAG_ERROR, 64);
    t.bytes[t.scope + 6] = 31;
    t.bytes[t.scope + 7] = 8;
    expect(DMAR_DIAG_SCOPE_PATH, DIAG_ERROR, 64);
    t.bytes[t.scope + 7] = 7;
    t.bytes[t.scope] = 6;
    expect(DMAR_DIAG_SCOPE_TYPE, DIAG_WARNING, 64);
    t.bytes[t.scope] = 0;
    expect(DMAR_DIAG_SCOPE_TYPE, DIAG_WARNING, 64);
    t.bytes[t.scope] = 5;
    expect(DMAR_DIAG_SCOPE_NO_ANDD, DIAG_NOTE, 64);
    t.bytes[t.scope] = 1;
    t.bytes[t.scope + 3] = 1;
    expect(DMAR_DIAG_RESERVED, DIAG_NOTE, 64);
    setup(NULL);
    drhd(&t, 1, 0, UNIT_A);
    rmrr(&t, 0, 0x1000000, 0x1000fff);
    scope(&t, 3, 0, 0, HOP(2, 0), END);
    expect(DMAR_DIAG_SCOPE_MISPLACED, DIAG_NOTE, 88);
}

static void test_scope_shared(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    scope(&t, 2, 0, 0, HOP(2, 0), END); /* as a bridge: still the same function */
    expect(DMAR_DIAG_SCOPE_SHARED, DIAG_ERROR, 88);
    set16(&t, 72 + 6, 1); /* the second unit to segment 1 */
    assert_int_equal(parse(), STATUS_OK);
    assert_null(find(DMAR_DIAG_SCOPE_SHARED));
}

static void test_ids_shared(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 3, 8, 0, HOP(31, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    scope(&t, 3, 8, 0, HOP(30, 0), END);
    expect(DMAR_DIAG_SCOPE_ID_SHARED, DIAG_ERROR, 88);
    t.bytes[t.scope + 4] = 9;
    assert_int_equal(parse(), STATUS_OK);
    /* One HPET whose timers are functions of one device, in one unit: as X79 chipsets have it. */
    setup(NULL);
    drhd(&t, 1, 0, UNIT_A);
    scope(&t, 4, 0, 0, HOP(15, 0), END);
    scope(&t, 4, 0, 0, HOP(15, 1), END);
    expect(DMAR_DIAG_SCOPE_ID_SHARED, DIAG_NOTE, 72);
    t.bytes[t.scope + 6] = 16;
    expect(DMAR_DIAG_SCOPE_ID_SHARED, DIAG_ERROR, 72);
}

static void test_unit_bases(void **state)
{
    (void)state;
    const struct {
        uint64_t base;
        enum dmar_diag code;
        enum diag_severity severity;
    } bad[] = {
        {0, DMAR_DIAG_UNIT_BASE_ZERO, DIAG_ERROR},
        {UNIT_A + 0x800, DMAR_DIAG_UNIT_BASE_UNALIGNED, DIAG_ERROR},
        {UINT64_MAX - 4095, DMAR_DIAG_UNIT_BASE_RANGE, DIAG_ERROR},
        {UINT64_C(1) << 52, DMAR_DIAG_UNIT_BASE_RANGE, DIAG_ERROR},
        {UINT64_C(1) << 39, DMAR_DIAG_UNIT_BASE_RANGE, DIAG_WARNING},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        start(&t);
        drhd(&t, 1, 0, bad[i].base);
        expect(bad[i].code, bad[i].severity, 48);
    }
}

static void test_unit_twice(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 1, 0, UNIT_B);
    expect(DMAR_DIAG_UNIT_TWICE, DIAG_WARNING, 72);
    assert_int_equal(find(DMAR_DIAG_SCOPE_SHARED)->severity, DIAG_NOTE);
    assert_int_equal(dmar.units[1].same_as, 0);
    assert_int_equal(dmar.units[2].same_as, 2);
    set16(&t, 72 + 6, 1);
    expect(DMAR_DIAG_UNIT_TWICE, DIAG_ERROR, 72);
}

static void test_unit_windows(void **state)
{
    (void)state;
    drhd(&t, 0, 0, UNIT_B);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 1, 0, UNIT_A);
    assert_int_equal(parse(), STATUS_OK);
    t.bytes[72 + 5] = 1; /* two pages: the second is unit B's */
    expect(DMAR_DIAG_UNIT_OVERLAP, DIAG_ERROR, 72);
    assert_int_equal(find(DMAR_DIAG_UNIT_WINDOW)->severity, DIAG_NOTE);
    assert_int_equal(dmar.units[1].window, 8192);
    t.bytes[72 + 5] = 0x10;
    expect(DMAR_DIAG_RESERVED, DIAG_NOTE, 72);
    t.bytes[72 + 5] = 0;
    t.bytes[72 + 4] = 0x81;
    expect(DMAR_DIAG_RESERVED, DIAG_NOTE, 72);
}

static void test_include_all(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    drhd(&t, 1, 0, UNIT_B);
    expect(DMAR_DIAG_INCLUDE_ALL_TWICE, DIAG_ERROR, 64);
    start(&t);
    drhd(&t, 1, 0, UNIT_A);
    drhd(&t, 1, 0, UNIT_A);
    expect(DMAR_DIAG_INCLUDE_ALL_TWICE, DIAG_NOTE, 64);
    start(&t);
    drhd(&t, 0, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    drhd(&t, 0, 0, UNIT_B);
    scope(&t, 1, 0, 0, HOP(3, 0), END);
    expect(DMAR_DIAG_INCLUDE_ALL_NONE, DIAG_WARNING, 48);
    start(&t);
    drhd(&t, 0, 0, UNIT_A);
    drhd(&t, 1, 0, UNIT_B);
    expect(DMAR_DIAG_UNIT_COVERS_NOTHING, DIAG_NOTE, 48);
    start(&t);
    expect(DMAR_DIAG_NO_UNIT, DIAG_ERROR, 48);
}

static void test_rmrr_faults(void **state)
{
    (void)state;
    const struct {
        uint64_t base, limit, start, size;
        enum dmar_diag code;
        enum diag_severity severity;
    } bad[] = {
        {0x1000000, 0x1000000, 0, 0, DMAR_DIAG_RMRR_RANGE, DIAG_ERROR},
        {0x1001000, 0x1000fff, 0, 0, DMAR_DIAG_RMRR_RANGE, DIAG_ERROR},
        {0, 0, 0, 0, DMAR_DIAG_RMRR_RANGE, DIAG_ERROR},
        {0x1000000, UINT64_MAX, 0, 0, DMAR_DIAG_RMRR_RANGE, DIAG_ERROR},
        {0x1000800, 0x1000fff, 0x1000000, 0x1000, DMAR_DIAG_RMRR_UNALIGNED, DIAG_WARNING},
        {0x1000000, 0x1001000, 0x1000000, 0x2000, DMAR_DIAG_RMRR_UNALIGNED, DIAG_WARNING},
        {0xe7000, 0xeafff, 0xe7000, 0x4000, DMAR_DIAG_RMRR_LOW, DIAG_WARNING},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        start(&t);
        drhd(&t, 1, 0, UNIT_A);
        rmrr(&t, 0, bad[i].base, bad[i].limit);
        scope(&t, 1, 0, 0, HOP(29, 0), END);
        expect(bad[i].code, bad[i].severity, 64);
        assert_int_equal(dmar.rmrrs[0].start, bad[i].start);
        assert_int_equal(dmar.rmrrs[0].size, bad[i].size);
    }
    start(&t);
    drhd(&t, 1, 0, UNIT_A);
    rmrr(&t, 1, 0x1000000, 0x1000fff);
    expect(DMAR_DIAG_RMRR_NO_DEVICE, DIAG_WARNING, 64);
    assert_non_null(find(DMAR_DIAG_RMRR_NO_SEGMENT));
}

static void add_andd(unsigned number, const char *name, size_t bytes)
{
    open_structure(&t, 4);
    add(&t, 3, 0), add(&t, 1, number);
    for (size_t i = 0; i < bytes; i++) {
        add(&t, 1, (uint8_t)name[i]);
    }
    close_structure(&t);
}

static void test_other_structures(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    rhsa(&t, UNIT_B, 0);
    expect(DMAR_DIAG_RHSA_NO_UNIT, DIAG_NOTE, 64);
    add(&t, 4, 0);
    set16(&t, 66, 24);
    expect(DMAR_DIAG_STRUCTURE_ODD, DIAG_NOTE, 64);
    start(&t);
    drhd(&t, 1, 0, UNIT_A);
    atsr(&t, 0, 0);
    expect(DMAR_DIAG_ATSR_NO_PORT, DIAG_NOTE, 64);
    start(&t);
    drhd(&t, 1, 0, UNIT_A);
    add_andd(3, "\\_SB.I2C\x01", 10);
    assert_int_equal(parse(), STATUS_OK);
    assert_string_equal(dmar.andds[0].name, "\\_SB.I2C ");
    add_andd(3, "ABC", 3);
    expect(DMAR_DIAG_ANDD_NAME, DIAG_WARNING, 82);
    assert_string_equal(dmar.andds[1].name, "ABC");
    assert_non_null(find(DMAR_DIAG_ANDD_TWICE));
}

static void test_small_arena(void **state)
{
    (void)state;
    drhd(&t, 1, 0, UNIT_A);
    scope(&t, 1, 0, 0, HOP(2, 0), END);
    finish(&t);
    uint8_t little[512];
    for (size_t size = 0; size < sizeof(little); size += 8) {
        struct arena arena = arena_make(little, size);
        diags = diag_list_make(items, ARRAY_LENGTH(items));
        enum status status = dmar_parse(&dmar, t.bytes, t.used, &arena, &diags);
        assert_true(status == STATUS_OK || (status == STATUS_NO_MEMORY && dmar.unit_count == 0));
        assert_int_equal(status == STATUS_NO_MEMORY, find(DMAR_DIAG_NO_MEMORY) != NULL);
    }
}

/* The smallest structures with facts, filling a table: dmar_arena_bytes() must still be enough. */
static void test_densest_tables(void **state)
{
    (void)state;
    for (unsigned type = 2; type <= 9; type++) {
        start(&t);
        while (t.used + 24 < sizeof(t.bytes)) {
            open_structure(&t, type);
            add(&t, type <= 6 ? 4 : 0, 0);
            if (type == 3) {
                add(&t, 8, 0), add(&t, 4, 0);
            }
            close_structure(&t);
        }
        (void)!parse(); /* checks by itself that memory sufficed */
    }
    start(&t);
    drhd(&t, 1, 0, UNIT_A);
    while (t.used + 16 < sizeof(t.bytes)) {
        scope(&t, 1, 0, 0, HOP(2, 0), END);
    }
    (void)!parse();
}

static size_t load(const char *name, uint8_t *bytes, size_t room)
{
    char path[256];
    snprintf(path, sizeof(path), "tests/data/dmar/%s.aml", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("%s is missing; run from the root of the repository", path);
    }
    size_t n = fread(bytes, 1, room, f);
    fclose(f);
    return n;
}

static void test_real_tables(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    size_t n = load("hp-proliant-dl360-g7-8b62d3c6", bytes, sizeof(bytes));
    assert_int_equal(parse_bytes(bytes, n), STATUS_OK);
    assert_int_equal(dmar.rmrrs[1].scopes.items[6].hop_count, 2);
    n = load("apple-imacpro1-1-dmar1-fca38301", bytes, sizeof(bytes));
    assert_int_equal(parse_bytes(bytes, n), STATUS_OK);
    assert_int_equal(dmar.unit_count, 8);
    assert_int_equal(dmar.units[3].same_as, 0);
    n = load("lenovo-ideapadflex-15-20309-27d1e500", bytes, sizeof(bytes));
    assert_int_equal(parse_bytes(bytes, n), STATUS_BAD_FORMAT);
    assert_non_null(find(DMAR_DIAG_UNIT_BASE_ZERO));
    n = load("intel-edk2-mtl-h-satc-sidp-3bf489ea", bytes, sizeof(bytes));
    assert_int_equal(parse_bytes(bytes, n), STATUS_OK);
    assert_int_equal(dmar.satc_count, 1);
    assert_int_equal(dmar.sidps[0].scopes.items[0].flags, 31);
    assert_int_equal(dmar.units[0].window, 64 * KIB);
}

static void fix_checksum(uint8_t *bytes, size_t length)
{
    uint8_t sum = 0;
    bytes[9] = 0;
    for (size_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[9] = (uint8_t)-sum;
}

/* Whatever is believed must be inside the table. */
static void check_consistent(size_t length)
{
    for (size_t n = 0; n < dmar.order_count; n++) {
        const struct dmar_place *place = dmar_place_of(&dmar, n);
        struct dmar_scopes scopes = dmar_scopes_of(&dmar, n);
        assert_true(place->offset >= 48 && place->offset + place->length <= length);
        for (size_t i = 0; i < scopes.count; i++) {
            const struct dmar_scope *s = &scopes.items[i];
            assert_true(s->offset >= place->offset && s->offset + s->length <= place->offset + place->length);
            assert_true(s->hop_count == (s->length - 6U) / 2 && s->hops != NULL);
        }
    }
}

static const char *const mutated[] = {"hp-proliant-dl360-g7-8b62d3c6", "microsoft-surface-go-1-04c47bfd",
                                      "intel-edk2-mtl-h-satc-sidp-3bf489ea", "depo-computers-super-server-033dfa93",
                                      "supermicro-smci-icx2s-aea4addf"};

/* Without a new checksum any changed byte is refused; with one, what is accepted is consistent. */
static void test_every_byte_changed(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    for (size_t k = 0; k < ARRAY_LENGTH(mutated); k++) {
        size_t n = load(mutated[k], bytes, sizeof(bytes));
        for (size_t at = 0; at < n; at++) {
            const uint8_t flips[] = {0x01, 0x80, 0xff};
            for (size_t f = 0; f < ARRAY_LENGTH(flips); f++) {
                uint8_t kept = bytes[at];
                uint8_t sum = bytes[9];
                bytes[at] ^= flips[f];
                assert_int_equal(parse_bytes(bytes, n), STATUS_BAD_FORMAT);
                fix_checksum(bytes, n);
                (void)!parse_bytes(bytes, n);
                check_consistent(n);
                bytes[9] = sum;
                bytes[at] = kept;
            }
        }
    }
}

/* Cut at every length: refused; and still refused or consistent when length and checksum are made to fit. */
static void test_every_truncation(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    for (size_t k = 0; k < ARRAY_LENGTH(mutated); k++) {
        size_t whole = load(mutated[k], bytes, sizeof(bytes));
        for (size_t n = 0; n < whole; n++) {
            uint8_t cut[1024];
            memcpy(cut, bytes, n);
            assert_int_equal(parse_bytes(cut, n), STATUS_BAD_FORMAT);
            check_consistent(n);
            if (n >= 48) {
                cut[4] = (uint8_t)n;
                cut[5] = (uint8_t)(n >> 8);
                fix_checksum(cut, n);
                (void)!parse_bytes(cut, n);
                check_consistent(n);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_longest_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_segments_of_vmd, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_units, setup, teardown),
        cmocka_unit_test_setup_teardown(test_header_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_table_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trailing_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_structure_lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_structures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_structure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scope_lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scope_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scope_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_bases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_windows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_include_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rmrr_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_structures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_arena, setup, teardown),
        cmocka_unit_test_setup_teardown(test_densest_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_real_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_truncation, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
