/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/domain.c, vtd/root.c and vtd/invalidate.c on the strict model: what a device reaches after each call. */
#include "vtd/domain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "kernel/core/pages.h"
#include "tests/fake/vtd_rig.h"

#define DEVICE 0x0018
#define OTHER 0x0210
#define RW (RADIX_READ | RADIX_WRITE)
#define HOST UINT64_C(0x10000000) /* guest memory; the unit only names it */

static struct vtd_rig rig;

enum { PRESETS = 5 };

/* QEMU's with CM=1 and without, C=0, registers with RWBF, and RWBF by quirk only. */
static struct vtd_model_config preset(unsigned i)
{
    struct vtd_model_config c = vtd_model_qemu();
    if (i == 1) {
        c.cap &= ~UINT64_C(0x80);
    } else if (i == 2) {
        c = vtd_model_server();
    } else if (i >= 3) {
        c = vtd_model_minimal();
    }
    if (i == 4) {
        c.cap &= ~UINT64_C(0x10);
        c.hidden_buffer = true;
    }
    return c;
}

static void assert_strict(void)
{
    for (unsigned i = 0; i < rig.mc.count; i++) {
        const char *v = vtd_model_violation(&rig.mc.units[i].model);
        if (v != NULL) {
            fail_msg("%s", v);
        }
    }
}

static struct vtd_model *model(void)
{
    return &rig.mc.units[0].model;
}

/* Where a write of sid lands; 0 = blocked. Caches fill. */
static uint64_t lands(unsigned unit, uint16_t sid, uint64_t address, bool write)
{
    uint64_t host = 0;
    if (vtd_model_translate(&rig.mc.units[unit].model, sid, address, write, &host) != VTD_MODEL_PASSED) {
        return 0;
    }
    return host;
}

static void new_domain(struct vtd_domain *d)
{
    assert_int_equal(vtd_domain_create(&rig.vtd, d), STATUS_OK);
}

static void map(struct vtd_domain *d, uint64_t from, uint64_t to, uint64_t size, unsigned rights)
{
    assert_int_equal(vtd_domain_map(d, iova(from), hpa(to), size, rights), STATUS_OK);
}

static void test_attach_and_map(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        struct vtd_model_config c = preset(i);
        struct vtd_domain d;
        vtd_rig_start(&rig, &c);
        model()->knobs.latency = i;
        new_domain(&d);
        assert_int_equal(lands(0, DEVICE, 0x1000, true), 0);
        assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_OK);
        assert_int_equal(lands(0, DEVICE, 0x1000, true), 0); /* with CM the absence is cached now */
        map(&d, 0x1000, HOST, 0x3000, RW);
        assert_int_equal(lands(0, DEVICE, 0x1000, true), HOST);
        assert_int_equal(lands(0, DEVICE, 0x3fff, false), HOST + 0x2fff);
        assert_int_equal(lands(0, DEVICE, 0x4000, true), 0);
        assert_int_equal(lands(0, OTHER, 0x1000, true), 0);
        assert_int_equal(lands(0, DEVICE + 8, 0x1000, true), 0); /* same context table, another line */
        map(&d, 0x8000, HOST + 0x10000, 0x1000, RADIX_READ);
        assert_int_equal(lands(0, DEVICE, 0x8000, true), 0);
        assert_int_equal(lands(0, DEVICE, 0x8000, false), HOST + 0x10000);
        assert_int_equal(vtd_domain_unmap(&d, iova(0x2000), 0x1000), STATUS_OK);
        assert_int_equal(lands(0, DEVICE, 0x2000, true), 0);
        assert_int_equal(lands(0, DEVICE, 0x1000, true), HOST);
        assert_int_equal(vtd_detach(&rig.units[0], DEVICE, &d), STATUS_OK);
        assert_int_equal(lands(0, DEVICE, 0x1000, true), 0);
        assert_int_equal(vtd_domain_destroy(&d), STATUS_OK);
        assert_strict();
    }
}

static void test_nothing_leaks_after_detach(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        struct vtd_model_config c = preset(i);
        struct vtd_domain a;
        struct vtd_domain b;
        vtd_rig_start(&rig, &c);
        uint64_t used = pages_used_bytes();
        new_domain(&a);
        map(&a, 0, HOST, 0x200000, RW);
        assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &a), STATUS_OK);
        assert_int_equal(lands(0, DEVICE, 0x1000, true), HOST + 0x1000);
        assert_int_equal(vtd_detach(&rig.units[0], DEVICE, &a), STATUS_OK);
        assert_int_equal(vtd_domain_destroy(&a), STATUS_OK);
        /* The next domain gets the same id, and the same pages for its tables. */
        new_domain(&b);
        map(&b, 0x1000, HOST + 0x800000, 0x1000, RW);
        assert_int_equal(vtd_attach(&rig.units[0], OTHER, &b), STATUS_OK);
        assert_int_equal(lands(0, OTHER, 0x1000, true), HOST + 0x800000);
        assert_int_equal(lands(0, OTHER, 0x0, true), 0);
        assert_int_equal(lands(0, DEVICE, 0x1000, true), 0);
        assert_int_equal(vtd_detach(&rig.units[0], OTHER, &b), STATUS_OK);
        assert_int_equal(vtd_domain_destroy(&b), STATUS_OK);
        assert_true(pages_used_bytes() - used <= 2 * PAGE_SIZE); /* context tables stay, page tables do not */
        assert_strict();
    }
}

static void test_large_pages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct vtd_model_config c = preset(i);
        struct vtd_domain d;
        vtd_rig_start(&rig, &c);
        new_domain(&d);
        assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_OK);
        map(&d, 0x40000000, 0x80000000, 0x40000000, RW);
        assert_true(d.tables.table_pages <= 3); /* one 1 GiB leaf */
        assert_int_equal(lands(0, DEVICE, 0x7fffffff, true), 0xbfffffff);
        /* A hole in the middle: the leaf is split under the device's feet, the rest stays. */
        assert_int_equal(vtd_domain_unmap(&d, iova(0x50001000), 0x1000), STATUS_OK);
        assert_int_equal(lands(0, DEVICE, 0x50001000, true), 0);
        assert_int_equal(lands(0, DEVICE, 0x50002000, true), 0x90002000);
        assert_int_equal(lands(0, DEVICE, 0x7fffffff, true), 0xbfffffff);
        /* And the whole: nothing of any size is left. */
        assert_int_equal(vtd_domain_unmap(&d, iova(0x40000000), 0x40000000), STATUS_OK);
        assert_int_equal(lands(0, DEVICE, 0x7fffffff, true), 0);
        assert_int_equal(lands(0, DEVICE, 0x50002000, true), 0);
        /* Tables that stayed do not get in the way of a new large mapping. */
        map(&d, 0x40000000, 0x80000000, 0x40000000, RW);
        assert_int_equal(lands(0, DEVICE, 0x50001000, true), 0x90001000);
        assert_strict();
    }
}

static void test_refusals(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_qemu();
    struct vtd_domain d;
    vtd_rig_start(&rig, &c);
    new_domain(&d);
    assert_int_equal(vtd_domain_map(&d, iova(0x1001), hpa(HOST), 0x1000, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map(&d, iova(0xfee00000), hpa(HOST), 0x1000, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map(&d, iova(0x1000), hpa(0xfeeff000), 0x1000, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map(&d, iova(0xfedff000), hpa(HOST), 0x2000, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map(&d, iova(BIT64(39) - 0x1000), hpa(HOST), 0x2000, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map(&d, iova(~UINT64_C(0xfff)), hpa(HOST), 0x1000, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map(&d, iova(0x1000), hpa(HOST), 0, RW), STATUS_OUT_OF_RANGE);
    map(&d, 0x1000, HOST, 0x1000, RW);
    assert_int_equal(vtd_domain_map(&d, iova(0), hpa(HOST), 0x2000, RW), STATUS_CONFLICT);
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_OK);
    assert_int_equal(lands(0, DEVICE, 0, true), 0);
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_CONFLICT);
    assert_int_equal(vtd_detach(&rig.units[0], OTHER, &d), STATUS_NOT_FOUND);
    assert_int_equal(vtd_domain_destroy(&d), STATUS_CONFLICT);
    assert_strict();
}

static void test_domain_ids_run_out(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_minimal(); /* ND = 0: ids 1..15 */
    struct vtd_domain d[16];
    vtd_rig_start(&rig, &c);
    for (unsigned i = 0; i < 16; i++) {
        new_domain(&d[i]);
        map(&d[i], 0, HOST + i * 0x100000, 0x1000, RW);
        enum status s = vtd_attach(&rig.units[0], (uint16_t)(0x100 + i), &d[i]);
        assert_int_equal(s, i < 15 ? STATUS_OK : STATUS_NO_MEMORY);
        assert_int_equal(lands(0, (uint16_t)(0x100 + i), 0, true), i < 15 ? HOST + i * 0x100000 : 0);
    }
    assert_int_equal(vtd_detach(&rig.units[0], 0x104, &d[4]), STATUS_OK);
    assert_int_equal(vtd_attach(&rig.units[0], 0x10f, &d[15]), STATUS_OK);
    assert_int_equal(lands(0, 0x10f, 0, true), HOST + 15 * 0x100000);
    assert_int_equal(lands(0, 0x104, 0, true), 0);
    assert_strict();
}

/* More than 64 ids: nothing is cut to six bits. */
static void test_many_domains_stay_apart(void **state)
{
    (void)state;
    static struct vtd_domain d[80];
    struct vtd_model_config c = vtd_model_qemu();
    vtd_rig_start(&rig, &c);
    for (unsigned i = 0; i < ARRAY_LENGTH(d); i++) {
        new_domain(&d[i]);
        map(&d[i], 0, HOST + i * 0x1000, 0x1000, RW);
        assert_int_equal(vtd_attach(&rig.units[0], (uint16_t)(0x100 + i), &d[i]), STATUS_OK);
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(d); i++) {
        assert_int_equal(lands(0, (uint16_t)(0x100 + i), 0, true), HOST + i * 0x1000);
    }
    assert_strict();
}

static void test_two_units(void **state)
{
    (void)state;
    struct vtd_model_config c[2] = {vtd_model_server(), vtd_model_server()};
    c[1].ecap |= 1; /* one snoops, one does not; one has large pages, one has not */
    c[1].cap &= ~(UINT64_C(15) << 34);
    struct vtd_domain d;
    vtd_rig_power(&rig, c, 2);
    assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
    assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
    new_domain(&d);
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_OK);
    map(&d, 0x200000, HOST, 0x200000, RW);
    assert_int_equal(vtd_attach(&rig.units[1], OTHER, &d), STATUS_OK);
    assert_int_equal(lands(0, DEVICE, 0x200000, true), HOST);
    assert_int_equal(lands(1, OTHER, 0x3ff000, true), HOST + 0x1ff000);
    assert_int_equal(lands(1, DEVICE, 0x200000, true), 0);
    assert_int_equal(vtd_domain_unmap(&d, iova(0x200000), 0x200000), STATUS_OK);
    assert_int_equal(lands(0, DEVICE, 0x200000, true), 0);
    assert_int_equal(lands(1, OTHER, 0x3ff000, true), 0);
    assert_strict();
}

/* A unit that stops answering: the caller learns it, and nothing the unit may still hold is used again. */
static void test_dead_unit_is_quarantined(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        struct vtd_model_config c = preset(i);
        struct vtd_domain d;
        vtd_rig_start(&rig, &c);
        new_domain(&d);
        map(&d, 0x1000, HOST, 0x2000, RW);
        assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_OK);
        assert_int_equal(lands(0, DEVICE, 0x1000, true), HOST);
        uint16_t id = d.ids[0];
        model()->knobs.stuck_queue = true;
        model()->knobs.stuck_context = true;
        model()->knobs.stuck_iotlb = true;
        assert_int_equal(vtd_domain_unmap(&d, iova(0x1000), 0x1000), STATUS_TIMEOUT);
        assert_true(d.quarantined);
        assert_int_equal(vtd_detach(&rig.units[0], DEVICE, &d), STATUS_TIMEOUT);
        uint64_t used = pages_used_bytes();
        assert_int_equal(vtd_domain_destroy(&d), STATUS_TIMEOUT);
        assert_int_equal(pages_used_bytes(), used); /* its tables stay */
        assert_true((rig.units[0].ids.used[id / 64] & BIT64(id % 64)) != 0);
        assert_int_equal(rig.units[0].ids.quarantined, 1);
    }
}

/* The attach that cannot be confirmed leaves the source blocked in the tables. */
static void test_failed_attach_is_undone(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_qemu(); /* CM = 1: attaching invalidates */
    struct vtd_domain d;
    uint64_t host = 0;
    vtd_rig_start(&rig, &c);
    new_domain(&d);
    map(&d, 0x1000, HOST, 0x1000, RW);
    model()->knobs.stuck_waits = true;
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_TIMEOUT);
    assert_false(vtd_model_may(model(), DEVICE, 0x1000, true, &host));
    assert_int_equal(d.attached[0], 0);
}

/* A mapping that a unit does not confirm is taken back: the caller believes it is not there. */
static void test_unconfirmed_map_is_undone(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_qemu(); /* CM = 1: mapping invalidates */
    struct vtd_domain d;
    struct radix_mapping at;
    vtd_rig_start(&rig, &c);
    new_domain(&d);
    map(&d, 0x1000, HOST, 0x1000, RW);
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_OK);
    model()->knobs.stuck_waits = true;
    assert_int_equal(vtd_domain_map(&d, iova(0x2000), hpa(HOST + 0x1000), 0x1000, RW), STATUS_TIMEOUT);
    assert_int_equal(radix_lookup(&d.tables, 0x2000, &at), STATUS_NOT_FOUND);
    assert_int_equal(radix_lookup(&d.tables, 0x1000, &at), STATUS_OK);
    assert_true(d.quarantined);
}

/* While tables grow, split and go, a non-snooping unit never sees a way into hypervisor memory. */
static void test_no_window_while_changing(void **state)
{
    (void)state;
    const uint16_t sids[] = {DEVICE, RIG_ROGUE};
    struct vtd_model_config c = vtd_model_server();
    struct vtd_domain d;
    vtd_rig_start(&rig, &c);
    new_domain(&d);
    vtd_rig_watch(&rig, sids, 2);
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_OK);
    map(&d, 0x1000, HOST, 0x1000, RW);
    map(&d, 0x40000000, 0x80000000, 0x400000, RW);
    assert_int_equal(lands(0, DEVICE, 0x40001000, true), 0x80001000);
    assert_int_equal(vtd_domain_unmap(&d, iova(0x40001000), 0x1000), STATUS_OK);
    assert_int_equal(vtd_domain_unmap(&d, iova(0), 0x80000000), STATUS_OK);
    assert_int_equal(vtd_detach(&rig.units[0], DEVICE, &d), STATUS_OK);
    assert_int_equal(vtd_domain_destroy(&d), STATUS_OK);
    assert_false(rig.exposed);
    assert_true(rig.checks > 100);
    assert_strict();
}

/* The table pages run out half-way, and the device uses what is there for a moment. */
struct greedy {
    unsigned used;
};

static void use_at_once(void *context, struct vtd_machine *mc)
{
    struct greedy *g = context;
    (void)mc;
    for (uint64_t at = 0; at < 0x1000000; at += 0x200000) {
        g->used += lands(0, DEVICE, at, true) != 0;
    }
}

static void test_failed_map_leaves_nothing(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_server();
    c.cap &= ~(UINT64_C(15) << 34); /* 4 KiB leaves only: a table every 2 MiB */
    struct vtd_domain d;
    struct greedy g = {0};
    vtd_rig_start(&rig, &c);
    new_domain(&d);
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &d), STATUS_OK);
    struct hpa page = {0};
    while (pages_free_bytes() > 6 * PAGE_SIZE) {
        assert_int_equal(pages_alloc(&page), STATUS_OK);
    }
    vtd_machine_observe(&rig.mc, use_at_once, &g);
    assert_int_equal(vtd_domain_map(&d, iova(0), hpa(HOST), 0x1000000, RW), STATUS_NO_MEMORY);
    assert_true(g.used > 0); /* the device was quick enough */
    vtd_machine_observe(&rig.mc, NULL, NULL);
    for (uint64_t at = 0; at < 0x1000000; at += 0x1000) {
        assert_int_equal(lands(0, DEVICE, at, true), 0);
    }
    assert_strict();
}

static void test_snoop_is_forced_where_possible(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_server();
    struct vtd_domain d;
    vtd_rig_start(&rig, &c);
    new_domain(&d);
    map(&d, 0, HOST, 0x1000, RW);
    struct radix_mapping at;
    assert_int_equal(radix_lookup(&d.tables, 0, &at), STATUS_OK);
    assert_true((at.rights & RADIX_SNOOP) != 0);
    assert_true(d.snoop);
    c.ecap &= ~UINT64_C(0x80); /* no snoop control: its guest needs a real WBINVD */
    vtd_rig_start(&rig, &c);
    new_domain(&d);
    map(&d, 0, HOST, 0x1000, RW);
    assert_int_equal(radix_lookup(&d.tables, 0, &at), STATUS_OK);
    assert_int_equal(at.rights & RADIX_SNOOP, 0);
    assert_false(d.snoop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attach_and_map),
        cmocka_unit_test(test_nothing_leaks_after_detach),
        cmocka_unit_test(test_large_pages),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_domain_ids_run_out),
        cmocka_unit_test(test_many_domains_stay_apart),
        cmocka_unit_test(test_two_units),
        cmocka_unit_test(test_dead_unit_is_quarantined),
        cmocka_unit_test(test_failed_attach_is_undone),
        cmocka_unit_test(test_unconfirmed_map_is_undone),
        cmocka_unit_test(test_no_window_while_changing),
        cmocka_unit_test(test_failed_map_leaves_nothing),
        cmocka_unit_test(test_snoop_is_forced_where_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
