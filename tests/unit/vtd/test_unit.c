/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/unit.c and vtd/bringup.c on the strict model: clean and dirty starts, dead hardware, and no moment at which a
 * device could write hypervisor memory. */
#include "vtd/unit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/fake/vtd_rig.h"

#define TE 0x80000000u
#define QIE 0x04000000u
#define IRE 0x02000000u
#define CFI 0x00800000u

static struct vtd_rig rig;

static struct vtd_model_config preset(unsigned i)
{
    struct vtd_model_config (*const presets[])(void) = {vtd_model_qemu, vtd_model_server, vtd_model_minimal};
    return presets[i]();
}

#define PRESETS 3

static void assert_strict(const struct vtd_model *m)
{
    if (vtd_model_violation(m) != NULL) {
        fail_msg("%s", vtd_model_violation(m));
    }
}

static void test_clean_start(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PRESETS; i++) {
        for (unsigned latency = 0; latency < 6; latency++) {
            struct vtd_model_config c = preset(i);
            vtd_rig_power(&rig, &c, 1);
            struct vtd_model *m = &rig.mc.units[0].model;
            m->knobs.latency = latency;
            assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
            assert_int_equal(rig.mc.register_writes, 0); /* probing only reads */
            assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
            assert_strict(m);
            uint32_t status = (uint32_t)vtd_raw_read(&rig.mc, RAW_GSTS, 4);
            assert_int_equal(status & (TE | QIE | IRE | CFI), i == 2 ? TE : TE | QIE | IRE);
            assert_int_equal(m->reg[VTD_R_PMEN], 0);
            assert_false(vtd_rig_exposes(&rig, 0, RIG_ROGUE));
        }
    }
}

static void test_fault_event_is_routed(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_server();
    struct vtd_model *m = vtd_rig_start(&rig, &c);
    uint64_t host = 0;
    assert_true(vtd_model_translate(m, RIG_ROGUE, RIG_HYPERVISOR, true, &host) == VTD_MODEL_BLOCKED);
    assert_int_equal(rig.mc.interrupts, 1);
    assert_int_equal(rig.mc.interrupt_address, 0xfee00000);
    assert_int_equal(rig.mc.interrupt_data, RIG_VECTOR);
}

/* Every protection of the presets, observed at every step, in both views of memory. */
static void test_no_window_from_power_on(void **state)
{
    (void)state;
    const uint16_t sids[] = {RIG_ROGUE, RAW_DEVICE};
    struct vtd_model_config c = vtd_model_server();
    for (unsigned latency = 0; latency < 3; latency++) {
        vtd_rig_power(&rig, &c, 1);
        rig.mc.units[0].model.knobs.latency = latency;
        assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
        assert_true(vtd_rig_exposes(&rig, 0, RIG_ROGUE)); /* as any machine at power-on */
        /* From the moment the protected regions are in force nothing opens again. */
        vtd_raw_write(&rig.mc, RAW_PLMBASE, 4, 0);
        vtd_raw_write(&rig.mc, RAW_PLMLIMIT, 4, 0xffffffff);
        vtd_raw_write(&rig.mc, RAW_PHMBASE, 8, 4 * GIB);
        vtd_raw_write(&rig.mc, RAW_PHMLIMIT, 8, UINT64_MAX);
        vtd_raw_write(&rig.mc, RAW_PMEN, 4, 0x80000000);
        while ((vtd_raw_read(&rig.mc, RAW_PMEN, 4) & 1) == 0) {
        }
        vtd_rig_watch(&rig, sids, 2);
        assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
        assert_false(rig.exposed);
        assert_true(rig.checks > 20);
        assert_strict(&rig.mc.units[0].model);
        assert_int_equal(rig.mc.units[0].model.reg[VTD_R_PMEN], 0);
    }
}

struct first_safe {
    uint64_t open_after; /* writes seen while exposed, after the first safe moment */
    bool safe;
};

static void remember(void *context, struct vtd_machine *mc)
{
    struct first_safe *f = context;
    (void)mc;
    bool exposed = vtd_rig_exposes(&rig, 0, RIG_ROGUE);
    f->safe = f->safe || !exposed;
    f->open_after += f->safe && exposed;
}

/* Without help: the driver's own first step closes the door, and it stays closed. */
static void test_protected_regions_come_first(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_server();
    struct first_safe f = {0};
    vtd_rig_power(&rig, &c, 1);
    assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
    vtd_machine_observe(&rig.mc, remember, &f);
    assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
    assert_true(f.safe);
    assert_int_equal(f.open_after, 0);
}

/* Without translation, is memory safe? Written by the observer. */
static void remember_protected(void *context, struct vtd_machine *mc)
{
    bool *safe = context;
    bool translating = (mc->units[0].model.reg[VTD_R_GSTS] & TE) != 0;
    *safe = *safe || (!translating && !vtd_rig_exposes(&rig, 0, RIG_ROGUE));
}

/* Firmware protected something else and left that on: it must not be taken for protection of all memory. */
static void test_protected_regions_left_on(void **state)
{
    (void)state;
    static const uint32_t limits[] = {0x200000, 0xffe00000};
    for (unsigned i = 0; i < ARRAY_LENGTH(limits); i++) {
        struct vtd_model_config c = vtd_model_server();
        bool safe = false;
        vtd_rig_power(&rig, &c, 1);
        vtd_raw_write(&rig.mc, RAW_PLMBASE, 4, 0);
        vtd_raw_write(&rig.mc, RAW_PLMLIMIT, 4, limits[i]);
        vtd_raw_write(&rig.mc, RAW_PHMBASE, 8, 4 * GIB);
        vtd_raw_write(&rig.mc, RAW_PHMLIMIT, 8, UINT64_MAX);
        vtd_raw_write(&rig.mc, RAW_PMEN, 4, 0x80000000);
        assert_int_equal(vtd_rig_exposes(&rig, 0, RIG_ROGUE), i == 0);
        assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
        vtd_machine_observe(&rig.mc, remember_protected, &safe);
        assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
        assert_true(safe);
        assert_int_equal(rig.mc.units[0].model.reg[VTD_R_PMEN], 0);
        assert_strict(&rig.mc.units[0].model);
    }
}

/* Firmware left everything on: its device translated by its tables, all others blocked. */
static void firmware(struct vtd_model_config c, unsigned latency)
{
    vtd_rig_power(&rig, &c, 1);
    vtd_raw_translate(&rig.mc);
    if ((c.ecap & 8) != 0) {
        vtd_raw_interrupts(&rig.mc, false);
        vtd_raw_on(&rig.mc, CFI);
    }
    assert_strict(&rig.mc.units[0].model);
    rig.mc.units[0].model.knobs.latency = latency;
}

static void test_translation_left_on(void **state)
{
    (void)state;
    const uint16_t sids[] = {RIG_ROGUE, RAW_DEVICE};
    for (unsigned i = 0; i < PRESETS; i++) {
        for (unsigned latency = 0; latency < 4; latency++) {
            uint64_t host = 0;
            firmware(preset(i), latency);
            struct vtd_model *m = &rig.mc.units[0].model;
            assert_true(vtd_model_translate(m, RAW_DEVICE, 0x2000, true, &host) == VTD_MODEL_PASSED);
            assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
            vtd_rig_watch(&rig, sids, 2);
            assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
            assert_false(rig.exposed);
            assert_strict(m);
            /* Firmware's device is blocked now, cached translations of it included. */
            assert_true(vtd_model_translate(m, RAW_DEVICE, 0x2000, true, &host) == VTD_MODEL_BLOCKED);
            assert_int_equal(vtd_raw_read(&rig.mc, RAW_GSTS, 4) & CFI, 0);
        }
    }
}

static void never_off(void *context, struct vtd_machine *mc)
{
    bool *off = context;
    *off = *off || (mc->units[0].model.reg[VTD_R_GSTS] & TE) == 0;
}

static void test_translation_never_turned_off(void **state)
{
    (void)state;
    bool off = false;
    firmware(vtd_model_qemu(), 2);
    assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
    vtd_machine_observe(&rig.mc, never_off, &off);
    assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
    assert_false(off);
}

/* A device that an RMRR names keeps working through bring-up: old tables, then ours. */
struct continuity {
    bool lost;
};

static void still_works(void *context, struct vtd_machine *mc)
{
    struct continuity *c = context;
    uint64_t host = 0;
    bool works = vtd_model_may_now(&mc->units[0].model, RAW_DEVICE, RAW_PAGES, true, &host) && host == RAW_PAGES;
    c->lost = c->lost || !works;
}

static void test_reserved_region_works_throughout(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_server();
    struct continuity k = {0};
    struct vtd_domain d;
    struct vtd_bringup_options o = {.fault_vector = RIG_VECTOR, .x2apic = true, .reserved_dma = true};
    vtd_rig_power(&rig, &c, 1);
    assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
    assert_int_equal(vtd_domain_create(&rig.vtd, &d), STATUS_OK);
    assert_int_equal(vtd_domain_map_reserved(&d, hpa(RAW_PAGES), hpa(RAW_PAGES + 0xfff)), STATUS_OK);
    assert_int_equal(vtd_attach(&rig.units[0], RAW_DEVICE, &d), STATUS_OK);
    rig.mc.units[0].model.knobs.latency = 3;
    vtd_machine_observe(&rig.mc, still_works, &k);
    assert_int_equal(vtd_unit_bringup(&rig.units[0], &o), STATUS_OK);
    assert_false(k.lost);
    assert_strict(&rig.mc.units[0].model);
    assert_false(vtd_rig_exposes(&rig, 0, RAW_DEVICE));
}

static void test_leftover_errors(void **state)
{
    (void)state;
    uint64_t host = 0;
    for (unsigned i = 0; i < PRESETS; i++) {
        firmware(preset(i), 0);
        struct vtd_model *m = &rig.mc.units[0].model;
        for (unsigned k = 0; k < 20; k++) {
            vtd_model_translate(m, (uint16_t)(0x300 + k), 0, true, &host); /* records full, overflow */
        }
        m->reg[VTD_R_FSTS] |= i == 2 ? 0 : 0x30; /* IQE and ICE with an empty queue */
        assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
        assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
        assert_int_equal(vtd_raw_read(&rig.mc, RAW_FSTS, 4) & 0xff, 0);
        assert_strict(m);
    }
}

static void test_foreign_queue_drains(void **state)
{
    (void)state;
    firmware(vtd_model_qemu(), 60);
    uint64_t tail = vtd_raw_read(&rig.mc, RAW_IQT, 8);
    for (unsigned i = 0; i < 3; i++) {
        vtd_machine_store64(&rig.mc, RAW_QUEUE + tail + i * 16, 0x12);
    }
    vtd_raw_write(&rig.mc, RAW_IQT, 8, tail + 48); /* still on its way when we start */
    assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
    assert_int_equal(vtd_rig_bringup(&rig), STATUS_OK);
    assert_strict(&rig.mc.units[0].model);
}

static void test_dead_commands_time_out(void **state)
{
    (void)state;
    static const uint32_t bits[] = {TE, 0x40000000, QIE, IRE, 0x01000000};
    for (size_t i = 0; i < ARRAY_LENGTH(bits); i++) {
        struct vtd_model_config c = vtd_model_server();
        vtd_rig_power(&rig, &c, 1);
        rig.mc.units[0].model.knobs.stuck_gcmd = bits[i];
        assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
        assert_int_equal(vtd_rig_bringup(&rig), STATUS_TIMEOUT);
        assert_false(vtd_rig_exposes(&rig, 0, RIG_ROGUE)); /* the protected regions stay */
        assert_strict(&rig.mc.units[0].model);
    }
}

static void test_other_dead_parts_time_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct vtd_model_config c = i < 3 ? vtd_model_minimal() : vtd_model_server();
        vtd_rig_power(&rig, &c, 1);
        struct vtd_model_knobs *k = &rig.mc.units[0].model.knobs;
        k->stuck_gcmd = i == 0 ? 0x08000000 : 0; /* WBF */
        k->stuck_context = i == 1;
        k->stuck_iotlb = i == 2;
        k->stuck_queue = i == 3;
        k->stuck_waits = i == 4;
        k->stuck_pmen = i == 5;
        assert_int_equal(vtd_rig_probe(&rig), STATUS_OK);
        assert_int_equal(vtd_rig_bringup(&rig), STATUS_TIMEOUT);
        assert_strict(&rig.mc.units[0].model);
    }
}

static void test_probe_refusals(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_qemu();
    struct vtd_quirks none = {0};
    struct vtd_unit u;
    vtd_rig_power(&rig, &c, 1);
    assert_int_equal(vtd_unit_probe(&u, 0, hpa(0), 0, 0, &none), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_unit_probe(&u, 0, hpa(RAW_REGISTERS + 8), 0, 0, &none), STATUS_OUT_OF_RANGE);
    c.cap = ~UINT64_C(0);
    c.ecap = ~UINT64_C(0);
    vtd_rig_power(&rig, &c, 1);
    assert_int_equal(vtd_unit_probe(&u, 0, hpa(RAW_REGISTERS), 0, 0, &none), STATUS_NOT_FOUND);
    c = vtd_model_qemu();
    c.cap &= ~UINT64_C(0x1f00); /* no width at all */
    vtd_rig_power(&rig, &c, 1);
    assert_int_equal(vtd_unit_probe(&u, 0, hpa(RAW_REGISTERS), 0, 0, &none), STATUS_UNSUPPORTED);
}

/* One enable at a time, whatever else is on, and no one-shot bit issued again. */
static void test_switch_keeps_the_rest(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_qemu();
    struct vtd_model *m = vtd_rig_start(&rig, &c);
    assert_int_equal(vtd_unit_switch(&rig.units[0], CFI, true), STATUS_OK);
    assert_int_equal(vtd_raw_read(&rig.mc, RAW_GSTS, 4), 0xc7800000);
    assert_int_equal(vtd_unit_switch(&rig.units[0], CFI, false), STATUS_OK);
    assert_int_equal(vtd_raw_read(&rig.mc, RAW_GSTS, 4), 0xc7000000);
    uint64_t writes = rig.mc.register_writes;
    assert_int_equal(vtd_unit_switch(&rig.units[0], CFI, false), STATUS_OK);
    assert_int_equal(rig.mc.register_writes, writes);
    assert_strict(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_start),
        cmocka_unit_test(test_fault_event_is_routed),
        cmocka_unit_test(test_no_window_from_power_on),
        cmocka_unit_test(test_protected_regions_come_first),
        cmocka_unit_test(test_protected_regions_left_on),
        cmocka_unit_test(test_translation_left_on),
        cmocka_unit_test(test_translation_never_turned_off),
        cmocka_unit_test(test_reserved_region_works_throughout),
        cmocka_unit_test(test_leftover_errors),
        cmocka_unit_test(test_foreign_queue_drains),
        cmocka_unit_test(test_dead_commands_time_out),
        cmocka_unit_test(test_other_dead_parts_time_out),
        cmocka_unit_test(test_probe_refusals),
        cmocka_unit_test(test_switch_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
