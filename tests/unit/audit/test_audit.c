/* SPDX-License-Identifier: GPL-2.0-only
 * The audit over hand-made tables: a sound machine passes with the figures it must have, and each of many mutations,
 * one at a time, is found under its name, at its place. */
#include "audit/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/audit_rig.h"

static struct audit_rig rig;

static void print_line(void *context, const char *text)
{
    (void)context;
    printf("%s\n", text);
}

static const struct audit_writer to_stdout = {print_line, NULL};

static void test_sound_machine_passes(void **state)
{
    (void)state;
    audit_rig_make(&rig);
    bool sound = audit_rig_run(&rig, AUDIT_ALL, NULL);
    audit_print(&rig.facts, AUDIT_ALL, &rig.result, 0, &to_stdout);
    assert_true(sound);
    assert_int_equal(rig.result.found, 0);
    assert_int_equal(rig.result.contexts, 4);
    assert_int_equal(rig.result.entries, 4);
    assert_int_equal(rig.result.nested, 1024 + 2 + 512);
    assert_int_equal(rig.result.second, 1024 + 512 + 2);
    assert_int_equal(rig.result.leaves, 2 + 2 + 512 + 513 + 512 + 2);
    assert_int_equal(rig.result.tables, 5 + 3 + 4 + 4 + 4 + 5); /* store's pages twice: both walks read them */
    audit_rig_free(&rig);
}

/* Each changes one thing. */
/* Of a unit that cannot remap interrupts no table of entries is looked for; of one without a queue, no queue. */
static void test_a_unit_that_remaps_nothing(void **state)
{
    (void)state;
    audit_rig_make(&rig);
    const struct audit_unit unit = {ARIG_UNIT, 0, false};
    rig.facts.units = &unit;
    rig.ecap &= ~(UINT64_C(1) << 1);
    rig.gsts &= ~(1u << 26 | 1u << 25 | 1u << 24);
    rig.gsts |= 1u << 23;
    rig.irta = rig.iqa = UINT64_MAX;
    assert_true(audit_rig_run(&rig, AUDIT_ALL, NULL));
    assert_int_equal(rig.result.entries, 0);
    assert_true(rig.result.contexts != 0);
    rig.ecap |= UINT64_C(1) << 1;
    assert_false(audit_rig_run(&rig, AUDIT_ALL, NULL));
    assert_int_equal(rig.result.codes[AUDIT_QUEUE_OFF], 1);
}

static void extra_page_of_another(void)
{
    *audit_rig_word(PAGE_WEB1_BAR, 2) = ARIG_STORE | 0x37;
}
static void device_page_of_another(void)
{
    *audit_rig_word(PAGE_WEB_DEVICE1, 7) = (ARIG_STORE + 0x7000) | 3;
}
static void hypervisor_page(void)
{
    *audit_rig_word(PAGE_STORE1, 3) = audit_rig_at(PAGE_SPARE) | 0x37;
}
static void own_table_page(void)
{
    *audit_rig_word(PAGE_STORE1, 3) = audit_rig_at(PAGE_STORE4) | 0x37;
}
static void posted_page(void)
{
    *audit_rig_word(PAGE_STORE1, 511) = audit_rig_at(PAGE_POSTED) | 0x37;
}
static void firmware_page(void)
{
    *audit_rig_word(PAGE_STORE1, 3) = ARIG_FIRMWARE | 0x37;
}
static void unit_registers(void)
{
    *audit_rig_word(PAGE_WEB1_BAR, 2) = ARIG_UNIT | 3;
}
static void interrupt_window(void)
{
    *audit_rig_word(PAGE_WEB_DEVICE1, 0) = UINT64_C(0xfee00000) | 3;
}
static void unnamed_memory(void)
{
    *audit_rig_word(PAGE_STORE1, 0) = 0x1c00000 | 0x37;
}
static void reserved_page_of_firmware(void)
{
    *audit_rig_word(PAGE_WEB_DEVICE1, 0) = ARIG_RESERVED | 3;
}
static void page_after_bar(void)
{
    *audit_rig_word(PAGE_WEB1_BAR, 2) = (ARIG_BAR + 2 * PAGE_SIZE) | 3;
}
static void executable_bar(void)
{
    *audit_rig_word(PAGE_WEB1_BAR, 0) |= 4;
}
static void read_only_written(void)
{
    rig.ranges[3].cpu = AUDIT_READ;
}
static void no_device_range(void)
{
    rig.ranges[1].device = 0;
}
static void cached_registers(void)
{
    *audit_rig_word(PAGE_WEB1_BAR, 0) |= 0x30;
}
static void uncached_ram(void)
{
    *audit_rig_word(PAGE_STORE1, 5) &= ~UINT64_C(0x38);
}
static void reserved_type(void)
{
    *audit_rig_word(PAGE_STORE1, 5) ^= 0x28;
}
static void larger_than_block(void)
{
    *audit_rig_word(PAGE_WEB3, 1) = UINT64_C(0xb7);
}
static void large_leaf_not_allowed(void)
{
    *audit_rig_word(PAGE_STORE2, 1) = ARIG_STORE | 0xb7;
}
static void large_leaf_over_end(void)
{
    *audit_rig_word(PAGE_WEB2, 2) = ARIG_STORE | 0xb7;
}
static void misaligned_large_leaf(void)
{
    *audit_rig_word(PAGE_WEB2, 1) |= PAGE_SIZE;
}
static void table_reserved_bits(void)
{
    *audit_rig_word(PAGE_STORE3, 0) |= 8;
}
static void address_too_wide(void)
{
    *audit_rig_word(PAGE_STORE1, 9) |= UINT64_C(1) << 45;
}
static void write_without_read(void)
{
    *audit_rig_word(PAGE_STORE1, 9) = (ARIG_STORE + 0x9000) | 0x32;
}
static void snoop_without_control(void)
{
    *audit_rig_word(PAGE_WEB_DEVICE1, 1) |= 0x800;
}
static void no_large_leaves_in_unit(void)
{
    rig.cap &= ~(UINT64_C(3) << 34);
}
static void cycle(void)
{
    *audit_rig_word(PAGE_STORE2, 1) = audit_rig_at(PAGE_STORE4) | 7;
}
static void self(void)
{
    *audit_rig_word(PAGE_WEB4, 511) = audit_rig_at(PAGE_WEB4) | 7;
}
static void two_parents(void)
{
    *audit_rig_word(PAGE_STORE2, 1) = audit_rig_at(PAGE_STORE1) | 7;
}
static void table_of_another(void)
{
    *audit_rig_word(PAGE_WEB2, 5) = audit_rig_at(PAGE_STORE1) | 7;
}
static void table_in_guest(void)
{
    *audit_rig_word(PAGE_WEB2, 5) = ARIG_WEB | 7;
}
static void table_nowhere(void)
{
    *audit_rig_word(PAGE_WEB2, 5) = UINT64_C(0x3000000000) | 7;
}
static void root_in_guest(void)
{
    rig.owners[OWNER_WEB].root = ARIG_WEB;
}
static void root_of_another(void)
{
    rig.owners[OWNER_WEB].root = audit_rig_at(PAGE_STORE4);
}
static void root_is_units(void)
{
    rig.owners[OWNER_WEB].root = audit_rig_at(PAGE_ROOT);
}
static void firmware_not_identity(void)
{
    *audit_rig_word(PAGE_RESERVED1, 5) = ARIG_RESERVED | 3;
}
static void window_mapped(void)
{
    *audit_rig_word(PAGE_STORE3, 3) = audit_rig_at(PAGE_SPARE) | 7;
    *audit_rig_word(PAGE_SPARE, 0x1f7) = audit_rig_at(PAGE_SPARE2) | 7;
    *audit_rig_word(PAGE_SPARE2, 0) = ARIG_STORE | 0x37;
}

static void swapped_context(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_WEB) = audit_rig_at(PAGE_STORE4) | 1;
}
static void context_of_nobody(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_NOBODY) = audit_rig_at(PAGE_STORE4) | 1;
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_NOBODY + 1) = 0x202;
}
static void alias_missing(void)
{
    *audit_rig_word(PAGE_CONTEXT1, 0) = 0;
}
static void root_entry_missing(void)
{
    *audit_rig_word(PAGE_ROOT, 2) = 0;
}
static void pass_through(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_WEB) |= 2 << 2;
}
static void device_tlb(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_WEB) |= 1 << 2;
}

/* ATS is right for a source that may have it, and for it alone. */
static void test_a_device_that_may_keep_translations(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        audit_rig_make(&rig);
        device_tlb();
        rig.sources[i].device_tlb = true; /* web's, store's */
        assert_int_equal(audit_rig_run(&rig, AUDIT_ALL, NULL), i == 0);
        assert_int_equal(rig.result.codes[AUDIT_CONTEXT_TYPE], i);
        audit_rig_free(&rig);
    }
}

static void wrong_width(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_WEB + 1) = 0x103;
}
static void other_width(void)
{
    *audit_rig_word(PAGE_CONTEXT1, 1) = 0x102;
}
static void context_reserved(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_WEB + 1) |= UINT64_C(1) << 40;
}
static void same_domain_id(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_WEB + 1) = 0x201;
}
static void domain_id_zero(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_STORE + 1) = 0x002;
}
static void domain_id_too_high(void)
{
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_STORE + 1) = 0x10002;
}
static void root_reserved(void)
{
    *audit_rig_word(PAGE_ROOT, 3) = 1;
}
static void context_table_in_guest(void)
{
    *audit_rig_word(PAGE_ROOT, 4) = ARIG_WEB | 1;
}
static void context_table_twice(void)
{
    *audit_rig_word(PAGE_ROOT, 4) = audit_rig_at(PAGE_CONTEXT1) | 1;
}
static void translation_off(void)
{
    rig.gsts &= ~(1u << 31);
}
static void root_unset(void)
{
    rig.gsts &= ~(1u << 30);
}
static void queue_off(void)
{
    rig.gsts &= ~(1u << 26);
}
static void remapping_off(void)
{
    rig.gsts &= ~(1u << 25);
}
static void compatibility(void)
{
    rig.gsts |= 1u << 23;
}
static void scalable(void)
{
    rig.rtaddr |= 1u << 10;
}
static void extended(void)
{
    rig.rtaddr |= 1u << 11;
}
static void root_table_reserved(void)
{
    rig.rtaddr |= 8;
}
static void interrupt_table_reserved(void)
{
    rig.irta |= 0x10;
}
static void queue_in_guest(void)
{
    rig.iqa = ARIG_WEB;
}
static void root_table_in_guest(void)
{
    rig.rtaddr = ARIG_WEB;
}
static void interrupt_table_in_guest(void)
{
    rig.irta = ARIG_WEB | 7;
}
static void interrupt_table_too_large(void)
{
    rig.irta = (ARIG_WEB - PAGE_SIZE) | 9;
}

static void stale_irte(void)
{
    audit_rig_irte(IRTE_FREE, 0x0000010000530001, 0x40000 | SOURCE_NOBODY);
}
static void no_validation(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000010000510001, SOURCE_WEB);
}
static void reserved_validation(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000010000510001, 0xc0000 | SOURCE_WEB);
}
static void loose_validation(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000010000510001, 0x70000 | SOURCE_WEB);
}
static void all_buses(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000010000510001, 0x800ff);
}
static void wrong_cpu(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000020000510001, 0x40000 | SOURCE_WEB);
}
static void no_such_cpu(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000090000510001, 0x40000 | SOURCE_WEB);
}
static void hypervisors_vector(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000010000f10001, 0x40000 | SOURCE_WEB);
}
static void nmi(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000010000510081, 0x40000 | SOURCE_WEB);
}
static void logical(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000010000510005, 0x40000 | SOURCE_WEB);
}
static void irte_reserved(void)
{
    audit_rig_irte(IRTE_WEB, 0x0000010001510001, 0x40000 | SOURCE_WEB);
}
static void irte_wide_id(void)
{
    audit_rig_irte(IRTE_WEB, 0x0001010000510001, 0x40000 | SOURCE_WEB);
}
static void posted_of_another(void)
{
    audit_rig_irte(IRTE_WEB, *audit_rig_word(PAGE_INTERRUPTS, 2 * IRTE_STORE), 0x40000 | SOURCE_WEB);
}
static void posted_in_guest(void)
{
    audit_rig_irte(IRTE_STORE, (uint64_t)ARIG_STORE << 32 | 0x0000000000418001, 0x40000 | SOURCE_STORE);
}
static void posted_reserved(void)
{
    *audit_rig_word(PAGE_INTERRUPTS, 2 * IRTE_STORE) |= 0x10;
}
static void posted_vector(void)
{
    *audit_rig_word(PAGE_INTERRUPTS, 2 * IRTE_STORE) ^= 0x400000;
}
static void notifies_another(void)
{
    *audit_rig_word(PAGE_POSTED, 4) = UINT64_C(0x100) << 32;
}
static void same_vector(void)
{
    rig.owners[OWNER_STORE].cpus |= 2;
    audit_rig_irte(IRTE_STORE_BUS, 0x0000010000510001, 0x80000 | 0x0506);
}

static void overlapping_owners(void)
{
    rig.ranges[0].end += PAGE_SIZE;
}
static void range_in_hypervisor(void)
{
    rig.ranges[0].start -= PAGE_SIZE;
}
static void range_in_firmware(void)
{
    rig.ranges[2].end = ARIG_FIRMWARE + PAGE_SIZE;
}
static void source_twice(void)
{
    rig.sources[1].rid = SOURCE_WEB;
}
static void sender_twice(void)
{
    rig.senders[1].sid = SOURCE_WEB;
}
static void bus_of_another(void)
{
    rig.senders[3].sid = 0x0006;
}
static void unaligned_range(void)
{
    rig.ranges[3].end -= 8;
}
static void unknown_owner(void)
{
    rig.sources[0].owner = 7;
}
static void impossible_cpus(void)
{
    rig.owners[OWNER_WEB].cpus = 1u << 9;
}
static void impossible_levels(void)
{
    rig.owners[OWNER_WEB].levels = 9;
}

static const struct mutation {
    const char *name;
    void (*apply)(void);
    enum audit_code code;
    uint32_t owner; /* whom it must be told of */
} mutations[] = {
    {"an extra page of another guest", extra_page_of_another, AUDIT_LEAF_OTHER, OWNER_WEB},
    {"a page of another guest for devices", device_page_of_another, AUDIT_LEAF_OTHER, OWNER_WEB},
    {"a page of the hypervisor", hypervisor_page, AUDIT_LEAF_FORBIDDEN, OWNER_STORE},
    {"a table page in the guest's reach", own_table_page, AUDIT_LEAF_FORBIDDEN, OWNER_STORE},
    {"a posted descriptor in the guest's reach", posted_page, AUDIT_LEAF_FORBIDDEN, OWNER_STORE},
    {"a page of firmware", firmware_page, AUDIT_LEAF_FORBIDDEN, OWNER_STORE},
    {"a unit's registers", unit_registers, AUDIT_LEAF_FORBIDDEN, OWNER_WEB},
    {"the interrupt window", interrupt_window, AUDIT_LEAF_FORBIDDEN, OWNER_WEB},
    {"memory that nobody named", unnamed_memory, AUDIT_LEAF_STRANGER, OWNER_STORE},
    {"firmware's reserved region", reserved_page_of_firmware, AUDIT_LEAF_OTHER, OWNER_WEB},
    {"the page after a BAR", page_after_bar, AUDIT_LEAF_STRANGER, OWNER_WEB},
    {"execute on a BAR", executable_bar, AUDIT_LEAF_RIGHTS, OWNER_WEB},
    {"write on read-only", read_only_written, AUDIT_LEAF_RIGHTS, OWNER_WEB},
    {"devices where vCPUs alone may", no_device_range, AUDIT_LEAF_RIGHTS, OWNER_STORE},
    {"registers write-back", cached_registers, AUDIT_LEAF_TYPE, OWNER_WEB},
    {"RAM uncached", uncached_ram, AUDIT_LEAF_TYPE, OWNER_STORE},
    {"a memory type that does not exist", reserved_type, AUDIT_ENTRY_RESERVED, OWNER_STORE},
    {"a leaf of 1 GiB", larger_than_block, AUDIT_LEAF_SIZE, OWNER_WEB},
    {"a leaf larger than the CPU may use", large_leaf_not_allowed, AUDIT_LEAF_SIZE, OWNER_STORE},
    {"a large leaf beyond the block's end", large_leaf_over_end, AUDIT_LEAF_OTHER, OWNER_WEB},
    {"a large leaf in between", misaligned_large_leaf, AUDIT_ENTRY_RESERVED, OWNER_WEB},
    {"reserved bits in a table entry", table_reserved_bits, AUDIT_ENTRY_RESERVED, OWNER_STORE},
    {"an address that is too wide", address_too_wide, AUDIT_ENTRY_RESERVED, OWNER_STORE},
    {"write without read", write_without_read, AUDIT_ENTRY_RESERVED, OWNER_STORE},
    {"SNP without snoop control", snoop_without_control, AUDIT_ENTRY_RESERVED, OWNER_WEB},
    {"large leaves that the unit cannot walk", no_large_leaves_in_unit, AUDIT_ENTRY_RESERVED, OWNER_WEB},
    {"a cycle", cycle, AUDIT_TABLE_TWICE, OWNER_STORE},
    {"a table that holds itself", self, AUDIT_TABLE_TWICE, OWNER_WEB},
    {"a table with two parents", two_parents, AUDIT_TABLE_TWICE, OWNER_STORE},
    {"another guest's table", table_of_another, AUDIT_TABLE_SHARED, OWNER_STORE},
    {"a table in guest memory", table_in_guest, AUDIT_TABLE_PLACE, OWNER_WEB},
    {"a table in no memory", table_nowhere, AUDIT_TABLE_PLACE, OWNER_WEB},
    {"a root in guest memory", root_in_guest, AUDIT_TABLE_PLACE, OWNER_WEB},
    {"another guest's root", root_of_another, AUDIT_TABLE_SHARED, OWNER_STORE},
    {"the unit's root table as nested table", root_is_units, AUDIT_TABLE_SHARED, OWNER_WEB},
    {"a reserved region elsewhere", firmware_not_identity, AUDIT_LEAF_IDENTITY, OWNER_FIRMWARE},
    {"device addresses in the window", window_mapped, AUDIT_LEAF_WINDOW, OWNER_STORE},
    {"a context entry to another guest", swapped_context, AUDIT_TREE_SHARED, OWNER_STORE},
    {"a context entry of nobody", context_of_nobody, AUDIT_CONTEXT_STRANGER, AUDIT_NOBODY},
    {"an alias without entry", alias_missing, AUDIT_CONTEXT_MISSING, OWNER_WEB},
    {"a bus without entry", root_entry_missing, AUDIT_CONTEXT_MISSING, OWNER_WEB},
    {"pass-through", pass_through, AUDIT_CONTEXT_TYPE, OWNER_WEB},
    {"device TLBs", device_tlb, AUDIT_CONTEXT_TYPE, OWNER_WEB},
    {"five levels", wrong_width, AUDIT_CONTEXT_WIDTH, OWNER_WEB},
    {"one table walked in two widths", other_width, AUDIT_TREE_SHARED, OWNER_WEB},
    {"reserved bits in a context entry", context_reserved, AUDIT_CONTEXT_RESERVED, OWNER_WEB},
    {"one domain id for two guests", same_domain_id, AUDIT_DOMAIN_ID, OWNER_STORE},
    {"domain id 0", domain_id_zero, AUDIT_DOMAIN_ID, OWNER_STORE},
    {"a domain id that the unit has not", domain_id_too_high, AUDIT_DOMAIN_ID, OWNER_STORE},
    {"reserved bits in a root entry", root_reserved, AUDIT_ROOT_RESERVED, AUDIT_HOST},
    {"a context table in guest memory", context_table_in_guest, AUDIT_TABLE_PLACE, AUDIT_HOST},
    {"one context table for two buses", context_table_twice, AUDIT_TABLE_TWICE, AUDIT_HOST},
    {"translation off", translation_off, AUDIT_TRANSLATION_OFF, AUDIT_HOST},
    {"root pointer never set", root_unset, AUDIT_ROOT_UNSET, AUDIT_HOST},
    {"queue off", queue_off, AUDIT_QUEUE_OFF, AUDIT_HOST},
    {"interrupt remapping off", remapping_off, AUDIT_REMAPPING_OFF, AUDIT_HOST},
    {"compatibility format let through", compatibility, AUDIT_COMPATIBILITY, AUDIT_HOST},
    {"scalable mode", scalable, AUDIT_ROOT_MODE, AUDIT_HOST},
    {"extended mode", extended, AUDIT_ROOT_MODE, AUDIT_HOST},
    {"reserved bits of the root register", root_table_reserved, AUDIT_REGISTER_RESERVED, AUDIT_HOST},
    {"reserved bits of the interrupt register", interrupt_table_reserved, AUDIT_REGISTER_RESERVED, AUDIT_HOST},
    {"the queue in guest memory", queue_in_guest, AUDIT_TABLE_PLACE, AUDIT_HOST},
    {"the root table in guest memory", root_table_in_guest, AUDIT_TABLE_PLACE, AUDIT_HOST},
    {"the interrupt table in guest memory", interrupt_table_in_guest, AUDIT_TABLE_PLACE, AUDIT_HOST},
    {"an interrupt table with its end in guest memory", interrupt_table_too_large, AUDIT_TABLE_PLACE, AUDIT_HOST},
    {"a stale interrupt entry", stale_irte, AUDIT_IRTE_SOURCE, AUDIT_NOBODY},
    {"an interrupt entry without validation", no_validation, AUDIT_IRTE_UNVALIDATED, AUDIT_NOBODY},
    {"an interrupt entry with SVT 3", reserved_validation, AUDIT_IRTE_UNVALIDATED, AUDIT_NOBODY},
    {"an interrupt entry for all functions of a device", loose_validation, AUDIT_IRTE_SOURCE, AUDIT_NOBODY},
    {"an interrupt entry for all buses", all_buses, AUDIT_IRTE_SOURCE, AUDIT_NOBODY},
    {"an interrupt to another guest's CPU", wrong_cpu, AUDIT_IRTE_CPU, OWNER_WEB},
    {"an interrupt to no CPU", no_such_cpu, AUDIT_IRTE_CPU, OWNER_WEB},
    {"an interrupt with a vector of the hypervisor", hypervisors_vector, AUDIT_IRTE_VECTOR, OWNER_WEB},
    {"an NMI", nmi, AUDIT_IRTE_DELIVERY, OWNER_WEB},
    {"a logical destination", logical, AUDIT_IRTE_DELIVERY, OWNER_WEB},
    {"reserved bits in an interrupt entry", irte_reserved, AUDIT_IRTE_RESERVED, OWNER_WEB},
    {"a destination that is too wide", irte_wide_id, AUDIT_IRTE_RESERVED, OWNER_WEB},
    {"another guest's posted descriptor", posted_of_another, AUDIT_IRTE_POSTED, OWNER_WEB},
    {"a posted descriptor in guest memory", posted_in_guest, AUDIT_IRTE_POSTED, OWNER_STORE},
    {"reserved bits in a posted entry", posted_reserved, AUDIT_IRTE_RESERVED, OWNER_STORE},
    {"a posted exception", posted_vector, AUDIT_IRTE_VECTOR, OWNER_STORE},
    {"a notification to another guest's CPU", notifies_another, AUDIT_IRTE_NOTIFY, OWNER_STORE},
    {"one vector of two guests", same_vector, AUDIT_IRTE_VECTOR, OWNER_STORE},
    {"owners that overlap", overlapping_owners, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"an owner of hypervisor memory", range_in_hypervisor, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"an owner of firmware", range_in_firmware, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"a source id with two owners", source_twice, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"a sender with two owners", sender_twice, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"a range of buses with another's source id", bus_of_another, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"a range that ends within a page", unaligned_range, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"a source id of an unknown owner", unknown_owner, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"CPUs that are not there", impossible_cpus, AUDIT_BAD_FACTS, AUDIT_NOBODY},
    {"nine levels", impossible_levels, AUDIT_BAD_FACTS, AUDIT_NOBODY},
};

static bool is_told(const struct audit_result *r, const struct mutation *m)
{
    for (size_t i = 0; i < r->found && i < AUDIT_FINDINGS_MAX; i++) {
        if (r->findings[i].code == m->code && r->findings[i].owner == m->owner) {
            return true;
        }
    }
    return false;
}

static void test_every_mutation_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
        const struct mutation *m = &mutations[i];
        audit_rig_make(&rig);
        m->apply();
        bool sound = audit_rig_run(&rig, AUDIT_ALL, NULL);
        if (sound || !is_told(&rig.result, m)) {
            audit_print(&rig.facts, AUDIT_ALL, &rig.result, 0, &to_stdout);
            fail_msg("%s: wanted %s of owner %u", m->name, audit_code_text(m->code), m->owner);
        }
        audit_rig_free(&rig);
    }
}

/* What changes nothing must not be found: bits that hardware ignores, entries that are not present. */
static void test_what_hardware_ignores_is_not_found(void **state)
{
    (void)state;
    audit_rig_make(&rig);
    *audit_rig_word(PAGE_STORE1, 0) |= UINT64_C(1) << 63 | UINT64_C(1) << 56 | 0x700; /* ignored, accessed, dirty */
    *audit_rig_word(PAGE_WEB_DEVICE1, 0) |= UINT64_C(1) << 55 | 0x700;
    *audit_rig_word(PAGE_WEB4, 9) = ~UINT64_C(0) << 3; /* EPT: without rights nothing else counts */
    *audit_rig_word(PAGE_WEB_DEVICE2, 9) = ~UINT64_C(3);
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_NOBODY) = ~UINT64_C(1);
    *audit_rig_word(PAGE_CONTEXT0, 2 * SOURCE_NOBODY + 1) = ~UINT64_C(0);
    *audit_rig_word(PAGE_ROOT, 100) = ~UINT64_C(1);
    audit_rig_irte(IRTE_FREE, ~UINT64_C(1), ~UINT64_C(0));
    assert_true(audit_rig_run(&rig, AUDIT_ALL, NULL));
    audit_rig_free(&rig);
}

/* An owner's audit sees what is its own, and only that. */
static void test_one_owner(void **state)
{
    (void)state;
    audit_rig_make(&rig);
    hypervisor_page();
    stale_irte();
    assert_true(audit_rig_run(&rig, OWNER_WEB, NULL));
    assert_int_equal(rig.result.contexts, 2);
    assert_int_equal(rig.result.entries, 1);
    assert_int_equal(rig.result.nested, 1026);
    assert_false(audit_rig_run(&rig, OWNER_STORE, NULL));
    assert_int_equal(rig.result.codes[AUDIT_LEAF_FORBIDDEN], 2); /* by vCPUs and by devices */
    assert_int_equal(rig.result.found, 2);
    assert_false(audit_rig_run(&rig, 9, NULL));
    audit_rig_free(&rig);
}

static void test_a_finding_says_where(void **state)
{
    (void)state;
    audit_rig_make(&rig);
    device_page_of_another();
    assert_false(audit_rig_run(&rig, AUDIT_ALL, NULL));
    assert_int_equal(rig.result.found, 1);
    const struct audit_finding *f = &rig.result.findings[0];
    assert_int_equal(f->address, 0x7000);
    assert_int_equal(f->value, ARIG_STORE + 0x7000);
    assert_int_equal(f->other, OWNER_STORE);
    assert_int_equal(f->source, SOURCE_WEB);
    assert_int_equal(f->unit, 0);
    assert_int_equal(f->level, 1);
    audit_rig_free(&rig);
}

/* More findings than there is room for are counted; a run of wrong pages is one finding. */
static void test_findings_are_bounded(void **state)
{
    (void)state;
    audit_rig_make(&rig);
    for (unsigned i = 0; i < 512; i += 2) {
        *audit_rig_word(PAGE_STORE1, i) = (ARIG_FIRMWARE + ((uint64_t)i / 2) * PAGE_SIZE) | 0x37;
    }
    assert_false(audit_rig_run(&rig, AUDIT_ALL, NULL));
    assert_int_equal(rig.result.found, 512);
    audit_rig_make(&rig);
    for (unsigned i = 0; i < 256; i++) {
        *audit_rig_word(PAGE_STORE1, i) = (ARIG_FIRMWARE + (uint64_t)i * PAGE_SIZE) | 0x37;
    }
    assert_false(audit_rig_run(&rig, AUDIT_ALL, NULL));
    assert_int_equal(rig.result.found, 2);
    audit_rig_free(&rig);
}

static char lines[64][256];
static size_t line_count;

static void keep_line(void *context, const char *text)
{
    (void)context;
    assert_true(line_count < 64);
    snprintf(lines[line_count++], sizeof(lines[0]), "%s", text);
}

static bool has_line(const char *text)
{
    for (size_t i = 0; i < line_count; i++) {
        if (strcmp(lines[i], text) == 0) {
            return true;
        }
    }
    printf("no line: %s\n", text);
    return false;
}

static void test_export(void **state)
{
    (void)state;
    const struct audit_writer writer = {keep_line, NULL};
    line_count = 0;
    audit_rig_make(&rig);
    assert_true(audit_rig_run(&rig, AUDIT_ALL, &writer));
    assert_true(has_line("audit: owner=web format=ept levels=4 table=0x1000000 cpus=0x2"));
    assert_true(has_line("audit: source=0000:01:00.0 unit=0xfed90000 guest=web domain=1 levels=3 table=0x1005000"));
    assert_true(has_line("audit: reach guest=web by=cpu address=0x0 memory=0x1400000 bytes=0x400000 rights=rwx type=wb "
                         "kind=ram"));
    assert_true(has_line("audit: reach guest=web by=device address=0x0 memory=0x1400000 bytes=0x400000 rights=rw "
                         "type=- kind=ram"));
    assert_true(has_line("audit: interrupt=1 unit=0xfed90000 source=0000:00:02.0 svt=1 sq=0 guest=web cpu=0x1 "
                         "vector=0x51"));
    assert_true(has_line("audit: interrupt=2 unit=0xfed90000 source=0000:00:03.0 svt=1 sq=0 guest=store "
                         "posted=0x1015000 vector=0x41"));
    audit_print(&rig.facts, AUDIT_ALL, &rig.result, 42, &writer);
    assert_true(has_line("audit: verdict=pass scope=all guests=2 units=1 sources=4 tables=25 nested-pages=1538 "
                         "device-pages=1538 leaves=1543 entries=4 findings=0 ns=42"));
    audit_rig_free(&rig);
}

static void test_too_little_memory_is_refused(void **state)
{
    (void)state;
    static uint64_t scratch[16];
    audit_rig_make(&rig);
    assert_false(audit_run(&rig.facts, AUDIT_ALL, scratch, sizeof(scratch), NULL, &rig.result));
    assert_int_equal(rig.result.codes[AUDIT_BAD_FACTS], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_machine_passes),
        cmocka_unit_test(test_a_unit_that_remaps_nothing),
        cmocka_unit_test(test_a_device_that_may_keep_translations),
        cmocka_unit_test(test_every_mutation_is_found),
        cmocka_unit_test(test_what_hardware_ignores_is_not_found),
        cmocka_unit_test(test_one_owner),
        cmocka_unit_test(test_a_finding_says_where),
        cmocka_unit_test(test_findings_are_bounded),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_too_little_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
