/* SPDX-License-Identifier: GPL-2.0-only
 * The model's I/O APIC, against the 82093AA data sheet and VT-d 4.1 5.1.5.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/model/ioapic_model.h"

#define MASKED 0x10000u
#define LEVEL 0x8000u
#define REMOTE_IRR 0x4000u

static struct {
    struct ioapic_model io;
    struct ioapic_model_message last;
    unsigned sent;
} world;

static void on_send(void *context, const struct ioapic_model_message *message)
{
    (void)context;
    world.last = *message;
    world.sent++;
}

static int fresh(void **state)
{
    (void)state;
    static const struct ioapic_model_io io = {.send = on_send};
    world.sent = 0;
    ioapic_model_reset(&world.io, 4, &io);
    return 0;
}

static void set(unsigned index, uint32_t value)
{
    ioapic_model_write(&world.io, 0x00, index);
    ioapic_model_write(&world.io, 0x10, value);
}

static uint32_t get(unsigned index)
{
    ioapic_model_write(&world.io, 0x00, index);
    return ioapic_model_read(&world.io, 0x10);
}

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(get(0), 4u << 24);
    assert_int_equal(get(1), 0x00170020);
    assert_int_equal(get(0x10), MASKED);
    assert_int_equal(get(0x10 + 2 * 23), MASKED);
    assert_int_equal(get(0x10 + 2 * 24), 0);
    set(0x12, 0xffffffff);
    set(0x13, 0x12345678);
    assert_int_equal(get(0x12), 0xffffffff & ~0x5000u); /* delivery status and remote IRR are read-only */
    assert_int_equal(get(0x13), 0x12345678);
    assert_int_equal(ioapic_model_read(&world.io, 0x20), 0);
    assert_int_equal(world.sent, 0);
}

static void test_edge(void **state)
{
    (void)state;
    set(0x15, 3u << 24);
    set(0x14, 0x31);
    ioapic_model_line(&world.io, 2, true);
    assert_int_equal(world.sent, 1);
    assert_int_equal(world.last.address, 0xfee03000);
    assert_int_equal(world.last.data, 0x31);
    ioapic_model_line(&world.io, 2, true); /* no edge */
    ioapic_model_line(&world.io, 2, false);
    assert_int_equal(world.sent, 1);
    set(0x14, 0x31 | MASKED);
    ioapic_model_line(&world.io, 2, true); /* masked: lost */
    set(0x14, 0x31);
    assert_int_equal(world.sent, 1);
    ioapic_model_line(&world.io, 24, true);
    assert_int_equal(world.sent, 1);
}

/* A level-triggered pin waits for the EOI of its vector, then sends again while the line is asserted. */
static void test_level(void **state)
{
    (void)state;
    set(0x20, 0x44 | LEVEL);
    ioapic_model_line(&world.io, 8, true);
    assert_int_equal(world.sent, 1);
    assert_true(world.last.level);
    assert_int_equal(world.last.data, 0x44 | 0xc000);
    assert_int_equal(get(0x20) & REMOTE_IRR, REMOTE_IRR);
    ioapic_model_line(&world.io, 8, false);
    ioapic_model_line(&world.io, 8, true);
    ioapic_model_eoi(&world.io, 0x45); /* another's */
    assert_int_equal(world.sent, 1);
    ioapic_model_eoi(&world.io, 0x44);
    assert_int_equal(world.sent, 2);
    ioapic_model_line(&world.io, 8, false);
    ioapic_model_write(&world.io, 0x40, 0x44); /* the EOI register */
    assert_int_equal(world.sent, 2);
    assert_int_equal(get(0x20) & REMOTE_IRR, 0);
}

static void test_level_unmasked_late(void **state)
{
    (void)state;
    set(0x20, 0x44 | LEVEL | MASKED);
    ioapic_model_line(&world.io, 8, true);
    assert_int_equal(world.sent, 0);
    set(0x20, 0x44 | LEVEL);
    assert_int_equal(world.sent, 1);
    set(0x20, 0x44 | MASKED); /* edge-triggered: forgets */
    assert_int_equal(get(0x20), 0x44 | MASKED);
    set(0x20, 0x44 | LEVEL);
    assert_int_equal(world.sent, 2);
}

/* Handle 0x8123 in 63:49 and 11, format in 48. */
static void test_remappable(void **state)
{
    (void)state;
    set(0x13, 0x0123u << 17 | 1u << 16);
    set(0x12, 0x55 | 1u << 11);
    ioapic_model_line(&world.io, 1, true);
    assert_int_equal(world.last.address, 0xfee00000 | 0x123u << 5 | 1u << 4 | 1u << 2);
    assert_int_equal(world.last.data, 0x55);
    assert_int_equal(world.last.vector, 0x55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_registers, fresh),  cmocka_unit_test_setup(test_edge, fresh),
        cmocka_unit_test_setup(test_level, fresh),      cmocka_unit_test_setup(test_level_unmasked_late, fresh),
        cmocka_unit_test_setup(test_remappable, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
