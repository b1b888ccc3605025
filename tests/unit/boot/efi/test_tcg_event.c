/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/tcg_event.c: sizes of events, every cut of one, and digests that nobody knows. */
#include "boot/efi/tcg_event.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static size_t make_event(uint8_t *out, unsigned algorithms, const uint16_t *algorithm, const size_t *digest,
                         uint32_t bytes)
{
    size_t at = 8;
    memset(out, 0, 512);
    put(out + at, algorithms, 4);
    at += 4;
    for (unsigned i = 0; i < algorithms; i++) {
        put(out + at, algorithm[i], 2);
        at += 2 + digest[i];
    }
    put(out + at, bytes, 4);
    return at + 4 + bytes;
}

static void test_sizes_of_events(void **state)
{
    (void)state;
    uint8_t event[512];
    const uint16_t known[] = {0x04, 0x0b, 0x0c, 0x0d}, unknown[] = {0x05};
    const size_t sizes[] = {20, 32, 48, 64};
    size_t length = make_event(event, 4, known, sizes, 17);
    assert_int_equal(tcg_event_bytes(event, sizeof(event), false), length);
    for (size_t cut = 0; cut < length; cut++) {
        assert_int_equal(tcg_event_bytes(event, cut, false), 0);
    }
    make_event(event, 1, unknown, sizes, 0);
    assert_int_equal(tcg_event_bytes(event, sizeof(event), false), 0);
    put(event + 8, UINT32_MAX, 4);
    assert_int_equal(tcg_event_bytes(event, sizeof(event), false), 0);
    memset(event, 0, sizeof(event));
    put(event + 28, 33, 4);
    assert_int_equal(tcg_event_bytes(event, sizeof(event), true), 8 + 20 + 4 + 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_of_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
