/* SPDX-License-Identifier: GPL-2.0-only
 * The device half of the plan at full size, and over random machines: one owner a group, the same answer whatever the
 * order of units and words, in time near-linear in functions. */
#include "plan/plan_devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "kernel/lib/bits.h"
#include "plan/plan_survey.h"
#include "plan/plan_units.h"
#include "tests/fake/plan_rig.h"

#define UNITS 64
#define PER_UNIT 64 /* functions: one root port for each device */
#define FUNCTIONS (UNITS * PER_UNIT)
#define ARENA_BYTES (16 * MIB)
#define LIMIT_MS 500 /* under sanitizers on a busy host; `make bench` has the real figure */

static struct pci_function functions[FUNCTIONS];
static struct dmar_unit units[UNITS], shuffled[UNITS];
static struct dmar_scope scopes[FUNCTIONS / 2];
static struct dmar_hop hops[FUNCTIONS / 2];
static struct config config;
static uint8_t memory[ARENA_BYTES] __attribute__((aligned(16)));
static struct diag items[PLAN_RIG_DIAGS];
static struct machine machine;
static struct plan_facts facts;
static char text[512 * KIB];

/* Segment n: unit n, with 32 ports, each a device behind it. */
static void make_machine(void)
{
    size_t count = 0;
    plan_rig_start(NULL);
    for (unsigned s = 0; s < UNITS; s++) {
        units[s] = (struct dmar_unit){.base = {0xf0000000 + s * PAGE_SIZE},
                                      .window = PAGE_SIZE,
                                      .segment = (uint16_t)s,
                                      .same_as = s,
                                      .scopes = {&scopes[s * PER_UNIT / 2], PER_UNIT / 2}};
        for (unsigned i = 0; i < PER_UNIT; i++) {
            bool port = i < PER_UNIT / 2;
            unsigned n = i % (PER_UNIT / 2);
            functions[count] = (struct pci_function){
                .at = port ? sbdf_make(s, 0, n, 0) : sbdf_make(s, n + 1, 0, 0),
                .vendor = 0x8086,
                .class_code = port ? 0x060400 : 0x020000,
                .header = port,
                .bridge = port,
                .secondary = (uint8_t)(port ? n + 1 : 0),
                .subordinate = (uint8_t)(port ? n + 1 : 0),
                .parent = port ? PCI_NO_INDEX : (uint32_t)(s * PER_UNIT + n),
                .express = port ? PCI_EXPRESS_ROOT_PORT : PCI_EXPRESS_ENDPOINT,
                .cap = {.express = 0x40, .acs = port ? 0x100 : 0, .msi = 0x60},
                .acs_cap = port ? 0x1d : 0,
                .acs_control = port ? 0x1d : 0,
                .has_flr = true,
                .bars[0] = {.kind = port ? PCI_BAR_NONE : PCI_BAR_MEM64,
                            .assigned = true,
                            .address = BIT64(40) + count * MIB,
                            .size = 0x4000},
            };
            count++;
            if (port) {
                hops[s * PER_UNIT / 2 + n] = (struct dmar_hop){(uint8_t)n, 0};
                scopes[s * PER_UNIT / 2 + n] =
                    (struct dmar_scope){.type = DMAR_SCOPE_BRIDGE, .hops = &hops[s * PER_UNIT / 2 + n], .hop_count = 1};
            }
        }
    }
    machine = plan_rig.machine;
    machine.pci = (struct pci_facts){.functions = functions, .count = count};
    machine.dmar = (struct dmar){.units = units, .unit_count = UNITS};
    facts = plan_rig.facts;
    facts.machine = &machine;
    facts.gsis = facts.hints = NULL;
}

/* Guest g gets the devices of segment g, from the last to the first where backwards. */
static void make_text(bool backwards)
{
    size_t used = (size_t)snprintf(text, sizeof(text), "version = 1\n");
    for (unsigned g = 0; g < UNITS; g++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "[guest.g%u]\ncpus = [%u]\nkernel = \"k\"\nmemory = \"64MiB\"\ndevices = [", g, g);
        for (unsigned i = 0; i < PER_UNIT / 2; i++) {
            unsigned n = backwards ? PER_UNIT / 2 - i : i + 1;
            used += (size_t)snprintf(text + used, sizeof(text) - used, "\"%04x:%02x:00.0\", ", g, n);
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "]\n");
    }
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static enum status plan(struct plan *out, double *spent)
{
    struct arena arena = arena_make(memory, sizeof(memory));
    struct diag_list diags = diag_list_make(items, PLAN_RIG_DIAGS);
    assert_int_equal(config_parse(text, strlen(text), "g.toml", &config, &diags), STATUS_OK);
    double start = milliseconds();
    assert_int_equal(groups_make(&machine.pci, &arena, &machine.groups), STATUS_OK);
    enum status status = plan_devices(&facts, &config, "g.toml", &arena, out, &diags);
    *spent = milliseconds() - start;
    return status;
}

static void all_of_it(void **state)
{
    (void)state;
    struct plan p;
    double spent = 0;
    make_machine();
    make_text(false);
    assert_int_equal(plan(&p, &spent), STATUS_OK);
    print_message("groups and devices of %d functions: %.1f ms\n", FUNCTIONS, spent);
    assert_true(spent < LIMIT_MS);
    assert_int_equal(p.device_count, FUNCTIONS / 2);
    for (size_t i = 0; i < p.device_count; i++) {
        assert_int_equal(p.devices[i].unit, p.devices[i].guest);
        assert_int_equal(p.owner[p.devices[i].function], p.devices[i].guest);
    }
}

static void backwards(void **state)
{
    (void)state;
    static uint32_t owner[FUNCTIONS];
    static uint64_t bars[FUNCTIONS];
    struct plan p;
    double spent = 0;
    make_machine();
    make_text(false);
    assert_int_equal(plan(&p, &spent), STATUS_OK);
    memcpy(owner, p.owner, sizeof(owner));
    for (size_t i = 0; i < p.device_count; i++) {
        bars[p.devices[i].function] = p.devices[i].bars[0];
    }
    make_text(true);
    for (size_t i = 0; i < UNITS; i++) {
        shuffled[i] = units[UNITS - 1 - i];
        shuffled[i].same_as = i;
    }
    machine.dmar.units = shuffled;
    assert_int_equal(plan(&p, &spent), STATUS_OK);
    assert_memory_equal(owner, p.owner, sizeof(owner));
    for (size_t i = 0; i < p.device_count; i++) {
        assert_int_equal(bars[p.devices[i].function], p.devices[i].bars[0]);
        assert_int_equal(shuffled[p.devices[i].unit].segment, sbdf_segment(functions[p.devices[i].function].at));
    }
}

/* Of every seven functions two VFs and a VMD child of the first. */
static void give_some_speakers(void)
{
    for (uint32_t i = 0; i < FUNCTIONS; i++) {
        struct pci_function *f = &functions[i];
        f->is_vf = i % 7 == 1 || i % 7 == 2;
        f->is_vmd_child = i % 7 == 3;
        f->pf = f->vmd = i - i % 7;
    }
}

/* Random scopes: the painted units are those that machine_unit_of() finds one by one, or none where two claim one. */
static void units_as_one_by_one(void **state)
{
    (void)state;
    make_machine();
    give_some_speakers();
    srand(7);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned s = 0; s < UNITS; s++) {
            units[s].scopes.count = (size_t)rand() % (PER_UNIT / 2 + 1);
            units[s].include_all = rand() % 2 == 0;
            scopes[s * PER_UNIT / 2].type = rand() % 2 == 0 ? DMAR_SCOPE_ENDPOINT : DMAR_SCOPE_BRIDGE;
        }
        struct arena arena = arena_make(memory, sizeof(memory));
        const uint32_t *unit_of = NULL;
        assert_int_equal(plan_units_make(&machine, &arena, &unit_of), STATUS_OK);
        for (uint32_t i = 0; i < FUNCTIONS; i += 3) {
            size_t unit = 0;
            enum status status = machine_unit_of(&machine, functions[i].at, &unit);
            assert_int_equal(unit_of[i], status == STATUS_OK ? unit : PLAN_NO_UNIT);
        }
    }
}

static uint32_t number(uint32_t below)
{
    return (uint32_t)rand() % below;
}

/* A few ports with and without ACS, devices with one or two functions behind each. */
static void make_random_machine(void)
{
    char at[SBDF_TEXT_SIZE];
    plan_rig_start(NULL);
    unsigned ports = 1 + number(5);
    bool twins[6];
    for (unsigned i = 0; i < ports; i++) {
        plan_rig_port(sbdf_text(sbdf_make(0, 0, 3 + i, 0), at), (uint8_t)(i + 1), number(2) == 0);
    }
    for (unsigned i = 0; i < ports; i++) {
        twins[i] = number(2) == 0;
        for (unsigned k = 0; k <= twins[i]; k++) {
            struct pci_function *f = plan_rig_device(sbdf_text(sbdf_make(0, i + 1, 0, k), at));
            f->multifunction = twins[i];
            f->has_flr = number(2) == 0;
            f->blocked = number(8) == 0 ? PCI_BLOCKED_BARS : 0;
            plan_rig_bar(f, 0, 0xe0000000 + number(4) * 0x400, 0x400);
            plan_rig_bar(f, 1, 0xe1000000 + (i * 2 + k) * 0x100000, BIT64(12 + number(6)));
        }
    }
    if (number(3) == 0) {
        plan_rig_reserve(0x7e000000, 0x1000, "0000:01:00.0", NULL);
        plan_rig.scopes[0].bus = 1;
    }
}

/* What the survey says of all functions at once is what is found about each by itself. */
static void survey_as_one_by_one(void **state)
{
    (void)state;
    unsigned alone = 0, reserved = 0;
    srand(11);
    for (unsigned round = 0; round < 300; round++) {
        make_random_machine();
        struct arena arena = arena_make(memory, sizeof(memory));
        struct machine *m = &plan_rig.machine;
        struct plan_survey survey;
        assert_int_equal(groups_make(&m->pci, &arena, &m->groups), STATUS_OK);
        assert_int_equal(plan_survey_make(&plan_rig.facts, &arena, &survey), STATUS_OK);
        for (uint32_t i = 0; i < m->pci.count; i++) {
            const struct pci_function *f = &m->pci.functions[i];
            uint32_t group = m->groups.of[i].group;
            const uint32_t *first = &m->groups.members[m->groups.first[group]];
            bool by_itself =
                pci_reset_bus_alone(&m->pci, f, first, m->groups.first[group + 1] - m->groups.first[group]);
            assert_int_equal(plan_survey_bus_alone(&survey, i), by_itself);
            assert_int_equal(survey.reserved[i], machine_has_reserved_memory(m, f->at));
            alone += by_itself;
            reserved += survey.reserved[i];
        }
    }
    assert_true(alone > 100 && reserved > 100);
}

/* A random configuration: each function to one of two guests or to nobody; in file order or against it. */
static void make_random_text(const uint8_t *to, bool turned)
{
    static const char *const names[] = {"one", "two"};
    size_t count = plan_rig.machine.pci.count;
    size_t used = (size_t)snprintf(text, sizeof(text), "version = 1\n");
    for (unsigned g = 0; g < 2; g++) {
        used += (size_t)snprintf(
            text + used, sizeof(text) - used,
            "[guest.%s]\ncpus = [%u]\nkernel = \"k\"\nrmrr = \"map\"\nmemory = \"64MiB\"\ndevices = [", names[g], g);
        for (size_t i = 0; i < count; i++) {
            size_t n = turned ? count - 1 - i : i;
            char at[SBDF_TEXT_SIZE];
            if (to[n] == g && !plan_rig.functions[n].bridge) {
                used += (size_t)snprintf(text + used, sizeof(text) - used, "\"%s\", ",
                                         sbdf_text(plan_rig.functions[n].at, at));
            }
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "]\n");
    }
}

static void assert_apart(void)
{
    const struct plan *p = &plan_rig.plan;
    const struct groups *groups = &plan_rig.machine.groups;
    for (size_t i = 0; i < plan_rig.machine.pci.count; i++) {
        for (size_t k = 0; k < i; k++) {
            bool bridges = plan_rig.functions[i].bridge || plan_rig.functions[k].bridge;
            if (!bridges && groups->of[i].group == groups->of[k].group) {
                assert_int_equal(p->owner[i], p->owner[k]);
            }
        }
    }
    for (size_t i = 0; i < p->device_count; i++) {
        for (unsigned b = 0; b < 2; b++) {
            uint64_t at = p->devices[i].bars[b];
            assert_true(at >= 0xc0000000 && at < 0xe0000000);
        }
        assert_int_equal(plan_rig.functions[p->devices[i].function].blocked, 0);
    }
}

static void random_ones(void **state)
{
    (void)state;
    unsigned good = 0;
    srand(42);
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t to[PLAN_RIG_FUNCTIONS];
        make_random_machine();
        bool simple = number(2) == 0; /* else hardly any would be accepted */
        for (size_t i = 0; i < PLAN_RIG_FUNCTIONS; i++) {
            to[i] = (uint8_t)(simple ? 0 : number(3));
        }
        make_random_text(to, false);
        enum status first = plan_rig_plan(text);
        size_t errors = plan_rig.diags.errors;
        if (first == STATUS_OK) {
            assert_apart();
            good++;
        }
        make_random_text(to, true);
        assert_int_equal(plan_rig_plan(text), first);
        assert_true((plan_rig.diags.errors != 0) == (errors != 0));
    }
    assert_true(good > 300 && good < 2700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it),           cmocka_unit_test(backwards),
        cmocka_unit_test(units_as_one_by_one), cmocka_unit_test(survey_as_one_by_one),
        cmocka_unit_test(random_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
