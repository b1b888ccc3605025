/* SPDX-License-Identifier: GPL-2.0-only
 * What holds for every machine and every configuration: hundreds of random ones. Groups are compared with a slow
 * second opinion that knows nothing of the first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_acs.h"
#include "guest/plan_limits.h"
#include "kernel/lib/bits.h"
#include "tests/fake/random_machine.h"

#define MACHINES 150
#define GUESTS 6
#define TEXT_BYTES ((size_t)64 * KIB)
#define PLAN_BYTES ((size_t)32 * MIB)
#define DIAGS 512

static struct random_shape shape_of(unsigned seed)
{
    return (struct random_shape){.seed = seed,
                                 .functions = 20 + seed % 100,
                                 .segments = 1 + seed % 3,
                                 .units = seed % 6,
                                 .reserved = seed % 4,
                                 .tidy = seed % 3 == 0,
                                 .cpu_count = 16};
}

/* --- groups: the second opinion joins, one pair at a time, whatever may reach each other */

static uint32_t root_of(uint32_t *joined, uint32_t i)
{
    while (joined[i] != i) {
        i = joined[i];
    }
    return i;
}

static void join(uint32_t *joined, uint32_t a, uint32_t b)
{
    joined[root_of(joined, a)] = root_of(joined, b);
}

static bool isolates(const struct pci_function *f)
{
    uint16_t wanted = (uint16_t)(PCI_ACS_ISOLATION & f->acs_cap);
    bool acs = f->cap.acs != 0 && (f->acs_control & wanted) == wanted;
    switch (f->express) {
    case PCI_EXPRESS_NONE:
    case PCI_EXPRESS_TO_PCI:
    case PCI_EXPRESS_FROM_PCI:
    case PCI_EXPRESS_RC_COLLECTOR:
        return false;
    case PCI_EXPRESS_ROOT_PORT:
    case PCI_EXPRESS_DOWNSTREAM:
        return acs;
    default:
        return !f->multifunction || acs;
    }
}

static bool same_device(const struct pci_function *a, const struct pci_function *b)
{
    return (a->at.v | 7) == (b->at.v | 7);
}

static bool is_bus_shared(const struct pci_function *bridge)
{
    return bridge->express == PCI_EXPRESS_NONE || bridge->express == PCI_EXPRESS_TO_PCI ||
           bridge->express == PCI_EXPRESS_FROM_PCI;
}

/* What one port of a switch lets pass comes out at the others, also at those that isolate. */
static bool port_is_open(const struct pci_facts *facts, const struct pci_function *f)
{
    bool open = !isolates(f);
    for (uint32_t k = 0; f->express == PCI_EXPRESS_DOWNSTREAM && k < facts->count; k++) {
        const struct pci_function *other = &facts->functions[k];
        open = open || (other->express == PCI_EXPRESS_DOWNSTREAM && other->parent == f->parent && !isolates(other));
    }
    return open;
}

static void join_upwards(const struct pci_facts *facts, uint32_t *joined, uint32_t i)
{
    for (uint32_t up = facts->functions[i].parent; up != PCI_NO_INDEX; up = facts->functions[up].parent) {
        const struct pci_function *bridge = &facts->functions[up];
        if (port_is_open(facts, bridge) || is_bus_shared(bridge)) {
            join(joined, i, up);
        }
    }
}

static void second_opinion(const struct pci_facts *facts, uint32_t *joined)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        joined[i] = i;
    }
    for (uint32_t i = 0; i < facts->count; i++) {
        join_upwards(facts, joined, i);
        for (uint32_t k = 0; k < i; k++) {
            const struct pci_function *a = &facts->functions[i], *b = &facts->functions[k];
            bool device = same_device(a, b) && a->multifunction && !isolates(a) && !isolates(b);
            bool ports = a->express == PCI_EXPRESS_DOWNSTREAM && b->express == PCI_EXPRESS_DOWNSTREAM;
            if (device || (ports && a->parent == b->parent && port_is_open(facts, a))) {
                join(joined, i, k);
            }
        }
    }
}

static void test_groups_are_what_may_reach_each_other(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= MACHINES; seed++) {
        struct random_shape shape = shape_of(seed);
        struct random_machine *m = random_machine_make(&shape);
        const struct pci_facts *facts = &m->machine.pci;
        uint32_t *joined = calloc(facts->count + 1, sizeof(*joined));
        second_opinion(facts, joined);
        for (uint32_t i = 0; i < facts->count; i++) {
            for (uint32_t k = 0; k < i; k++) {
                bool together = m->machine.groups.of[i].group == m->machine.groups.of[k].group;
                bool expected = root_of(joined, i) == root_of(joined, k);
                if (together != expected) {
                    char a[SBDF_TEXT_SIZE], b[SBDF_TEXT_SIZE];
                    fail_msg("seed %u: %s and %s are %s, expected otherwise", seed,
                             sbdf_text(facts->functions[i].at, a), sbdf_text(facts->functions[k].at, b),
                             together ? "together" : "apart");
                }
            }
        }
        free(joined);
        random_machine_free(m);
    }
}

static void test_members_are_listed_once_and_in_order(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= MACHINES; seed++) {
        struct random_shape shape = shape_of(seed);
        struct random_machine *m = random_machine_make(&shape);
        const struct groups *g = &m->machine.groups;
        assert_int_equal(g->first[g->count], m->machine.pci.count);
        for (size_t i = 0; i < g->count; i++) {
            assert_true(g->first[i] < g->first[i + 1]);
            for (uint32_t k = g->first[i]; k < g->first[i + 1]; k++) {
                assert_int_equal(g->of[g->members[k]].group, i);
                assert_true(k == g->first[i] || g->members[k - 1] < g->members[k]);
            }
        }
        random_machine_free(m);
    }
}

/* --- plans */

struct made {
    struct random_machine *m;
    struct config *config;
    struct plan plan;
    enum status status;
    struct diag items[DIAGS];
    struct diag_list diags;
    void *space;
};

static struct made *make(const struct random_shape *shape, uint64_t seed)
{
    struct made *r = calloc(1, sizeof(*r));
    char *text = malloc(TEXT_BYTES);
    r->m = random_machine_make(shape);
    r->m->facts.limits = guest_plan_limits();
    r->config = malloc(sizeof(*r->config));
    r->space = malloc(PLAN_BYTES);
    struct arena arena = arena_make(r->space, PLAN_BYTES);
    r->diags = diag_list_make(r->items, DIAGS);
    size_t length = random_config(r->m, seed, GUESTS, seed % 2 == 0 ? 100 : 60, text, TEXT_BYTES);
    if (config_parse(text, length, "random.toml", r->config, &r->diags) != STATUS_OK) {
        fail_msg("%s: %s\n%s", r->items[0].where, r->items[0].what, text);
    }
    r->status = plan_make(&r->m->facts, r->config, "random.toml", &arena, &r->plan, &r->diags);
    free(text);
    return r;
}

static void drop(struct made *r)
{
    random_machine_free(r->m);
    free(r->config);
    free(r->space);
    free(r);
}

static void check_groups_whole(const struct made *r)
{
    const struct groups *g = &r->m->machine.groups;
    const struct pci_facts *facts = &r->m->machine.pci;
    for (size_t i = 0; i < g->count; i++) {
        uint32_t owner = PLAN_NO_GUEST;
        bool first = true;
        for (uint32_t k = g->first[i]; k < g->first[i + 1]; k++) {
            const struct pci_function *f = &facts->functions[g->members[k]];
            uint32_t of = r->plan.owner[g->members[k]];
            if (f->bridge || f->class_code >> 16 == 6) {
                assert_int_equal(of, PLAN_NO_GUEST);
            } else {
                assert_true(first || of == owner);
                owner = of;
                first = false;
            }
        }
    }
}

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static bool within_free(const struct plan_facts *facts, const struct plan_block *block)
{
    for (size_t i = 0; i < facts->free_count; i++) {
        const struct plan_block *free = &facts->free[i];
        if (block->start >= free->start && block->start + block->size <= free->start + free->size) {
            return true;
        }
    }
    return false;
}

static void check_memory(const struct made *r)
{
    struct plan_block seen[1024];
    size_t count = 0;
    for (size_t g = 0; g < r->plan.guest_count; g++) {
        const struct plan_guest *guest = &r->plan.guests[g];
        uint64_t total = 0;
        for (size_t i = 0; i < guest->block_count; i++) {
            const struct plan_block *block = &guest->memory[i];
            assert_true(within_free(&r->m->facts, block));
            assert_true(block->size != 0 && is_aligned(block->start | block->size, PAGE_SIZE));
            for (size_t k = 0; k < count; k++) {
                assert_false(overlaps(block->start, block->size, seen[k].start, seen[k].size));
            }
            assert_true(count < 1024);
            seen[count++] = *block;
            total += block->size;
        }
        assert_int_equal(total, r->config->guests[g].memory.number);
    }
}

/* Pages of host BARs: no page of one guest's holds registers of another's, or of nobody's. */
static void check_bar_pages(const struct made *r)
{
    const struct pci_facts *facts = &r->m->machine.pci;
    for (size_t i = 0; i < r->plan.device_count; i++) {
        const struct pci_function *f = &facts->functions[r->plan.devices[i].function];
        const struct pci_bar *bar = &f->bars[0];
        assert_true(bar->kind == PCI_BAR_NONE || bar->assigned);
        for (uint32_t k = 0; k < facts->count; k++) {
            const struct pci_bar *other = &facts->functions[k].bars[0];
            if (other->kind != PCI_BAR_NONE && other->assigned && r->plan.owner[k] != r->plan.devices[i].guest) {
                uint64_t start = align_down(bar->address, PAGE_SIZE);
                assert_false(overlaps(start, align_up(bar->size, PAGE_SIZE), other->address, other->size));
            }
        }
    }
}

static void check_reserved(const struct made *r)
{
    for (size_t g = 0; g < r->plan.guest_count; g++) {
        const struct plan_guest *guest = &r->plan.guests[g];
        for (size_t i = 0; i < guest->reserved_count; i++) {
            const struct dmar_rmrr *rmrr = &r->m->machine.dmar.rmrrs[guest->reserved[i].rmrr];
            uint64_t low = r->config->guests[g].memory.number;
            assert_true(guest->reserved[i].guest == g);
            assert_true(rmrr->start >= (low < GUEST_HOLE_START ? low : GUEST_HOLE_START));
            assert_string_equal(r->config->guests[g].rmrr.text, "map");
            for (size_t other = 0; other < r->plan.guest_count; other++) {
                for (size_t k = 0; other != g && k < r->plan.guests[other].reserved_count; k++) {
                    assert_int_not_equal(r->plan.guests[other].reserved[k].rmrr, guest->reserved[i].rmrr);
                }
            }
        }
    }
}

static void check_devices(const struct made *r)
{
    for (size_t i = 0; i < r->plan.device_count; i++) {
        const struct plan_device *d = &r->plan.devices[i];
        size_t unit = 0;
        struct sbdf at = r->m->machine.pci.functions[d->function].at;
        assert_int_equal(r->plan.owner[d->function], d->guest);
        assert_int_equal(machine_unit_of(&r->m->machine, at, &unit), STATUS_OK);
        assert_int_equal(d->unit, unit);
        assert_true(d->source_count >= 1 && sbdf_equal(d->sources[0], at));
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(r->plan.devices[k].function, d->function);
        }
    }
}

static void test_a_plan_gives_nothing_twice(void **state)
{
    (void)state;
    unsigned accepted = 0, devices = 0, reserved = 0;
    for (unsigned seed = 1; seed <= 4 * MACHINES; seed++) {
        struct random_shape shape = shape_of(seed);
        struct made *r = make(&shape, seed);
        assert_int_equal(r->status == STATUS_OK, r->diags.errors == 0);
        if (r->status == STATUS_OK) {
            check_groups_whole(r);
            check_memory(r);
            check_bar_pages(r);
            check_reserved(r);
            check_devices(r);
            accepted++;
            devices += r->plan.device_count != 0;
            for (size_t g = 0; g < r->plan.guest_count; g++) {
                reserved += r->plan.guests[g].reserved_count != 0;
            }
        }
        drop(r);
    }
    /* The properties say something only where enough plans are made. */
    assert_true(accepted > MACHINES / 2 && devices > MACHINES / 4 && reserved > 0);
}

static void test_the_order_of_tables_decides_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= MACHINES; seed++) {
        struct random_shape shape = shape_of(seed);
        struct made *first = make(&shape, seed);
        for (uint64_t order = 1; order <= 3; order++) {
            shape.order = order;
            struct made *other = make(&shape, seed);
            assert_int_equal(first->status, other->status);
            assert_int_equal(first->diags.count, other->diags.count);
            for (size_t i = 0; i < first->diags.count; i++) {
                assert_string_equal(first->items[i].where, other->items[i].where);
                assert_string_equal(first->items[i].what, other->items[i].what);
                assert_string_equal(first->items[i].fix, other->items[i].fix);
            }
            if (first->status == STATUS_OK) {
                assert_memory_equal(first->plan.owner, other->plan.owner,
                                    first->m->machine.pci.count * sizeof(*first->plan.owner));
            }
            drop(other);
        }
        drop(first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_are_what_may_reach_each_other),
        cmocka_unit_test(test_members_are_listed_once_and_in_order),
        cmocka_unit_test(test_a_plan_gives_nothing_twice),
        cmocka_unit_test(test_the_order_of_tables_decides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
