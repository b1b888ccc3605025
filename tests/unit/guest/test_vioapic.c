/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vioapic.c: entries, edge and level pins, end of interrupt. */
#include "guest/vioapic.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct sink {
    struct apic_message last;
    unsigned count;
};

static void on_send(void *context, const struct apic_message *m)
{
    struct sink *s = context;
    s->last = *m;
    s->count++;
}

static uint32_t get(struct vioapic *io, uint8_t index)
{
    vioapic_write(io, IOAPIC_SELECT, 4, index);
    return vioapic_read(io, IOAPIC_WINDOW, 4);
}

static void set(struct vioapic *io, uint8_t index, uint32_t value)
{
    vioapic_write(io, IOAPIC_SELECT, 4, index);
    vioapic_write(io, IOAPIC_WINDOW, 4, value);
}

static void test_registers(void **state)
{
    (void)state;
    struct vioapic io;
    struct sink s = {0};
    vioapic_init(&io, 2, IOAPIC_VERSION_EOI, &s, on_send);
    assert_int_equal(get(&io, 0), 2 << 24);
    assert_int_equal(get(&io, 1), 0x00170020);
    assert_int_equal(get(&io, 0x10), 0x10000);
    set(&io, 0, 0x05000000);
    assert_int_equal(get(&io, 0), 5 << 24);
    set(&io, 0x3e, 0xffffffff); /* pin 23: read-only and reserved bits stay 0 */
    assert_int_equal(get(&io, 0x3e), 0x1afff);
    set(&io, 0x3f, 0xffffffff);
    assert_int_equal(get(&io, 0x3f), 0xff000000);
    set(&io, 0x40, 1); /* there is no pin 24 */
    assert_int_equal(get(&io, 0x40), 0);
    assert_int_equal(get(&io, 0x0f), 0);
    vioapic_write(&io, IOAPIC_SELECT, 1, 1);
    assert_int_equal(vioapic_read(&io, IOAPIC_WINDOW, 4), 0x00170020);
    assert_int_equal(vioapic_read(&io, IOAPIC_WINDOW, 8), 0);
    assert_int_equal(vioapic_read(&io, IOAPIC_WINDOW + 1, 4), 0);
    vioapic_write(&io, IOAPIC_WINDOW, 2, 0);
    vioapic_set_line(&io, 24, true);
    vioapic_set_line(&io, 1000, true);
    assert_int_equal(s.count, 0);
}

static void test_edge(void **state)
{
    (void)state;
    struct vioapic io;
    struct sink s = {0};
    vioapic_init(&io, 0, IOAPIC_VERSION_CLASSIC, &s, on_send);
    vioapic_set_line(&io, 4, true);
    vioapic_set_line(&io, 4, false); /* lost: masked */
    set(&io, 0x19, 0x03000000);
    set(&io, 0x18, 0x00000931); /* lowest priority, logical, vector 0x31 */
    assert_int_equal(s.count, 0);
    vioapic_set_line(&io, 4, true);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.last.vector, 0x31);
    assert_int_equal(s.last.delivery, APIC_LOWEST);
    assert_true(s.last.logical);
    assert_false(s.last.level);
    assert_int_equal(s.last.destination, 3);
    vioapic_set_line(&io, 4, true); /* no edge */
    assert_int_equal(s.count, 1);
    vioapic_eoi(&io, 0x31);
    assert_int_equal(s.count, 1);
}

static void test_level(void **state)
{
    (void)state;
    struct vioapic io;
    struct sink s = {0};
    vioapic_init(&io, 0, IOAPIC_VERSION_EOI, &s, on_send);
    set(&io, 0x21, 0xff000000);
    set(&io, 0x20, 0x0000a051); /* level, active low, vector 0x51 */
    vioapic_set_line(&io, 8, true);
    assert_int_equal(s.count, 1);
    assert_true(s.last.level);
    assert_true(s.last.destination == APIC_BROADCAST);
    assert_int_equal(get(&io, 0x20), 0x0000e051); /* remote IRR */
    vioapic_set_line(&io, 8, true);
    assert_int_equal(s.count, 1);
    vioapic_eoi(&io, 0x52); /* another vector */
    assert_int_equal(s.count, 1);
    vioapic_eoi(&io, 0x51); /* still asserted: again */
    assert_int_equal(s.count, 2);
    vioapic_set_line(&io, 8, false);
    vioapic_write(&io, IOAPIC_EOI, 4, 0x51);
    assert_int_equal(s.count, 2);
    assert_int_equal(get(&io, 0x20), 0x0000a051);
    set(&io, 0x20, 0x0001a051); /* masked while it rises, then unmasked */
    vioapic_set_line(&io, 8, true);
    assert_int_equal(s.count, 2);
    set(&io, 0x20, 0x0000a051);
    assert_int_equal(s.count, 3);
    set(&io, 0x20, 0x00010051); /* to edge and back: the classic way to end it */
    assert_int_equal(get(&io, 0x20), 0x00010051);
    set(&io, 0x20, 0x0000a051);
    assert_int_equal(s.count, 4);
}

static void test_classic_has_no_eoi_register(void **state)
{
    (void)state;
    struct vioapic io;
    struct sink s = {0};
    vioapic_init(&io, 0, IOAPIC_VERSION_CLASSIC, &s, on_send);
    set(&io, 0x10, 0x00008040);
    vioapic_set_line(&io, 0, true);
    vioapic_write(&io, IOAPIC_EOI, 4, 0x40);
    assert_int_equal(s.count, 1);
    set(&io, 0x12, 0x00008400); /* level NMI on pin 1 never waits for an EOI */
    vioapic_set_line(&io, 1, true);
    assert_int_equal(s.last.delivery, APIC_NMI);
    assert_int_equal(get(&io, 0x12), 0x00008400);
}

struct line {
    struct vioapic *io;
    unsigned ends;
    bool still;
};

static void on_line_send(void *context, const struct apic_message *m)
{
    (void)context;
    (void)m;
}

static void on_ended(void *context, unsigned pin)
{
    struct line *line = context;
    line->ends++;
    assert_int_equal(pin, 16);
    vioapic_set_line(line->io, pin, line->still);
}

/* Who drives the line hears of the end before the pin is looked at again. */
static void test_end_of_a_level_pin_is_told(void **state)
{
    (void)state;
    struct vioapic io;
    struct line line = {.io = &io};
    vioapic_init(&io, 0, IOAPIC_VERSION_EOI, &line, on_line_send);
    io.ended = on_ended;
    set(&io, 0x10 + 32, 0x8051); /* level, unmasked */
    vioapic_set_line(&io, 16, true);
    vioapic_eoi(&io, 0x52);
    assert_int_equal(line.ends, 0);
    vioapic_eoi(&io, 0x51);
    assert_int_equal(line.ends, 1);
    assert_int_equal(get(&io, 0x10 + 32) & IOAPIC_ENTRY_REMOTE_IRR, 0);
    vioapic_set_line(&io, 16, true);
    line.still = true;
    vioapic_eoi(&io, 0x51);
    assert_int_equal(line.ends, 2);
    assert_int_not_equal(get(&io, 0x10 + 32) & IOAPIC_ENTRY_REMOTE_IRR, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_edge),
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_classic_has_no_eoi_register),
        cmocka_unit_test(test_end_of_a_level_pin_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
