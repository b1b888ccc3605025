/* SPDX-License-Identifier: GPL-2.0-only
 * service/forensics.c: the words for each kind of address and each likely cause. */
#include "service/forensics.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static const struct forensics_ram ram[] = {{0, 64 * MIB}, {4 * GIB, 16 * MIB}};
static const struct forensics_range ranges[] = {
    {0x7c000000, 0x100000, FORENSICS_RESERVED, "0000:00:1d.0"},
    {0x10000000, 0x1000000, FORENSICS_HYPERVISOR, NULL},
    {0x20000000, 0x4000000, FORENSICS_GUEST, "user"},
    {0x30000000, 0x4000000, FORENSICS_GUEST, "other"},
    {0xe0000, 0x20000, FORENSICS_FIRMWARE, NULL},
    {0xfebf0000, 0x4000, FORENSICS_REGISTERS, "0000:00:04.0"},
};

static struct forensics_facts facts(uint64_t address, uint8_t reason)
{
    return (struct forensics_facts){
        .fault = {.access = VTD_FAULT_WRITE, .address = address, .reason = reason},
        .is_function = true,
        .device = "0000:00:04.0",
        .guest = "user",
        .now_ns = UINT64_C(5000000000),
        .kernel_at = 16 * MIB,
        .ram = ram,
        .ram_count = ARRAY_LENGTH(ram),
        .ranges = ranges,
        .range_count = ARRAY_LENGTH(ranges),
    };
}

static struct forensics explain(const struct forensics_facts *f)
{
    struct forensics out;
    memset(&out, 0x55, sizeof(out));
    forensics_explain(f, &out);
    assert_true(memchr(out.what, 0, sizeof(out.what)) != NULL && out.what[0] != 0);
    assert_true(memchr(out.fix, 0, sizeof(out.fix)) != NULL);
    assert_null(strchr(out.what, '"'));
    assert_null(strchr(out.cause, '"'));
    return out;
}

static void assert_what(struct forensics_facts f, const char *what)
{
    struct forensics out = explain(&f);
    assert_string_equal(out.what, what);
}

static void assert_cause(struct forensics_facts f, const char *cause, const char *fix)
{
    struct forensics out = explain(&f);
    if (strstr(out.cause, cause) == NULL || strstr(out.fix, fix) == NULL) {
        fail_msg("'%s', '%s' instead of '%s', '%s'", out.cause, out.fix, cause, fix);
    }
}

static void what_a_guests_device_meant(void **state)
{
    (void)state;
    assert_what(facts(19 * MIB, 0x5), "guest user, RAM, 3 MiB above its kernel");
    assert_what(facts(16 * MIB - 0x3000, 0x6), "guest user, RAM, 12 KiB below its kernel");
    assert_what(facts(4 * GIB + 0x1000, 0x6), "guest user, RAM, 4080 MiB above its kernel");
    assert_what(facts(0xc0001000, 0x5), "guest user, PCI hole, nothing there");
    assert_what(facts(0xfee01000, 0x5), "the local APICs' addresses: a write there is an interrupt");
    assert_what(facts(4 * GIB + 20 * MIB, 0x5), "4 MiB beyond guest user's RAM");
    assert_what(facts(0xfebf1000, 0x5),
                "guest user, PCI hole, nothing there; as a host address: registers of 0000:00:04.0");
    struct forensics_facts f = facts(19 * MIB, 0x5);
    f.kernel_at = 0;
    assert_what(f, "guest user, RAM");
    f.fault = (struct vtd_fault){.access = VTD_FAULT_INTERRUPT, .index = 18, .reason = 0x22};
    assert_what(f, "an interrupt, entry 18 of the remapping table");
}

/* Its RAM ends below: what it reached for is the host's. */
static void what_it_is_of_the_host(void **state)
{
    (void)state;
    struct forensics_facts f = facts(0x10000000, 0x5);
    f.ram_count = 1;
    assert_what(f, "192 MiB beyond guest user's RAM; as a host address: the hypervisor");
    f.fault.address = 0x33fff000;
    assert_what(f, "767 MiB beyond guest user's RAM; as a host address: guest other's RAM");
}

static void what_nobodys_device_meant(void **state)
{
    (void)state;
    struct forensics_facts f = facts(0x10000000, 0x2);
    f.guest = NULL;
    f.ram_count = 0;
    f.kernel_at = 0;
    assert_what(f, "the hypervisor");
    f.fault.address = 0x30000000;
    assert_what(f, "guest other's RAM");
    f.fault.address = 0x7c0ff000;
    assert_what(f, "memory that firmware reserves for 0000:00:1d.0 (RMRR)");
    f.fault.address = 0xf0000;
    assert_what(f, "memory of the firmware");
    f.fault.address = 0xd0000000;
    assert_what(f, "no RAM: an MMIO hole, or nothing");
}

static void what_was_there(void **state)
{
    (void)state;
    struct forensics_facts f = facts(0xc0001000, 0x6);
    assert_string_equal(explain(&f).before, "");
    f.gone = (struct vtd_gone){.start = 0xc0000000, .size = 0x4000, .gone_ns = UINT64_C(4880000000)};
    f.before_at = "BAR 0 of 0000:00:05.0";
    assert_string_equal(explain(&f).before, "BAR 0 of 0000:00:05.0, until 120 ms ago");
    assert_cause(f, "stale ring", "stop the device");
    f.before_at = NULL;
    f.now_ns = 1; /* clocks of two CPUs */
    assert_string_equal(explain(&f).before, "mapped, until 0 ms ago");
}

static void causes_and_fixes(void **state)
{
    (void)state;
    struct forensics_facts f = facts(0x7c000000, 0x5);
    f.reserved_for_it = true;
    assert_cause(f, "RMRR", "rmrr = \"map\" into [device.\"0000:00:04.0\"]");
    f = facts(0x1000000, 0x2);
    f.stopped = true;
    assert_cause(f, "was stopped", "return-device 0000:00:04.0 resets it");
    f = facts(0x1000000, 0x2);
    assert_cause(f, "taken from its guest", "[device.\"0000:00:04.0\"]");
    f.is_function = false;
    f.guest = NULL;
    assert_cause(f, "alias", "bulkhead dump");
    f.is_function = true;
    assert_cause(f, "firmware left the device running", "assign 0000:00:04.0 to a guest");
    f = facts(0x40000000, 0x5);
    f.vmd = true;
    assert_cause(f, "VMD's offset", "turn VMD off");
    assert_cause(facts(0x1000, 0x6), "empty descriptor", "ring");
    assert_cause(facts(0x21000000, 0x5), "host address", "reset");
    assert_cause(facts(0x40000000, 0x5), "wild descriptor", "stop-device");
    assert_cause(facts(19 * MIB, 0x5), "write-protected", "watch");
    assert_cause(facts(0xfee00000, 0x6), "local APICs", "ring");
    assert_cause(facts(0x40000000, 0xc), "tables or the unit are wrong", "report");
    assert_cause(facts(0x40000000, 0xd), "ATS", "firmware");
    assert_cause(facts(0x40000000, 0x26), "another one's interrupt", "stop-device");
    assert_cause(facts(0x40000000, 0x22), "given back", "harmless");
    assert_cause(facts(0x40000000, 0x25), "not remapped", "reset 0000:00:04.0");
    struct forensics_facts odd = facts(0x40000000, 0xff);
    assert_string_equal(explain(&odd).cause, "unknown");
}

/* Names as long as they may be. */
static void nothing_overflows(void **state)
{
    (void)state;
    struct forensics_facts f = facts(0x7c000000, 0x5);
    struct forensics_range r = {0, UINT64_MAX, FORENSICS_RESERVED, "0123456789012345678901234567890123456789"};
    f.guest = "0123456789012345678901234567890";
    f.ranges = &r;
    f.range_count = 1;
    f.ram_count = 1;
    for (unsigned reason = 0; reason < 256; reason++) {
        for (uint64_t at = 0; at < 64 * GIB; at = at * 3 + PAGE_SIZE) {
            f.fault.reason = (uint8_t)reason;
            f.fault.address = at;
            explain(&f);
        }
    }
}

static void history_keeps_the_last(void **state)
{
    (void)state;
    static struct vtd_history h;
    struct vtd_gone g;
    assert_false(vtd_history_find(&h, 0, &g));
    for (uint64_t i = 0; i < 20; i++) {
        vtd_history_note(&h, iova(i << 20), 0x2000, hpa(i << 30), i);
    }
    assert_false(vtd_history_find(&h, 3 << 20, &g)); /* pushed out */
    assert_true(vtd_history_find(&h, (4 << 20) + 0x1fff, &g));
    assert_int_equal(g.gone_ns, 4);
    assert_false(vtd_history_find(&h, (4 << 20) + 0x2000, &g));
    vtd_history_note(&h, iova(0), UINT64_C(1) << 40, hpa(7), 99); /* around all of them, and later */
    assert_true(vtd_history_find(&h, 19 << 20, &g));
    assert_int_equal(g.to.v, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_guests_device_meant), cmocka_unit_test(what_it_is_of_the_host),
        cmocka_unit_test(what_nobodys_device_meant),  cmocka_unit_test(what_was_there),
        cmocka_unit_test(causes_and_fixes),           cmocka_unit_test(nothing_overflows),
        cmocka_unit_test(history_keeps_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
