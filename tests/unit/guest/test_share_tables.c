/* SPDX-License-Identifier: GPL-2.0-only
 * guest/share_tables.c: when a guest's devices use its nested tables, how those are made then, and what the log says.
 */
#include "guest/share_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/lib/bits.h"
#include "tests/fake/log.h"

static struct vtd_unit units[2];
static struct guest_memory memory;
static struct share_facts facts;

static const struct vtd_caps able = {
    .level_mask = 0x4, .address_bits = 48, .pages_2m = true, .pages_1g = true, .coherent = true, .snoop_control = true};

/* Two able units, 6 GiB of RAM in large blocks: 3 below the hole, 3 above 4 GiB. */
static int setup(void **state)
{
    (void)state;
    units[0] = (struct vtd_unit){.index = 0, .caps = able};
    units[1] = (struct vtd_unit){.index = 1, .caps = able};
    memory = (struct guest_memory){.count = 2};
    memory.slots[0] = (struct guest_slot){gpa(0), 3 * GIB, hpa(8 * GIB)};
    memory.slots[1] = (struct guest_slot){gpa(4 * GIB), 3 * GIB, hpa(11 * GIB)};
    facts = (struct share_facts){.format = &radix_ept, .levels = 4, .max_leaf = 3, .memory = &memory};
    facts.units[0] = &units[0];
    facts.units[1] = &units[1];
    facts.unit_count = 2;
    fake_log_reset();
    return 0;
}

static void refused(const char *why)
{
    struct share_decision d = share_tables_decide(&facts);
    assert_false(d.shared);
    assert_string_equal(d.why, why);
    assert_int_equal(d.max_leaf, facts.max_leaf); /* nothing of the units leaks into the guest's own tables */
    assert_false(d.flush);
    assert_int_equal(d.always, 0);
}

static struct share_decision shared(void)
{
    struct share_decision d = share_tables_decide(&facts);
    if (!d.shared) {
        fail_msg("not shared: %s", d.why);
    }
    return d;
}

static void where_everything_fits(void **state)
{
    (void)state;
    struct share_decision d = shared();
    assert_int_equal(d.max_leaf, 3);
    assert_false(d.flush);
    assert_int_equal(d.always, RADIX_SNOOP);
    assert_int_equal(d.address_limit, BIT64(48));
    assert_string_equal(d.why, "");
    share_tables_log("storage", &d);
    assert_int_equal(fake_log_count("memory: guest=storage nested tables shared with VT-d"), 1);
}

static void what_the_guest_decides(void **state)
{
    (void)state;
    facts.apic_page = true;
    refused("the APIC-access page is in the nested tables");
    struct share_decision d = share_tables_decide(&facts);
    share_tables_log("net", &d);
    assert_int_equal(
        fake_log_count("memory: guest=net nested tables not shared: the APIC-access page is in the nested tables"), 1);
    facts.apic_page = false;
    facts.format = &radix_npt;
    refused("entries in npt format are not VT-d's");
    facts.unit_count = 0;
    refused("the guest has no devices");
    facts.off = true;
    refused("switched off by system.without");
    setup(NULL);
    facts.off = true;
    refused("switched off by system.without");
}

static void what_a_unit_refuses(void **state)
{
    (void)state;
    units[1].caps.level_mask = 0x2;
    refused("unit 1 does not walk tables of as many levels");
    setup(NULL);
    units[0].caps.level_mask = 0x8;
    refused("unit 0 does not walk tables of as many levels");
    setup(NULL);
    units[1].caps.address_bits = 32;
    refused("unit 1 cannot address the end of its RAM");
    setup(NULL);
    units[1].caps.pages_1g = false; /* its RAM wants them */
    refused("unit 1 does not walk pages as large");
}

/* What the units ask of the tables. */
static void tables_follow_the_units(void **state)
{
    (void)state;
    units[1].caps.coherent = false;
    assert_true(shared().flush);
    setup(NULL);
    units[0].caps.snoop_control = false; /* SNP is reserved there: nobody gets it */
    assert_int_equal(shared().always, 0);
    setup(NULL);
    units[1].caps.address_bits = 39;
    assert_int_equal(shared().address_limit, BIT64(39));
    setup(NULL);
    facts.max_leaf = 2; /* CPUs without 1 GiB pages */
    units[0].caps.pages_1g = false;
    assert_int_equal(shared().max_leaf, 2);
    facts.max_leaf = 1;
    units[0].caps.pages_2m = false;
    assert_int_equal(shared().max_leaf, 1);
}

static void pages_that_ram_has_no_use_for_are_left_out(void **state)
{
    (void)state;
    units[1].caps.pages_1g = false;
    memory.count = 1;
    memory.slots[0] = (struct guest_slot){gpa(0), 512 * MIB, hpa(8 * GIB)};
    assert_int_equal(shared().max_leaf, 2);
    units[1].caps.pages_2m = false;
    refused("unit 1 does not walk pages as large");
}

static void reserved_memory_is_for_devices_alone(void **state)
{
    (void)state;
    facts.reserved = true;
    refused("its devices reach memory that firmware reserved (RMRR), its CPUs do not");
}

static void the_largest_page_of_ram(void **state)
{
    (void)state;
    assert_int_equal(share_tables_leaf_of(&memory), 3);
    memory.count = 1;
    memory.slots[0] = (struct guest_slot){gpa(0), GIB - 2 * MIB, hpa(8 * GIB)};
    assert_int_equal(share_tables_leaf_of(&memory), 2);
    memory.slots[0] = (struct guest_slot){gpa(0), 3 * GIB, hpa(8 * GIB + 2 * MIB)}; /* never aligned together */
    assert_int_equal(share_tables_leaf_of(&memory), 2);
    memory.slots[0] = (struct guest_slot){gpa(GIB - 2 * MIB), GIB, hpa(9 * GIB - 2 * MIB)}; /* no whole one */
    assert_int_equal(share_tables_leaf_of(&memory), 2);
    memory.slots[0].size = GIB + 2 * MIB;
    assert_int_equal(share_tables_leaf_of(&memory), 3);
    memory.count = 0;
    assert_int_equal(share_tables_leaf_of(&memory), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(where_everything_fits, setup),
        cmocka_unit_test_setup(what_the_guest_decides, setup),
        cmocka_unit_test_setup(what_a_unit_refuses, setup),
        cmocka_unit_test_setup(tables_follow_the_units, setup),
        cmocka_unit_test_setup(pages_that_ram_has_no_use_for_are_left_out, setup),
        cmocka_unit_test_setup(reserved_memory_is_for_devices_alone, setup),
        cmocka_unit_test_setup(the_largest_page_of_ram, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
