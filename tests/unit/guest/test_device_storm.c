/* SPDX-License-Identifier: GPL-2.0-only
 * An interrupt of a device kept within its irq_limit, on the strict model: held, silent, changed meanwhile, let go. */
#include "guest/device_irq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/time.h"
#include "tests/fake/irq.h"
#include "tests/fake/time.h"
#include "tests/fake/vtd_rig.h"

#define DEVICE 0x0018
#define LIMIT 10
#define MESSAGE(cpu) (0xfee00000u | (uint32_t)(cpu) << 12)

static struct vtd_rig rig;
static struct device_irq irq;
static const struct pci_function function = {.at = {DEVICE}};
static struct plan_device plan;
static struct vm_device device;
static unsigned delivered, held;
static uint64_t held_until;

static void deliver(void *context, uint64_t address, uint32_t data)
{
    (void)context;
    (void)address;
    (void)data;
    delivered++;
}

static bool target(void *context, uint64_t address, uint32_t data, unsigned *cpu, uint32_t *apic_id)
{
    (void)context;
    (void)data;
    *cpu = (unsigned)(address >> 12 & 0xff);
    *apic_id = *cpu;
    return true;
}

static bool may_post(void *context, uint64_t address, uint32_t data, struct vtd_irte_posted *posted)
{
    (void)context;
    (void)address;
    *posted = (struct vtd_irte_posted){.vector = (uint8_t)data, .descriptor = {RIG_GUEST}};
    return true;
}

static void on_held(void *context, const struct vm_device *d, uint64_t until_ns)
{
    (void)context;
    assert_ptr_equal(d, &device);
    held++;
    held_until = until_ns;
}

static const struct message_router router = {.deliver = deliver, .target = target, .post = may_post, .held = on_held};

static struct vtd_model *model(void)
{
    return &rig.mc.units[0].model;
}

static int setup(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_server();
    fake_irq_reset();
    vtd_rig_start(&rig, &c);
    plan = (struct plan_device){.sources = {{DEVICE}}, .source_count = 1, .message_source = {DEVICE}};
    device =
        (struct vm_device){.plan = &plan, .function = &function, .unit = &rig.units[0], .irq_limit = {LIMIT, 10000000}};
    device_irq_init(&irq, &device, &router);
    delivered = held = 0;
    return 0;
}

static struct vtd_msi route(unsigned cpu)
{
    struct vtd_msi message = {0, 0};
    assert_int_equal(device_irq_route(&irq, MESSAGE(cpu), 0x41, &message), STATUS_OK);
    return message;
}

static bool send(struct vtd_msi message)
{
    struct vtd_model_message out;
    if (!vtd_model_interrupt(model(), DEVICE, (uint32_t)message.address, message.data, &out)) {
        return false;
    }
    assert_false(out.posted); /* or nobody would count */
    return fake_irq_raise(out.dest, out.vector);
}

static unsigned flood(struct vtd_msi message, unsigned count)
{
    unsigned arrived = 0;
    for (unsigned i = 0; i < count; i++) {
        arrived += send(message);
    }
    return arrived;
}

static void a_storm_is_held_without_a_fault(void **state)
{
    (void)state;
    struct vtd_msi message = route(2);
    unsigned interrupts = rig.mc.interrupts;
    assert_int_equal(flood(message, 1000), LIMIT + 1);
    assert_int_equal(delivered, LIMIT + 1);
    assert_int_equal(held, 1);
    assert_int_equal(rig.mc.interrupts, interrupts); /* no fault event either */
    assert_int_equal(vtd_raw_read(&rig.mc, RAW_FSTS, 4) & 0xff, 0);
    assert_null(vtd_model_violation(model()));
}

static void it_comes_again_with_one_for_all(void **state)
{
    (void)state;
    struct vtd_msi message = route(2);
    flood(message, 100);
    assert_int_equal(device_irq_resume(&irq, held_until - 1), held_until);
    assert_false(send(message));
    delivered = 0;
    assert_int_equal(device_irq_resume(&irq, held_until), 0);
    assert_int_equal(delivered, 1);
    fake_time_advance_ns(DEVICE_STORM_NS);
    assert_true(send(message));
    uint64_t first = held_until;
    flood(message, 100);
    assert_int_equal(held, 2);
    assert_true(held_until - time_now_ns() > DEVICE_STORM_NS && held_until > first); /* twice as long */
    assert_null(vtd_model_violation(model()));
}

static void what_its_guest_changes_meanwhile_counts_later(void **state)
{
    (void)state;
    struct vtd_msi message = route(2);
    flood(message, 100);
    struct vtd_msi same = route(3); /* to another vCPU */
    assert_int_equal(same.address, message.address);
    assert_false(send(message));
    assert_int_equal(device_irq_resume(&irq, held_until), 0);
    delivered = 0;
    fake_time_advance_ns(DEVICE_STORM_NS);
    assert_true(send(message));
    assert_int_equal(irq.cpu, 3);
    assert_null(vtd_model_violation(model()));
}

static void released_while_held(void **state)
{
    (void)state;
    struct vtd_msi message = route(2);
    flood(message, 100);
    assert_int_equal(device_irq_release(&irq), STATUS_OK);
    assert_int_equal(fake_irq_taken(), 0);
    assert_int_equal(device_irq_resume(&irq, held_until), 0); /* not its entry any more */
    assert_false(send(message));
    message = route(1); /* fresh, not held */
    assert_true(send(message));
    assert_null(vtd_model_violation(model()));
}

static void within_the_limit_nothing_is_held(void **state)
{
    (void)state;
    struct vtd_msi message = route(2);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(flood(message, LIMIT), LIMIT);
        fake_time_advance_ns(10000000);
    }
    assert_int_equal(held, 0);
    device.irq_limit.period_ns = 0; /* none: posted */
    assert_int_equal(device_irq_release(&irq), STATUS_OK);
    route(2);
    assert_true(irq.posted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_storm_is_held_without_a_fault, setup),
        cmocka_unit_test_setup(it_comes_again_with_one_for_all, setup),
        cmocka_unit_test_setup(what_its_guest_changes_meanwhile_counts_later, setup),
        cmocka_unit_test_setup(released_while_held, setup),
        cmocka_unit_test_setup(within_the_limit_nothing_is_held, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
