/* SPDX-License-Identifier: GPL-2.0-only
 * The whole driver against the model, on each kind of unit: bring-up, a device's life, withdrawal. */
#include "vtd/bringup.h"

#include "kernel/core/pages.h"
#include "tests/fake/log.h"
#include "tests/fake/time.h"
#include "tests/fake/vtd_machine.h"
#include "vtd/domain.h"
#include "vtd/fault.h"
#include "vtd/unit_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MEMORY_BASE (16 * MIB)
#define MEMORY_SIZE (16 * MIB)
#define REGISTERS UINT64_C(0xfed90000)
#define DEVICE 0x0020
#define OTHER 0x0120

static struct vtd_machine machine;
static struct vtd_unit unit;
static struct vtd vtd;

static void start(struct vtd_model_config config, struct vtd_quirks quirks)
{
    static struct memory_map map;
    map.count = 0;
    vtd_machine_start(&machine, MEMORY_BASE, MEMORY_SIZE);
    vtd_machine_add(&machine, REGISTERS, &config);
    fake_log_reset();
    fake_time_step_ns(1000000); /* a dead unit is given up after a thousand looks */
    assert_int_equal(memory_map_add(&map, MEMORY_BASE, MEMORY_SIZE, MEMORY_RAM), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
    assert_int_equal(vtd_unit_probe(&unit, 0, hpa(REGISTERS), 0, 0, &quirks), STATUS_OK);
    assert_int_equal(vtd_make(&unit, 1, &vtd), STATUS_OK);
}

static void expect_no_violation(void)
{
    const char *v = vtd_model_violation(&machine.units[0].model);
    if (v != NULL) {
        print_error("%s\n", v);
    }
    assert_null(v);
}

static const struct vtd_bringup_options options = {.fault_vector = 0x31, .fault_apic_id = 2};

static void up(void)
{
    assert_int_equal(vtd_unit_bringup(&unit, &options), STATUS_OK);
    expect_no_violation();
    assert_true((machine.units[0].model.reg[VTD_R_GSTS] & 0x80000000) != 0);
}

static void end(void)
{
    expect_no_violation();
    vtd_machine_end(&machine);
}

static bool dma(uint16_t sid, uint64_t at, bool write)
{
    uint64_t value = 1;
    return vtd_machine_dma(&machine, 0, sid, at, write, &value);
}

static void device_life(void)
{
    struct vtd_domain d;
    struct hpa page;
    uint64_t far = 0x40000000;
    assert_int_equal(pages_alloc(&page), STATUS_OK);
    assert_int_equal(vtd_domain_create(&vtd, &d), STATUS_OK);
    assert_false(dma(DEVICE, far, true));
    assert_int_equal(vtd_attach(&unit, DEVICE, &d), STATUS_OK);
    assert_int_equal(vtd_attach(&unit, DEVICE, &d), STATUS_CONFLICT);
    assert_false(dma(DEVICE, far, true));
    assert_int_equal(vtd_domain_map(&d, iova(far), page, PAGE_SIZE, RADIX_READ), STATUS_OK);
    assert_true(dma(DEVICE, far, false));
    assert_false(dma(DEVICE, far, true));
    assert_false(dma(OTHER, far, false));
    assert_int_equal(vtd_domain_unmap(&d, iova(far), PAGE_SIZE), STATUS_OK);
    assert_false(dma(DEVICE, far, false));
    assert_int_equal(vtd_domain_map(&d, iova(far), page, PAGE_SIZE, RADIX_READ | RADIX_WRITE), STATUS_OK);
    assert_true(dma(DEVICE, far, true));
    assert_int_equal(vtd_domain_destroy(&d), STATUS_CONFLICT);
    assert_int_equal(vtd_detach(&unit, OTHER, &d), STATUS_NOT_FOUND);
    assert_int_equal(vtd_detach(&unit, DEVICE, &d), STATUS_OK);
    assert_false(dma(DEVICE, far, true));
    assert_int_equal(vtd_domain_destroy(&d), STATUS_OK);
    assert_int_equal(unit.ids.quarantined, 0);
}

static void every_unit(void **state)
{
    (void)state;
    const struct vtd_model_config configs[] = {vtd_model_qemu(), vtd_model_server(), vtd_model_minimal()};
    for (size_t i = 0; i < ARRAY_LENGTH(configs); i++) {
        for (unsigned latency = 0; latency < 4; latency += 3) {
            start(configs[i], (struct vtd_quirks){0});
            machine.units[0].model.knobs.latency = latency;
            up();
            device_life();
            device_life();
            vtd_unit_log(&unit);
            assert_int_equal(fake_log_count("vtd: unit=0"), 2);
            end();
        }
    }
}

static void refused_addresses(void **state)
{
    (void)state;
    struct vtd_domain d;
    start(vtd_model_qemu(), (struct vtd_quirks){0});
    up();
    assert_int_equal(vtd_domain_create(&vtd, &d), STATUS_OK);
    static const struct {
        uint64_t from, to, size;
    } bad[] = {
        {0xfee00000, 0x1000000, 0x1000},     {0xfeeff000, 0x1000000, 0x1000},      {0xfedff000, 0x1000000, 0x2000},
        {0xf0000000, 0x1000000, 0x10000000}, {0x1000, 0xfee00000, 0x1000},         {0x1000, 0xfedff000, 0x2000},
        {0x8000000000, 0x1000000, 0x1000},   {0x7ffffff000, 0x1000000, 0x2000},    {0x1000, 0x1000000, 0},
        {0x1001, 0x1000000, 0x1000},         {0x1000, 0x1000800, 0x1000},          {0x1000, 0x1000000, 0x800},
        {0xfffffffffffff000, 0, 0x2000},     {0x1000, 0xfffffffffffff000, 0x2000},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(vtd_domain_map(&d, iova(bad[i].from), hpa(bad[i].to), bad[i].size, RADIX_READ),
                         STATUS_OUT_OF_RANGE);
    }
    assert_int_equal(vtd_domain_map(&d, iova(0xfedff000), hpa(0x1000000), 0x1000, RADIX_READ), STATUS_OK);
    assert_int_equal(vtd_domain_map(&d, iova(0xfef00000), hpa(0x1000000), 0x1000, RADIX_READ), STATUS_OK);
    assert_int_equal(vtd_domain_map_reserved(&d, hpa(0x1000), hpa(0x1000)), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map_reserved(&d, hpa(0x1000), hpa(0x17ff)), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map_reserved(&d, hpa(0x2000), hpa(0x1fff)), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map_reserved(&d, hpa(0), hpa(UINT64_MAX)), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_domain_map_reserved(&d, hpa(0x1000000), hpa(0x1003fff)), STATUS_OK);
    end();
}

/* A device with a reserved region keeps exactly that, from the moment the unit translates. */
static void reserved_region(void **state)
{
    (void)state;
    struct vtd_domain d;
    struct vtd_bringup_options o = options;
    o.reserved_dma = true;
    start(vtd_model_server(), (struct vtd_quirks){0});
    assert_int_equal(vtd_domain_create(&vtd, &d), STATUS_OK);
    assert_int_equal(vtd_domain_map_reserved(&d, hpa(0x1800000), hpa(0x1803fff)), STATUS_OK);
    assert_int_equal(vtd_attach(&unit, DEVICE, &d), STATUS_OK);
    assert_int_equal(vtd_unit_bringup(&unit, &o), STATUS_OK);
    assert_true(dma(DEVICE, 0x1800000, true));
    assert_true(dma(DEVICE, 0x1803ff8, true));
    assert_false(dma(DEVICE, 0x1804000, true));
    assert_false(dma(OTHER, 0x1800000, true));
    end();
}

static void sink(void *context, const struct vtd_fault *fault)
{
    *(struct vtd_fault *)context = *fault;
}

static void faults(void **state)
{
    (void)state;
    struct vtd_fault last;
    start(vtd_model_server(), (struct vtd_quirks){0});
    up();
    for (unsigned n = 1; n < 40; n++) {
        unsigned taken = n < unit.caps.fault_count ? n : unit.caps.fault_count;
        for (unsigned i = 0; i < n; i++) {
            assert_false(dma((uint16_t)(DEVICE + i), 0x5000 + 0x1000 * i, true));
        }
        assert_int_equal(machine.interrupts, n);
        assert_true(machine.interrupt_address == 0xfee02000 && machine.interrupt_data == 0x31);
        struct vtd_fault_result r = vtd_fault_drain(&unit, sink, &last);
        assert_int_equal(r.count, taken);
        assert_int_equal(r.overflow, n > unit.caps.fault_count);
        assert_false(r.pending);
        assert_int_equal(sbdf_rid(last.source), DEVICE + taken - 1);
        assert_true(last.address == 0x5000 + 0x1000 * (taken - 1) && last.access == VTD_FAULT_WRITE);
        assert_int_equal(last.reason, 1); /* nothing of that bus */
    }
    end();
}

/* A new context table is empty in the unit's eyes too, not only in the CPU's cache. */
static void neighbour(void **state)
{
    (void)state;
    struct vtd_fault last = {.reason = 0};
    struct vtd_domain d;
    start(vtd_model_server(), (struct vtd_quirks){0});
    up();
    assert_int_equal(vtd_domain_create(&vtd, &d), STATUS_OK);
    assert_int_equal(vtd_attach(&unit, DEVICE, &d), STATUS_OK);
    assert_false(dma(DEVICE + 8, 0x5000, false)); /* its entry lies in another cache line */
    assert_int_equal(vtd_fault_drain(&unit, sink, &last).count, 1);
    assert_int_equal(last.reason, 2); /* no context entry, and not a broken one */
    assert_int_equal(last.access, VTD_FAULT_READ);
    end();
}

static bool interrupt(uint16_t sid, uint16_t handle, struct vtd_model_message *m)
{
    struct vtd_msi msi = vtd_msi_compose(handle);
    return vtd_model_interrupt(&machine.units[0].model, sid, (uint32_t)msi.address, msi.data, m);
}

static void interrupts(void **state)
{
    (void)state;
    uint16_t handle = 0;
    uint16_t block = 0;
    struct vtd_model_message m;
    struct vtd_irte_target t = {.vector = 0x44, .apic_id = 3};
    start(vtd_model_server(), (struct vtd_quirks){0});
    up();
    assert_int_equal(vtd_irq_alloc(&unit, vtd_irte_source_function(DEVICE), t, &handle), STATUS_OK);
    assert_true(interrupt(DEVICE, handle, &m));
    assert_true(m.vector == 0x44 && m.dest == 3 && !m.posted && m.delivery == 0 && !m.level && !m.logical);
    assert_false(interrupt(OTHER, handle, &m));
    assert_false(interrupt(DEVICE, (uint16_t)(handle + 1), &m));
    assert_false(vtd_model_interrupt(&machine.units[0].model, DEVICE, 0xfee03000, 0x44, &m));
    t.apic_id = 5;
    assert_int_equal(vtd_irq_update(&unit, handle, t), STATUS_OK);
    assert_true(interrupt(DEVICE, handle, &m) && m.dest == 5);
    assert_int_equal(vtd_irq_alloc_block(&unit, vtd_irte_source_buses(1, 2), 5, &block), STATUS_OK);
    assert_int_equal(block % 8, 0);
    assert_int_equal(vtd_irq_update(&unit, (uint16_t)(block + 4), t), STATUS_OK);
    assert_false(interrupt(0x0100, block, &m));
    struct vtd_msi multi = vtd_msi_compose_block(block);
    assert_true(vtd_model_interrupt(&machine.units[0].model, 0x0210, (uint32_t)multi.address, multi.data + 4, &m));
    assert_false(vtd_model_interrupt(&machine.units[0].model, 0x0310, (uint32_t)multi.address, multi.data + 4, &m));
    assert_int_equal(vtd_irq_free(&unit, handle, 1), STATUS_OK);
    assert_false(interrupt(DEVICE, handle, &m));
    assert_int_equal(vtd_irq_free(&unit, block, 5), STATUS_OK);
    t.vector = 1;
    assert_int_equal(vtd_irq_alloc(&unit, vtd_irte_source_function(DEVICE), t, &block), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_irq_alloc_block(&unit, vtd_irte_source_function(DEVICE), 33, &block), STATUS_OUT_OF_RANGE);
    for (unsigned i = 0; i < VTD_REMAP_ENTRIES; i++) {
        assert_int_equal(vtd_irq_alloc_block(&unit, vtd_irte_source_function(DEVICE), 1, &block), STATUS_OK);
        assert_int_equal(block, i);
    }
    assert_int_equal(vtd_irq_alloc_block(&unit, vtd_irte_source_function(DEVICE), 1, &block), STATUS_NO_MEMORY);
    end();
}

/* x2APIC mode: 32-bit ids, in entries and in the fault event; refused where the unit cannot. */
static void wide_apic_ids(void **state)
{
    (void)state;
    uint16_t handle = 0;
    struct vtd_model_message m;
    struct vtd_bringup_options o = {.x2apic = true, .fault_vector = 0x31, .fault_apic_id = 0x12345};
    start(vtd_model_server(), (struct vtd_quirks){0});
    assert_int_equal(vtd_unit_bringup(&unit, &o), STATUS_OK);
    assert_int_equal(vtd_irq_alloc(&unit, vtd_irte_source_function(DEVICE),
                                   (struct vtd_irte_target){.vector = 0x44, .apic_id = 0x1000}, &handle),
                     STATUS_OK);
    assert_true(interrupt(DEVICE, handle, &m) && m.dest == 0x1000);
    assert_false(dma(DEVICE, 0x5000, false));
    assert_true(machine.interrupt_address == 0x00012300fee45000);
    end();
    start(vtd_model_qemu(), (struct vtd_quirks){0});
    assert_int_equal(vtd_unit_bringup(&unit, &o), STATUS_UNSUPPORTED);
    o.x2apic = false;
    assert_int_equal(vtd_unit_bringup(&unit, &o), STATUS_OUT_OF_RANGE);
    end();
}

/* A unit that stops answering: withdrawal says so, and nothing is reused. */
static void dead_unit(void **state)
{
    (void)state;
    struct vtd_domain d;
    uint16_t handle = 0;
    uint16_t next = 0;
    struct vtd_irte_target t = {.vector = 0x44};
    start(vtd_model_server(), (struct vtd_quirks){0});
    up();
    assert_int_equal(vtd_domain_create(&vtd, &d), STATUS_OK);
    assert_int_equal(vtd_attach(&unit, DEVICE, &d), STATUS_OK);
    assert_int_equal(vtd_irq_alloc(&unit, vtd_irte_source_function(DEVICE), t, &handle), STATUS_OK);
    machine.units[0].model.knobs.stuck_waits = true;
    assert_int_equal(vtd_irq_free(&unit, handle, 1), STATUS_TIMEOUT);
    assert_int_equal(unit.remap.quarantined, 1);
    assert_int_equal(vtd_detach(&unit, DEVICE, &d), STATUS_TIMEOUT);
    assert_int_equal(unit.ids.quarantined, 1);
    assert_int_equal(vtd_domain_destroy(&d), STATUS_TIMEOUT);
    machine.units[0].model.knobs.stuck_waits = false;
    assert_int_equal(vtd_irq_alloc(&unit, vtd_irte_source_function(DEVICE), t, &next), STATUS_OK);
    assert_int_not_equal(next, handle);
    end();
}

static void stuck_commands(void **state)
{
    (void)state;
    static const uint32_t bits[] = {0x80000000, 0x40000000, 0x04000000, 0x02000000, 0x01000000};
    for (size_t i = 0; i < ARRAY_LENGTH(bits); i++) {
        start(vtd_model_server(), (struct vtd_quirks){0});
        machine.units[0].model.knobs.stuck_gcmd = bits[i];
        assert_int_equal(vtd_unit_bringup(&unit, &options), STATUS_TIMEOUT);
        assert_true((machine.units[0].model.reg[VTD_R_PMEN] & 1) != 0); /* memory stays protected */
        end();
    }
}

static void queue_errors(void **state)
{
    (void)state;
    struct vtd_descriptor d = vtd_descriptor_iec_global();
    struct vtd_model *m = &machine.units[0].model;
    start(vtd_model_server(), (struct vtd_quirks){0});
    up();
    for (unsigned i = 1; i <= 2; i++) { /* the descriptor, and its wait */
        m->knobs.inject_iqe = i;
        assert_int_equal(vtd_queue_run(&unit, &d, 1), STATUS_HARDWARE);
        assert_int_equal(vtd_queue_run(&unit, &d, 1), STATUS_OK);
    }
    m->knobs.inject_ite = 1;
    m->knobs.inject_sid = DEVICE;
    assert_int_equal(vtd_queue_run(&unit, &d, 1), STATUS_OK);
    assert_int_equal(unit.queue.device_timeouts, 1);
    assert_int_equal(unit.queue.timeout_source, DEVICE);
    m->knobs.inject_ice = 1;
    assert_int_equal(vtd_queue_run(&unit, &d, 1), STATUS_OK);
    for (unsigned i = 0; i < 3 * VTD_QUEUE_ENTRIES; i++) {
        assert_int_equal(vtd_queue_run(&unit, &d, 1), STATUS_OK);
    }
    m->knobs.stuck_queue = true;
    for (unsigned i = 0; i < VTD_QUEUE_ENTRIES; i++) { /* more than the ring holds */
        assert_int_equal(vtd_queue_run(&unit, &d, 1), STATUS_TIMEOUT);
    }
    m->knobs.stuck_queue = false;
    assert_int_equal(vtd_queue_run(&unit, &d, 1), STATUS_OK);
    end();
}

/* A second driver finds everything on that the first one left, as after kexec or with some firmware. */
static void take_over(void **state)
{
    (void)state;
    struct vtd_domain d;
    struct vtd_quirks none = {0};
    start(vtd_model_server(), none);
    assert_int_equal(vtd_domain_create(&vtd, &d), STATUS_OK);
    assert_int_equal(vtd_domain_map_reserved(&d, hpa(0x1800000), hpa(0x1800fff)), STATUS_OK);
    assert_int_equal(vtd_attach(&unit, DEVICE, &d), STATUS_OK);
    up();
    assert_true(dma(DEVICE, 0x1800000, true));
    assert_int_equal(vtd_unit_probe(&unit, 0, hpa(REGISTERS), 0, 0, &none), STATUS_OK);
    uint64_t writes_before = machine.register_writes;
    up();
    assert_true(machine.register_writes > writes_before);
    assert_false(dma(DEVICE, 0x1800000, true));
    device_life();
    end();
}

static void probing(void **state)
{
    (void)state;
    struct vtd_quirks q = {.no_superpages = true, .no_interrupt_remapping = true, .force_write_buffer_flush = true};
    struct vtd_model_config odd = vtd_model_server();
    odd.cap &= ~UINT64_C(0x1f00);
    uint16_t handle;
    vtd_machine_start(&machine, MEMORY_BASE, MEMORY_SIZE);
    vtd_machine_add(&machine, REGISTERS, &odd);
    assert_int_equal(vtd_unit_probe(&unit, 0, hpa(REGISTERS), 0, 0, &q), STATUS_UNSUPPORTED);
    assert_int_equal(vtd_unit_probe(&unit, 0, hpa(0), 0, 0, &q), STATUS_OUT_OF_RANGE);
    assert_int_equal(vtd_unit_probe(&unit, 0, hpa(REGISTERS + 8), 0, 0, &q), STATUS_OUT_OF_RANGE);
    vtd_machine_end(&machine);
    odd.cap = UINT64_MAX;
    odd.ecap = UINT64_MAX;
    vtd_machine_start(&machine, MEMORY_BASE, MEMORY_SIZE);
    vtd_machine_add(&machine, REGISTERS, &odd);
    assert_int_equal(vtd_unit_probe(&unit, 0, hpa(REGISTERS), 0, 0, &q), STATUS_NOT_FOUND);
    vtd_machine_end(&machine);
    odd = vtd_model_server();
    odd.hidden_buffer = true;
    start(odd, q);
    assert_int_equal(vtd.max_leaf, 1);
    assert_false(vtd.remapping);
    up();
    assert_int_equal(vtd_irq_alloc_block(&unit, vtd_irte_source_function(DEVICE), 1, &handle), STATUS_UNSUPPORTED);
    device_life();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit),    cmocka_unit_test(refused_addresses), cmocka_unit_test(reserved_region),
        cmocka_unit_test(faults),        cmocka_unit_test(neighbour),         cmocka_unit_test(interrupts),
        cmocka_unit_test(wide_apic_ids), cmocka_unit_test(dead_unit),         cmocka_unit_test(stuck_commands),
        cmocka_unit_test(queue_errors),  cmocka_unit_test(take_over),         cmocka_unit_test(probing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
