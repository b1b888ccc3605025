/* SPDX-License-Identifier: GPL-2.0-only
 * The fault line, letter by letter, and its rate limit. */
#include "vtd/fault_log.h"

#include "tests/fake/log.h"
#include "tests/fake/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct vtd_fault write_fault = {
    .unit = 0, .source = {0x0020}, .access = VTD_FAULT_WRITE, .address = 0x1234000, .reason = 5};

static void lines(void **state)
{
    (void)state;
    char out[VTD_FAULT_LOG_LINE_SIZE];
    struct vtd_fault_owner nobody = {NULL, NULL};
    struct vtd_fault_notes none = {NULL, "", NULL};
    struct vtd_fault_owner owner = {"nvme0", "disk"};
    vtd_fault_log_line(&write_fault, nobody, 0, none, out, sizeof(out));
    assert_string_equal(out, "fault: unit=0 sid=0000:00:04.0 device=- guest=- access=write addr=0x1234000 reason=0x5 "
                             "text=\"no write permission: the second-level tables do not map this address for "
                             "writing\"");
    struct vtd_fault f = {
        .unit = 2, .source = {0x00010300}, .access = VTD_FAULT_INTERRUPT, .index = 18, .reason = 0x22};
    size_t length = vtd_fault_log_line(&f, owner, 7, none, out, sizeof(out));
    assert_string_equal(out, "fault: unit=2 sid=0001:03:00.0 device=nvme0 guest=disk access=interrupt index=0x12 "
                             "reason=0x22 suppressed=7 text=\"no remapping entry: this interrupt belongs to nobody\"");
    assert_true(length < sizeof(out));
    const struct vtd_fault_notes notes = {"guest disk, RAM", "BAR 0 of 0000:00:04.0, until 3 ms ago", "a stale ring"};
    vtd_fault_log_line(&write_fault, owner, 0, notes, out, sizeof(out));
    assert_non_null(strstr(out, " reason=0x5 what=\"guest disk, RAM\" before=\"BAR 0 of 0000:00:04.0, until 3 ms ago\" "
                                "cause=\"a stale ring\" text=\"no write"));
    for (size_t size = 0; size < sizeof(out); size++) { /* what does not fit is cut */
        memset(out, 0x55, sizeof(out));
        length = vtd_fault_log_line(&write_fault, owner, 0, notes, out, size);
        assert_int_equal((unsigned char)out[size], 0x55);
        assert_true(size == 0 || memchr(out, 0, size) != NULL);
        assert_true(length > 200 && length < sizeof(out));
    }
}

static void bucket(void **state)
{
    (void)state;
    struct vtd_fault_log log;
    struct sbdf a = sbdf_make(0, 0, 4, 0);
    struct sbdf b = sbdf_make(0, 0, 5, 0);
    uint64_t suppressed = 99;
    vtd_fault_log_init(&log, (struct vtd_fault_limit){.burst = 3, .period_ns = 1000}, NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(vtd_fault_log_admit(&log, a, 10, &suppressed));
        assert_true(suppressed == 0);
    }
    assert_false(vtd_fault_log_admit(&log, a, 11, &suppressed));
    assert_false(vtd_fault_log_admit(&log, a, 1009, &suppressed));
    assert_true(vtd_fault_log_admit(&log, b, 1009, &suppressed)); /* another device is not its victim */
    assert_true(vtd_fault_log_admit(&log, a, 1010, &suppressed));
    assert_true(suppressed == 2);
    assert_false(vtd_fault_log_admit(&log, a, 1999, &suppressed));
    assert_true(vtd_fault_log_admit(&log, a, 1000000, &suppressed));
    assert_true(suppressed == 1);
    assert_true(vtd_fault_log_admit(&log, a, 1000000, &suppressed)); /* refilled to the burst, no further */
    assert_true(vtd_fault_log_admit(&log, a, 1000000, &suppressed));
    assert_false(vtd_fault_log_admit(&log, a, 1000000, &suppressed));
}

/* More storming sources than buckets: the rest share one, and nobody prints without end. */
static void many_sources(void **state)
{
    (void)state;
    struct vtd_fault_log log;
    uint64_t suppressed;
    unsigned admitted = 0;
    vtd_fault_log_init(&log, (struct vtd_fault_limit){.burst = 2, .period_ns = 1000000}, NULL, NULL);
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned rid = 0; rid < 1000; rid++) {
            admitted += vtd_fault_log_admit(&log, sbdf_from_rid(0, (uint16_t)rid), 5, &suppressed);
        }
    }
    assert_int_equal(admitted, 2 * VTD_FAULT_LOG_SOURCES + 2);
    /* Later those that were quiet leave their buckets to others. */
    assert_true(vtd_fault_log_admit(&log, sbdf_from_rid(0, 5000), 1000000000, &suppressed));
}

static struct vtd_fault_owner lookup(void *context, struct sbdf source)
{
    assert_ptr_equal(context, &write_fault);
    assert_true(source.v == 0x20);
    return (struct vtd_fault_owner){"8086:10d3", "net"};
}

static void sink(void **state)
{
    (void)state;
    struct vtd_fault_log log;
    fake_log_reset();
    fake_time_reset();
    vtd_fault_log_init(&log, (struct vtd_fault_limit){.burst = 2, .period_ns = 1000000000}, lookup,
                       (void *)&write_fault);
    for (unsigned i = 0; i < 100; i++) {
        vtd_fault_log_sink(&log, &write_fault);
    }
    assert_int_equal(fake_log_count("device=8086:10d3 guest=net access=write"), 2);
    fake_time_advance_ns(1000000000);
    vtd_fault_log_sink(&log, &write_fault);
    assert_int_equal(fake_log_count("suppressed=98 "), 1);
    vtd_fault_log_overflow(1);
    assert_int_equal(fake_log_count("fault: unit=1 overflow=1 text="), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(bucket),
        cmocka_unit_test(many_sources),
        cmocka_unit_test(sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
