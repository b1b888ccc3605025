/* SPDX-License-Identifier: GPL-2.0-only
 * Routes of one device's message on the strict model: remapped to a host vector, posted, and every change between. */
#include "guest/device_irq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guest/posting.h"
#include "guest/vlapic_irq.h"
#include "kernel/core/posted.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/phys.h"
#include "tests/fake/irq.h"
#include "tests/fake/vtd_rig.h"

#define DEVICE 0x0018
#define MESSAGE(cpu) (0xfee00000u | (uint32_t)(cpu) << 12)
#define NOBODY 9
#define CANNOT_POST 3 /* the vCPU on this CPU takes no posted interrupts */
#define NOTIFY 0xf3
#define DESCRIPTOR(cpu) ((uint64_t)RIG_GUEST + 64 * (uint64_t)(cpu))

static struct vtd_rig rig;
static struct device_irq irq;
static const struct pci_function function = {.at = {DEVICE}};
static struct plan_device plan;
static struct vm_device device;
static unsigned delivered;

static void deliver(void *context, uint64_t address, uint32_t data)
{
    (void)context;
    (void)address;
    (void)data;
    delivered++;
}

static unsigned cpu_of(uint64_t address)
{
    return (unsigned)(address >> 12 & 0xff);
}

static bool target(void *context, uint64_t address, uint32_t data, unsigned *cpu, uint32_t *apic_id)
{
    (void)context;
    (void)data;
    *cpu = cpu_of(address) == 0xff ? 0 : cpu_of(address);
    *apic_id = *cpu;
    return *cpu != NOBODY;
}

static bool may_post(void *context, uint64_t address, uint32_t data, struct vtd_irte_posted *posted)
{
    (void)context;
    *posted = (struct vtd_irte_posted){.vector = (uint8_t)data, .descriptor = {DESCRIPTOR(cpu_of(address))}};
    return cpu_of(address) != CANNOT_POST;
}

static const struct message_router posting = {.deliver = deliver, .target = target, .post = may_post};
static const struct message_router plain = {.deliver = deliver, .target = target};

static struct posted_descriptor *descriptor(unsigned cpu)
{
    return phys_to_virt(hpa(DESCRIPTOR(cpu)));
}

static struct vtd_model *start(const struct message_router *router, bool unit_posts)
{
    struct vtd_model_config c = vtd_model_server();
    c.cap &= unit_posts ? ~UINT64_C(0) : ~(UINT64_C(1) << 59);
    fake_irq_reset();
    struct vtd_model *m = vtd_rig_start(&rig, &c);
    for (unsigned cpu = 0; cpu < 8; cpu++) {
        posted_init(descriptor(cpu), NOTIFY, cpu, true);
    }
    plan = (struct plan_device){.sources = {{DEVICE}}, .source_count = 1, .message_source = {DEVICE}};
    device = (struct vm_device){.plan = &plan, .function = &function, .unit = &rig.units[0]};
    device_irq_init(&irq, &device, router);
    delivered = 0;
    return m;
}

static struct vtd_msi route(unsigned cpu, uint8_t vector)
{
    struct vtd_msi message = {0, 0};
    assert_int_equal(device_irq_route(&irq, MESSAGE(cpu), vector, &message), STATUS_OK);
    return message;
}

/* The device sends; what is remapped is raised at its host CPU. */
static bool send(struct vtd_msi message)
{
    struct vtd_model_message out;
    if (!vtd_model_interrupt(&rig.mc.units[0].model, DEVICE, (uint32_t)message.address, message.data, &out)) {
        return false;
    }
    return out.posted || fake_irq_raise(out.dest, out.vector);
}

/* vector, and nothing else, waits in cpu's descriptor; it is taken. */
static void expect_posted(unsigned cpu, uint8_t vector)
{
    uint32_t taken[8];
    assert_true(posted_take(descriptor(cpu), taken));
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(taken[i], i == vector / 32 ? 1u << vector % 32 : 0);
    }
}

static void test_posts_where_it_may(void **state)
{
    (void)state;
    struct vtd_model *m = start(&posting, true);
    struct vtd_msi message = route(2, 0x41);
    assert_true(irq.posted);
    assert_int_equal(fake_irq_taken(), 0);
    assert_true(send(message));
    assert_int_equal(delivered, 0);
    assert_int_equal(rig.mc.interrupt_data, NOTIFY);
    expect_posted(2, 0x41);
    assert_int_equal(device_irq_release(&irq), STATUS_OK);
    assert_false(send(message));
    vtd_model_reused(m, DESCRIPTOR(0), 8 * 64);
    assert_null(vtd_model_violation(m));
}

static void test_remaps_where_it_may_not(void **state)
{
    (void)state;
    static const struct {
        const struct message_router *router;
        bool unit_posts;
        unsigned cpu;
    } cases[] = {{&plain, true, 2}, {&posting, false, 2}, {&posting, true, CANNOT_POST}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_model *m = start(cases[i].router, cases[i].unit_posts);
        struct vtd_msi message = route(cases[i].cpu, 0x41);
        assert_false(irq.posted);
        assert_int_equal(fake_irq_taken(), 1);
        assert_true(send(message));
        assert_int_equal(delivered, 1);
        assert_false(posted_is_pending(descriptor(cases[i].cpu)));
        assert_int_equal(device_irq_release(&irq), STATUS_OK);
        assert_int_equal(fake_irq_taken(), 0);
        assert_null(vtd_model_violation(m));
    }
}

/* What the device holds never changes; each message goes where the guest last said. */
static void test_every_move(void **state)
{
    (void)state;
    struct vtd_model *m = start(&posting, true);
    static const struct {
        unsigned cpu;
        uint8_t vector;
    } moves[] = {{1, 0x41}, {1, 0x42}, {2, 0x42}, {CANNOT_POST, 0x42}, {CANNOT_POST, 0x43}, {4, 0x43}, {4, 0xfe}};
    struct vtd_msi first = route(1, 0x30);
    for (size_t i = 0; i < ARRAY_LENGTH(moves); i++) {
        bool was_posted = irq.posted;
        unsigned before = delivered;
        struct vtd_msi message = route(moves[i].cpu, moves[i].vector);
        assert_true(message.address == first.address && message.data == first.data);
        /* one more for what may have been on its way to the old host vector, none where nothing can be lost */
        assert_int_equal(delivered - before, !was_posted && irq.posted);
        before = delivered;
        assert_true(send(message));
        assert_int_equal(irq.posted, moves[i].cpu != CANNOT_POST);
        assert_int_equal(fake_irq_taken(), irq.posted ? 0 : 1);
        if (irq.posted) {
            expect_posted(moves[i].cpu, moves[i].vector);
        }
        assert_int_equal(delivered - before, irq.posted ? 0 : 1);
        assert_null(vtd_model_violation(m));
    }
    /* Nobody it named before is named any more. */
    vtd_model_reused(m, DESCRIPTOR(0), 4 * 64);
    assert_null(vtd_model_violation(m));
}

/* A message that was posted before the move stays pending with the old vCPU. */
static void test_nothing_lost_on_a_move(void **state)
{
    (void)state;
    start(&posting, true);
    struct vtd_msi message = route(1, 0x41);
    assert_true(send(message));
    (void)route(2, 0x51);
    expect_posted(1, 0x41);
    assert_true(send(message));
    (void)route(CANNOT_POST, 0x51);
    expect_posted(2, 0x51);
}

/* Behind a PCIe-to-PCI bridge messages may have any id of its buses, elsewhere that of the bridge which speaks for the
 * device: the entry takes what the plan says, and nothing else. */
static void test_who_may_send(void **state)
{
    (void)state;
    struct vtd_model_message out;
    struct vtd_model *m = start(&plain, false);
    plan.bus_interrupts = true;
    plan.message_source = (struct sbdf){0x0318}; /* narrower, and not meant then */
    plan.first_bus = 2;
    plan.last_bus = 3;
    struct vtd_msi message = route(1, 0x41);
    for (unsigned sid = 0; sid <= UINT16_MAX; sid += 0x11) {
        bool within = sid >> 8 >= 2 && sid >> 8 <= 3;
        assert_int_equal(vtd_model_interrupt(m, (uint16_t)sid, (uint32_t)message.address, message.data, &out), within);
    }
    assert_int_equal(device_irq_release(&irq), STATUS_OK);
    plan.bus_interrupts = false;
    plan.message_source = (struct sbdf){0x00f0}; /* 00:1e.0, a conventional bridge: not its own id */
    message = route(1, 0x41);
    for (unsigned sid = 0; sid <= UINT16_MAX; sid += 0xf) {
        assert_int_equal(vtd_model_interrupt(m, (uint16_t)sid, (uint32_t)message.address, message.data, &out),
                         sid == 0x00f0);
    }
    assert_int_equal(device_irq_release(&irq), STATUS_OK);
}

static void test_unchanged_costs_nothing(void **state)
{
    (void)state;
    struct vtd_model *m = start(&posting, true);
    (void)route(1, 0x41);
    uint64_t before = m->descriptors;
    (void)route(1, 0x41);
    assert_true(m->descriptors == before);
}

static void test_failures(void **state)
{
    (void)state;
    struct vtd_model *m = start(&posting, true);
    struct vtd_msi message;
    assert_int_equal(device_irq_route(&irq, MESSAGE(NOBODY), 0x41, &message), STATUS_NOT_FOUND);
    assert_false(irq.routed);
    fake_irq_limit(0); /* no host vectors: posting needs none, the fall-back does */
    (void)route(1, 0x41);
    assert_int_equal(device_irq_route(&irq, MESSAGE(CANNOT_POST), 0x41, &message), STATUS_NO_MEMORY);
    assert_true(irq.routed && irq.posted);
    m->knobs.stuck_waits = true;
    assert_int_equal(device_irq_route(&irq, MESSAGE(2), 0x41, &message), STATUS_TIMEOUT);
    assert_int_equal(device_irq_release(&irq), STATUS_TIMEOUT);
    assert_int_equal(rig.units[0].remap.quarantined, 1);
    start(&posting, true)->knobs.stuck_waits = true;
    rig.units[0].caps.caching_mode = true; /* a fresh entry is invalidated too: and cannot be confirmed */
    assert_int_equal(device_irq_route(&irq, MESSAGE(2), 0x41, &message), STATUS_TIMEOUT);
    assert_false(irq.routed);
    assert_int_equal(rig.units[0].remap.quarantined, 1);
}

/* The whole way: the guest's message, its remapping entry, a vCPU's mailbox, its IRR; on a halted vCPU's wake-up
 * vector, and without a notification while it waits for its turn. */
#define LAPICS (RIG_GUEST + 0x1000)
#define LAPIC_PAGES (RIG_GUEST + 0x4000)

static struct vlapic *lapic_list[2];
static struct vlapic_set lapic_set = {.lapics = lapic_list, .count = 2};

static bool post_to_lapic(void *context, uint64_t address, uint32_t data, struct vtd_irte_posted *posted)
{
    (void)context;
    struct apic_message m = apic_message_from_msi(address, data);
    size_t index = 0;
    if (!posting_target(&lapic_set, &m, &index)) {
        return false;
    }
    *posted = (struct vtd_irte_posted){.vector = m.vector, .descriptor = virt_to_phys(&lapic_list[index]->posted)};
    return true;
}

static void make_lapics(void)
{
    for (unsigned i = 0; i < 2; i++) {
        lapic_list[i] = phys_to_virt(hpa(LAPICS + i * 0x1000u));
        struct vlapic_config c = {.page = phys_to_virt(hpa(LAPIC_PAGES + i * 0x1000u)), .id = i, .physical_bits = 40};
        vlapic_init(lapic_list[i], &c);
        vlapic_write(lapic_list[i], LAPIC_SVR, 4, 0x1ff, 0);
        posted_init(&lapic_list[i]->posted, VECTOR_POSTED, 4 + i, true);
    }
}

static void test_into_a_lapic(void **state)
{
    (void)state;
    static const struct message_router router = {.deliver = deliver, .target = target, .post = post_to_lapic};
    struct vtd_model *m = start(&router, true);
    make_lapics();
    struct vlapic *l = lapic_list[1];
    struct vtd_msi message = route(1, 0x51);
    assert_true(send(message));
    assert_true(rig.mc.interrupt_data == VECTOR_POSTED && rig.mc.interrupt_address == 0xfee05000);
    assert_int_equal(vlapic_irq_pending(l), 0x51);
    assert_int_equal(vlapic_irq_pending(lapic_list[0]), -1);
    vlapic_irq_accept(l, 0x51);
    posting_place(&l->posted, POSTING_SLEEPS, 5, true);
    (void)route(1, 0x61);
    assert_true(send(message));
    assert_int_equal(rig.mc.interrupt_data, VECTOR_POSTED_WAKE);
    assert_int_equal(vlapic_irq_pending(l), 0x61);
    vlapic_irq_accept(l, 0x61);
    posting_place(&l->posted, POSTING_WAITS, 5, true);
    (void)route(1, 0x71);
    unsigned before = rig.mc.interrupts;
    assert_true(send(message));
    assert_int_equal(rig.mc.interrupts, before);
    posting_place(&l->posted, POSTING_RUNS, 5, true);
    assert_int_equal(vlapic_irq_pending(l), 0x71);
    (void)route(0xff, 0x81); /* everybody: our handler delivers, nobody is posted to */
    assert_false(irq.posted);
    vtd_model_reused(m, LAPICS, 0x2000);
    assert_null(vtd_model_violation(m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posts_where_it_may), cmocka_unit_test(test_remaps_where_it_may_not),
        cmocka_unit_test(test_every_move),         cmocka_unit_test(test_nothing_lost_on_a_move),
        cmocka_unit_test(test_who_may_send),       cmocka_unit_test(test_unchanged_costs_nothing),
        cmocka_unit_test(test_failures),           cmocka_unit_test(test_into_a_lapic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
