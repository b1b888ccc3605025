/* SPDX-License-Identifier: GPL-2.0-only
 * The model's registers and commands, against numbers from VT-d 4.1 11.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fake/vtd_raw.h"

static struct vtd_machine mc;

static struct vtd_model *start(const struct vtd_model_config *config)
{
    vtd_machine_end(&mc);
    return vtd_raw_start(&mc, config);
}

static struct vtd_model *start_qemu(void)
{
    struct vtd_model_config c = vtd_model_qemu();
    return start(&c);
}

static void test_power_on(void **state)
{
    (void)state;
    struct vtd_model *m = start_qemu();
    assert_int_equal(vtd_raw_read(&mc, 0x00, 4), 0x10);
    assert_true(vtd_raw_read(&mc, 0x08, 8) == UINT64_C(0xd2008c22260286));
    assert_true(vtd_raw_read(&mc, 0x10, 8) == UINT64_C(0xf00f4a));
    assert_int_equal(vtd_raw_read(&mc, 0x0c, 4), 0xd2008c);
    assert_int_equal(vtd_raw_read(&mc, RAW_GSTS, 4), 0);
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0);
    assert_int_equal(vtd_raw_read(&mc, RAW_FECTL, 4), 0x80000000);
    assert_null(vtd_model_violation(m));
    assert_int_equal(vtd_model_window(m), 0x1000);
}

static void test_bringup_by_the_book(void **state)
{
    (void)state;
    for (unsigned latency = 0; latency < 4; latency++) {
        struct vtd_model *m = start_qemu();
        m->knobs.latency = latency;
        vtd_raw_translate(&mc);
        vtd_raw_interrupts(&mc, false);
        assert_int_equal(vtd_raw_read(&mc, RAW_GSTS, 4), 0xc7000000);
        uint64_t host = 0;
        assert_true(vtd_model_translate(m, RAW_DEVICE, 0x2abc, true, &host) == VTD_MODEL_PASSED);
        assert_int_equal(host, RAW_PAGES + 0xabc);
        assert_null(vtd_model_violation(m));
    }
}

static void test_register_path(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_minimal();
    struct vtd_model *m = start(&c);
    m->knobs.latency = 3;
    vtd_raw_tables(&mc);
    vtd_raw_translate(&mc);
    uint64_t host = 0;
    assert_true(vtd_model_translate(m, RAW_DEVICE, 0x2008, false, &host) == VTD_MODEL_PASSED);
    assert_int_equal(host, RAW_PAGES + 8);
    assert_null(vtd_model_violation(m));
    /* CAIG and IAIG say what was done. */
    assert_int_equal(vtd_raw_read(&mc, RAW_CCMD, 8) >> 59 & 3, 1);
    assert_int_equal(vtd_raw_read(&mc, 0x108, 8) >> 57 & 3, 1);
}

static void expect(const struct vtd_model *m, const char *text)
{
    if (!vtd_model_violated(m, text)) {
        fail_msg("expected '%s', got '%s'", text, vtd_model_violation(m) == NULL ? "nothing" : vtd_model_violation(m));
    }
}

struct bad_access {
    bool write;
    unsigned offset, width;
    uint64_t value;
    const char *text;
};

static void test_bad_accesses(void **state)
{
    (void)state;
    static const struct bad_access cases[] = {
        {false, RAW_GCMD, 4, 0, "write-only"},
        {true, 0x08, 8, 0, "no writable register"},
        {true, RAW_GSTS, 4, 0, "no writable register"},
        {true, RAW_IQH, 8, 0, "no writable register"},
        {false, RAW_GSTS, 8, 0, "wrong width"},
        {false, RAW_FECTL, 8, 0, "no such register"},
        {true, RAW_FEDATA, 8, 0, ""},
        {false, 0x58, 8, 0, "no such register"},
        {true, RAW_GCMD, 4, 1, "reserved bits"},
        {true, RAW_GCMD, 4, 0x10000000, "advanced fault logging"},
        {true, RAW_FSTS, 4, 0x10000, "reserved bits"},
        {true, RAW_RTADDR, 8, 0x1000001, "reserved bits"},
        {true, RAW_IQA, 8, RAW_QUEUE | 8, "IQA reserved"},
        {true, RAW_IQT, 8, 16, "queue is off"},
        {true, RAW_IQT, 8, 8, "reserved bits"},
        {true, RAW_GCMD, 4, 0x08000000, "WBF without"},
        {true, RAW_PMEN, 4, 0x80000000, "without protected memory"},
        {true, RAW_PLMBASE, 4, 0, "region the unit lacks"},
        {true, RAW_FECTL, 4, 0, "unmasked before"},
        {true, RAW_CCMD, 8, UINT64_C(1) << 63, "reserved encoding"},
        {true, 0xf8, 8, UINT64_C(1) << 63, "reserved encoding"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_model *m = start_qemu();
        if (cases[i].write) {
            vtd_model_mmio_write(m, cases[i].offset, cases[i].width, cases[i].value);
        } else {
            vtd_model_mmio_read(m, cases[i].offset, cases[i].width);
        }
        expect(m, cases[i].text);
    }
    struct vtd_model *m = start_qemu();
    vtd_model_mmio_read(m, 0x1e, 4);
    vtd_model_mmio_read(m, 0x1c, 2);
    assert_int_equal(m->violations, 2);
}

static void test_order_of_commands(void **state)
{
    (void)state;
    struct vtd_model *m = start_qemu();
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x80000000);
    expect(m, "TE set before the root");
    m = start_qemu();
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x40000000);
    expect(m, "SRTP before RTADDR");
    m = start_qemu();
    vtd_raw_write(&mc, RAW_RTADDR, 8, UINT64_C(0x7000000000));
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x40000000);
    expect(m, "root table outside memory");
    m = start_qemu();
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x04000000);
    expect(m, "QIE set before IQA");
    m = start_qemu();
    vtd_raw_queue(&mc);
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x06000000);
    expect(m, "IRE set before the interrupt table");
    m = start_qemu();
    vtd_raw_queue(&mc);
    vtd_raw_write(&mc, RAW_IQA, 8, RAW_QUEUE);
    expect(m, "IQA changed while");
    m = start_qemu();
    vtd_raw_queue(&mc);
    vtd_raw_write(&mc, RAW_CCMD, 8, UINT64_C(0xa000000000000000));
    expect(m, "CCMD used while the queue is on");
    assert_int_equal(vtd_raw_read(&mc, RAW_CCMD, 8) >> 59 & 3, 0);
}

static void test_invalidations_before_enable(void **state)
{
    (void)state;
    struct vtd_model *m = start_qemu();
    vtd_raw_tables(&mc);
    vtd_raw_queue(&mc);
    vtd_raw_write(&mc, RAW_RTADDR, 8, RAW_ROOT);
    vtd_raw_on(&mc, 1u << 30);
    assert_true(vtd_raw_submit(&mc, 0x12, 0)); /* IOTLB first: the wrong way round */
    assert_true(vtd_raw_submit(&mc, 0x11, 0));
    vtd_raw_on(&mc, 1u << 31);
    expect(m, "global invalidations that SRTP requires");
    /* With ESRTPS the unit does it itself. */
    struct vtd_model_config c = vtd_model_qemu();
    c.cap |= UINT64_C(1) << 63;
    m = start(&c);
    vtd_raw_tables(&mc);
    vtd_raw_write(&mc, RAW_RTADDR, 8, RAW_ROOT);
    vtd_raw_on(&mc, 1u << 30);
    vtd_raw_on(&mc, 1u << 31);
    assert_null(vtd_model_violation(m));
}

static void test_pending_commands(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_minimal();
    struct vtd_model *m = start(&c);
    m->knobs.latency = 5;
    vtd_raw_write(&mc, RAW_RTADDR, 8, RAW_ROOT);
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x40000000);
    assert_int_equal(vtd_raw_read(&mc, RAW_GSTS, 4), 0);
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x08000000);
    expect(m, "is pending");
    vtd_model_forgive(m);
    vtd_raw_write(&mc, RAW_CCMD, 8, UINT64_C(0xa000000000000000));
    vtd_raw_write(&mc, RAW_CCMD, 8, UINT64_C(0xa000000000000000));
    expect(m, "CCMD written while");
    vtd_raw_write(&mc, 0x108, 8, UINT64_C(0x9000000000000000));
    vtd_raw_write(&mc, 0x100, 8, 0);
    expect(m, "IVA written while");
    vtd_raw_write(&mc, 0x108, 8, UINT64_C(0x9000000000000000));
    expect(m, "IOTLB written while");
}

static void test_stuck_bits(void **state)
{
    (void)state;
    struct vtd_model *m = start_qemu();
    m->knobs.stuck_gcmd = 0x40000000;
    vtd_raw_write(&mc, RAW_RTADDR, 8, RAW_ROOT);
    vtd_raw_on(&mc, 0x40000000);
    assert_int_equal(vtd_raw_read(&mc, RAW_GSTS, 4), 0);
    m = start_qemu();
    m->knobs.stuck_queue = true;
    vtd_raw_queue(&mc);
    assert_false(vtd_raw_submit(&mc, 0x11, 0));
    assert_null(vtd_model_violation(m));
}

static void test_dword_halves(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_minimal();
    struct vtd_model *m = start(&c);
    vtd_raw_write(&mc, RAW_RTADDR, 4, 0x1234000);
    vtd_raw_write(&mc, RAW_RTADDR + 4, 4, 0x7);
    assert_true(vtd_raw_read(&mc, RAW_RTADDR, 8) == UINT64_C(0x701234000));
    m->knobs.latency = 10;
    vtd_raw_write(&mc, RAW_CCMD, 4, 0);
    assert_int_equal(m->context_left, 0);
    vtd_raw_write(&mc, RAW_CCMD + 4, 4, 0xa0000000); /* the upper half starts it */
    assert_int_equal(m->context_left, 10);
    assert_null(vtd_model_violation(m));
}

static void test_protected_memory(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_server();
    struct vtd_model *m = start(&c);
    uint64_t host = 0;
    vtd_raw_write(&mc, RAW_PLMBASE, 4, 0xffffffff);
    assert_int_equal(vtd_raw_read(&mc, RAW_PLMBASE, 4), 0xffe00000); /* granularity shows */
    vtd_raw_write(&mc, RAW_PLMBASE, 4, 0x1000000);
    vtd_raw_write(&mc, RAW_PLMLIMIT, 4, 0x1200000);
    assert_true(vtd_model_may(m, 7, 0x1000000, true, &host));
    vtd_raw_write(&mc, RAW_PMEN, 4, 0x80000000);
    assert_int_equal(vtd_raw_read(&mc, RAW_PMEN, 4), 0x80000001);
    assert_false(vtd_model_may(m, 7, 0x1000000, true, &host));
    assert_false(vtd_model_may(m, 7, 0x13fffff, true, &host));
    assert_true(vtd_model_may(m, 7, 0x1400000, true, &host));
    assert_true(vtd_model_may(m, 7, 0xffffff, true, &host));
    assert_int_equal(m->faults_seen, 0);
    assert_null(vtd_model_violation(m));
    vtd_raw_write(&mc, RAW_PLMBASE, 4, 0);
    expect(m, "moved while protection is on");
    vtd_raw_write(&mc, RAW_PMEN, 4, 0);
    assert_int_equal(vtd_raw_read(&mc, RAW_PMEN, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_on),          cmocka_unit_test(test_bringup_by_the_book),
        cmocka_unit_test(test_register_path),     cmocka_unit_test(test_bad_accesses),
        cmocka_unit_test(test_order_of_commands), cmocka_unit_test(test_invalidations_before_enable),
        cmocka_unit_test(test_pending_commands),  cmocka_unit_test(test_stuck_bits),
        cmocka_unit_test(test_dword_halves),      cmocka_unit_test(test_protected_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
