/* SPDX-License-Identifier: GPL-2.0-only
 * guest/bus.c: lookup, overlap, widths, and what nobody answers. */
#include "guest/bus.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct device {
    uint64_t offset, value, now;
    unsigned width, reads, writes;
};

static uint64_t device_read(void *context, uint64_t offset, unsigned width, uint64_t now)
{
    struct device *d = context;
    d->offset = offset;
    d->width = width;
    d->now = now;
    d->reads++;
    return UINT64_C(0x1122334455667788) >> (8 * offset);
}

static void device_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now)
{
    struct device *d = context;
    *d = (struct device){offset, value, now, width, d->reads, d->writes + 1};
}

static struct bus_range range(uint64_t base, uint64_t size, unsigned widths, struct device *d)
{
    return (struct bus_range){base, size, widths, device_read, device_write, d, false};
}

static enum status add(struct bus *bus, uint64_t base, uint64_t size, unsigned widths, struct device *d)
{
    struct bus_range r = range(base, size, widths, d);
    return bus_add(bus, &r);
}

static void test_lookup_and_overlap(void **state)
{
    (void)state;
    struct bus_range room[4];
    struct bus bus;
    struct device a = {0}, b = {0}, c = {0};
    bus_init(&bus, BUS_PORTS, room, 4);
    assert_int_equal(add(&bus, 0x3f8, 8, 1, &b), STATUS_OK);
    assert_int_equal(add(&bus, 0x20, 2, 1, &a), STATUS_OK);
    assert_int_equal(add(&bus, 0xcfc, 4, 7, &c), STATUS_OK);
    assert_int_equal(add(&bus, 0x3ff, 1, 1, &a), STATUS_CONFLICT);
    assert_int_equal(add(&bus, 0x3f0, 9, 1, &a), STATUS_CONFLICT);
    assert_int_equal(add(&bus, 0x1f, 0x1000, 1, &a), STATUS_CONFLICT);
    assert_int_equal(add(&bus, 0x3f0, 8, 1, &a), STATUS_OK); /* exactly beside it */
    assert_int_equal(add(&bus, 0x80, 1, 1, &a), STATUS_NO_MEMORY);
    assert_ptr_equal(bus_find(&bus, 0x3ff)->context, &b);
    assert_ptr_equal(bus_find(&bus, 0x21)->context, &a);
    assert_null(bus_find(&bus, 0x22));
    assert_null(bus_find(&bus, 0x1f));
    assert_int_equal(bus_remove(&bus, 0x3f9), STATUS_NOT_FOUND);
    assert_int_equal(bus_remove(&bus, 0x3f8), STATUS_OK);
    assert_null(bus_find(&bus, 0x3f8));
    assert_ptr_equal(bus_find(&bus, 0xcff)->context, &c);
}

static void test_bad_ranges(void **state)
{
    (void)state;
    struct bus_range room[4];
    struct bus bus;
    bus_init(&bus, BUS_PORTS, room, 4);
    assert_int_equal(add(&bus, 0x10, 0, 1, NULL), STATUS_OUT_OF_RANGE);
    assert_int_equal(add(&bus, 0xffff, 2, 1, NULL), STATUS_OUT_OF_RANGE);
    assert_int_equal(add(&bus, 0xffff, 1, 8, NULL), STATUS_OUT_OF_RANGE);
    assert_int_equal(add(&bus, 0xffff, 1, 0, NULL), STATUS_OUT_OF_RANGE);
    assert_int_equal(add(&bus, 0xffff, 1, 1, NULL), STATUS_OK);
    bus_init(&bus, BUS_MMIO, room, 4);
    assert_int_equal(add(&bus, UINT64_MAX, 2, 1, NULL), STATUS_OUT_OF_RANGE);
    assert_int_equal(add(&bus, UINT64_MAX - 3, 4, 8, NULL), STATUS_OK);
    assert_int_equal(add(&bus, UINT64_MAX, 1, 8, NULL), STATUS_CONFLICT);
}

static void test_ports(void **state)
{
    (void)state;
    struct bus_range room[2];
    struct bus bus;
    struct device d = {0};
    bus_init(&bus, BUS_PORTS, room, 2);
    assert_int_equal(add(&bus, 0x40, 4, 1, &d), STATUS_OK);
    assert_int_equal(bus_read(&bus, 0x41, 1, 77), 0x77);
    assert_int_equal(d.offset, 1);
    assert_int_equal(d.now, 77);
    assert_int_equal(bus_unknown_count(&bus), 0);
    /* a 16-bit read of an 8-bit device is two byte reads */
    assert_int_equal(bus_read(&bus, 0x41, 2, 0), 0x6677);
    assert_int_equal(d.reads, 3);
    /* half of it belongs to nobody */
    assert_int_equal(bus_read(&bus, 0x43, 2, 0), 0xff55);
    assert_int_equal(bus_unknown_count(&bus), 1);
    bus_write(&bus, 0x42, 4, 0xaabbccdd, 0);
    assert_int_equal(d.writes, 2);
    assert_int_equal(d.value, 0xcc);
    assert_int_equal(bus_unknown_count(&bus), 3);
    /* nobody: one count an access, all ones */
    assert_int_equal(bus_read(&bus, 0xcf9, 4, 0), 0xffffffff);
    bus_write(&bus, 0x8900, 2, 0, 0);
    assert_int_equal(bus_unknown_count(&bus), 5);
    assert_int_equal(bus_read(&bus, 0xffff, 4, 0), 0xffffffff);
}

static void test_mmio_widths(void **state)
{
    (void)state;
    struct bus_range room[2];
    struct bus bus;
    struct device d = {0};
    bus_init(&bus, BUS_MMIO, room, 2);
    assert_int_equal(add(&bus, 0xfee00000, 0x1000, 4, &d), STATUS_OK);
    assert_int_equal(bus_read(&bus, 0xfee00000, 4, 0), 0x55667788);
    assert_int_equal(bus_read(&bus, 0xfee00000, 8, 0), UINT64_MAX);
    assert_int_equal(bus_read(&bus, 0xfee00ffe, 4, 0), 0xffffffff); /* runs over the end */
    bus_write(&bus, 0xfee00000, 1, 5, 0);
    assert_int_equal(d.writes, 0);
    assert_int_equal(bus_unknown_count(&bus), 3);
    bus_write(&bus, 0xfee00010, 4, 0x1ffffffff, 9);
    assert_int_equal(d.value, 0xffffffff);
}

/* What nobody answers, and what a quiet range answers, leaves nothing to look at. */
static void test_touched(void **state)
{
    (void)state;
    struct bus_range room[2];
    struct bus bus;
    struct device quiet = {0}, loud = {0};
    struct bus_range r = range(0x40, 2, 1, &quiet);
    r.quiet = true;
    bus_init(&bus, BUS_PORTS, room, 2);
    assert_int_equal(bus_add(&bus, &r), STATUS_OK);
    assert_int_equal(add(&bus, 0x42, 2, 1, &loud), STATUS_OK);
    (void)bus_read(&bus, 0x40, 2, 0);
    bus_write(&bus, 0x41, 1, 0, 0);
    bus_write(&bus, 0x80, 4, 0, 0);
    assert_int_equal(quiet.reads + quiet.writes, 3);
    assert_false(bus.touched);
    (void)bus_read(&bus, 0x40, 4, 0); /* a byte of the other is in it */
    assert_true(bus.touched);
    bus.touched = false;
    (void)bus_read(&bus, 0x42, 1, 0);
    assert_true(bus.touched);
    bus.touched = false;
    bus_write(&bus, 0x43, 1, 0, 0);
    assert_true(bus.touched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup_and_overlap), cmocka_unit_test(test_bad_ranges), cmocka_unit_test(test_ports),
        cmocka_unit_test(test_mmio_widths),        cmocka_unit_test(test_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
