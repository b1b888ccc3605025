/* SPDX-License-Identifier: GPL-2.0-only
 * The mistakes that published drivers made, acted out on the model: each must show, as a violation or as a property
 * that fails. A test here that "passes" the bug would mean that the model would let ours pass, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/phys.h"
#include "tests/fake/log.h"
#include "tests/fake/mmio.h"
#include "tests/fake/vtd_raw.h"
#include "vtd/fault_log.h"

#define TE 0x80000000u
#define SRTP 0x40000000u
#define QIE 0x04000000u
#define CONTEXT(sid) (RAW_CONTEXTS + (uint64_t)(sid)*16)

static struct vtd_machine mc;

static struct vtd_model *power(struct vtd_model_config c)
{
    vtd_machine_end(&mc);
    return vtd_raw_start(&mc, &c);
}

static struct vtd_model_config without_caching_mode(void)
{
    struct vtd_model_config c = vtd_model_qemu();
    c.cap &= ~UINT64_C(0x80);
    return c;
}

static struct vtd_model *translating(struct vtd_model_config c)
{
    struct vtd_model *m = power(c);
    vtd_raw_translate(&mc);
    assert_null(vtd_model_violation(m));
    return m;
}

static void expect(const struct vtd_model *m, const char *text)
{
    if (!vtd_model_violated(m, text)) {
        fail_msg("expected '%s', got '%s'", text, vtd_model_violation(m) == NULL ? "nothing" : vtd_model_violation(m));
    }
}

static uint64_t lands(struct vtd_model *m, uint16_t sid, uint64_t address)
{
    uint64_t host = 0;
    return vtd_model_translate(m, sid, address, true, &host) == VTD_MODEL_PASSED ? host : 0;
}

/* --- the global command register */

static void test_unmasked_status_issues_again(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    vtd_raw_write(&mc, RAW_GCMD, 4, vtd_raw_read(&mc, RAW_GSTS, 4) | 0x00800000); /* RTPS goes back as SRTP */
    expect(m, "more than one bit");
}

static void test_constant_drops_other_enables(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    vtd_raw_interrupts(&mc, false);
    vtd_raw_write(&mc, RAW_GCMD, 4, TE); /* meant: "translation on" */
    expect(m, "more than one bit");
    m = translating(vtd_model_qemu());
    uint64_t host = 0;
    vtd_raw_write(&mc, RAW_GCMD, 4, QIE); /* a single one: translation is off, and that shows as a property */
    assert_true(vtd_model_may(m, 0x777, RAW_ROOT, true, &host));
}

static void test_command_register_read_back(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    vtd_raw_write(&mc, RAW_GCMD, 4, vtd_raw_read(&mc, RAW_GCMD, 4) | 0x00800000);
    expect(m, "write-only");
}

static void test_enable_before_tables(void **state)
{
    (void)state;
    struct vtd_model *m = power(vtd_model_qemu());
    vtd_raw_on(&mc, TE);
    expect(m, "before the root table pointer");
    m = power(vtd_model_qemu());
    vtd_raw_tables(&mc);
    vtd_raw_write(&mc, RAW_RTADDR, 8, RAW_ROOT);
    vtd_raw_on(&mc, SRTP);
    vtd_raw_on(&mc, TE);
    expect(m, "invalidations that SRTP requires");
    m = power(vtd_model_qemu());
    vtd_raw_queue(&mc);
    vtd_raw_on(&mc, 0x02000000);
    expect(m, "before the interrupt table pointer");
}

static void test_two_commands_at_once(void **state)
{
    (void)state;
    struct vtd_model *m = power(vtd_model_qemu());
    m->knobs.latency = 5;
    vtd_raw_write(&mc, RAW_RTADDR, 8, RAW_ROOT);
    vtd_raw_write(&mc, RAW_GCMD, 4, SRTP);
    vtd_raw_write(&mc, RAW_GCMD, 4, 0x00800000); /* without waiting for RTPS */
    expect(m, "is pending");
}

/* --- waits */

static struct {
    jmp_buf out;
    uint64_t reads;
} leash;

static uint64_t leashed_read(void *context, uint64_t offset, unsigned width)
{
    if (++leash.reads == 100000) {
        longjmp(leash.out, 1);
    }
    return vtd_model_mmio_read(context, offset, width);
}

static void leashed_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    vtd_model_mmio_write(context, offset, width, value);
}

#define LEASHED UINT64_C(0xfeda0000)

/* The deadline of a published driver: there in debug builds only. */
static bool buggy_wait(bool debug)
{
    struct deadline end = deadline_in_us(100);
    while ((mmio_read32(hpa(LEASHED + RAW_GSTS)) & SRTP) == 0) {
        if (debug && deadline_passed(end)) {
            return false;
        }
    }
    return true;
}

/* True when the wait had to be stopped from outside. */
static bool hangs(bool debug)
{
    leash.reads = 0;
    if (setjmp(leash.out) != 0) {
        return true;
    }
    assert_false(buggy_wait(debug));
    return false;
}

static void start_stuck(void)
{
    struct vtd_model *m = power(vtd_model_qemu());
    fake_mmio_add(LEASHED, 0x1000, leashed_read, leashed_write, m);
    m->knobs.stuck_gcmd = SRTP;
    mmio_write64(hpa(LEASHED + RAW_RTADDR), RAW_ROOT);
    mmio_write32(hpa(LEASHED + RAW_GCMD), SRTP);
}

static void test_unbounded_wait(void **state)
{
    (void)state;
    start_stuck();
    assert_false(hangs(true));
    start_stuck();
    assert_true(hangs(false));
}

/* --- fault records: 8 of them, NFR reads as 7 */

static void fill_records(struct vtd_model *m, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(lands(m, (uint16_t)(0x300 + i), 0), 0);
    }
}

/* Reads records first..; `last` is the highest index before it wraps. Returns how many it took. */
static unsigned buggy_drain(unsigned count, unsigned last)
{
    unsigned index = vtd_raw_read(&mc, RAW_FSTS, 4) >> 8 & 0xff;
    unsigned taken = 0;
    for (unsigned i = 0; i < count; i++) {
        if ((vtd_raw_read(&mc, 0x22c + index * 16, 4) >> 31) != 0) {
            vtd_raw_write(&mc, 0x22c + index * 16, 4, 0x80000000);
            taken++;
        }
        index = index >= last ? 0 : index + 1;
    }
    return taken;
}

static void test_records_counted_one_short(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    unsigned nfr = (unsigned)(m->config.cap >> 40 & 0xff);
    fill_records(m, 8);
    assert_int_equal(buggy_drain(nfr, nfr - 1), 7);
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4) & 2, 2); /* PPF stays: no event will ever come again */
    struct vtd_model_config one = vtd_model_qemu();
    m = translating(one);
    fill_records(m, 1);
    assert_int_equal(buggy_drain(0, 0), 0);
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4) & 2, 2);
}

static void test_wrap_off_by_one(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    fill_records(m, 5);
    assert_int_equal(buggy_drain(8, 7), 5);
    fill_records(m, 8); /* from record 5 on */
    buggy_drain(8, 8);  /* "wraps when index > NFR + 1" */
    expect(m, "no such register");
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4) & 2, 2);
}

static void test_overflow_never_cleared(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    fill_records(m, 9);
    assert_int_equal(buggy_drain(8, 7), 8);
    assert_int_equal(lands(m, 0x500, 0), 0);
    assert_int_equal(buggy_drain(8, 7), 0); /* the fault of 05:00.0 is lost, and all after it */
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4) & 1, 1);
}

static void test_record_cleared_by_quadword(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    fill_records(m, 1);
    vtd_raw_write(&mc, 0x228, 8, vtd_raw_read(&mc, 0x228, 8));
    expect(m, "fault record written");
}

/* --- domain ids */

static void test_domain_id_cut_to_six_bits(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    unsigned first = 1;
    unsigned second = 65; /* & 0x3f: the same */
    vtd_machine_store64(&mc, 0x1020000, 0x1021003);
    vtd_machine_store64(&mc, 0x1021000, 0x1022003);
    vtd_machine_store64(&mc, 0x1022010, 0x1030003); /* the other guest: 0x2000 -> 0x1030000 */
    vtd_machine_store64(&mc, CONTEXT(0x40) + 8, 1 | (first & 0x3f) << 8);
    vtd_machine_store64(&mc, CONTEXT(0x40), RAW_TOP | 1);
    vtd_machine_store64(&mc, CONTEXT(0x48) + 8, 1 | (second & 0x3f) << 8);
    vtd_machine_store64(&mc, CONTEXT(0x48), 0x1020001);
    assert_int_equal(lands(m, 0x40, 0x2000), RAW_PAGES);
    assert_int_equal(lands(m, 0x48, 0x2000), RAW_PAGES); /* lands in the first guest: the reference says 0x1030000 */
    vtd_raw_invalidate(&mc);
    assert_int_equal(lands(m, 0x48, 0x2000), 0x1030000);
}

static void test_domain_zero_under_caching_mode(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    vtd_machine_store64(&mc, CONTEXT(0x40) + 8, 1);
    vtd_machine_store64(&mc, CONTEXT(0x40), RAW_TOP | 1);
    lands(m, 0x40, 0x2000);
    expect(m, "domain id 0");
}

/* --- invalidations and visibility */

static void test_forgotten_invalidations(void **state)
{
    (void)state;
    struct vtd_model *m = translating(without_caching_mode());
    assert_int_equal(lands(m, RAW_DEVICE, 0x2000), RAW_PAGES);
    vtd_raw_leaf(&mc, 0x2000, 0);
    assert_int_equal(lands(m, RAW_DEVICE, 0x2000), RAW_PAGES); /* unmap without IOTLB invalidation */
    m = translating(without_caching_mode());
    assert_int_equal(lands(m, RAW_DEVICE, 0x2000), RAW_PAGES);
    vtd_machine_store64(&mc, CONTEXT(RAW_DEVICE), 0);
    assert_true(vtd_raw_submit(&mc, 0x12, 0));
    assert_int_equal(lands(m, RAW_DEVICE, 0x2000), RAW_PAGES); /* detach with IOTLB invalidation alone */
    m = translating(without_caching_mode());
    assert_int_equal(lands(m, RAW_DEVICE, 0x2000), RAW_PAGES);
    vtd_machine_store64(&mc, CONTEXT(RAW_DEVICE), 0);
    assert_true(vtd_raw_submit(&mc, 0x12, 0)); /* the wrong way round: a request in between fills it again */
    assert_int_equal(lands(m, RAW_DEVICE, 0x2000), RAW_PAGES);
    assert_true(vtd_raw_submit(&mc, 0x11, 0));
    vtd_machine_store64(&mc, CONTEXT(RAW_DEVICE), 0x1020001); /* the next domain, with the same id */
    vtd_machine_store64(&mc, 0x1020000, 0);
    assert_int_equal(lands(m, RAW_DEVICE, 0x2000), RAW_PAGES); /* and still the old memory */
    m = translating(vtd_model_qemu());
    assert_int_equal(lands(m, RAW_DEVICE, 0x3000), 0);
    vtd_raw_leaf(&mc, 0x3000, (RAW_PAGES + 0x1000) | 3);
    assert_int_equal(lands(m, RAW_DEVICE, 0x3000), 0); /* caching mode: map without invalidation does not arrive */
}

static void test_unflushed_tables(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    uint64_t *leaf = phys_to_virt(hpa(RAW_BOTTOM + 16));
    *leaf = 0; /* not written back */
    assert_true(vtd_raw_submit(&mc, 0x12, 0));
    assert_int_equal(lands(m, RAW_DEVICE, 0x2000), RAW_PAGES); /* still reached, though "unmapped and invalidated" */
    /* A fresh table whose zeros were not written back: the unit reads what memory held before. */
    vtd_machine_store64(&mc, RAW_MIDDLE + 8, RAW_PAGES | 3);
    lands(m, RAW_DEVICE, 0x200000);
    expect(m, "reserved bits");
}

static void test_write_buffer_not_drained(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_minimal());
    uint64_t *leaf = phys_to_virt(hpa(RAW_BOTTOM + 24));
    *leaf = (RAW_PAGES + 0x1000) | 3;
    assert_int_equal(lands(m, RAW_DEVICE, 0x3000), 0);
}

static void test_commands_beyond_capabilities(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    vtd_raw_submit(&mc, 0x50032, 0x2000 | 19); /* AM > MAMV */
    expect(m, "CAP.MAMV");
    m = translating(vtd_model_minimal());
    vtd_raw_write(&mc, 0x108, 8, UINT64_C(0x9003000000000000)); /* drains that it lacks */
    expect(m, "drain");
    m = translating(vtd_model_qemu());
    vtd_raw_write(&mc, RAW_CCMD, 8, UINT64_C(0xa000000000000000)); /* registers while the queue is on */
    expect(m, "while the queue is on");
    m = translating(vtd_model_qemu());
    vtd_raw_leaf(&mc, 0x2000, RAW_PAGES | 0x803); /* SNP without SC */
    lands(m, RAW_DEVICE, 0x2000);
    expect(m, "second-level entry with reserved bits");
    m = power(vtd_model_minimal());
    vtd_raw_translate(&mc);
    vtd_machine_store64(&mc, RAW_MIDDLE + 8, 0x1200083); /* superpage without SLLPS */
    lands(m, RAW_DEVICE, 0x200000);
    expect(m, "second-level entry with reserved bits");
}

static void test_queue_left_running(void **state)
{
    (void)state;
    struct vtd_model *m = power(vtd_model_qemu());
    m->knobs.latency = 50;
    vtd_raw_queue(&mc);
    vtd_raw_write(&mc, RAW_IQT, 8, 32);
    vtd_raw_off(&mc, QIE); /* IQH != IQT */
    expect(m, "queue is not empty");
    m = power(vtd_model_qemu());
    vtd_raw_queue(&mc);
    assert_true(vtd_raw_submit(&mc, 0x12, 0));
    vtd_raw_off(&mc, QIE);
    vtd_raw_write(&mc, RAW_IQA, 8, RAW_QUEUE);
    vtd_raw_on(&mc, QIE); /* IQT still says 1 */
    expect(m, "IQT is not 0");
}

/* --- windows */

static void test_translation_dropped_to_change_tables(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    uint64_t host = 0;
    assert_false(vtd_model_may(m, 0x777, RAW_ROOT, true, &host));
    vtd_raw_off(&mc, TE);
    assert_true(vtd_model_may(m, 0x777, RAW_ROOT, true, &host));
}

static void test_protected_memory_off_too_early(void **state)
{
    (void)state;
    struct vtd_model *m = power(vtd_model_server());
    uint64_t host = 0;
    vtd_raw_tables(&mc);
    vtd_raw_write(&mc, RAW_PLMLIMIT, 4, 0xffffffff);
    vtd_raw_write(&mc, RAW_PMEN, 4, 0x80000000);
    assert_false(vtd_model_may(m, 0x777, RAW_ROOT, true, &host));
    vtd_raw_write(&mc, RAW_PMEN, 4, 0); /* before TE */
    assert_true(vtd_model_may(m, 0x777, RAW_ROOT, true, &host));
}

/* --- interrupts */

static void test_interrupt_holes(void **state)
{
    (void)state;
    struct vtd_model *m = translating(without_caching_mode());
    struct vtd_model_message out;
    vtd_raw_interrupts(&mc, false);
    vtd_raw_irte(&mc, 3, 0x410001, 0x18); /* SVT = 0: anybody's */
    assert_true(vtd_model_interrupt(m, 0x777, 0xfee00070, 0, &out));
    vtd_raw_irte(&mc, 4, 0x420001, 0x40018);
    assert_true(vtd_model_interrupt(m, 0x18, 0xfee00090, 0, &out));
    vtd_raw_irte(&mc, 4, 0, 0);              /* freed, not invalidated, */
    vtd_raw_irte(&mc, 4, 0x550001, 0x40020); /* and given to another device */
    assert_true(vtd_model_interrupt(m, 0x18, 0xfee00090, 0, &out));
    assert_int_equal(out.vector, 0x42);
    vtd_raw_on(&mc, 0x00800000); /* CFI left on */
    assert_true(vtd_model_interrupt(m, 0x777, 0xfee00000, 0x41, &out));
    vtd_raw_irte(&mc, 5, 0x410001 | UINT64_C(3) << 32, 0x40018); /* xAPIC id in x2APIC's place */
    assert_false(vtd_model_interrupt(m, 0x18, 0xfee000b0, 0, &out));
    expect(m, "interrupt entry with reserved bits");
}

/* --- the log */

static void sink_at(enum log_level level)
{
    fake_log_reset();
    log_line(level, "fault: unit=0 sid=0000:00:04.0");
}

static void test_fault_logged_where_nobody_looks(void **state)
{
    (void)state;
    sink_at(LOG_DEBUG);
    assert_int_equal(fake_log_printed("fault:"), 0);
    sink_at(LOG_WARN);
    assert_int_equal(fake_log_printed("fault:"), 1);
    static struct vtd_fault_log log;
    struct vtd_fault fault = {.source = sbdf_make(0, 0, 4, 0), .access = VTD_FAULT_WRITE, .reason = 5};
    fake_log_reset();
    vtd_fault_log_init(&log, (struct vtd_fault_limit){.burst = 1, .period_ns = 1000}, NULL, NULL);
    vtd_fault_log_sink(&log, &fault);
    assert_int_equal(fake_log_printed("fault:"), 1); /* ours, at the default level */
    vtd_fault_log_overflow(0);
    assert_int_equal(fake_log_printed("overflow"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unmasked_status_issues_again),
        cmocka_unit_test(test_constant_drops_other_enables),
        cmocka_unit_test(test_command_register_read_back),
        cmocka_unit_test(test_enable_before_tables),
        cmocka_unit_test(test_two_commands_at_once),
        cmocka_unit_test(test_unbounded_wait),
        cmocka_unit_test(test_records_counted_one_short),
        cmocka_unit_test(test_wrap_off_by_one),
        cmocka_unit_test(test_overflow_never_cleared),
        cmocka_unit_test(test_record_cleared_by_quadword),
        cmocka_unit_test(test_domain_id_cut_to_six_bits),
        cmocka_unit_test(test_domain_zero_under_caching_mode),
        cmocka_unit_test(test_forgotten_invalidations),
        cmocka_unit_test(test_unflushed_tables),
        cmocka_unit_test(test_write_buffer_not_drained),
        cmocka_unit_test(test_commands_beyond_capabilities),
        cmocka_unit_test(test_queue_left_running),
        cmocka_unit_test(test_translation_dropped_to_change_tables),
        cmocka_unit_test(test_protected_memory_off_too_early),
        cmocka_unit_test(test_interrupt_holes),
        cmocka_unit_test(test_fault_logged_where_nobody_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
