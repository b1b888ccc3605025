/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/radix.c against a naive map, and against a walker that may see any half-written state. */
#include "kernel/core/radix.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "kernel/core/pages.h"
#include "tests/fake/memory.h"

#define BASE MIB
#define RW (RADIX_READ | RADIX_WRITE)
#define TIB (UINT64_C(1) << 40)

static const struct radix_format *const formats[] = {&radix_host, &radix_ept, &radix_npt, &radix_vtd};

/* A memory whose first `count` pages are free and which holds no zeros by chance. */
static void give_pages(uint64_t count)
{
    struct memory_map map = {.count = 0};
    fake_memory_reset(BASE, count * PAGE_SIZE);
    memset(fake_memory_at(BASE, count * PAGE_SIZE), 0xff, count * PAGE_SIZE);
    assert_int_equal(memory_map_add(&map, BASE, count * PAGE_SIZE, MEMORY_RAM), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
}

static unsigned shown(const struct radix *r, unsigned rights)
{
    return r->format->rights(r->format->make_leaf(hpa(0), 1, rights), 1);
}

/* --- random operations against a naive map with one cell a unit */

#define CELLS 1600

struct cell {
    bool mapped;
    uint64_t to;
    unsigned rights;
};

struct model {
    struct cell cells[CELLS];
    uint64_t origin, unit;
    uint64_t leaf_bytes; /* counted by count_leaf */
};

static void check_cells(const struct radix *r, const struct model *m)
{
    for (size_t i = 0; i < CELLS; i++) {
        struct radix_mapping got;
        uint64_t last = m->unit - 1;
        enum status status = radix_lookup(r, m->origin + i * m->unit, &got);
        assert_int_equal(status, m->cells[i].mapped ? STATUS_OK : STATUS_NOT_FOUND);
        if (status == STATUS_OK) {
            assert_int_equal(got.to.v, m->cells[i].to);
            assert_int_equal(got.rights, m->cells[i].rights);
            assert_true(got.level <= r->max_leaf);
            assert_int_equal(radix_lookup(r, m->origin + i * m->unit + last, &got), STATUS_OK);
            assert_int_equal(got.to.v, m->cells[i].to + last);
        }
    }
}

static void count_leaf(void *context, uint64_t from, const struct radix_mapping *mapping)
{
    struct model *m = context;
    assert_true(from >= m->origin);
    uint64_t end = from + radix_span(mapping->level);
    assert_true(end - m->origin <= CELLS * m->unit);
    for (uint64_t at = from; at < end; at = m->origin + ((at - m->origin) / m->unit + 1) * m->unit) {
        const struct cell *cell = &m->cells[(at - m->origin) / m->unit];
        assert_true(cell->mapped);
        assert_int_equal(cell->to + (at - m->origin) % m->unit, mapping->to.v + (at - from));
        assert_int_equal(cell->rights, mapping->rights);
    }
    m->leaf_bytes += end - from;
}

static void check_leaves(const struct radix *r, struct model *m)
{
    size_t mapped = 0;
    for (size_t i = 0; i < CELLS; i++) {
        mapped += m->cells[i].mapped;
    }
    m->leaf_bytes = 0;
    radix_for_each_leaf(r, count_leaf, m);
    assert_int_equal(m->leaf_bytes, mapped * m->unit);
}

static size_t count_mapped(const struct model *m, size_t first, size_t count)
{
    size_t mapped = 0;
    for (size_t i = first; i < first + count; i++) {
        mapped += m->cells[i].mapped;
    }
    return mapped;
}

static void random_step(struct radix *r, struct model *m)
{
    size_t first = (size_t)rand() % CELLS;
    size_t count = 1 + (size_t)rand() % (rand() % 4 == 0 ? CELLS - first : 1 + (CELLS - first) / 20);
    uint64_t from = m->origin + first * m->unit;
    /* Often as aligned as `from` is, so that large leaves occur; sometimes not. */
    uint64_t to = from + (rand() % 3 == 0 ? m->unit * (uint64_t)(rand() % 64) : 4 * GIB);
    unsigned rights = RADIX_READ | ((unsigned)rand() % 64);
    size_t mapped = count_mapped(m, first, count);
    enum status status = STATUS_OK;
    switch (rand() % 4) {
    case 0:
        status = radix_protect(r, from, count * m->unit, rights);
        assert_int_equal(status, mapped == count ? STATUS_OK : STATUS_NOT_FOUND);
        for (size_t i = first; status == STATUS_OK && i < first + count; i++) {
            m->cells[i].rights = shown(r, rights);
        }
        break;
    case 1:
        assert_int_equal(radix_unmap(r, from, count * m->unit), STATUS_OK);
        for (size_t i = first; i < first + count; i++) {
            m->cells[i].mapped = false;
        }
        break;
    default:
        status = radix_map(r, from, hpa(to), count * m->unit, rights);
        assert_int_equal(status, mapped == 0 ? STATUS_OK : STATUS_CONFLICT);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            m->cells[first + i] = (struct cell){true, to + i * m->unit, shown(r, rights)};
        }
    }
}

static void agrees_with_model(void **state)
{
    (void)state;
    srand(7);
    static struct model m;
    static const uint64_t units[] = {PAGE_SIZE, 2 * MIB};
    for (unsigned run = 0; run < 24; run++) {
        give_pages(8192);
        uint64_t free_before = pages_free_bytes();
        unsigned levels = 3 + run % 3;
        struct radix r;
        memset(&m, 0, sizeof(m));
        m.unit = units[run % 2];
        m.origin = levels == 3 ? 0 : radix_span(levels) - 3 * m.unit; /* across a border of the root's entries */
        assert_int_equal(radix_init(&r, formats[run % 4], levels, 1 + (run / 4) % 3, run % 2 == 0), STATUS_OK);
        for (unsigned step = 0; step < 120; step++) {
            random_step(&r, &m);
            if (step % 4 == 0) {
                check_cells(&r, &m);
            }
        }
        check_leaves(&r, &m);
        assert_int_equal(r.table_pages * PAGE_SIZE, pages_used_bytes());
        radix_free(&r);
        assert_int_equal(pages_free_bytes(), free_before);
    }
}

/* --- a walker that sees any mixture of what was flushed and what was only stored */

#define PROBES 40
#define SEEN_PAGES 64

struct watcher {
    const struct radix *r;
    uint8_t flushed[SEEN_PAGES * PAGE_SIZE]; /* what a walker that does not snoop finds in memory */
    uint64_t probes[PROBES];
    uint64_t before[PROBES], after[PROBES]; /* where each may lead: leaf entry's address and rights, 0 for nowhere */
    unsigned events;
    unsigned nowhere_events; /* a mixture found neither old nor new */
};

/* VT-d 4.1 9.8 read by hand: R 0, W 1, PS 7, address 51:12. What `entry` at that level answers for `at`. */
static uint64_t answer(uint64_t entry, unsigned level, uint64_t at)
{
    uint64_t offset_mask = (UINT64_C(1) << (12 + 9 * (level - 1))) - 1;
    return ((entry & UINT64_C(0xffffffffff000)) & ~offset_mask) | (at & offset_mask & ~UINT64_C(0xfff)) | (entry & 3);
}

static void check_walk(struct watcher *w, size_t probe, uint64_t table, unsigned level)
{
    uint64_t at = w->probes[probe];
    uint64_t offset = table - BASE + 8 * ((at >> (12 + 9 * (level - 1))) & 511);
    assert_true(table >= BASE && offset < SEEN_PAGES * PAGE_SIZE); /* garbage would point elsewhere */
    uint64_t seen[2];
    memcpy(&seen[0], w->flushed + offset, 8);
    memcpy(&seen[1], fake_memory_at(BASE + offset, 8), 8);
    for (unsigned i = 0; i < (seen[0] == seen[1] ? 1 : 2); i++) {
        if ((seen[i] & 3) == 0) {
            w->nowhere_events += w->before[probe] != 0 && w->after[probe] != 0;
        } else if (level == 1 || (seen[i] & 0x80) != 0) {
            uint64_t found = answer(seen[i], level, at);
            assert_true(found == w->before[probe] || found == w->after[probe]);
        } else {
            check_walk(w, probe, seen[i] & UINT64_C(0xffffffffff000), level - 1);
        }
    }
}

static void check_all_walks(struct watcher *w)
{
    for (size_t i = 0; i < PROBES; i++) {
        check_walk(w, i, w->r->root.v, w->r->levels);
    }
    assert_int_equal(w->nowhere_events, 0);
}

static void on_flush(void *context, uint64_t at, uint64_t bytes)
{
    struct watcher *w = context;
    if (w->r->root.v != 0 && w->events++ > 0) { /* the very first is the root's own */
        check_all_walks(w);
    }
    uint64_t line = at & ~UINT64_C(63);
    uint64_t end = (at + bytes + 63) & ~UINT64_C(63);
    memcpy(w->flushed + (line - BASE), fake_memory_at(line, end - line), end - line);
}

static uint64_t now_at(const struct radix *r, uint64_t at)
{
    struct radix_mapping m;
    return radix_lookup(r, at, &m) == STATUS_OK ? m.to.v | (m.rights & 3) : 0;
}

enum operation { MAP, UNMAP, PROTECT };

/* Where a probe leads after the operation, if it lies in it. */
static void expect(struct watcher *w, enum operation op, uint64_t from, uint64_t to, uint64_t size, unsigned rights)
{
    for (size_t i = 0; i < PROBES; i++) {
        uint64_t at = w->probes[i];
        w->before[i] = now_at(w->r, at);
        w->after[i] = w->before[i];
        if (at >= from && at - from < size) {
            uint64_t page = op == MAP ? to + (at - from) : w->before[i] & ~UINT64_C(0xfff);
            w->after[i] = op == UNMAP ? 0 : page | (rights & 3);
        }
    }
}

static void run_watched(struct watcher *w, struct radix *r, enum operation op, uint64_t from, uint64_t to,
                        uint64_t size, unsigned rights)
{
    expect(w, op, from, to, size, rights);
    enum status status = op == MAP     ? radix_map(r, from, hpa(to), size, rights)
                         : op == UNMAP ? radix_unmap(r, from, size)
                                       : radix_protect(r, from, size, rights);
    assert_int_equal(status, STATUS_OK);
    memcpy(w->before, w->after, sizeof(w->before)); /* now the old state must not be seen any more */
    check_all_walks(w);
    assert_true(w->events > 0);
}

static void no_state_in_between_leads_astray(void **state)
{
    (void)state;
    static struct watcher w;
    static const uint64_t interesting[] = {
        0,        0x1000,    0x1ff000,  0x200000,        0x201000,      0x3ff000,
        0x400000, GIB - MIB, GIB,       GIB + 0x1000,    GIB + 2 * MIB, 2 * GIB - 4096,
        2 * GIB,  3 * GIB,   512 * GIB, 512 * GIB + MIB, 513 * GIB,     514 * GIB - 4096};
    for (unsigned levels = 4; levels <= 5; levels++) {
        give_pages(SEEN_PAGES);
        memset(&w, 0, sizeof(w));
        memset(w.flushed, 0xff, sizeof(w.flushed));
        srand(levels);
        for (size_t i = 0; i < PROBES; i++) {
            uint64_t chance = ((uint64_t)rand() << 12) % (4 * GIB);
            w.probes[i] = i < ARRAY_LENGTH(interesting) ? interesting[i] : chance;
        }
        struct radix r = {.table_pages = 0};
        w.r = &r;
        fake_memory_on_flush(on_flush, &w);
        assert_int_equal(radix_init(&r, &radix_vtd, levels, 3, true), STATUS_OK);
        run_watched(&w, &r, MAP, 0, 4 * GIB, 0x1000, RW);
        run_watched(&w, &r, MAP, 0x1000, 4 * GIB + 0x1000, 4 * GIB - 0x1000, RW);
        run_watched(&w, &r, MAP, 510 * GIB, 510 * GIB, 4 * GIB, RW);
        run_watched(&w, &r, PROTECT, 0x200000, 0, 2 * GIB, RADIX_READ);
        run_watched(&w, &r, PROTECT, GIB + 0x1000, 0, 0x1000, RW);
        run_watched(&w, &r, UNMAP, 2 * GIB - 0x1000, 0, 0x3000, 0);
        run_watched(&w, &r, UNMAP, 512 * GIB + MIB, 0, GIB, 0);
        run_watched(&w, &r, MAP, 512 * GIB + MIB, 64 * GIB + MIB, GIB, RADIX_READ);
        run_watched(&w, &r, UNMAP, 0, 0, 514 * GIB, 0);
        run_watched(&w, &r, MAP, 0, 0, 4 * GIB, RW);
        fake_memory_on_flush(NULL, NULL);
        radix_free(&r);
    }
}

/* --- running out, and edges */

static void running_out_changes_nothing(void **state)
{
    (void)state;
    unsigned failures = 0;
    for (uint64_t pages = 5; pages < 24; pages++) {
        give_pages(pages);
        struct radix r;
        struct radix_mapping m;
        assert_int_equal(radix_init(&r, &radix_ept, 4, 3, false), STATUS_OK);
        assert_int_equal(radix_map(&r, 0, hpa(0), 2 * GIB, RW), STATUS_OK);
        enum status status = radix_map(&r, 512 * GIB - 0x1000, hpa(GIB), 8 * MIB, RW);
        failures += status != STATUS_OK;
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        for (uint64_t at = 512 * GIB - 0x1000; at < 512 * GIB + 8 * MIB - 0x1000; at += 0x1000) {
            assert_int_equal(radix_lookup(&r, at, &m), status == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND);
        }
        status = radix_unmap(&r, 0x1000, GIB);
        failures += status != STATUS_OK;
        assert_int_equal(radix_lookup(&r, 0, &m), STATUS_OK);
        assert_int_equal(radix_lookup(&r, 0x1000, &m), status == STATUS_OK ? STATUS_NOT_FOUND : STATUS_OK);
        assert_int_equal(radix_lookup(&r, GIB, &m), status == STATUS_OK ? STATUS_NOT_FOUND : STATUS_OK);
        assert_int_equal(radix_lookup(&r, GIB + 0x1000, &m), STATUS_OK);
        status = radix_protect(&r, 2 * GIB - 0x1000, 0x1000, RADIX_READ);
        assert_int_equal(radix_lookup(&r, 2 * GIB - 1, &m), STATUS_OK);
        assert_int_equal(m.rights, status == STATUS_OK ? RADIX_READ : RW);
        assert_int_equal(r.table_pages * PAGE_SIZE, pages_used_bytes());
        radix_free(&r);
        assert_int_equal(pages_free_bytes(), pages * PAGE_SIZE);
    }
    assert_true(failures > 10);
    give_pages(1);
    struct hpa only;
    struct radix r;
    assert_int_equal(pages_alloc(&only), STATUS_OK);
    assert_int_equal(radix_init(&r, &radix_ept, 4, 3, false), STATUS_NO_MEMORY);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    give_pages(64);
    struct radix r;
    struct radix_mapping m;
    assert_int_equal(radix_init(&r, &radix_vtd, 3, 3, true), STATUS_OK);
    uint64_t reach = 512 * GIB;
    assert_int_equal(radix_map(&r, 0, hpa(0), 0, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, 1, hpa(0), 4096, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, 0, hpa(1), 4096, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, 0, hpa(0), 4095, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, reach, hpa(0), 4096, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, reach - 4096, hpa(0), 8192, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, UINT64_MAX - 4095, hpa(0), 8192, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, 0, hpa(UINT64_MAX - 4095), 8192, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, 0, hpa(UINT64_C(1) << 52), 4096, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_map(&r, 0, hpa(0), 4096, RADIX_WRITE), STATUS_UNSUPPORTED);
    assert_int_equal(radix_protect(&r, 0, 4096, 0), STATUS_UNSUPPORTED);
    assert_int_equal(radix_unmap(&r, reach, 4096), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_protect(&r, reach, 4096, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(radix_lookup(&r, reach, &m), STATUS_NOT_FOUND);
    assert_int_equal(r.table_pages, 1);
    assert_int_equal(radix_map(&r, 0, hpa(0), reach, RW), STATUS_OK);
    assert_int_equal(r.table_pages, 1);
    assert_int_equal(radix_unmap(&r, reach - 4096, 4096), STATUS_OK);
    assert_int_equal(radix_lookup(&r, reach - 1, &m), STATUS_NOT_FOUND);
    assert_int_equal(radix_lookup(&r, reach - 4097, &m), STATUS_OK);
    assert_int_equal(m.to.v, reach - 4097);
    assert_int_equal(m.level, 1);
}

static void costs_few_table_pages(void **state)
{
    (void)state;
    give_pages(4096);
    struct radix r;
    assert_int_equal(radix_init(&r, &radix_ept, 4, 3, false), STATUS_OK);
    assert_int_equal(radix_map(&r, 0, hpa(0), TIB, RW), STATUS_OK);
    assert_int_equal(r.table_pages, 1 + 2);
    radix_free(&r);
    assert_int_equal(radix_init(&r, &radix_ept, 4, 2, false), STATUS_OK);
    assert_int_equal(radix_map(&r, 0, hpa(0), TIB, RW), STATUS_OK);
    assert_int_equal(r.table_pages, 1 + 2 + 1024);
    radix_free(&r);
}

/* Rights that every leaf gets, whoever asks for the mapping and however it is cut later. */
static void rights_of_every_leaf(void **state)
{
    (void)state;
    give_pages(64);
    struct radix r;
    struct radix_mapping m;
    assert_int_equal(radix_init(&r, &radix_ept, 4, 3, false), STATUS_OK);
    assert_int_equal(radix_map(&r, 0, hpa(0), PAGE_SIZE, RW), STATUS_OK);
    r.always = RADIX_SNOOP;
    assert_int_equal(radix_map(&r, GIB, hpa(GIB), GIB, RW), STATUS_OK);
    assert_int_equal(radix_unmap(&r, GIB + MIB, PAGE_SIZE), STATUS_OK);
    assert_int_equal(radix_protect(&r, GIB + 2 * MIB, 4 * MIB, RADIX_READ), STATUS_OK);
    static const struct {
        uint64_t at;
        unsigned level, rights;
    } seen[] = {{0, 1, RW},
                {GIB, 1, RW | RADIX_SNOOP},
                {GIB + 2 * MIB, 2, RADIX_READ | RADIX_SNOOP},
                {GIB + 8 * MIB, 2, RW | RADIX_SNOOP}};
    for (size_t i = 0; i < ARRAY_LENGTH(seen); i++) {
        assert_int_equal(radix_lookup(&r, seen[i].at, &m), STATUS_OK);
        assert_int_equal(m.level, seen[i].level);
        assert_int_equal(m.rights, seen[i].rights);
    }
    assert_false(radix_any_mapped(&r, GIB + MIB, PAGE_SIZE));
    assert_true(radix_any_mapped(&r, GIB + MIB, 2 * PAGE_SIZE));
    assert_true(radix_any_mapped(&r, PAGE_SIZE, UINT64_MAX)); /* as far as the table reaches */
    assert_false(radix_any_mapped(&r, 2 * GIB, UINT64_MAX));
    assert_false(radix_any_mapped(&r, radix_span(5), PAGE_SIZE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_model),           cmocka_unit_test(no_state_in_between_leads_astray),
        cmocka_unit_test(running_out_changes_nothing), cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(costs_few_table_pages),       cmocka_unit_test(rights_of_every_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
