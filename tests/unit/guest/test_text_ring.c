/* SPDX-License-Identifier: GPL-2.0-only
 * guest/text_ring.c: the last bytes in order, and an honest line where some were lost. */
#include "guest/text_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct text_ring ring;
static unsigned notes;

static void notify(void *context)
{
    ++*(unsigned *)context;
}

static int setup(void **state)
{
    (void)state;
    notes = 0;
    text_ring_init(&ring, notify, &notes);
    return 0;
}

static void put(const char *text)
{
    text_ring_put(&ring, (const uint8_t *)text, strlen(text));
}

static void bytes_come_in_order(void **state)
{
    (void)state;
    uint8_t to[16];
    assert_int_equal(text_ring_take(&ring, to, sizeof(to)), 0);
    put("abc");
    put("def");
    assert_int_equal(notes, 1); /* the second time somebody reads already */
    assert_int_equal(text_ring_take(&ring, to, 4), 4);
    assert_memory_equal(to, "abcd", 4);
    assert_int_equal(text_ring_take(&ring, to, sizeof(to)), 2);
    assert_memory_equal(to, "ef", 2);
    put("");
    assert_int_equal(notes, 1);
    put("g");
    assert_int_equal(notes, 2);
}

static void what_is_lost_is_said(void **state)
{
    (void)state;
    static uint8_t to[TEXT_RING_BYTES + TEXT_RING_NOTE_BYTES];
    for (unsigned i = 0; i < TEXT_RING_BYTES + 1234; i++) {
        put(i < 1234 ? "x" : "y");
    }
    assert_int_equal(text_ring_take(&ring, to, 8), 8); /* no room for the line */
    assert_memory_equal(to, "yyyyyyyy", 8);
    size_t n = text_ring_take(&ring, to, sizeof(to));
    static const char note[] = "\r\n[bulkhead: 1234 bytes lost]\r\n";
    assert_int_equal(n, strlen(note) + TEXT_RING_BYTES - 8);
    assert_memory_equal(to, note, strlen(note));
    assert_int_equal(text_ring_take(&ring, to, sizeof(to)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bytes_come_in_order, setup),
        cmocka_unit_test_setup(what_is_lost_is_said, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
