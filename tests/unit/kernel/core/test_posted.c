/* SPDX-License-Identifier: GPL-2.0-only
 * The posted-interrupt descriptor against VT-d 4.1 figure 9-12, and against posters on other threads. */
#include "kernel/core/posted.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct posted_descriptor d;

static void test_layout(void **state)
{
    (void)state;
    assert_int_equal(sizeof(d), 64);
    assert_int_equal(_Alignof(struct posted_descriptor), 64);
    memset(&d, 0xff, sizeof(d));
    posted_init(&d, 0xf4, 0x12345678, true);
    static const uint64_t wide[8] = {0, 0, 0, 0, UINT64_C(0x1234567800f40000), 0, 0, 0};
    assert_memory_equal(d.word, wide, 64);
    assert_int_equal(posted_apic_id(&d, true), 0x12345678);
    posted_init(&d, 0xf5, 9, false); /* xAPIC: bits 47:40 */
    assert_true(d.word[4] == UINT64_C(0x0000090000f50000));
    assert_int_equal(posted_apic_id(&d, false), 9);
    assert_int_equal(posted_notify_vector(&d), 0xf5);
    posted_set_suppressed(&d, true);
    assert_true(d.word[4] == UINT64_C(0x0000090000f50002));
    assert_true(posted_is_suppressed(&d));
    posted_set_suppressed(&d, false);
    assert_true(posted_set_vector(&d, 0));
    assert_true(d.word[0] == 1 && d.word[4] == UINT64_C(0x0000090000f50001));
    posted_set_target(&d, 0xf4, 3, false); /* what is outstanding stays so */
    assert_true(d.word[4] == UINT64_C(0x0000030000f40001));
}

static void test_each_vector(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        uint32_t taken[8];
        posted_init(&d, 0xf4, 1, true);
        assert_false(posted_is_pending(&d));
        assert_true(posted_set_vector(&d, (uint8_t)v));
        assert_true(posted_is_pending(&d) && posted_is_outstanding(&d));
        assert_true(d.word[v / 64] == UINT64_C(1) << v % 64);
        assert_true(posted_take(&d, taken));
        for (unsigned i = 0; i < 8; i++) {
            assert_int_equal(taken[i], i == v / 32 ? 1u << v % 32 : 0);
        }
        assert_false(posted_is_pending(&d) || posted_is_outstanding(&d));
        assert_false(posted_take(&d, taken));
        assert_true((taken[0] | taken[7]) == 0);
    }
}

static void test_one_notification_until_taken(void **state)
{
    (void)state;
    uint32_t taken[8];
    posted_init(&d, 0xf4, 1, true);
    assert_true(posted_set_vector(&d, 0x41));
    assert_false(posted_set_vector(&d, 0x41));
    assert_false(posted_set_vector(&d, 0xfe));
    assert_true(posted_take(&d, taken));
    assert_true(taken[2] == 2 && taken[7] == UINT32_C(0x40000000));
    assert_true(posted_set_vector(&d, 0x41));
}

static void test_suppressed(void **state)
{
    (void)state;
    uint32_t taken[8];
    posted_init(&d, 0xf4, 1, true);
    posted_set_suppressed(&d, true);
    assert_false(posted_set_vector(&d, 0x41));
    assert_true(posted_is_pending(&d));
    assert_false(posted_is_outstanding(&d)); /* so that the next one after it is lifted notifies */
    posted_set_suppressed(&d, false);
    assert_true(posted_is_pending(&d));
    assert_true(posted_set_vector(&d, 0x42));
    assert_true(posted_take(&d, taken));
    assert_int_equal(taken[2], 6);
}

/* A poster may be between its two steps when the vector is taken: the notification then stands alone, and has to be
 * taken as well, or the next one is never sent. */
static void test_lone_notification(void **state)
{
    (void)state;
    uint32_t taken[8];
    posted_init(&d, 0xf4, 1, true);
    d.word[1] = 2; /* a poster's first step */
    assert_true(posted_take(&d, taken));
    d.word[4] |= 1; /* its second */
    assert_true(posted_is_pending(&d));
    assert_false(posted_take(&d, taken));
    assert_false(posted_is_pending(&d));
    assert_true(posted_set_vector(&d, 0x41));
}

#define ROUNDS 20000

static struct {
    uint64_t notified;
} poster;

static void *post(void *argument)
{
    uint8_t vector = *(const uint8_t *)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (posted_set_vector(&d, vector)) {
            __atomic_fetch_add(&poster.notified, 1, __ATOMIC_SEQ_CST);
        }
    }
    return NULL;
}

/* Whatever the order: after the last posting, a vector that was not taken has its notification outstanding. */
static void test_nothing_is_lost(void **state)
{
    (void)state;
    static const uint8_t vectors[] = {0x31, 0x32, 0xe0};
    pthread_t threads[ARRAY_LENGTH(vectors)];
    uint32_t taken[8];
    uint64_t served = 0;
    posted_init(&d, 0xf4, 1, true);
    poster.notified = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(vectors); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post, (void *)(uintptr_t)&vectors[i]), 0);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (__atomic_load_n(&poster.notified, __ATOMIC_SEQ_CST) > served) {
            served++;
            (void)posted_take(&d, taken);
        }
        posted_set_target(&d, (uint8_t)(0xf4 + i % 2), i % 7, true);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(vectors); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    while (served < poster.notified) {
        served++;
        (void)posted_take(&d, taken);
    }
    assert_false(posted_is_pending(&d));
    assert_int_equal(posted_apic_id(&d, true), (ROUNDS - 1) % 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_each_vector),
        cmocka_unit_test(test_one_notification_until_taken),
        cmocka_unit_test(test_suppressed),
        cmocka_unit_test(test_lone_notification),
        cmocka_unit_test(test_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
