/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/remap.c on the strict model: which requester's message goes where, and which goes nowhere. */
#include "vtd/remap.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/fake/vtd_rig.h"

#define DEVICE 0x0018
#define OTHER 0x0019

static struct vtd_rig rig;

static struct vtd_unit *unit(void)
{
    return &rig.units[0];
}

static struct vtd_model *start(unsigned preset)
{
    struct vtd_model_config c = preset == 0 ? vtd_model_qemu() : vtd_model_server();
    if (preset == 2) {
        c.cap &= ~UINT64_C(0x80);
        c.ecap |= 1;
    }
    struct vtd_model *m = vtd_rig_start(&rig, &c);
    m->knobs.latency = preset;
    return m;
}

#define PRESETS 3

static uint16_t alloc(uint16_t rid, uint8_t vector, uint32_t apic_id)
{
    uint16_t handle = 0;
    struct vtd_irte_target t = {.vector = vector, .apic_id = apic_id};
    assert_int_equal(vtd_irq_alloc(unit(), vtd_irte_source_function(rid), t, &handle), STATUS_OK);
    return handle;
}

static bool send(uint16_t sid, struct vtd_msi msi, unsigned message, struct vtd_model_message *out)
{
    return vtd_model_interrupt(&rig.mc.units[0].model, sid, (uint32_t)msi.address, msi.data + message, out);
}

static void test_delivery(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        struct vtd_model *m = start(i);
        struct vtd_model_message out;
        uint16_t first = alloc(DEVICE, 0x41, 3);
        assert_false(send(DEVICE, vtd_msi_compose((uint16_t)(first + 1)), 0, &out)); /* absence may be cached */
        uint16_t handle = alloc(DEVICE, 0x42, 7);
        assert_int_equal(handle, first + 1);
        assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out));
        assert_int_equal(out.vector, 0x42);
        assert_int_equal(out.dest, 7);
        assert_false(out.level || out.logical || out.posted || out.redirect);
        assert_int_equal(out.delivery, 0);
        assert_null(vtd_model_violation(m));
    }
}

/* A device reaches its own entries only. */
static void test_source_validation(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        start(i);
        struct vtd_model_message out;
        uint16_t handle = alloc(DEVICE, 0x41, 3);
        for (unsigned sid = 0; sid < 0x10000; sid += 1) {
            if (sid != DEVICE && send((uint16_t)sid, vtd_msi_compose(handle), 0, &out)) {
                fail_msg("source %04x was let through", sid);
            }
        }
        assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out));
    }
}

static void test_bus_range(void **state)
{
    (void)state;
    struct vtd_model *m = start(1);
    struct vtd_model_message out;
    uint16_t handle = 0;
    struct vtd_irte_target t = {.vector = 0x41, .apic_id = 1};
    assert_int_equal(vtd_irq_alloc(unit(), vtd_irte_source_buses(3, 5), t, &handle), STATUS_OK);
    for (unsigned bus = 0; bus < 256; bus++) {
        bool passed = send((uint16_t)(bus << 8 | 0x9), vtd_msi_compose(handle), 0, &out);
        assert_int_equal(passed, bus >= 3 && bus <= 5);
    }
    assert_null(vtd_model_violation(m));
}

static void test_compatibility_is_blocked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        struct vtd_model *m = start(i);
        struct vtd_model_message out;
        for (uint32_t dest = 0; dest < 256; dest++) {
            assert_false(vtd_model_interrupt(m, DEVICE, 0xfee00000 | dest << 12, 0x41, &out));
        }
        assert_int_equal((m->irta >> 11) & 1, i == 0 ? 0 : 1); /* EIME where the unit has it */
    }
}

static void test_freed_entries_are_dead(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        struct vtd_model *m = start(i);
        struct vtd_model_message out;
        uint16_t handle = alloc(DEVICE, 0x41, 3);
        assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out)); /* cached now */
        assert_int_equal(vtd_irq_free(unit(), handle, 1), STATUS_OK);
        assert_false(send(DEVICE, vtd_msi_compose(handle), 0, &out));
        uint16_t again = alloc(OTHER, 0x51, 4);
        assert_int_equal(again, handle);
        assert_false(send(DEVICE, vtd_msi_compose(handle), 0, &out));
        assert_true(send(OTHER, vtd_msi_compose(handle), 0, &out));
        assert_int_equal(out.vector, 0x51);
        assert_null(vtd_model_violation(m));
    }
}

static void test_update_moves_at_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        struct vtd_model *m = start(i);
        struct vtd_model_message out;
        uint16_t handle = alloc(DEVICE, 0x41, 3);
        for (uint32_t n = 0; n < 50; n++) {
            struct vtd_irte_target t = {.vector = (uint8_t)(0x50 + n), .apic_id = n, .level = n % 2 != 0};
            assert_int_equal(vtd_irq_update(unit(), handle, t), STATUS_OK);
            assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out));
            assert_int_equal(out.vector, 0x50 + n);
            assert_int_equal(out.dest, n);
            assert_int_equal(out.level, n % 2 != 0);
        }
        assert_null(vtd_model_violation(m));
    }
}

static void test_wide_destinations(void **state)
{
    (void)state;
    struct vtd_model *m = start(1);
    struct vtd_model_message out;
    static const uint32_t ids[] = {0, 255, 256, 0x1234, 0xfffffffe};
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        uint16_t handle = alloc(DEVICE, 0x41, ids[i]);
        assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out));
        assert_int_equal(out.dest, ids[i]);
    }
    assert_null(vtd_model_violation(m));
    start(0); /* xAPIC: refused, not cut */
    uint16_t handle = 0;
    struct vtd_irte_target t = {.vector = 0x41, .apic_id = 256};
    assert_int_equal(vtd_irq_alloc(unit(), vtd_irte_source_function(DEVICE), t, &handle), STATUS_OUT_OF_RANGE);
    assert_int_equal(alloc(DEVICE, 0x41, 3), 0); /* and nothing was lost */
}

static void test_blocks(void **state)
{
    (void)state;
    struct vtd_model *m = start(1);
    struct vtd_model_message out;
    uint16_t single = alloc(OTHER, 0x40, 0);
    uint16_t handle = 0;
    assert_int_equal(vtd_irq_alloc_block(unit(), vtd_irte_source_function(DEVICE), 8, &handle), STATUS_OK);
    assert_true(handle > single && handle % 8 == 0);
    assert_false(send(DEVICE, vtd_msi_compose_block(handle), 0, &out)); /* not present yet */
    for (unsigned i = 0; i < 8; i++) {
        struct vtd_irte_target t = {.vector = (uint8_t)(0x60 + i), .apic_id = i};
        assert_int_equal(vtd_irq_update(unit(), (uint16_t)(handle + i), t), STATUS_OK);
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_true(send(DEVICE, vtd_msi_compose_block(handle), i, &out));
        assert_int_equal(out.vector, 0x60 + i);
    }
    assert_false(send(DEVICE, vtd_msi_compose_block(handle), 8, &out));
    assert_int_equal(vtd_irq_free(unit(), handle, 8), STATUS_OK);
    for (unsigned i = 0; i < 8; i++) {
        assert_false(send(DEVICE, vtd_msi_compose_block(handle), i, &out));
    }
    assert_null(vtd_model_violation(m));
}

static void test_table_runs_out(void **state)
{
    (void)state;
    start(1);
    uint16_t handle = 0;
    struct vtd_irte_source s = vtd_irte_source_function(DEVICE);
    for (unsigned i = 0; i < VTD_REMAP_ENTRIES / 32; i++) {
        assert_int_equal(vtd_irq_alloc_block(unit(), s, 32, &handle), STATUS_OK);
    }
    assert_int_equal(vtd_irq_alloc_block(unit(), s, 1, &handle), STATUS_NO_MEMORY);
    assert_int_equal(vtd_irq_free(unit(), 100, 1), STATUS_OK);
    assert_int_equal(vtd_irq_alloc_block(unit(), s, 1, &handle), STATUS_OK);
    assert_int_equal(handle, 100);
    assert_int_equal(vtd_irq_alloc_block(unit(), s, 33, &handle), STATUS_OUT_OF_RANGE);
}

/* Not confirmed: gone from the table, and never handed out again. */
static void test_quarantine(void **state)
{
    (void)state;
    struct vtd_model *m = start(1);
    uint16_t handle = alloc(DEVICE, 0x41, 3);
    m->knobs.stuck_waits = true;
    assert_int_equal(vtd_irq_free(unit(), handle, 1), STATUS_TIMEOUT);
    assert_false(vtd_irte_present(vtd_irq_entry(unit(), handle)));
    m->knobs.stuck_waits = false;
    assert_int_not_equal(alloc(DEVICE, 0x41, 3), handle);
    assert_int_equal(unit()->remap.quarantined, 1);
}

/* I/O APIC pins name entries too (VT-d 4.1 5.1.5.1); the message they send is rebuilt from the redirection entry. */
static void test_ioapic_pin(void **state)
{
    (void)state;
    struct vtd_model *m = start(0);
    struct vtd_model_message out;
    uint16_t handle = 0;
    struct vtd_irte_target t = {.vector = 0x77, .apic_id = 2, .level = true};
    assert_int_equal(vtd_irq_alloc(unit(), vtd_irte_source_function(0xf0f8), t, &handle), STATUS_OK);
    uint64_t rte = vtd_ioapic_compose(handle, (struct vtd_ioapic_pin){.vector = 0x77, .level = true});
    uint32_t address =
        0xfee00000u | (uint32_t)(rte >> 49) << 5 | (uint32_t)(rte >> 48 & 1) << 4 | (uint32_t)(rte >> 11 & 1) << 2;
    assert_true(vtd_model_interrupt(m, 0xf0f8, address, (uint32_t)rte & 0xff, &out));
    assert_int_equal(out.vector, rte & 0xff); /* or the level-triggered EOI is lost */
    assert_true(out.level);
    assert_int_equal(out.dest, 2);
}

#define DESCRIPTOR ((uint64_t)RIG_GUEST + 0x40)

static uint64_t descriptor_word(uint64_t at, unsigned word)
{
    return vtd_machine_load64(&rig.mc, at + (uint64_t)word * 8);
}

static void make_descriptor(uint64_t at)
{
    for (unsigned i = 0; i < 8; i++) {
        vtd_machine_store64(&rig.mc, at + 8 * (uint64_t)i, i == 4 ? 0xf40000 : 0);
    }
}

static struct vtd_irte_posted posting(uint8_t vector, uint64_t at)
{
    return (struct vtd_irte_posted){.vector = vector, .descriptor = {at}};
}

static void test_posting(void **state)
{
    (void)state;
    for (unsigned i = 1; i < PRESETS; i++) {
        struct vtd_model *m = start(i);
        struct vtd_model_message out;
        make_descriptor(DESCRIPTOR);
        uint16_t handle = alloc(DEVICE, 0x41, 3);
        assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out)); /* cached in its old form */
        assert_int_equal(vtd_irq_post(unit(), handle, posting(0x62, DESCRIPTOR)), STATUS_OK);
        unsigned before = rig.mc.interrupts;
        assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out));
        assert_true(out.posted && descriptor_word(DESCRIPTOR, 1) == UINT64_C(1) << 34);
        assert_int_equal(rig.mc.interrupts, before + 1);
        assert_int_equal(rig.mc.interrupt_data, 0xf4);
        for (unsigned sid = 0; sid < 0x10000; sid++) {
            if (sid != DEVICE && send((uint16_t)sid, vtd_msi_compose(handle), 0, &out)) {
                fail_msg("source %04x was let through", sid);
            }
        }
        assert_null(vtd_model_violation(m));
    }
}

static void test_format_switches(void **state)
{
    (void)state;
    for (unsigned i = 1; i < PRESETS; i++) {
        struct vtd_model *m = start(i);
        struct vtd_model_message out;
        make_descriptor(DESCRIPTOR);
        make_descriptor(DESCRIPTOR + 64);
        uint16_t handle = alloc(DEVICE, 0x41, 3);
        for (unsigned n = 0; n < 20; n++) {
            uint64_t at = DESCRIPTOR + 64 * (uint64_t)(n % 2);
            assert_int_equal(vtd_irq_post(unit(), handle, posting(0x62, at)), STATUS_OK);
            assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out));
            assert_true(out.posted && out.descriptor == at);
            if (n % 3 == 0) {
                struct vtd_irte_target t = {.vector = (uint8_t)(0x50 + n), .apic_id = n};
                assert_int_equal(vtd_irq_update(unit(), handle, t), STATUS_OK);
                vtd_model_reused(m, at, 64); /* nothing posts there any more */
                assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out));
                assert_true(!out.posted && out.vector == 0x50 + n && out.dest == n);
            }
        }
        assert_true(vtd_irq_entry(unit(), handle).high == 0x40018);
        assert_null(vtd_model_violation(m));
    }
}

/* Both halves change where the descriptor lies above 4 GiB; and back. */
static void test_high_descriptor(void **state)
{
    (void)state;
    struct vtd_model *m = start(1);
    struct vtd_model_message out;
    uint16_t handle = alloc(DEVICE, 0x41, 3);
    assert_int_equal(vtd_irq_post(unit(), handle, posting(0x62, UINT64_C(0x1300000040))), STATUS_OK);
    assert_true(vtd_irq_entry(unit(), handle).high == UINT64_C(0x0000001300040018));
    assert_true(vtd_irq_entry(unit(), handle).low == UINT64_C(0x0000004000628001));
    struct vtd_irte_target t = {.vector = 0x42, .apic_id = 5};
    assert_int_equal(vtd_irq_update(unit(), handle, t), STATUS_OK);
    assert_true(vtd_irq_entry(unit(), handle).high == 0x40018);
    assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out) && out.vector == 0x42 && out.dest == 5);
    assert_null(vtd_model_violation(m));
}

static void test_posting_refused(void **state)
{
    (void)state;
    struct vtd_model_message out;
    start(0); /* the unit cannot */
    uint16_t handle = alloc(DEVICE, 0x41, 3);
    assert_int_equal(vtd_irq_post(unit(), handle, posting(0x62, DESCRIPTOR)), STATUS_UNSUPPORTED);
    assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out) && out.vector == 0x41);
    struct vtd_model *m = start(1);
    handle = alloc(DEVICE, 0x41, 3);
    assert_int_equal(vtd_irq_post(unit(), handle, posting(0x62, DESCRIPTOR + 32)), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_irq_post(unit(), handle, posting(0x0f, DESCRIPTOR)), STATUS_OUT_OF_RANGE);
    assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out) && out.vector == 0x41);
    m->knobs.stuck_waits = true;
    assert_int_equal(vtd_irq_post(unit(), handle, posting(0x62, DESCRIPTOR)), STATUS_TIMEOUT);
    assert_null(vtd_model_violation(m));
}

/* A freed entry posts no more, whatever the cache held; unconfirmed, the model says so. */
static void test_freed_postings(void **state)
{
    (void)state;
    for (unsigned i = 1; i < PRESETS; i++) {
        struct vtd_model *m = start(i);
        struct vtd_model_message out;
        make_descriptor(DESCRIPTOR);
        uint16_t handle = alloc(DEVICE, 0x41, 3);
        assert_int_equal(vtd_irq_post(unit(), handle, posting(0x62, DESCRIPTOR)), STATUS_OK);
        assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out)); /* cached now */
        assert_int_equal(vtd_irq_free(unit(), handle, 1), STATUS_OK);
        vtd_model_reused(m, DESCRIPTOR, 64);
        assert_null(vtd_model_violation(m));
        assert_false(send(DEVICE, vtd_msi_compose(handle), 0, &out));
        handle = alloc(DEVICE, 0x41, 3);
        assert_int_equal(vtd_irq_post(unit(), handle, posting(0x62, DESCRIPTOR)), STATUS_OK);
        assert_true(send(DEVICE, vtd_msi_compose(handle), 0, &out));
        m->knobs.stuck_queue = true;
        assert_int_equal(vtd_irq_free(unit(), handle, 1), STATUS_TIMEOUT);
        vtd_model_reused(m, DESCRIPTOR, 64);
        assert_true(vtd_model_violated(m, "in the cache"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivery),
        cmocka_unit_test(test_source_validation),
        cmocka_unit_test(test_bus_range),
        cmocka_unit_test(test_compatibility_is_blocked),
        cmocka_unit_test(test_freed_entries_are_dead),
        cmocka_unit_test(test_update_moves_at_once),
        cmocka_unit_test(test_wide_destinations),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_table_runs_out),
        cmocka_unit_test(test_quarantine),
        cmocka_unit_test(test_ioapic_pin),
        cmocka_unit_test(test_posting),
        cmocka_unit_test(test_format_switches),
        cmocka_unit_test(test_high_descriptor),
        cmocka_unit_test(test_posting_refused),
        cmocka_unit_test(test_freed_postings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
