/* SPDX-License-Identifier: GPL-2.0-only
 * Remembered instructions: found while nothing changed, and never after anything did. */
#include "guest/code_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct {
    struct code_cache cache;
    uint64_t tables[4];
    uint8_t bytes[CODE_CACHE_BYTES];
    struct vcpu_code code;
    struct page_walk_trace trace;
    struct decode_insn insn;
} t;

static const struct decode_insn *find(void)
{
    return code_cache_find(&t.cache, &t.code);
}

static void put(void)
{
    code_cache_put(&t.cache, &t.code, &t.trace, t.bytes, t.bytes, &t.insn);
}

static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    t.code =
        (struct vcpu_code){.linear = 0x1234, .cr0 = 0x80000001, .cr3 = 0x1000, .cr4 = 0x20, .efer = 0x500, .bits = 64};
    t.trace = (struct page_walk_trace){.whole = true, .count = 4};
    for (unsigned i = 0; i < 4; i++) {
        t.tables[i] = 0x1003 + 0x1000 * i;
        t.trace.steps[i].at = &t.tables[i];
        t.trace.steps[i].value = t.tables[i];
    }
    memset(t.bytes, 0x90, sizeof(t.bytes));
    t.insn = (struct decode_insn){.op = DECODE_MOV, .mode = DECODE_64, .length = 10};
    return 0;
}

static void found_again(void **state)
{
    (void)state;
    assert_null(find());
    put();
    assert_non_null(find());
    assert_int_equal(find()->op, DECODE_MOV);
    assert_int_equal(find()->length, 10);
}

static void another_place_or_mode_is_not_found(void **state)
{
    (void)state;
    const struct vcpu_code same = t.code;
    put();
    uint64_t *fields[] = {&t.code.linear, &t.code.cr0, &t.code.cr3, &t.code.cr4, &t.code.efer};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        t.code = same;
        *fields[i] ^= UINT64_C(1) << 40; /* the line is the same still */
        assert_null(find());
    }
    t.code = same;
    t.code.bits = 32;
    assert_null(find());
}

static void a_changed_table_is_seen(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        put();
        t.tables[i] ^= 1;
        assert_null(find());
        t.tables[i] ^= 1;
        assert_non_null(find());
    }
}

static void changed_bytes_of_the_instruction_are_seen(void **state)
{
    (void)state;
    put();
    for (unsigned i = 0; i < CODE_CACHE_BYTES; i++) {
        t.bytes[i] ^= 1;
        assert_true((find() == NULL) == (i < t.insn.length)); /* what follows may change */
        t.bytes[i] ^= 1;
    }
    for (uint8_t length = 1; length <= 15; length++) {
        t.insn.length = length;
        put();
        t.bytes[length - 1] ^= 0x80;
        assert_null(find());
        t.bytes[length - 1] ^= 0x80;
    }
}

static void without_paging_there_are_only_bytes(void **state)
{
    (void)state;
    t.trace.count = 0;
    put();
    assert_non_null(find());
    t.bytes[0] = 0;
    assert_null(find());
}

static void a_walk_that_is_not_whole_is_not_kept(void **state)
{
    (void)state;
    t.trace.whole = false;
    put();
    assert_null(find());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(found_again, set_up),
        cmocka_unit_test_setup(another_place_or_mode_is_not_found, set_up),
        cmocka_unit_test_setup(a_changed_table_is_seen, set_up),
        cmocka_unit_test_setup(changed_bytes_of_the_instruction_are_seen, set_up),
        cmocka_unit_test_setup(without_paging_there_are_only_bytes, set_up),
        cmocka_unit_test_setup(a_walk_that_is_not_whole_is_not_kept, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
