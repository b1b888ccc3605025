/* SPDX-License-Identifier: GPL-2.0-only
 * guest/memory.c: the map of a guest's RAM, and that nothing outside it is ever reached. */
#include "guest/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/memory.h"

#define BACKING UINT64_C(0x40000000)

/* Two slots of 1 MiB, at 0 and at 4 GiB, backed the other way round. */
static struct guest_memory make(void)
{
    fake_memory_reset(BACKING, 2 * MIB);
    return (struct guest_memory){.count = 2,
                                 .slots = {{.base = gpa(0), .size = MIB, .backing = hpa(BACKING + MIB)},
                                           {.base = gpa(4 * GIB), .size = MIB, .backing = hpa(BACKING)}}};
}

static void test_layout_below_the_hole(void **state)
{
    (void)state;
    struct guest_memory m;
    assert_int_equal(guest_memory_layout(512 * MIB, &m), STATUS_OK);
    assert_int_equal(m.count, 1);
    assert_int_equal(m.slots[0].base.v, 0);
    assert_int_equal(m.slots[0].size, 512 * MIB);
    assert_int_equal(guest_memory_top(&m), 4 * GIB);
    assert_int_equal(guest_memory_layout(3 * GIB, &m), STATUS_OK);
    assert_int_equal(m.count, 1);
    assert_int_equal(m.slots[0].size, GUEST_HOLE_START);
}

static void test_layout_around_the_hole(void **state)
{
    (void)state;
    struct guest_memory m;
    assert_int_equal(guest_memory_layout(3 * GIB + PAGE_SIZE, &m), STATUS_OK);
    assert_int_equal(m.count, 2);
    assert_int_equal(m.slots[1].base.v, 4 * GIB);
    assert_int_equal(m.slots[1].size, PAGE_SIZE);
    assert_int_equal(guest_memory_layout(5 * GIB, &m), STATUS_OK);
    assert_int_equal(guest_memory_bytes(&m), 5 * GIB);
    assert_int_equal(guest_memory_top(&m), 6 * GIB);
    for (size_t i = 0; i < m.count; i++) {
        uint64_t end = m.slots[i].base.v + m.slots[i].size;
        assert_true(end <= GUEST_HOLE_START || m.slots[i].base.v >= GUEST_HOLE_END);
    }
}

static void test_layout_refuses(void **state)
{
    (void)state;
    struct guest_memory m;
    assert_int_equal(guest_memory_layout(0, &m), STATUS_OUT_OF_RANGE);
    assert_int_equal(m.count, 0);
    assert_int_equal(guest_memory_layout(4 * GIB + 1, &m), STATUS_OUT_OF_RANGE);
    assert_int_equal(guest_memory_layout(UINT64_MAX - 4095, &m), STATUS_OUT_OF_RANGE);
    assert_int_equal(guest_memory_layout(UINT64_C(1) << 52, &m), STATUS_OUT_OF_RANGE);
    assert_int_equal(guest_memory_layout((UINT64_C(1) << 52) - GIB, &m), STATUS_OK);
}

static void test_at(void **state)
{
    (void)state;
    struct guest_memory m = make();
    assert_ptr_equal(guest_memory_at(&m, gpa(0), MIB), fake_memory_at(BACKING + MIB, 1));
    assert_ptr_equal(guest_memory_at(&m, gpa(4 * GIB + 5), 1), fake_memory_at(BACKING + 5, 1));
    assert_null(guest_memory_at(&m, gpa(0), MIB + 1));
    assert_null(guest_memory_at(&m, gpa(MIB), 1));
    assert_null(guest_memory_at(&m, gpa(MIB - 1), 2));
    assert_null(guest_memory_at(&m, gpa(4 * GIB - 1), 2));
    assert_null(guest_memory_at(&m, gpa(GUEST_LAPIC_START), 4));
    assert_null(guest_memory_at(&m, gpa(UINT64_MAX), 1));
    assert_null(guest_memory_at(&m, gpa(UINT64_MAX), UINT64_MAX));
    assert_null(guest_memory_at(&m, gpa(1), UINT64_MAX));
    assert_null(guest_memory_at(&m, gpa(4 * GIB + 4096), UINT64_MAX - 4095));
}

static void test_copies(void **state)
{
    (void)state;
    struct guest_memory m = make();
    uint8_t out[4] = {0};
    assert_int_equal(guest_memory_write(&m, gpa(MIB - 4), "abcd", 4), STATUS_OK);
    assert_int_equal(guest_memory_read(&m, gpa(MIB - 4), out, 4), STATUS_OK);
    assert_memory_equal(out, "abcd", 4);
    assert_memory_equal(fake_memory_at(BACKING + 2 * MIB - 4, 4), "abcd", 4);
    assert_int_equal(guest_memory_write(&m, gpa(MIB - 3), "wxyz", 4), STATUS_OUT_OF_RANGE);
    assert_int_equal(guest_memory_read(&m, gpa(MIB - 3), out, 4), STATUS_OUT_OF_RANGE);
    assert_memory_equal(out, "abcd", 4);
    assert_memory_equal(fake_memory_at(BACKING + 2 * MIB - 4, 4), "abcd", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_below_the_hole),
        cmocka_unit_test(test_layout_around_the_hole),
        cmocka_unit_test(test_layout_refuses),
        cmocka_unit_test(test_at),
        cmocka_unit_test(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
