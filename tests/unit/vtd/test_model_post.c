/* SPDX-License-Identifier: GPL-2.0-only
 * The model's posted interrupts, against VT-d 4.1 5.2 and 9.11, 9.12: plain numbers, no driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fake/vtd_raw.h"

#define DEVICE 0x18
#define HANDLE 3
#define ADDRESS (0xfee00010u | HANDLE << 5)
#define DESCRIPTOR ((uint64_t)RAW_PAGES + 0x40)
#define CONTROL (DESCRIPTOR + 32)
#define ON 1
#define SN 2
#define URGENT 0x4000

static struct vtd_machine mc;

static struct vtd_model *start(bool extended)
{
    vtd_machine_end(&mc);
    struct vtd_model_config c = vtd_model_server();
    struct vtd_model *m = vtd_raw_start(&mc, &c);
    vtd_raw_queue(&mc);
    vtd_raw_interrupts(&mc, extended);
    for (uint64_t at = DESCRIPTOR; at < DESCRIPTOR + 64; at += 8) {
        vtd_machine_store64(&mc, at, 0);
    }
    mc.interrupts = 0;
    assert_null(vtd_model_violation(m));
    return m;
}

/* Present, IM, vector; the descriptor's bits 31:6 at 63:38. SVT = 1, DEVICE. */
static void entry(unsigned vector, uint64_t extra)
{
    vtd_raw_irte(&mc, HANDLE, (DESCRIPTOR & 0xffffffc0) << 32 | (uint64_t)vector << 16 | 0x8001 | extra, 0x40018);
}

static void control(uint64_t value)
{
    vtd_machine_store64(&mc, CONTROL, value);
}

static uint64_t load(unsigned word)
{
    return vtd_machine_load64(&mc, DESCRIPTOR + (uint64_t)word * 8);
}

static bool send(struct vtd_model_message *out)
{
    return vtd_model_interrupt(&mc.units[0].model, DEVICE, ADDRESS, 0, out);
}

static void test_every_vector_has_its_bit(void **state)
{
    (void)state;
    struct vtd_model *m = start(true);
    struct vtd_model_message out;
    control(UINT64_C(0x0000000700f40000));
    for (unsigned vector = 16; vector < 256; vector++) {
        for (unsigned i = 0; i < 4; i++) {
            vtd_machine_store64(&mc, DESCRIPTOR + 8 * (uint64_t)i, 0);
        }
        entry(vector, 0);
        assert_true(vtd_raw_submit(&mc, 0x4, 0)); /* all entries */
        assert_true(send(&out));
        assert_true(out.posted && out.vector == vector && out.descriptor == DESCRIPTOR);
        for (unsigned i = 0; i < 4; i++) {
            assert_true(load(i) == (i == vector / 64 ? UINT64_C(1) << vector % 64 : 0));
        }
    }
    assert_int_equal(m->posted, 240);
    assert_int_equal(mc.interrupts, 1); /* ON stayed set */
    assert_null(vtd_model_violation(m));
}

static void test_when_to_notify(void **state)
{
    (void)state;
    static const struct {
        uint64_t before, urgent, after;
        bool notified;
    } cases[] = {
        {0, 0, ON, true},
        {ON, 0, ON, false},
        {SN, 0, SN, false},
        {SN, URGENT, SN | ON, true},
        {SN | ON, URGENT, SN | ON, false},
        {0, URGENT, ON, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_model *m = start(true);
        struct vtd_model_message out;
        control(UINT64_C(0x0001230500f40000) | cases[i].before);
        entry(0x41, cases[i].urgent);
        assert_true(send(&out));
        assert_int_equal(out.notified, cases[i].notified);
        assert_int_equal(mc.interrupts, cases[i].notified);
        assert_true(load(4) == (UINT64_C(0x0001230500f40000) | cases[i].after));
        assert_true(load(1) == 2); /* vector 0x41 */
        assert_null(vtd_model_violation(m));
    }
}

static void test_notification_message(void **state)
{
    (void)state;
    struct vtd_model_message out;
    start(true);
    control(UINT64_C(0x0001230500f40000));
    entry(0x41, 0);
    assert_true(send(&out));
    assert_true(mc.interrupt_address == UINT64_C(0x00012300fee05000));
    assert_int_equal(mc.interrupt_data, 0xf4);
    start(false);
    control(UINT64_C(0x0000090000f50000)); /* xAPIC: the id in bits 47:40 */
    entry(0x41, 0);
    assert_true(send(&out));
    assert_true(mc.interrupt_address == 0xfee09000);
    assert_int_equal(mc.interrupt_data, 0xf5);
}

static unsigned reason(const struct vtd_model *m)
{
    return m->fault[0].high >> 63 != 0 ? m->fault[0].high >> 32 & 0xff : 0;
}

static void test_bad_descriptors(void **state)
{
    (void)state;
    static const struct {
        unsigned word;
        uint64_t value;
        bool extended;
        unsigned reason;
    } cases[] = {
        {4, UINT64_C(0x0000000000f40000), true, 0},
        {4, UINT64_C(0x0000000000f40004), true, 0x28},
        {4, UINT64_C(0x0000000000f48000), true, 0x28},
        {4, UINT64_C(0x0000000001f40000), true, 0x28},
        {4, UINT64_C(0x0000000100f40000), false, 0x28},
        {4, UINT64_C(0x0001000000f40000), false, 0x28},
        {4, UINT64_C(0x00000000000f0000), true, 0x28},
        {5, 1, true, 0x28},
        {7, UINT64_C(1) << 63, true, 0x28},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_model *m = start(cases[i].extended);
        struct vtd_model_message out;
        control(0xf40000);
        vtd_machine_store64(&mc, DESCRIPTOR + 8 * (uint64_t)cases[i].word, cases[i].value);
        entry(0x41, 0);
        assert_int_equal(send(&out), cases[i].reason == 0);
        assert_int_equal(reason(m), cases[i].reason);
        assert_int_equal(vtd_model_violation(m) != NULL, cases[i].reason != 0);
        assert_int_equal(load(1) != 0, cases[i].reason == 0); /* blocked: nothing was written */
    }
}

static void test_bad_entries(void **state)
{
    (void)state;
    static const struct {
        uint64_t low, high;
        unsigned reason;
    } cases[] = {
        {0x4, 0, 0x24},
        {0x80, 0, 0x24},
        {0x1000, 0, 0x24},
        {0x1000000, 0, 0x24},
        {UINT64_C(1) << 37, 0, 0x24},
        {0, UINT64_C(1) << 20, 0x24},
        {0, UINT64_C(1) << 31, 0x24},
        {0, 1, 0x26},                 /* another requester */
        {0, UINT64_C(1) << 46, 0x27}, /* beyond the host's address width */
        {0, UINT64_C(1) << 32, 0x27}, /* no memory at 4 GiB */
        {0xf00, 0, 0},                /* AVL */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_model *m = start(true);
        struct vtd_model_message out;
        control(0xf40000);
        vtd_raw_irte(&mc, HANDLE, ((DESCRIPTOR & 0xffffffc0) << 32 | 0x418001) ^ cases[i].low, 0x40018 ^ cases[i].high);
        assert_int_equal(send(&out), cases[i].reason == 0);
        assert_int_equal(reason(m), cases[i].reason);
        assert_int_equal(load(1) != 0, cases[i].reason == 0);
    }
}

/* The cache serves posted entries too; memory that it still names must not be reused. */
static void test_reuse(void **state)
{
    (void)state;
    struct vtd_model *m = start(true);
    struct vtd_model_message out;
    control(0xf40000);
    vtd_model_reused(m, DESCRIPTOR, 64);
    assert_null(vtd_model_violation(m));
    entry(0x41, 0);
    vtd_model_reused(m, DESCRIPTOR + 63, 1);
    assert_true(vtd_model_violated(m, "in the table"));
    vtd_model_forgive(m);
    vtd_model_reused(m, DESCRIPTOR + 64, 64);
    vtd_model_reused(m, DESCRIPTOR - 64, 64);
    assert_null(vtd_model_violation(m));
    assert_true(send(&out));
    vtd_raw_irte(&mc, HANDLE, 0, 0);
    assert_true(send(&out)); /* stale */
    vtd_model_reused(m, DESCRIPTOR, 64);
    assert_true(vtd_model_violated(m, "in the cache"));
    vtd_model_forgive(m);
    assert_true(vtd_raw_submit(&mc, (uint64_t)HANDLE << 32 | 0x14, 0));
    vtd_model_reused(m, DESCRIPTOR, 64);
    assert_null(vtd_model_violation(m));
    assert_false(send(&out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_vector_has_its_bit),
        cmocka_unit_test(test_when_to_notify),
        cmocka_unit_test(test_notification_message),
        cmocka_unit_test(test_bad_descriptors),
        cmocka_unit_test(test_bad_entries),
        cmocka_unit_test(test_reuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
