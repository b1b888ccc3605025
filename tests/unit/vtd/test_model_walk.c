/* SPDX-License-Identifier: GPL-2.0-only
 * The model's walks and caches, against entries written as VT-d 4.1 9.1, 9.3 and 9.8 draw them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "tests/fake/vtd_raw.h"

#define CONTEXT (RAW_CONTEXTS + RAW_DEVICE * 16)
#define FAULT 0x220 /* the record of the QEMU preset */

static struct vtd_machine mc;

static struct vtd_model *translating(struct vtd_model_config c)
{
    vtd_machine_end(&mc);
    struct vtd_model *m = vtd_raw_start(&mc, &c);
    vtd_raw_translate(&mc);
    assert_null(vtd_model_violation(m));
    return m;
}

static struct vtd_model *no_caching_mode(void)
{
    struct vtd_model_config c = vtd_model_qemu();
    c.cap &= ~UINT64_C(0x80);
    return translating(c);
}

struct bad_entry {
    uint64_t at, value;
    uint64_t address;
    bool write;
    unsigned reason;
    bool violation;
};

static void test_fault_reasons(void **state)
{
    (void)state;
    static const struct bad_entry cases[] = {
        {RAW_ROOT, 0, 0x2000, true, 0x1, false},
        {CONTEXT, 0, 0x2000, true, 0x2, false},
        {CONTEXT + 8, 0x502, 0x2000, true, 0x3, true},     /* AW: 48-bit tables, not in SAGAW */
        {CONTEXT, RAW_TOP | 5, 0x2000, true, 0x3, true},   /* TT = 1 without DT */
        {CONTEXT, RAW_TOP | 0xd, 0x2000, true, 0x3, true}, /* TT = 3 */
        {CONTEXT, RAW_TOP | 1, UINT64_C(1) << 39, true, 4, false},
        {RAW_BOTTOM + 16, RAW_PAGES | 1, 0x2000, true, 0x5, false},
        {RAW_BOTTOM + 16, RAW_PAGES | 2, 0x2000, false, 0x6, false},
        {RAW_BOTTOM + 16, 0, 0x2000, true, 0x5, false},
        {RAW_BOTTOM + 16, 0, 0x2000, false, 0x6, false},
        {RAW_MIDDLE, RAW_BOTTOM | 1, 0x2000, true, 0x5, false}, /* rights are anded on the way */
        {RAW_MIDDLE, UINT64_C(0x600000000) | 3, 0x2000, true, 0x7, true},
        {RAW_ROOT, UINT64_C(0x600000000) | 1, 0x2000, true, 0x9, true},
        {RAW_ROOT, RAW_CONTEXTS | 3, 0x2000, true, 0xa, true},
        {RAW_ROOT + 8, 1, 0x2000, true, 0xa, true},
        {CONTEXT, RAW_TOP | 0x11, 0x2000, true, 0xb, true},
        {CONTEXT + 8, 0x581, 0x2000, true, 0xb, true},
        {RAW_BOTTOM + 16, RAW_PAGES | 0x803, 0x2000, true, 0xc, true}, /* SNP without SC */
        {RAW_BOTTOM + 16, UINT64_C(1) << 45 | 3, 0x2000, true, 0xc, true},
        {RAW_MIDDLE, 0x83, 0x2000, true, 0, false},      /* 2 MiB page at 0 */
        {RAW_MIDDLE, 0x1083, 0x2000, true, 0xc, true},   /* 2 MiB page, reserved bit 12 */
        {RAW_MIDDLE, 0x100083, 0x2000, true, 0xc, true}, /* and bit 20 */
        /* What EPT has in its entries and a unit ignores: execute 2, type 5:3, IPAT 6, accessed 8, dirty 9, 10 */
        {RAW_MIDDLE, 0x3f7, 0x2000, true, 0, false},
        {RAW_MIDDLE, RAW_BOTTOM | 0x107, 0x2000, true, 0, false},
        {RAW_BOTTOM + 16, RAW_PAGES | 0x777, 0x2000, true, 0, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_model *m = no_caching_mode();
        uint64_t host = 0;
        vtd_machine_store64(&mc, cases[i].at, cases[i].value);
        vtd_model_translate(m, RAW_DEVICE, cases[i].address, cases[i].write, &host);
        uint64_t high = vtd_raw_read(&mc, FAULT + 8, 8);
        if (cases[i].reason == 0) {
            assert_int_equal(high, 0);
            continue;
        }
        if ((high >> 32 & 0xff) != cases[i].reason || (vtd_model_violation(m) != NULL) != cases[i].violation) {
            fail_msg("case %zu: record 0x%llx, violation %s", i, (unsigned long long)high, vtd_model_violation(m));
        }
        assert_int_equal(high & 0xffff, RAW_DEVICE);
        assert_int_equal(high >> 63, 1);
        assert_int_equal(high >> 62 & 1, cases[i].write ? 0 : 1); /* T: 1 is a read */
        assert_true(vtd_raw_read(&mc, FAULT, 8) == cases[i].address);
    }
}

static void test_processing_disabled(void **state)
{
    (void)state;
    struct vtd_model *m = no_caching_mode();
    uint64_t host = 0;
    vtd_machine_store64(&mc, CONTEXT, 2); /* FPD, not present */
    assert_true(vtd_model_translate(m, RAW_DEVICE, 0x2000, true, &host) == VTD_MODEL_BLOCKED);
    assert_int_equal(m->faults_seen, 0);
}

static void test_pass_through(void **state)
{
    (void)state;
    struct vtd_model *m = no_caching_mode();
    uint64_t host = 0;
    vtd_machine_store64(&mc, CONTEXT, 9); /* TT = 2; ECAP.PT is set */
    assert_true(vtd_model_translate(m, RAW_DEVICE, 0x12345678, true, &host) == VTD_MODEL_PASSED);
    assert_int_equal(host, 0x12345678);
    assert_null(vtd_model_violation(m));
}

static void test_domain_ids(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_qemu();
    c.cap &= ~UINT64_C(7); /* 16 domains */
    struct vtd_model *m = translating(c);
    uint64_t host = 0;
    vtd_machine_store64(&mc, CONTEXT + 8, 0x1001); /* domain 16 */
    assert_true(vtd_model_translate(m, RAW_DEVICE, 0x2000, true, &host) == VTD_MODEL_BLOCKED);
    assert_true(vtd_model_violated(m, "domain id beyond"));
    m = translating(c);
    vtd_machine_store64(&mc, CONTEXT + 8, 1); /* domain 0 under caching mode */
    assert_true(vtd_model_translate(m, RAW_DEVICE, 0x2000, true, &host) == VTD_MODEL_PASSED);
    assert_true(vtd_model_violated(m, "domain id 0"));
}

static void test_interrupt_addresses(void **state)
{
    (void)state;
    struct vtd_model *m = no_caching_mode();
    uint64_t host = 0;
    assert_true(vtd_model_translate(m, RAW_DEVICE, 0xfee00000, true, &host) == VTD_MODEL_INTERRUPT);
    assert_true(vtd_model_translate(m, RAW_DEVICE, 0xfee00000, false, &host) == VTD_MODEL_BLOCKED);
    vtd_raw_leaf(&mc, 0x5000, 0xfee00003);
    vtd_model_translate(m, RAW_DEVICE, 0x5000, true, &host);
    assert_true(vtd_model_violated(m, "interrupt addresses"));
}

static bool reaches(struct vtd_model *m, uint64_t address)
{
    uint64_t host = 0;
    return vtd_model_translate(m, RAW_DEVICE, address, true, &host) == VTD_MODEL_PASSED;
}

static void test_stale_translation(void **state)
{
    (void)state;
    struct vtd_model *m = no_caching_mode();
    uint64_t host = 0;
    assert_true(reaches(m, 0x2000));
    vtd_raw_leaf(&mc, 0x2000, 0);
    assert_true(reaches(m, 0x2000)); /* still cached */
    assert_true(vtd_model_may_now(m, RAW_DEVICE, 0x2000, true, &host));
    assert_false(vtd_model_may(m, RAW_DEVICE, 0x2000, true, &host));
    assert_true(vtd_raw_submit(&mc, 0x32 | RAW_DOMAIN << 16, 0x3000)); /* the wrong page */
    assert_true(reaches(m, 0x2000));
    assert_true(vtd_raw_submit(&mc, 0x22 | 6 << 16, 0)); /* the wrong domain */
    assert_true(reaches(m, 0x2000));
    assert_true(vtd_raw_submit(&mc, 0x32 | RAW_DOMAIN << 16, 0x2040)); /* the page, hint: leaf only */
    assert_false(reaches(m, 0x2000));
    assert_null(vtd_model_violation(m));
}

static void test_stale_tables(void **state)
{
    (void)state;
    struct vtd_model *m = no_caching_mode();
    assert_true(reaches(m, 0x2000));
    vtd_machine_store64(&mc, RAW_MIDDLE, 0);
    assert_true(vtd_raw_submit(&mc, 0x32 | RAW_DOMAIN << 16, 0x2040)); /* IH: tables stay cached */
    assert_true(reaches(m, 0x2000));
    assert_true(vtd_raw_submit(&mc, 0x32 | RAW_DOMAIN << 16, 0x2001)); /* AM = 1, IH = 0 */
    assert_false(reaches(m, 0x2000));
}

static void test_superpage(void **state)
{
    (void)state;
    struct vtd_model *m = no_caching_mode();
    uint64_t host = 0;
    vtd_machine_store64(&mc, RAW_MIDDLE + 8, 0x1200083);
    assert_true(vtd_model_translate(m, RAW_DEVICE, 0x2abcd0, true, &host) == VTD_MODEL_PASSED);
    assert_int_equal(host, 0x12abcd0);
    vtd_machine_store64(&mc, RAW_MIDDLE + 8, 0);
    assert_true(vtd_raw_submit(&mc, 0x32 | RAW_DOMAIN << 16, 0x3ff000)); /* any page of it */
    assert_false(reaches(m, 0x2abcd0));
}

static void test_stale_context(void **state)
{
    (void)state;
    struct vtd_model *m = no_caching_mode();
    assert_true(reaches(m, 0x2000));
    vtd_machine_store64(&mc, CONTEXT, 0);
    assert_true(vtd_raw_submit(&mc, 0x22 | RAW_DOMAIN << 16, 0));
    assert_true(reaches(m, 0x2000)); /* the context is still cached */
    assert_true(vtd_raw_submit(&mc, UINT64_C(0x31) | RAW_DOMAIN << 16 | UINT64_C(0x19) << 32, 0)); /* other function */
    assert_true(reaches(m, 0x2000));
    assert_true(vtd_raw_submit(&mc, UINT64_C(0x31) | RAW_DOMAIN << 16 | UINT64_C(0x3001f) << 32, 0)); /* FM = 3 */
    assert_false(reaches(m, 0x2000));
    assert_null(vtd_model_violation(m));
}

static void test_caching_mode(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    assert_false(reaches(m, 0x3000));
    vtd_raw_leaf(&mc, 0x3000, (RAW_PAGES + 0x1000) | 3);
    assert_false(reaches(m, 0x3000)); /* the absence was cached */
    assert_true(vtd_raw_submit(&mc, 0x32 | RAW_DOMAIN << 16, 0x3000));
    assert_true(reaches(m, 0x3000));
    m = no_caching_mode();
    assert_false(reaches(m, 0x3000));
    vtd_raw_leaf(&mc, 0x3000, (RAW_PAGES + 0x1000) | 3);
    assert_true(reaches(m, 0x3000));
}

static void test_unflushed_lines(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    uint64_t host = 0;
    assert_true(vtd_model_may(m, RAW_DEVICE, 0x2000, true, &host));
    uint64_t *leaf = phys_to_virt(hpa(RAW_BOTTOM + 3 * 8));
    *leaf = (RAW_PAGES + 0x1000) | 3;
    assert_false(vtd_model_may(m, RAW_DEVICE, 0x3000, true, &host));
    cpu_flush(leaf, 8);
    assert_true(vtd_model_may(m, RAW_DEVICE, 0x3000, true, &host));
}

static void test_write_buffers(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_minimal());
    uint64_t host = 0;
    uint64_t *leaf = phys_to_virt(hpa(RAW_BOTTOM + 3 * 8));
    *leaf = (RAW_PAGES + 0x1000) | 3;
    assert_false(vtd_model_may(m, RAW_DEVICE, 0x3000, true, &host));
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x88000000); /* TE stays, WBF */
    assert_true(vtd_model_may(m, RAW_DEVICE, 0x3000, true, &host));
    assert_null(vtd_model_violation(m));
}

struct seen {
    unsigned count;
    uint64_t iova, host, bytes;
    bool write;
};

static void see(void *context, uint64_t address, uint64_t host, uint64_t bytes, bool read, bool write)
{
    (void)read;
    struct seen *s = context;
    s->count++;
    s->iova = address;
    s->host = host;
    s->bytes += bytes;
    s->write = write;
}

static void test_reach(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    struct seen s = {0};
    assert_true(vtd_model_reach(m, RAW_DEVICE, see, &s));
    assert_int_equal(s.count, 1);
    assert_int_equal(s.iova, 0x2000);
    assert_int_equal(s.host, RAW_PAGES);
    assert_int_equal(s.bytes, 0x1000);
    s = (struct seen){0};
    assert_true(vtd_model_reach(m, 0x33, see, &s));
    assert_int_equal(s.count, 0);
    vtd_raw_off(&mc, 0x80000000);
    assert_false(vtd_model_reach(m, RAW_DEVICE, see, &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_reasons),
        cmocka_unit_test(test_processing_disabled),
        cmocka_unit_test(test_pass_through),
        cmocka_unit_test(test_domain_ids),
        cmocka_unit_test(test_interrupt_addresses),
        cmocka_unit_test(test_stale_translation),
        cmocka_unit_test(test_stale_tables),
        cmocka_unit_test(test_superpage),
        cmocka_unit_test(test_stale_context),
        cmocka_unit_test(test_caching_mode),
        cmocka_unit_test(test_unflushed_lines),
        cmocka_unit_test(test_write_buffers),
        cmocka_unit_test(test_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
