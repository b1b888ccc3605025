/* SPDX-License-Identifier: GPL-2.0-only
 * guest/mp_tables.c, read as a kernel does. */
#include "guest/mp_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/guest/low_memory.h"

static const uint8_t *at(uint64_t address)
{
    return guest_memory_at(&memory, gpa(address), 1);
}

static uint8_t sum(const uint8_t *bytes, size_t count)
{
    uint8_t total = 0;
    while (count-- > 0) {
        total = (uint8_t)(total + *bytes++);
    }
    return total;
}

/* As kernels search the BIOS area: on 16-byte boundaries, by signature and checksum. */
static const uint8_t *find_table(void)
{
    for (uint64_t a = 0xf0000; a < 0x100000; a += 16) {
        const uint8_t *p = at(a);
        if (memcmp(p, "_MP_", 4) == 0 && sum(p, 16) == 0) {
            return at((uint64_t)(p[4] | p[5] << 8 | p[6] << 16));
        }
    }
    return NULL;
}

static unsigned word(const uint8_t *p)
{
    return (unsigned)(p[0] | p[1] << 8);
}

static void test_for(unsigned cpus)
{
    assert_int_equal(mp_tables_write(&memory, cpus, 0x800f12, 0x78bfbff), STATUS_OK);
    const uint8_t *t = find_table();
    assert_non_null(t);
    assert_memory_equal(t, "PCMP", 4);
    assert_int_equal(sum(t, word(t + 4)), 0);
    assert_int_equal(word(t + 36) | word(t + 38) << 16, 0xfee00000);
    unsigned seen[5] = {0}, entries = 0, boots = 0;
    uint32_t pins = 0;
    const uint8_t *end = t + word(t + 4);
    for (const uint8_t *e = t + 44; e < end; e += e[0] == 0 ? 20 : 8, entries++) {
        assert_true(e[0] < 5);
        if (e[0] == 0) {
            assert_int_equal(e[1], seen[0]);
            boots += (e[3] & 2) != 0;
            assert_int_equal(word(e + 4) | word(e + 6) << 16, 0x800f12);
        } else if (e[0] == 3) {
            assert_int_equal(e[6], cpus);
            pins |= UINT32_C(1) << e[7];
        }
        seen[e[0]]++;
    }
    assert_int_equal(entries, word(t + 34));
    assert_int_equal(seen[0], cpus);
    assert_int_equal(boots, 1);
    assert_int_equal(seen[1], 2);
    assert_int_equal(seen[2], 1);
    assert_int_equal(seen[3], 15 + 31);
    assert_int_equal(seen[4], 2);
    assert_int_equal(pins, 0xfffffe); /* all 24 but pin 0, where nothing ends */
}

static void test_one(void **state)
{
    (void)state;
    test_for(1);
}

static void test_most(void **state)
{
    (void)state;
    test_for(64);
    assert_int_equal(*at(GUEST_FIRMWARE_CODE), 0xcc); /* nothing behind its page */
    assert_int_equal(*at(GUEST_MP_START - 1), 0xcc);
}

static void test_no_memory_there(void **state)
{
    (void)state;
    memory.slots[0].size = 0xf0000;
    assert_int_equal(mp_tables_write(&memory, 1, 0, 0), STATUS_OUT_OF_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one, setup),
        cmocka_unit_test_setup(test_most, setup),
        cmocka_unit_test_setup(test_no_memory_there, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
