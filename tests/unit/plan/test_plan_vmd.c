/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_vmd.c: VMD endpoints in the plan, and the exact text of each refusal. */
#include "plan/plan_vmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan_survey.h"
#include "plan/plan_units.h"
#include "tests/unit/plan/plan_verdicts.h"

#define ENDPOINT "devices = [\"0000:00:0e.0\"]\n"

static struct pci_function *endpoint, *other, *port, *disk;
static struct vmd_domain *domain;

static struct pci_function *add_child(const char *at)
{
    struct pci_function *f = plan_rig_device(at);
    f->is_vmd_child = true;
    f->vmd = 0;
    f->parent = PCI_NO_INDEX;
    return f;
}

static struct pci_function *add_endpoint(const char *at)
{
    struct pci_function *f = plan_rig_device(at);
    f->device = 0x28c0;
    f->class_code = 0x010400;
    f->express = PCI_EXPRESS_RC_ENDPOINT;
    f->cap.pm = 0x90;
    plan_rig_bar(f, 0, 0xd0000000, 32 * MIB);
    plan_rig_bar(f, 2, 0xd4000000, 32 * MIB);
    plan_rig_bar(f, 4, 0xd6000000, MIB);
    domain = &plan_rig.machine.vmd.domains[plan_rig.machine.vmd.count];
    *domain = (struct vmd_domain){.endpoint = (uint32_t)(f - plan_rig.functions),
                                  .segment = (uint16_t)(SBDF_VMD_FIRST + plan_rig.machine.vmd.count),
                                  .flags = vmd_ids_flags(0x8086, 0x28c0),
                                  .lock_shadow = true,
                                  .usable = true};
    plan_rig.machine.vmd.count++;
    return f;
}

static int start(void **state)
{
    plan_rig_start(state);
    endpoint = add_endpoint("0000:00:0e.0");
    other = plan_rig_device("0000:00:1f.0");
    port = add_child("10000:80:01.0");
    port->bridge = true;
    port->header = 1;
    port->class_code = 0x060400;
    disk = add_child("10000:81:00.0");
    return 0;
}

static void all_of_it_goes_to_one_guest(void **state)
{
    (void)state;
    accepted(ONE ENDPOINT, "");
    const struct plan *p = &plan_rig.plan;
    assert_int_equal(p->device_count, 1);
    assert_int_equal(p->devices[0].function, 0);
    assert_int_equal(p->devices[0].source_count, 1);
    assert_int_equal(p->devices[0].reset, PCI_RESET_FLR);
    assert_int_equal(p->owner[0], 0);
    assert_int_equal(p->owner[disk - plan_rig.functions], 0);
    assert_int_equal(p->owner[port - plan_rig.functions], PLAN_NO_GUEST); /* a bridge */
    assert_int_equal(plan_vmd_next(&plan_rig.machine.pci, 0, 0), port - plan_rig.functions);
    assert_int_equal(plan_vmd_next(&plan_rig.machine.pci, 0, 3), disk - plan_rig.functions);
    assert_int_equal(plan_vmd_next(&plan_rig.machine.pci, 0, 4), PCI_NO_INDEX);
    assert_int_equal(plan_vmd_next(&plan_rig.machine.pci, 1, 0), PCI_NO_INDEX);
}

static uint32_t unit_in_plans(const struct pci_function *f)
{
    const uint32_t *unit_of = NULL;
    static uint8_t bytes[KIB];
    struct arena arena = arena_make(bytes, sizeof(bytes));
    assert_int_equal(plan_units_make(&plan_rig.machine, &arena, &unit_of), STATUS_OK);
    return unit_of[f - plan_rig.functions];
}

/* Its own segment has no unit. */
static void the_endpoints_unit_translates(void **state)
{
    (void)state;
    const struct machine *m = &plan_rig.machine;
    uint32_t index = (uint32_t)(disk - plan_rig.functions);
    size_t unit = 7;
    assert_int_equal(machine_speaker_of(m, index), 0);
    assert_int_equal(machine_unit_of(m, disk->at, &unit), STATUS_OK);
    assert_int_equal(unit, 0);
    assert_int_equal(unit_in_plans(disk), 0);
    disk->vmd = (uint32_t)m->pci.count; /* nobody's */
    assert_int_equal(machine_speaker_of(m, index), PCI_NO_INDEX);
    assert_int_equal(machine_unit_of(m, disk->at, &unit), STATUS_NOT_FOUND);
    assert_int_equal(unit_in_plans(disk), PLAN_NO_UNIT);
    disk->is_vmd_child = false;
    assert_int_equal(machine_speaker_of(m, index), index);
    assert_int_equal(machine_unit_of(m, disk->at, &unit), STATUS_NOT_FOUND);
    assert_int_equal(unit_in_plans(disk), PLAN_NO_UNIT);
}

static void resets(void **state)
{
    (void)state;
    accepted(ONE ENDPOINT "[device.\"8086:28c0\"]\nreset = \"d3d0\"\n", "");
    assert_int_equal(plan_rig.plan.devices[0].reset, PCI_RESET_D3);
    endpoint->has_flr = false;
    accepted(ONE ENDPOINT, "");
    assert_int_equal(plan_rig.plan.devices[0].reset, PCI_RESET_D3);
    endpoint->cap.pm = 0;
    accepted(ONE ENDPOINT,
             "warning[BH0632] g.toml:6:12: 0000:00:0e.0 is not reset: its registers and memory keep what the last user "
             "left; fix: put it behind a port of its own, which can reset it, or choose another device\n");
    assert_int_equal(plan_rig.plan.devices[0].reset, PCI_RESET_NONE);
}

static void every_fault_is_refused_with_its_fix(void **state)
{
    static const struct {
        enum vmd_fault fault;
        const char *said;
    } cases[] = {
        {VMD_FAULT_BARS, "error[BH0680] g.toml:6:12: 0000:00:0e.0 is a VMD endpoint whose domain cannot be used: "
                         "firmware gave CFGBAR, MEMBAR1 or MEMBAR2 (BAR 0, 2, 4) no address; fix: "},
        {VMD_FAULT_CONFIG_SMALL, "error[BH0681] g.toml:6:12: 0000:00:0e.0 is a VMD endpoint whose domain cannot be "
                                 "used: CFGBAR (BAR 0) is below 1 MiB, one bus; fix: "},
        {VMD_FAULT_BUS_MODE, "error[BH0682] g.toml:6:12: 0000:00:0e.0 is a VMD endpoint whose domain cannot be used: "
                             "VMCONFIG bits 9:8 are 3, which names no first bus; fix: "},
        {VMD_FAULT_MSIX, "error[BH0683] "},
        {VMD_FAULT_BYPASS, "error[BH0683] "},
        {VMD_FAULT_SILENT, "error[BH0683] "},
        {VMD_FAULT_CROWDED, "error[BH0683] "},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        start(state);
        domain->usable = false;
        domain->fault = cases[i].fault;
        endpoint->bars[2].assigned = cases[i].fault != VMD_FAULT_BARS;
        assert_int_equal(plan_rig_plan(ONE ENDPOINT), STATUS_UNSUPPORTED);
        assert_int_equal(plan_rig.diags.count, 1);
        assert_non_null(strstr(plan_rig_text(), cases[i].said));
        assert_non_null(strstr(plan_rig_text(), vmd_fault_fix(cases[i].fault)));
    }
    /* one that there was no room for */
    start(state);
    plan_rig.machine.vmd.count = 0;
    assert_int_equal(plan_rig_plan(ONE ENDPOINT), STATUS_UNSUPPORTED);
    assert_non_null(strstr(plan_rig_text(), "error[BH0683] "));
    /* a blocked one is refused as such */
    start(state);
    domain->usable = false;
    domain->fault = VMD_FAULT_BLOCKED;
    endpoint->blocked = PCI_BLOCKED_BARS;
    assert_int_equal(plan_rig_plan(ONE ENDPOINT), STATUS_UNSUPPORTED);
    assert_int_equal(plan_rig.diags.count, 1);
    assert_non_null(strstr(plan_rig_text(), "error[BH0608] "));
}

static void remapping_is_a_must(void **state)
{
    (void)state;
    static const char said[] =
        "error[BH0684] g.toml:%s: 0000:00:0e.0 cannot be given away: interrupts are not remapped, and messages of all "
        "that is behind a VMD endpoint are told from others' only by that; fix: turn on interrupt remapping in the "
        "firmware's setup; unsafe-interrupts does not help here\n";
    char text[512];
    plan_rig.facts.remapping = false;
    snprintf(text, sizeof(text), said, "6:12");
    refused(ONE ENDPOINT, text);
    snprintf(text, sizeof(text), said, "7:12");
    refused(ONE "unsafe-interrupts = true\n" ENDPOINT, text);
    struct plan_survey survey;
    static uint8_t space[4096] __attribute__((aligned(16)));
    struct arena arena = arena_make(space, sizeof(space));
    char why[DIAG_TEXT_SIZE];
    assert_int_equal(plan_survey_make(&plan_rig.facts, &arena, &survey), STATUS_OK);
    assert_string_equal(plan_survey_why_not(&survey, 0, why, sizeof(why)),
                        "is a VMD endpoint, which needs interrupt remapping");
}

static void a_child_alone_is_refused(void **state)
{
    (void)state;
    refused(ONE "devices = [\"10000:81:00.0\"]\n",
            "error[BH0624] g.toml:6:12: 10000:81:00.0 is behind a VMD endpoint, and goes with that; fix: name the "
            "endpoint: devices = [\"0000:00:0e.0\"]\n");
    refused(ONE "devices = [\"0000:00:0e.0\", \"10000:81:00.0\"]\n",
            "error[BH0624] g.toml:6:28: 10000:81:00.0 is behind a VMD endpoint, and goes with that; fix: leave it out: "
            "\"0000:00:0e.0\" brings it along\n");
    refused(ONE "devices = [\"10000:80:01.0\"]\n",
            "error[BH0624] g.toml:6:12: 10000:80:01.0 is behind a VMD endpoint, and goes with that; fix: name the "
            "endpoint: devices = [\"0000:00:0e.0\"]\n");
}

static void a_child_for_another_guest_is_refused(void **state)
{
    (void)state;
    static const char said[] =
        "error[BH0685] g.toml:%s: 10000:81:00.0 is behind VMD endpoint 0000:00:0e.0, which guest '%s' has, at "
        "g.toml:%s: all behind an endpoint goes to one guest; fix: take it out of devices of [guest.%s], or write "
        "devices = [\"0000:00:0e.0\"] there and take that out of [guest.%s]\n";
    char text[640];
    snprintf(text, sizeof(text), said, "11:12", "one", "6:12", "two", "one");
    refused(ONE ENDPOINT TWO "devices = [\"10000:81:00.0\"]\n", text);
    refused(ONE "devices = [\"group:0000:00:0e.0\"]\n" TWO "devices = [\"10000:81:00.0\"]\n", text);
    snprintf(text, sizeof(text), said, "6:12", "two", "11:12", "one", "two");
    refused(ONE "devices = [\"10000:81:00.0\"]\n" TWO ENDPOINT, text);
}

static void emulated_shadow_and_empty_domains_are_told(void **state)
{
    (void)state;
    domain->lock_shadow = false;
    accepted(
        ONE ENDPOINT,
        "note[BH0686] g.toml:6:12: 0000:00:0e.0 is a VMD endpoint whose shadow registers firmware left off (VMLOCK "
        "bit 1, in some setups \"VMD for direct assign\"): its guest sees them all the same, emulated\n");
    domain->flags = VMD_CAP_SHADOW; /* has no such registers */
    accepted(ONE ENDPOINT, "");
    plan_rig.machine.pci.count = 2;
    accepted(ONE ENDPOINT,
             "warning[BH0688] g.toml:6:12: 0000:00:0e.0 is a VMD endpoint, and nothing answers behind it; fix: look "
             "whether drives are plugged in, and whether firmware's setup has VMD on for their ports\n");
    domain->hidden = true;
    accepted(ONE ENDPOINT, "");
}

static void a_vcpu_for_each_domain(void **state)
{
    plan_rig_start(state);
    add_endpoint("0000:00:0e.0");
    add_endpoint("0000:00:0f.0");
    add_endpoint("0000:00:10.0");
    for (size_t i = 0; i < 3; i++) {
        plan_rig.machine.vmd.domains[i].hidden = true;
        plan_rig_bar(&plan_rig.functions[i], 0, 0, 0);
        plan_rig_bar(&plan_rig.functions[i], 2, 0xd0000000 + i * 64 * MIB, 32 * MIB);
        plan_rig_bar(&plan_rig.functions[i], 4, 0, 0);
    }
    accepted(ONE "devices = [\"0000:00:0e.0\", \"0000:00:0f.0\", \"0000:00:10.0\"]\n",
             "warning[BH0687] g.toml:6:28: 0000:00:0f.0 is a VMD endpoint more than guest 'one' has virtual CPUs (1): "
             "it needs one for each; fix: give the guest more CPUs, or fewer VMD endpoints\n");
    accepted("version = 1\n[guest.one]\ncpus = [0, 1, 2]\nkernel = \"k\"\nmemory = \"64MiB\"\n"
             "devices = [\"0000:00:0e.0\", \"0000:00:0f.0\", \"0000:00:10.0\"]\n",
             "");
}

/* Wherever the guest's window begins, MEMBAR1 is not where the host has it; other devices may be. */
static void membar1_is_elsewhere_in_the_guest(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0x201d, 0x28c0, 0x467f, 0x4c3d, 0xa77f, 0x7d0b,
                                   0xad0b, 0x9a0b, 0xb60b, 0xb06f, 0xb07f};
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        start(state);
        endpoint->device = ids[i];
        for (uint64_t at = 0xc0000000; at < 0xcc000000; at += 32 * MIB) {
            plan_rig_bar(endpoint, 2, at, 32 * MIB);
            accepted(ONE ENDPOINT, "");
            uint64_t got = plan_rig.plan.devices[0].bars[2];
            assert_true(got != 0 && got != at && got % (32 * MIB) == 0);
        }
    }
    endpoint->device = 0x1521; /* not a VMD: as ever at the start of the window, after the larger ones */
    plan_rig.machine.vmd.count = 0;
    plan_rig_bar(endpoint, 0, 0xc0000000, 32 * MIB);
    accepted(ONE ENDPOINT, "");
    assert_int_equal(plan_rig.plan.devices[0].bars[0], 0xc0000000);
}

/* The one place left is the forbidden one. */
static void no_other_place(void **state)
{
    (void)state;
    plan_rig.facts.limits.bar_low_bytes = 32 * MIB;
    endpoint->bars[0] = endpoint->bars[4] = (struct pci_bar){0};
    plan_rig_bar(endpoint, 2, 0xc0000000, 32 * MIB);
    assert_int_equal(plan_rig_plan(ONE ENDPOINT), STATUS_UNSUPPORTED);
    assert_non_null(strstr(plan_rig_text(), "error[BH0612]"));
    plan_rig_bar(endpoint, 2, 0xc2000000, 32 * MIB);
    accepted(ONE ENDPOINT, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_of_it_goes_to_one_guest, start),
        cmocka_unit_test_setup(the_endpoints_unit_translates, start),
        cmocka_unit_test_setup(resets, start),
        cmocka_unit_test(every_fault_is_refused_with_its_fix),
        cmocka_unit_test_setup(remapping_is_a_must, start),
        cmocka_unit_test_setup(a_child_alone_is_refused, start),
        cmocka_unit_test_setup(a_child_for_another_guest_is_refused, start),
        cmocka_unit_test_setup(emulated_shadow_and_empty_domains_are_told, start),
        cmocka_unit_test(a_vcpu_for_each_domain),
        cmocka_unit_test_setup(membar1_is_elsewhere_in_the_guest, start),
        cmocka_unit_test_setup(no_other_place, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
