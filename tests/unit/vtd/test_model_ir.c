/* SPDX-License-Identifier: GPL-2.0-only
 * The model's interrupt remapping, against VT-d 4.1 5.1, 9.9 and 9.10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fake/vtd_raw.h"

static struct vtd_machine mc;

static struct vtd_model *remapping(struct vtd_model_config c, bool extended)
{
    vtd_machine_end(&mc);
    struct vtd_model *m = vtd_raw_start(&mc, &c);
    vtd_raw_queue(&mc);
    vtd_raw_interrupts(&mc, extended);
    assert_null(vtd_model_violation(m));
    return m;
}

/* Handle h in the address: bits 14:0 at 19:5, bit 15 at 2, format bit 4. */
static uint32_t address_of(unsigned h)
{
    return 0xfee00010u | (h & 0x7fff) << 5 | (h >> 15) << 2;
}

static unsigned last_reason(struct vtd_model *m)
{
    unsigned reason = 0;
    for (unsigned i = 0; i < VTD_MODEL_FAULTS; i++) {
        if (m->fault[i].high >> 63 != 0) {
            reason = m->fault[i].high >> 32 & 0xff;
        }
    }
    return reason;
}

static void test_fixed_interrupt(void **state)
{
    (void)state;
    struct vtd_model *m = remapping(vtd_model_qemu(), false);
    struct vtd_model_message out;
    vtd_raw_irte(&mc, 3, UINT64_C(0x0000070000410001), 0x40018); /* vector 0x41, APIC 7, SVT = 1 */
    assert_true(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
    assert_int_equal(out.vector, 0x41);
    assert_int_equal(out.dest, 7);
    assert_false(out.logical || out.level || out.posted || out.redirect);
    assert_int_equal(out.delivery, 0);
    vtd_raw_irte(&mc, 4, UINT64_C(0x000009000022003d), 0x40018); /* RH, DM, TM, delivery 1 */
    assert_true(vtd_model_interrupt(m, 0x18, address_of(4), 0, &out));
    assert_true(out.logical && out.level && out.redirect);
    assert_int_equal(out.delivery, 1);
    /* SHV: data is added */
    assert_true(vtd_model_interrupt(m, 0x18, address_of(2) | 8, 2, &out));
    assert_int_equal(out.vector, 0x22);
    assert_null(vtd_model_violation(m));
}

static void test_wide_destination(void **state)
{
    (void)state;
    struct vtd_model *m = remapping(vtd_model_server(), true);
    struct vtd_model_message out;
    vtd_raw_irte(&mc, 3, UINT64_C(0x0001234500410001), 0x40018);
    assert_true(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
    assert_int_equal(out.dest, 0x12345);
    assert_null(vtd_model_violation(m));
}

static void test_posted(void **state)
{
    (void)state;
    struct vtd_model *m = remapping(vtd_model_server(), true);
    struct vtd_model_message out;
    vtd_raw_irte(&mc, 3, UINT64_C(0x012345c00041c001), UINT64_C(0x0000000200040018));
    assert_false(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out)); /* no memory there */
    assert_true(out.posted && out.urgent);
    assert_int_equal(out.vector, 0x41);
    assert_true(out.descriptor == UINT64_C(0x2012345c0));
    assert_int_equal(last_reason(m), 0x27);
    struct vtd_model *q = remapping(vtd_model_qemu(), false);
    vtd_raw_irte(&mc, 3, UINT64_C(0x012345c000418001), 0x40018);
    assert_false(vtd_model_interrupt(q, 0x18, address_of(3), 0, &out)); /* no CAP.PI */
    assert_true(vtd_model_violated(q, "reserved"));
}

struct blocked {
    uint32_t address, data;
    uint64_t low, high; /* of entry 3 */
    unsigned reason;
};

static void test_fault_reasons(void **state)
{
    (void)state;
    static const struct blocked cases[] = {
        {0xfee00078, 0x10000, 0x410001, 0x40018, 0x20},        /* reserved data bits with SHV */
        {0xfee02010, 0, 0x410001, 0x40018, 0x21},              /* index 256 */
        {0xfee00070, 0, 0x410000, 0x40018, 0x22},              /* not present */
        {0xfee00070, 0, 0x411001, 0x40018, 0x24},              /* reserved bit 12 */
        {0xfee00070, 0, UINT64_C(0x100410001), 0x40018, 0x24}, /* xAPIC: destination 7:0 */
        {0xfee00070, 0, 0x410001, 0x140018, 0x24},             /* reserved bit 84 */
        {0xfee00070, 0, 0x410001, 0xc0018, 0x24},              /* SVT = 3 */
        {0xfee00070, 0, 0x410061, 0x40018, 0x24},              /* delivery 3 */
        {0xfee00000, 0x41, 0, 0, 0x25},                        /* compatibility format */
        {0xfee00070, 0, 0x410001, 0x40019, 0x26},              /* another requester */
        {0xfee00070, 0, 0x410001, 0x80102, 0x26},              /* buses 1..2 */
        {0xfee00070, 0, 0x410003, 0x40019, 0},                 /* FPD: blocked, not reported */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_model *m = remapping(vtd_model_qemu(), false);
        struct vtd_model_message out;
        vtd_raw_irte(&mc, 3, cases[i].low, cases[i].high);
        assert_false(vtd_model_interrupt(m, 0x18, cases[i].address, cases[i].data, &out));
        if (last_reason(m) != cases[i].reason) {
            fail_msg("case %zu: reason 0x%x", i, last_reason(m));
        }
        if (cases[i].reason >= 0x22 && cases[i].reason != 0x25) {
            assert_int_equal(m->fault[0].low >> 48, 3);
        }
    }
}

static void test_source_qualifiers(void **state)
{
    (void)state;
    struct vtd_model *m = remapping(vtd_model_qemu(), false);
    struct vtd_model_message out;
    vtd_raw_irte(&mc, 3, 0x410001, 0x50018); /* SQ = 1: bit 2 ignored */
    assert_true(vtd_model_interrupt(m, 0x1c, address_of(3), 0, &out));
    assert_false(vtd_model_interrupt(m, 0x19, address_of(3), 0, &out));
    vtd_raw_irte(&mc, 4, 0x410001, 0x70018); /* SQ = 3: function ignored */
    assert_true(vtd_model_interrupt(m, 0x1f, address_of(4), 0, &out));
    assert_false(vtd_model_interrupt(m, 0x20, address_of(4), 0, &out));
    vtd_raw_irte(&mc, 5, 0x410001, 0x80204); /* buses 2..4 */
    assert_true(vtd_model_interrupt(m, 0x4ff, address_of(5), 0, &out));
    assert_false(vtd_model_interrupt(m, 0x500, address_of(5), 0, &out));
    assert_false(vtd_model_interrupt(m, 0x1ff, address_of(5), 0, &out));
}

static void test_compatibility(void **state)
{
    (void)state;
    struct vtd_model *m = remapping(vtd_model_qemu(), false);
    struct vtd_model_message out;
    vtd_raw_on(&mc, 1u << 23); /* CFI */
    assert_true(vtd_model_interrupt(m, 0x18, 0xfee05004, 0x8131, &out));
    assert_int_equal(out.vector, 0x31);
    assert_int_equal(out.dest, 5);
    assert_int_equal(out.delivery, 1);
    assert_true(out.level && out.logical);
    m = remapping(vtd_model_server(), true);
    vtd_raw_on(&mc, 1u << 23);
    assert_false(vtd_model_interrupt(m, 0x18, 0xfee05004, 0x31, &out)); /* EIME wins */
    assert_int_equal(last_reason(m), 0x25);
}

static void test_stale_entry(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_qemu();
    c.cap &= ~UINT64_C(0x80);
    struct vtd_model *m = remapping(c, false);
    struct vtd_model_message out;
    vtd_raw_irte(&mc, 3, 0x410001, 0x40018);
    assert_true(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
    vtd_raw_irte(&mc, 3, 0, 0);
    assert_true(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
    assert_true(vtd_raw_submit(&mc, UINT64_C(4) << 32 | 0x14, 0)); /* its neighbour */
    assert_true(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
    assert_true(vtd_raw_submit(&mc, UINT64_C(2) << 32 | 1 << 27 | 0x14, 0)); /* entries 2 and 3 */
    assert_false(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
    /* Absence is cached under caching mode only. */
    vtd_raw_irte(&mc, 3, 0x410001, 0x40018);
    assert_true(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
    m = remapping(vtd_model_qemu(), false);
    assert_false(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
    vtd_raw_irte(&mc, 3, 0x410001, 0x40018);
    assert_false(vtd_model_interrupt(m, 0x18, address_of(3), 0, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_interrupt),
        cmocka_unit_test(test_wide_destination),
        cmocka_unit_test(test_posted),
        cmocka_unit_test(test_fault_reasons),
        cmocka_unit_test(test_source_qualifiers),
        cmocka_unit_test(test_compatibility),
        cmocka_unit_test(test_stale_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
