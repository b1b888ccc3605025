/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vlapic_route.c: who gets a message. */
#include "guest/vlapic_route.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "guest/vlapic_irq.h"

#define COUNT 4

static uint32_t pages[COUNT][LAPIC_SIZE / 4];

struct machine {
    struct vlapic l[COUNT];
    struct vlapic *pointers[COUNT];
    struct vlapic_set set;
    unsigned kicks[COUNT];
};

static void on_kick(void *context, size_t index)
{
    struct machine *m = context;
    m->kicks[index]++;
}

static void make(struct machine *m)
{
    *m = (struct machine){.set = {.lapics = m->pointers, .count = COUNT, .context = m, .kick = on_kick}};
    for (uint32_t i = 0; i < COUNT; i++) {
        struct vlapic_config c = {.page = pages[i], .id = i, .bootstrap = i == 0, .x2apic = true, .physical_bits = 40};
        vlapic_init(&m->l[i], &c);
        vlapic_write(&m->l[i], LAPIC_SVR, 4, 0x1ff, 0);
        vlapic_write(&m->l[i], LAPIC_LDR, 4, 1U << (24 + i), 0);
        m->pointers[i] = &m->l[i];
    }
}

/* Bit i: vCPU i got the vector (which is then taken away again). */
static unsigned receivers(struct machine *m, uint8_t vector)
{
    unsigned mask = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        if (vlapic_irq_highest(&m->l[i]) == vector) {
            mask |= 1U << i;
            vlapic_irq_accept(&m->l[i], vector);
            vlapic_irq_eoi(&m->l[i]);
        }
    }
    return mask;
}

static unsigned send(struct machine *m, struct apic_message message, int from)
{
    message.vector = 0x60;
    size_t n = vlapic_route_message(&m->set, &message, from < 0 ? NULL : &m->l[from]);
    unsigned mask = receivers(m, 0x60);
    assert_int_equal(n, __builtin_popcount(mask));
    return mask;
}

static void test_physical_and_shorthand(void **state)
{
    (void)state;
    struct machine m;
    make(&m);
    assert_int_equal(send(&m, (struct apic_message){.destination = 2}, -1), 4);
    assert_int_equal(m.kicks[2], 1);
    assert_int_equal(m.kicks[0], 0);
    assert_int_equal(send(&m, (struct apic_message){.destination = 9}, -1), 0);
    assert_int_equal(send(&m, (struct apic_message){.destination = APIC_BROADCAST}, 1), 15);
    assert_int_equal(send(&m, (struct apic_message){.shorthand = APIC_TO_OTHERS}, 1), 13);
    assert_int_equal(send(&m, (struct apic_message){.shorthand = APIC_TO_ALL}, 1), 15);
    assert_int_equal(send(&m, (struct apic_message){.shorthand = APIC_TO_SELF}, 1), 2);
    assert_int_equal(vlapic_base_write(&m.l[1], 0xfee00000), STATUS_OK); /* switched off: gets nothing */
    assert_int_equal(send(&m, (struct apic_message){.destination = APIC_BROADCAST}, 0), 13);
    m.set.count = 0;
    assert_int_equal(send(&m, (struct apic_message){.delivery = APIC_LOWEST, .destination = APIC_BROADCAST}, 0), 0);
}

static void test_logical(void **state)
{
    (void)state;
    struct machine m;
    make(&m);
    assert_int_equal(send(&m, (struct apic_message){.logical = true, .destination = 0x6}, -1), 6);
    assert_int_equal(send(&m, (struct apic_message){.logical = true, .destination = 0}, -1), 0);
    for (uint32_t i = 0; i < COUNT; i++) { /* two clusters of two */
        vlapic_write(&m.l[i], LAPIC_DFR, 4, 0x0fffffff, 0);
        vlapic_write(&m.l[i], LAPIC_LDR, 4, (i / 2) << 28 | 1U << (24 + i % 2), 0);
    }
    assert_int_equal(send(&m, (struct apic_message){.logical = true, .destination = 0x12}, -1), 8);
    assert_int_equal(send(&m, (struct apic_message){.logical = true, .destination = 0x03}, -1), 3);
    assert_int_equal(send(&m, (struct apic_message){.logical = true, .destination = 0xf1}, -1), 5);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(vlapic_base_write(&m.l[i], 0xfee00c00), STATUS_OK);
    }
    assert_int_equal(send(&m, (struct apic_message){.logical = true, .destination = 0x00005}, 0), 5);
    assert_int_equal(send(&m, (struct apic_message){.logical = true, .destination = 0x10005}, 0), 0);
}

static void test_lowest_priority(void **state)
{
    (void)state;
    struct machine m;
    make(&m);
    const struct apic_message all = {.delivery = APIC_LOWEST, .logical = true, .destination = 0xf};
    unsigned seen = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned got = send(&m, all, -1);
        assert_int_equal(__builtin_popcount(got), 1);
        seen |= got;
    }
    assert_int_equal(seen, 15); /* in turn */
    vlapic_write(&m.l[0], LAPIC_TPR, 4, 0x20, 0);
    vlapic_write(&m.l[1], LAPIC_TPR, 4, 0x10, 0);
    vlapic_write(&m.l[2], LAPIC_TPR, 4, 0x30, 0);
    vlapic_write(&m.l[3], LAPIC_SVR, 4, 0xff, 0);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(send(&m, all, -1), 2);
    }
}

static void test_events_and_msi(void **state)
{
    (void)state;
    struct machine m;
    make(&m);
    struct apic_message init = {.delivery = APIC_INIT, .destination = 1};
    vlapic_write(&m.l[1], LAPIC_SVR, 4, 0xff, 0); /* INIT reaches a disabled one too */
    assert_int_equal(vlapic_route_message(&m.set, &init, &m.l[0]), 1);
    assert_int_equal(vlapic_irq_take_events(&m.l[1], ~0U), LAPIC_EVENT_INIT);
    struct apic_message msi = apic_message_from_msi(0xfee0200c, 0x4061); /* logical, redirection hint */
    assert_true(msi.logical);
    assert_int_equal(msi.destination, 2);
    assert_int_equal(msi.vector, 0x61);
    assert_false(msi.level);
    msi = apic_message_from_msi(0xfeeff000, 0xc161);
    assert_true(msi.destination == APIC_BROADCAST);
    assert_int_equal(msi.delivery, APIC_LOWEST);
    assert_true(msi.level);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_physical_and_shorthand),
        cmocka_unit_test(test_logical),
        cmocka_unit_test(test_lowest_priority),
        cmocka_unit_test(test_events_and_msi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
