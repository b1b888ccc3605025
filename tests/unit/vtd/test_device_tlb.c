/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/device_tlb.c and its part of vtd/domain.c: devices that keep translations, on the strict model. */
#include "vtd/device_tlb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/core/time.h"
#include "tests/fake/vtd_rig.h"
#include "tests/model/ats_model.h"
#include "vtd/domain.h"
#include "vtd/root.h"

#define DEVICE 0x0018
#define OTHER 0x0210
#define PLAIN 0x0300
#define RW (RADIX_READ | RADIX_WRITE)
#define HOST UINT64_C(0x10000000) /* guest memory; the unit only names it */
#define DEPTH 4
#define FAULT_ATS 0xd

static struct vtd_rig rig;
static struct vtd_domain domain;
static struct ats_model device, other;
static unsigned told;
static uint16_t told_of;

static struct vtd_unit *unit(void)
{
    return &rig.units[0];
}

static struct vtd_model *model(void)
{
    return &rig.mc.units[0].model;
}

static bool invalidate(void *context, uint16_t sid, uint64_t address, uint64_t bytes, unsigned max_pending)
{
    (void)context;
    return ats_model_invalidate(sid == DEVICE ? &device : &other, address, bytes, max_pending);
}

static void note_silent(void *context, uint16_t source)
{
    assert_ptr_equal(context, &rig);
    told++;
    told_of = source;
}

static void start_with(struct vtd_model_config config)
{
    vtd_rig_start(&rig, &config);
    model()->io.invalidate = invalidate;
    ats_model_reset(&device, model(), DEVICE, DEPTH);
    ats_model_reset(&other, model(), OTHER, 32);
    assert_int_equal(vtd_domain_create(&rig.vtd, &domain), STATUS_OK);
    domain.tlbs.on_silent = note_silent;
    domain.tlbs.context = &rig;
    told = 0;
}

static void attach(struct ats_model *a, bool twice)
{
    uint8_t depth = (uint8_t)(a->depth % 32);
    assert_int_equal(vtd_attach_device_tlb(unit(), a->sid, &domain, depth, twice), STATUS_OK);
    ats_model_enable(a, true);
}

static int start(void **state)
{
    (void)state;
    start_with(vtd_model_server());
    return 0;
}

static int finish(void **state)
{
    (void)state;
    assert_int_equal(device.stale + other.stale, 0);
    assert_int_equal(device.crowded + other.crowded, 0);
    const char *violation = vtd_model_violation(model());
    if (violation != NULL) {
        fail_msg("%s", violation);
    }
    return 0;
}

static void map(uint64_t from, uint64_t size)
{
    assert_int_equal(vtd_domain_map(&domain, iova(from), hpa(HOST + from), size, RW), STATUS_OK);
}

static bool reaches(struct ats_model *a, uint64_t address, bool write)
{
    uint64_t host = 0;
    bool passed = ats_model_access(a, address, write, &host);
    assert_true(!passed || host == HOST + address);
    return passed;
}

/* Without ATS in its context entry a device is neither told a translation nor believed one. */
static void believes_nobody_else(void **state)
{
    (void)state;
    uint64_t host = 0;
    bool write = false;
    map(0, 0x4000);
    assert_int_equal(vtd_attach(unit(), PLAIN, &domain), STATUS_OK);
    assert_false(vtd_model_ats_translate(model(), PLAIN, 0x1000, &host, &write));
    assert_int_equal(bits_get(model()->fault[0].high, 39, 32), FAULT_ATS);
    assert_false(vtd_model_ats_access(model(), PLAIN, HOST + 0x1000));
    assert_false(vtd_model_ats_access(model(), RIG_ROGUE, HOST + 0x1000));
    assert_true(vtd_model_may_now(model(), PLAIN, 0x1000, true, &host));
}

static void keeps_translations(void **state)
{
    (void)state;
    map(0, 0x4000);
    attach(&device, false);
    assert_true(reaches(&device, 0x1000, true) && reaches(&device, 0x1008, false));
    assert_int_equal(device.requests, 1);
    assert_int_equal(device.translated, 2);
    assert_false(reaches(&device, 0x5000, false));
    assert_int_equal(vtd_device_tlb_add(&domain, (struct vtd_device_tlb){.source = DEVICE}), STATUS_CONFLICT);
}

static void forgets_what_is_unmapped(void **state)
{
    (void)state;
    for (unsigned eager = 0; eager < 2; eager++) {
        start(state);
        map(0, 0x400000);
        attach(&device, false);
        device.eager = eager != 0;
        for (uint64_t at = 0; at < 0x400000; at += 0x80000) {
            assert_true(reaches(&device, at, true));
        }
        assert_int_equal(vtd_domain_unmap(&domain, iova(0x100000), 0x200000), STATUS_OK);
        for (uint64_t at = 0; at < 0x400000; at += 0x80000) {
            assert_int_equal(reaches(&device, at, true), at < 0x100000 || at >= 0x300000);
        }
        assert_true(device.forgotten >= 4);
        finish(state);
    }
}

/* One range that is aligned to its size covers both. */
static void forgets_ends_of_the_address_space(void **state)
{
    (void)state;
    const uint64_t high = BIT64(45);
    map(0x1000, 0x1000);
    map(high, 0x1000);
    attach(&device, false);
    assert_true(reaches(&device, 0x1000, true) && reaches(&device, high, true));
    assert_int_equal(vtd_domain_unmap(&domain, iova(0x1000), high), STATUS_OK);
    assert_false(reaches(&device, 0x1000, true) || reaches(&device, high, true));
}

static void loses_rights(void **state)
{
    (void)state;
    map(0, 0x4000);
    attach(&device, false);
    assert_true(reaches(&device, 0x1000, true));
    assert_int_equal(vtd_domain_protect(&domain, iova(0x1000), 0x1000, RADIX_READ), STATUS_OK);
    assert_false(reaches(&device, 0x1000, true));
    assert_true(reaches(&device, 0x1000, false));
}

static void each_device_is_told(void **state)
{
    (void)state;
    map(0, 0x4000);
    attach(&device, false);
    attach(&other, true);
    assert_true(reaches(&device, 0x2000, true) && reaches(&other, 0x2000, true));
    assert_int_equal(vtd_domain_unmap(&domain, iova(0x2000), 0x1000), STATUS_OK);
    assert_false(reaches(&device, 0x2000, true) || reaches(&other, 0x2000, true));
    assert_int_equal(device.invalidations, 1);
    assert_int_equal(other.invalidations, 2); /* one of those that must be told twice */
}

static void on_nested_tables(void **state)
{
    (void)state;
    struct radix nested;
    struct vtd_domain shared;
    const struct vtd_caps *caps = &unit()->caps;
    assert_int_equal(radix_init(&nested, &radix_ept, 4, vtd_caps_max_leaf(caps), !caps->coherent), STATUS_OK);
    nested.always = caps->snoop_control ? RADIX_SNOOP : 0;
    vtd_domain_create_shared(&rig.vtd, &shared, &nested, BIT64(48));
    assert_int_equal(radix_map(&nested, 0, hpa(HOST), 0x4000, RW), STATUS_OK);
    assert_int_equal(vtd_domain_map(&shared, iova(0), hpa(HOST), 0x4000, RW), STATUS_OK);
    assert_int_equal(vtd_attach_device_tlb(unit(), DEVICE, &shared, DEPTH, false), STATUS_OK);
    ats_model_enable(&device, true);
    assert_true(reaches(&device, 0x1000, true));
    assert_int_equal(radix_unmap(&nested, 0x1000, 0x1000), STATUS_OK);
    assert_int_equal(vtd_domain_unmap(&shared, iova(0x1000), 0x1000), STATUS_OK);
    assert_false(reaches(&device, 0x1000, true));
}

/* The order of guest/device_ats.c: it forgets all, ATS goes off, then it leaves. */
static void leaves(void **state)
{
    (void)state;
    uint64_t host = 0;
    map(0, 0x4000);
    attach(&device, false);
    assert_true(reaches(&device, 0x1000, true) && reaches(&device, 0x2000, true));
    device.rogue = true; /* what it keeps would be used with ATS off too */
    assert_int_equal(vtd_device_tlb_leave(unit(), DEVICE, &domain), STATUS_OK);
    ats_model_enable(&device, false);
    assert_int_equal(device.forgotten, 2);
    assert_int_equal(vtd_device_tlb_leave(unit(), DEVICE, &domain), STATUS_NOT_FOUND);
    assert_int_equal(vtd_domain_unmap(&domain, iova(0x1000), 0x1000), STATUS_OK);
    assert_int_equal(device.invalidations, 1); /* it is not asked with ATS off, as it would not answer */
    assert_int_equal(vtd_detach(unit(), DEVICE, &domain), STATUS_OK);
    assert_false(vtd_model_ats_access(model(), DEVICE, HOST + 0x2000));
    assert_false(vtd_model_may_now(model(), DEVICE, 0x2000, true, &host));
    assert_int_equal(vtd_domain_destroy(&domain), STATUS_OK);
}

static void a_silent_device_is_blocked(void **state)
{
    (void)state;
    uint64_t host = 0;
    map(0, 0x4000);
    attach(&device, false);
    attach(&other, false);
    assert_true(reaches(&device, 0x1000, true) && reaches(&other, 0x1000, true));
    device.mute = true;
    uint64_t from = time_now_ns();
    assert_int_equal(vtd_domain_unmap(&domain, iova(0x1000), 0x1000), STATUS_TIMEOUT);
    assert_true(time_now_ns() - from < VTD_DEADLINE_US * 1000); /* the unit said so itself */
    assert_true(domain.quarantined);
    assert_int_equal(told, 1);
    assert_int_equal(told_of, DEVICE);
    assert_false(reaches(&device, 0x1000, true) || reaches(&device, 0x2000, false));
    assert_false(vtd_model_ats_access(model(), DEVICE, HOST + 0x1000));
    assert_false(vtd_model_may_now(model(), DEVICE, 0x2000, false, &host));
    /* The queue and the other device go on; the silent one is not asked again. */
    assert_false(reaches(&other, 0x1000, true));
    assert_true(reaches(&other, 0x2000, true));
    assert_int_equal(vtd_domain_unmap(&domain, iova(0x2000), 0x1000), STATUS_TIMEOUT);
    assert_false(reaches(&other, 0x2000, true));
    assert_int_equal(device.invalidations, 1);
    assert_int_equal(vtd_device_tlb_leave(unit(), DEVICE, &domain), STATUS_TIMEOUT);
    assert_int_equal(vtd_detach(unit(), DEVICE, &domain), STATUS_TIMEOUT);
    assert_int_equal(vtd_device_tlb_leave(unit(), OTHER, &domain), STATUS_OK);
    assert_int_equal(vtd_detach(unit(), OTHER, &domain), STATUS_OK);
    assert_int_equal(vtd_domain_destroy(&domain), STATUS_TIMEOUT); /* its memory is never used again */
    assert_int_equal(told, 1);
}

static void a_silent_device_harms_no_other_domain(void **state)
{
    (void)state;
    struct vtd_domain second;
    map(0, 0x4000);
    attach(&device, false);
    assert_int_equal(vtd_domain_create(&rig.vtd, &second), STATUS_OK);
    assert_int_equal(vtd_domain_map(&second, iova(0x1000), hpa(HOST), 0x1000, RW), STATUS_OK);
    assert_int_equal(vtd_attach(unit(), PLAIN, &second), STATUS_OK);
    assert_true(reaches(&device, 0x1000, true));
    device.mute = true;
    assert_int_equal(vtd_device_tlb_leave(unit(), DEVICE, &domain), STATUS_TIMEOUT);
    assert_int_equal(vtd_domain_unmap(&second, iova(0x1000), 0x1000), STATUS_OK);
    assert_false(second.quarantined);
    assert_int_equal(vtd_detach(unit(), PLAIN, &second), STATUS_OK);
    assert_int_equal(vtd_domain_destroy(&second), STATUS_OK);
}

/* A unit that does not answer for the device either: the deadline ends it. */
static void a_stuck_unit_ends_by_the_deadline(void **state)
{
    (void)state;
    map(0, 0x4000);
    attach(&device, false);
    model()->knobs.stuck_waits = true;
    uint64_t from = time_now_ns();
    assert_int_equal(vtd_device_tlb_leave(unit(), DEVICE, &domain), STATUS_TIMEOUT);
    assert_true(time_now_ns() - from < 5 * VTD_DEADLINE_US * 1000);
    assert_true(domain.quarantined && told == 1);
    assert_false(vtd_context_present(vtd_root_get(unit(), DEVICE)));
}

static void needs_a_unit_that_is_made_for_it(void **state)
{
    (void)state;
    struct vtd_model_config config = vtd_model_server();
    config.ecap &= ~BIT64(2);
    start_with(config);
    assert_int_equal(vtd_attach_device_tlb(unit(), DEVICE, &domain, DEPTH, false), STATUS_UNSUPPORTED);
    assert_false(vtd_context_present(vtd_root_get(unit(), DEVICE)));
    start_with(vtd_model_minimal());
    assert_int_equal(vtd_attach_device_tlb(unit(), DEVICE, &domain, DEPTH, false), STATUS_UNSUPPORTED);
    start_with(vtd_model_server());
    assert_int_equal(vtd_attach(unit(), DEVICE, &domain), STATUS_OK);
    assert_int_equal(vtd_attach_device_tlb(unit(), DEVICE, &domain, DEPTH, false), STATUS_CONFLICT);
    assert_int_equal(domain.tlbs.count, 0);
    for (uint16_t i = 0; i < VTD_DEVICE_TLBS_MAX; i++) {
        assert_int_equal(vtd_attach_device_tlb(unit(), (uint16_t)(0x400 + i), &domain, 0, false), STATUS_OK);
    }
    assert_int_equal(vtd_attach_device_tlb(unit(), OTHER, &domain, 0, false), STATUS_NO_MEMORY);
    assert_false(vtd_context_present(vtd_root_get(unit(), OTHER)));
}

/* Maps, unmaps and accesses at random: an eager device never gets at what is gone. */
static void at_random(void **state)
{
    (void)state;
    bool mapped[64] = {false};
    srand(7);
    attach(&device, false);
    attach(&other, false);
    device.eager = true;
    for (unsigned round = 0; round < 3000; round++) {
        unsigned page = (unsigned)rand() % 64;
        uint64_t at = (uint64_t)page << 12;
        if (rand() % 4 != 0) {
            assert_int_equal(reaches(rand() % 2 != 0 ? &device : &other, at, rand() % 2 != 0), mapped[page]);
            continue;
        }
        unsigned count = 1 + (unsigned)rand() % (64 - page);
        assert_int_equal(vtd_domain_unmap(&domain, iova(at), (uint64_t)count << 12), STATUS_OK);
        bool again = rand() % 2 != 0;
        for (unsigned i = page; i < page + count; i++) {
            mapped[i] = again;
        }
        if (again) {
            map(at, (uint64_t)count << 12);
        }
    }
    assert_true(device.forgotten > 100 && other.translated > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(believes_nobody_else, start, finish),
        cmocka_unit_test_setup_teardown(keeps_translations, start, finish),
        cmocka_unit_test_setup_teardown(forgets_what_is_unmapped, start, finish),
        cmocka_unit_test_setup_teardown(forgets_ends_of_the_address_space, start, finish),
        cmocka_unit_test_setup_teardown(loses_rights, start, finish),
        cmocka_unit_test_setup_teardown(each_device_is_told, start, finish),
        cmocka_unit_test_setup_teardown(on_nested_tables, start, finish),
        cmocka_unit_test_setup_teardown(leaves, start, finish),
        cmocka_unit_test_setup_teardown(a_silent_device_is_blocked, start, finish),
        cmocka_unit_test_setup_teardown(a_silent_device_harms_no_other_domain, start, finish),
        cmocka_unit_test_setup_teardown(a_stuck_unit_ends_by_the_deadline, start, finish),
        cmocka_unit_test_setup_teardown(needs_a_unit_that_is_made_for_it, start, finish),
        cmocka_unit_test_setup_teardown(at_random, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
