/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/domain.c on a guest's nested tables: what a device reaches through EPT, on the strict model. */
#include "vtd/domain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "kernel/core/pages.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "tests/fake/vtd_rig.h"

#define DEVICE 0x0018
#define OTHER 0x0210
#define RW (RADIX_READ | RADIX_WRITE)
#define RWX (RW | RADIX_EXECUTE)
#define HOST UINT64_C(0x10000000) /* guest memory; the unit only names it */
#define LIMIT BIT64(48)

static struct vtd_rig rig;
static struct radix nested;
static struct vtd_domain domain;

enum { PRESETS = 6 };

/* Units that can walk four levels: C=0 with snoop control; C=1; caching mode; no snoop control; 2 MiB and 4 KiB only.
 */
static struct vtd_model_config preset(unsigned i)
{
    struct vtd_model_config c = vtd_model_server();
    c.ecap |= i == 1 ? BIT64(0) : 0;
    c.cap |= i == 2 ? BIT64(7) : 0;
    c.ecap &= i == 3 ? ~BIT64(7) : ~UINT64_C(0);
    c.cap &= i == 4 ? ~BIT64(35) : ~UINT64_C(0);
    c.cap &= i == 5 ? ~(UINT64_C(15) << 34) : ~UINT64_C(0);
    return c;
}

static struct vtd_model *model(void)
{
    return &rig.mc.units[0].model;
}

static void assert_strict(void)
{
    const char *v = vtd_model_violation(model());
    if (v != NULL) {
        fail_msg("%s", v);
    }
}

static uint64_t lands(uint16_t sid, uint64_t address, bool write)
{
    uint64_t host = 0;
    return vtd_model_translate(model(), sid, address, write, &host) == VTD_MODEL_PASSED ? host : 0;
}

/* Nested tables as guest/share_tables.c makes them for that unit, and a domain on them. */
static void start(unsigned i)
{
    struct vtd_model_config c = preset(i);
    vtd_rig_start(&rig, &c);
    const struct vtd_caps *caps = &rig.units[0].caps;
    assert_int_equal(radix_init(&nested, &radix_ept, 4, vtd_caps_max_leaf(caps), !caps->coherent), STATUS_OK);
    nested.always = caps->snoop_control ? RADIX_SNOOP : 0;
    vtd_domain_create_shared(&rig.vtd, &domain, &nested, LIMIT);
    assert_int_equal(domain.snoop, caps->snoop_control);
}

static void attach(void)
{
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &domain), STATUS_OK);
}

static void show(uint64_t from, uint64_t to, uint64_t size, unsigned rights)
{
    assert_int_equal(radix_map(&nested, from, hpa(to), size, rights), STATUS_OK);
    assert_int_equal(vtd_domain_map(&domain, iova(from), hpa(to), size, rights & RW), STATUS_OK);
}

static void hide(uint64_t from, uint64_t size)
{
    assert_int_equal(radix_unmap(&nested, from, size), STATUS_OK);
    assert_int_equal(vtd_domain_unmap(&domain, iova(from), size), STATUS_OK);
}

static void finish(void)
{
    assert_int_equal(vtd_detach(&rig.units[0], DEVICE, &domain), STATUS_OK);
    assert_int_equal(vtd_domain_destroy(&domain), STATUS_OK);
    radix_free(&nested); /* whose they are: panics unless every page is still its */
    assert_strict();
}

static void dma_goes_where_the_guest_sees_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        start(i);
        show(0, HOST, 0x400000, RWX);
        attach();
        assert_int_equal(lands(DEVICE, 0x1000, true), HOST + 0x1000);
        assert_int_equal(lands(DEVICE, 0x3fffff, false), HOST + 0x3fffff);
        assert_int_equal(lands(DEVICE, 0x400000, true), 0);
        assert_int_equal(lands(OTHER, 0x1000, true), 0);
        assert_int_equal(lands(DEVICE, 0xc0000000, true), 0); /* with CM the absence is cached now */
        show(0xc0000000, 0x80000000, 0x4000, RW | RADIX_UNCACHED);
        assert_int_equal(lands(DEVICE, 0xc0003000, true), 0x80003000);
        show(0xc0010000, 0x80010000, 0x1000, RADIX_READ);
        assert_int_equal(lands(DEVICE, 0xc0010000, true), 0);
        assert_int_equal(lands(DEVICE, 0xc0010000, false), 0x80010000);
        hide(0xc0000000, 0x4000);
        assert_int_equal(lands(DEVICE, 0xc0003000, true), 0);
        hide(0x200000, 0x1000); /* out of a large page */
        assert_int_equal(lands(DEVICE, 0x200000, true), 0);
        assert_int_equal(lands(DEVICE, 0x201000, true), HOST + 0x201000);
        assert_int_equal(vtd_detach(&rig.units[0], DEVICE, &domain), STATUS_OK);
        assert_int_equal(lands(DEVICE, 0x1000, true), 0);
        attach();
        assert_int_equal(lands(DEVICE, 0x1000, true), HOST + 0x1000);
        finish();
    }
}

static void large_pages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        start(i);
        unsigned leaf = nested.max_leaf;
        uint64_t size = leaf == 3 ? GIB : 0x400000; /* the rig's pages hold no more tables */
        attach();
        show(0x40000000, 0x80000000, size, RWX);
        struct radix_mapping m;
        assert_int_equal(radix_lookup(&nested, 0x40000000, &m), STATUS_OK);
        assert_int_equal(m.level, leaf);
        assert_int_equal(m.rights, RWX | nested.always);
        assert_int_equal(lands(DEVICE, 0x40000000 + size - 1, true), 0x80000000 + size - 1);
        hide(0x40000000, size);
        assert_int_equal(lands(DEVICE, 0x40000000 + size - 1, true), 0);
        finish();
    }
}

/* CPUs set accessed and dirty bits in entries of any level while the unit walks them. */
static void mark_used(uint64_t from)
{
    struct hpa table = nested.root;
    for (unsigned level = 4;; level--) {
        uint64_t *entry = (uint64_t *)phys_to_virt(table) + (from >> (12 + 9 * (level - 1))) % 512;
        *entry |= nested.format->is_leaf(*entry, level) ? 0x300 : 0x100;
        cpu_flush(entry, sizeof(*entry));
        if (nested.format->is_leaf(*entry, level)) {
            return;
        }
        table = nested.format->address(*entry);
    }
}

static void accessed_and_dirty_bits_do_no_harm(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        start(i);
        show(0, HOST, 0x201000, RWX);
        mark_used(0);
        mark_used(0x200000);
        attach();
        assert_int_equal(lands(DEVICE, 0x1000, true), HOST + 0x1000);
        assert_int_equal(lands(DEVICE, 0x200000, true), HOST + 0x200000);
        hide(0x200000, 0x1000);
        assert_int_equal(lands(DEVICE, 0x200000, true), 0);
        finish();
    }
}

/* What the caller says and what the tables show must be one. */
static void disagreements(void **state)
{
    (void)state;
    start(0);
    attach();
    show(0, HOST, 0x400000, RWX);
    assert_int_equal(vtd_domain_map(&domain, iova(0x400000), hpa(HOST), 0x1000, RW), STATUS_CONFLICT);
    assert_int_equal(vtd_domain_map(&domain, iova(0x3ff000), hpa(HOST + 0x3ff000), 0x2000, RW), STATUS_CONFLICT);
    assert_int_equal(vtd_domain_map(&domain, iova(0), hpa(HOST + 0x1000), 0x1000, RW), STATUS_CONFLICT);
    assert_int_equal(vtd_domain_map(&domain, iova(0), hpa(HOST), 0x1000, RADIX_READ), STATUS_CONFLICT);
    assert_int_equal(vtd_domain_map(&domain, iova(0x1000), hpa(HOST + 0x1000), 0x3000, RW), STATUS_OK);
    assert_int_equal(vtd_domain_unmap(&domain, iova(0x1000), 0x1000), STATUS_CONFLICT);
    assert_int_equal(lands(DEVICE, 0x1000, true), HOST + 0x1000);
    nested.always = 0;
    assert_int_equal(radix_map(&nested, 0x600000, hpa(HOST), 0x1000, RW), STATUS_OK);
    nested.always = RADIX_SNOOP;
    assert_int_equal(vtd_domain_map(&domain, iova(0x600000), hpa(HOST), 0x1000, RW), STATUS_CONFLICT);
    assert_int_equal(vtd_domain_map(&domain, iova(0xfee00000), hpa(HOST), 0x1000, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map(&domain, iova(LIMIT), hpa(HOST), 0x1000, RW), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_unmap(&domain, iova(LIMIT), 0x1000), STATUS_OUT_OF_RANGE);
    finish();
}

/* A unit that would find reserved bits, or tables that it reads stale, is not given them. */
static void a_unit_that_cannot_walk_them(void **state)
{
    (void)state;
    static const struct {
        uint64_t cap, ecap;
    } lacks[] = {{BIT64(10), 0}, {BIT64(35), 0}, {UINT64_C(3) << 34, 0}, {0, BIT64(7)}};
    for (unsigned i = 0; i < ARRAY_LENGTH(lacks); i++) {
        struct vtd_model_config c = preset(0);
        c.cap = (c.cap & ~lacks[i].cap) | (lacks[i].cap == BIT64(10) ? BIT64(9) : 0);
        c.ecap &= ~lacks[i].ecap;
        vtd_rig_start(&rig, &c);
        assert_int_equal(radix_init(&nested, &radix_ept, 4, 3, true), STATUS_OK);
        nested.always = RADIX_SNOOP;
        vtd_domain_create_shared(&rig.vtd, &domain, &nested, LIMIT);
        assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &domain), STATUS_UNSUPPORTED);
        assert_int_equal(lands(DEVICE, 0, true), 0);
        assert_int_equal(vtd_domain_destroy(&domain), STATUS_OK);
    }
    start(0);
    nested.flush = false; /* the unit has C = 0 */
    assert_int_equal(vtd_attach(&rig.units[0], DEVICE, &domain), STATUS_UNSUPPORTED);
    assert_strict();
}

/* The tables outlive the domain, and are not the domain's to free. */
static void ownership(void **state)
{
    (void)state;
    start(0);
    show(0, HOST, 0x400000, RWX);
    attach();
    assert_int_equal(vtd_domain_destroy(&domain), STATUS_CONFLICT);
    assert_int_equal(vtd_detach(&rig.units[0], DEVICE, &domain), STATUS_OK);
    uint64_t used = pages_used_bytes();
    assert_int_equal(vtd_domain_destroy(&domain), STATUS_OK);
    assert_int_equal(pages_used_bytes(), used);
    struct radix_mapping m;
    assert_int_equal(radix_lookup(&nested, 0x1000, &m), STATUS_OK);
    uint64_t pages = nested.table_pages;
    radix_free(&nested);
    assert_int_equal(pages_used_bytes(), used - pages * PAGE_SIZE);
    assert_strict();
}

static void a_dead_unit_is_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        start(i);
        show(0x1000, HOST, 0x2000, RWX);
        attach();
        assert_int_equal(lands(DEVICE, 0x1000, true), HOST);
        model()->knobs.stuck_queue = true;
        if (i == 2) { /* caching mode */
            assert_int_equal(radix_map(&nested, 0x8000, hpa(HOST), 0x1000, RWX), STATUS_OK);
            assert_int_equal(vtd_domain_map(&domain, iova(0x8000), hpa(HOST), 0x1000, RW), STATUS_TIMEOUT);
            assert_true(domain.quarantined);
            domain.quarantined = false;
        }
        assert_int_equal(radix_unmap(&nested, 0x1000, 0x1000), STATUS_OK);
        assert_int_equal(vtd_domain_unmap(&domain, iova(0x1000), 0x1000), STATUS_TIMEOUT);
        assert_true(domain.quarantined);
        assert_int_equal(vtd_detach(&rig.units[0], DEVICE, &domain), STATUS_TIMEOUT);
        assert_int_equal(vtd_domain_destroy(&domain), STATUS_TIMEOUT);
    }
}

/* While the guest's tables grow, split and go, the unit never sees a way into hypervisor memory. */
static void no_window_while_changing(void **state)
{
    (void)state;
    const uint16_t sids[] = {DEVICE, RIG_ROGUE};
    start(0);
    vtd_rig_watch(&rig, sids, 2);
    show(0, HOST, 0x400000, RWX);
    attach();
    show(0xc0000000, 0x80000000, 0x1000, RW | RADIX_UNCACHED);
    assert_int_equal(lands(DEVICE, 0x201000, true), HOST + 0x201000);
    hide(0x201000, 0x1000);
    hide(0, 0x400000);
    hide(0xc0000000, 0x1000);
    finish();
    assert_false(rig.exposed);
    assert_true(rig.checks > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dma_goes_where_the_guest_sees_it),
        cmocka_unit_test(large_pages),
        cmocka_unit_test(accessed_and_dirty_bits_do_no_harm),
        cmocka_unit_test(disagreements),
        cmocka_unit_test(a_unit_that_cannot_walk_them),
        cmocka_unit_test(ownership),
        cmocka_unit_test(a_dead_unit_is_told),
        cmocka_unit_test(no_window_while_changing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
