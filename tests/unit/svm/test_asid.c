/* SPDX-License-Identifier: GPL-2.0-only
 * svm/asid.c: no vCPU ever enters with a number under which stale or foreign translations may be cached. */
#include "svm/asid.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_first_entry_flushes(void **state)
{
    (void)state;
    struct svm_asid_pool pool = svm_asid_pool_make(16);
    struct svm_asid a = {0};
    assert_int_equal(svm_asid_prepare(&pool, &a, false), 1);
    assert_int_equal(a.number, 1);
    assert_int_equal(svm_asid_prepare(&pool, &a, false), 0);
    assert_int_equal(a.number, 1);
}

/* What stays needs no prepare; whatever would change number or flush does not stay. */
static void only_what_would_not_change_stays(void **state)
{
    (void)state;
    struct svm_asid_pool pool = svm_asid_pool_make(2);
    struct svm_asid a = {0}, b = {0};
    assert_false(svm_asid_stays(&pool, &a));
    (void)svm_asid_prepare(&pool, &a, false);
    assert_true(svm_asid_stays(&pool, &a));
    assert_false(svm_asid_stays(&pool, &b));
    (void)svm_asid_prepare(&pool, &b, false); /* the only number: everything was flushed */
    assert_false(svm_asid_stays(&pool, &a));
    pool.flush = true;
    assert_false(svm_asid_stays(&pool, &b));
}

static void renewing_changes_the_number(void **state)
{
    (void)state;
    struct svm_asid_pool pool = svm_asid_pool_make(16);
    struct svm_asid a = {0};
    (void)svm_asid_prepare(&pool, &a, false);
    assert_int_equal(svm_asid_prepare(&pool, &a, true), 0);
    assert_int_equal(a.number, 2);
}

/* A model TLB: which (vCPU, epoch) last used each number since the last flush. */
static void numbers_are_never_reused_without_a_flush(void **state)
{
    (void)state;
    enum { VCPUS = 7, NUMBERS = 5 };
    struct svm_asid_pool pool = svm_asid_pool_make(NUMBERS);
    struct svm_asid asids[VCPUS] = {{0}};
    unsigned epochs[VCPUS] = {0};
    unsigned holder[NUMBERS] = {0}; /* 0: nobody */
    uint32_t random = 12345;
    for (unsigned i = 0; i < 100000; i++) {
        random = random * 1664525 + 1013904223;
        unsigned who = (random >> 16) % VCPUS;
        bool renew = (random >> 8) % 4 == 0;
        epochs[who] += renew;
        if (svm_asid_prepare(&pool, &asids[who], renew) == SVM_ASID_FLUSH_ALL) {
            for (unsigned n = 0; n < NUMBERS; n++) {
                holder[n] = 0;
            }
        }
        uint32_t number = asids[who].number;
        assert_in_range(number, 1, NUMBERS - 1);
        unsigned me = (who + 1) + epochs[who] * 8;
        assert_true(holder[number] == 0 || holder[number] == me);
        holder[number] = me;
    }
}

static void two_numbers_are_enough(void **state)
{
    (void)state;
    struct svm_asid_pool pool = svm_asid_pool_make(2);
    struct svm_asid a = {0}, b = {0};
    assert_int_equal(svm_asid_prepare(&pool, &a, false), 1);
    assert_int_equal(svm_asid_prepare(&pool, &b, false), 1);
    assert_int_equal(svm_asid_prepare(&pool, &b, false), 0);
    assert_int_equal(svm_asid_prepare(&pool, &a, false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_entry_flushes),     cmocka_unit_test(only_what_would_not_change_stays),
        cmocka_unit_test(renewing_changes_the_number), cmocka_unit_test(numbers_are_never_reused_without_a_flush),
        cmocka_unit_test(two_numbers_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
