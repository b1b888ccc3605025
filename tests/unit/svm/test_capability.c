/* SPDX-License-Identifier: GPL-2.0-only
 * svm/capability.c: which CPUs are refused, and in which words. */
#include "svm/capability.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static struct svm_capability good(void)
{
    return (struct svm_capability){.svm = true, .nested_paging = true, .asids = 16};
}

static void enough_is_enough(void **state)
{
    (void)state;
    struct svm_capability c = good();
    assert_null(svm_capability_refusal(&c));
    c.disabled = true; /* but not locked: software may switch it on */
    assert_null(svm_capability_refusal(&c));
}

static void each_lack_has_its_words(void **state)
{
    (void)state;
    struct svm_capability c = {0};
    assert_non_null(strstr(svm_capability_refusal(&c), "no AMD SVM"));
    c = good();
    c.disabled = c.locked = true;
    assert_non_null(strstr(svm_capability_refusal(&c), "firmware"));
    c = good();
    c.nested_paging = false;
    assert_non_null(strstr(svm_capability_refusal(&c), "nested paging"));
    c = good();
    c.asids = 1;
    assert_non_null(strstr(svm_capability_refusal(&c), "address space identifier"));
}

static void bits_are_read_from_their_places(void **state)
{
    (void)state;
    /* EPYC under TCG 7.2: SVM, 1 GiB pages; 16 identifiers, NP alone. */
    struct cpuid leaf_1 = {.ecx = 0x4, .edx = 0x04000000};
    struct cpuid leaf_a = {.eax = 1, .ebx = 16, .edx = 0x1};
    struct svm_capability c = svm_capability_make(leaf_1, leaf_a, 0);
    assert_true(c.svm && c.nested_paging && c.gib_pages);
    assert_false(c.next_rip || c.decode_assists || c.disabled || c.locked);
    assert_int_equal(c.asids, 16);
    leaf_a.edx = 0x89; /* NP, NRIPS, decode assists */
    c = svm_capability_make(leaf_1, leaf_a, 0x18);
    assert_true(c.next_rip && c.decode_assists && c.disabled && c.locked);
    leaf_1.ecx = 0;
    assert_false(svm_capability_make(leaf_1, leaf_a, 0).svm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_read_from_their_places),
        cmocka_unit_test(enough_is_enough),
        cmocka_unit_test(each_lack_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
