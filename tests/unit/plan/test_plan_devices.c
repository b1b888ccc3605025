/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_devices.c: who gets what, and the exact text of each refusal. */
#include "plan/plan_devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/plan/plan_verdicts.h"

#define ALL_ACS 0x1d /* source validation, both redirects, upstream forwarding */

/* 00:03.0 isolates 01:00.0; 00:04.0 does not isolate 02:00.0 and 02:00.1; 00:05.0 and 00:06.0 are on the root bus. */
static struct pci_function *card, *twin_0, *twin_1, *plain, *other;

static int start(void **state)
{
    plan_rig_start(state);
    plan_rig_port("0000:00:03.0", 1, true);
    plan_rig_port("0000:00:04.0", 2, false);
    plain = plan_rig_device("0000:00:05.0");
    other = plan_rig_device("0000:00:06.0");
    card = plan_rig_device("0000:01:00.0");
    twin_0 = plan_rig_device("0000:02:00.0");
    twin_1 = plan_rig_device("0000:02:00.1");
    twin_0->multifunction = twin_1->multifunction = true;
    plan_rig_bar(card, 0, 0xe0000000, 0x4000);
    return 0;
}

static void a_plan(void **state)
{
    (void)state;
    accepted(ONE "devices = [\"0000:01:00.0\", \"group:0000:02:00.1\"]\n" TWO "devices = [\"0000:00:05.0\"]\n", "");
    const struct plan *p = &plan_rig.plan;
    assert_int_equal(p->device_count, 4);
    assert_int_equal(p->guests[0].device_count, 3);
    assert_int_equal(p->guests[1].device_count, 1);
    assert_int_equal(p->guests[0].devices[0].function, card - plan_rig.functions);
    assert_int_equal(p->guests[0].devices[0].reset, PCI_RESET_FLR);
    assert_int_equal(p->guests[0].devices[0].bars[0], 0xc0000000);
    assert_int_equal(p->guests[0].devices[0].source_count, 1);
    assert_int_equal(p->owner[plain - plan_rig.functions], 1);
    assert_int_equal(p->owner[other - plan_rig.functions], PLAN_NO_GUEST);
    assert_int_equal(p->owner[0], PLAN_NO_GUEST);
}

static void absent_twice_and_bridge(void **state)
{
    (void)state;
    refused(
        ONE "devices = [\"0000:09:00.0\", \"0000:00:03.0\", \"0000:00:05.0\"]\n" TWO "devices = [\"0000:00:05.0\"]\n",
        "error[BH0600] g.toml:6:12: 0000:09:00.0 is not in this machine; fix: take an address from the inventory in "
        "the log\n"
        "error[BH0602] g.toml:6:28: 0000:00:03.0 is a bridge; fix: name the device behind it: \"0000:01:00.0\"\n"
        "error[BH0601] g.toml:11:12: 0000:00:05.0 is given already, at g.toml:6:44; fix: name each device once\n");
}

static void part_of_a_group(void **state)
{
    (void)state;
    enum status status = plan_rig_plan(ONE "devices = [\"0000:02:00.0\"]\n");
    assert_int_equal(status, STATUS_UNSUPPORTED);
    assert_int_equal(plan_rig.diags.errors, 1);
    assert_int_equal(plan_rig.diags.count, 2);
    assert_string_equal(plan_rig.items[0].what,
                        "0000:02:00.0 is in one group with 0000:02:00.1, which guest 'one' does not have");
    assert_string_equal(plan_rig.items[0].fix, "add \"0000:02:00.1\" to devices of [guest.one], or write only "
                                               "\"group:0000:02:00.0\" for the whole group");
    assert_int_equal(plan_rig.items[1].code, PLAN_DEVICES_GROUP_MEMBER);
    assert_non_null(strstr(plan_rig.items[1].what, "0000:02:00.1 belongs to the group of 0000:02:00.0: "));
    refused(
        ONE "devices = [\"0000:02:00.1\"]\n",
        "error[BH0619] g.toml:6:12: 0000:02:00.1 is in one group with 0000:02:00.0, which guest 'one' does not have; "
        "fix: add \"0000:02:00.0\" to devices of [guest.one], or write only \"group:0000:02:00.1\" for the whole "
        "group\n"
        "note[BH0620] g.toml:6:12: 0000:02:00.0 belongs to the group of 0000:02:00.1: 0000:00:04.0 above it has no "
        "ACS\n");
    /* The missing one is the first of its group: then it is the named one that belongs to it. */
    plan_rig.functions[1].cap.acs = 0x100;
    plan_rig.functions[1].acs_cap = plan_rig.functions[1].acs_control = ALL_ACS;
    twin_0->device = twin_1->device = 0x10d3; /* of the other kind it is known that its functions are apart */
    refused(
        ONE "devices = [\"0000:02:00.1\"]\n",
        "error[BH0619] g.toml:6:12: 0000:02:00.1 is in one group with 0000:02:00.0, which guest 'one' does not have; "
        "fix: add \"0000:02:00.0\" to devices of [guest.one], or write only \"group:0000:02:00.1\" for the whole "
        "group\n"
        "note[BH0620] g.toml:6:12: 0000:02:00.1 belongs to the group of 0000:02:00.0: 0000:02:00.0 is a function of "
        "the same device, and neither has all of ACS\n");
}

static void the_consoles_own_device(void **state)
{
    (void)state;
    plan_rig.facts.console_port = 0x3f8;
    plain->bars[1] = (struct pci_bar){.kind = PCI_BAR_IO, .assigned = true, .address = 0x3f8, .size = 8};
    refused(ONE "devices = [\"0000:00:05.0\"]\n",
            "error[BH0613] g.toml:6:12: 0000:00:05.0 is the serial port of the hypervisor's own console; fix: move the "
            "console to another port, or choose another device\n");
    plan_rig.facts.console_port = 0x400; /* just behind it */
    accepted(ONE "devices = [\"0000:00:05.0\"]\n", "");
}

static void the_machines_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        plain->class_code = i == 0 ? 0x080000 : 0x080600;
        refused(ONE "devices = [\"0000:00:05.0\"]\n",
                "error[BH0623] g.toml:6:12: 0000:00:05.0 belongs to the machine's interrupts or remapping units; fix: "
                "choose another device\n");
    }
    plain->class_code = 0x080500; /* an SD host controller */
    accepted(ONE "devices = [\"0000:00:05.0\"]\n", "");
}

static void behind_a_vmd_endpoint(void **state)
{
    (void)state;
    struct pci_function *child = plan_rig_device("10000:e1:00.0");
    child->is_vmd_child = true;
    child->vmd = (uint32_t)(plain - plan_rig.functions);
    refused(ONE "devices = [\"10000:e1:00.0\"]\n",
            "error[BH0624] g.toml:6:12: 10000:e1:00.0 is behind a VMD endpoint, and goes with that; fix: name the "
            "endpoint: devices = [\"0000:00:05.0\"]\n");
    accepted(ONE "devices = [\"group:0000:00:05.0\"]\n", "");
    assert_int_equal(plan_rig.plan.device_count, 1);
    assert_int_equal(plan_rig.plan.owner[child - plan_rig.functions], 0);
}

/* 02:00.0 becomes a PCIe-to-PCI bridge's device, then a conventional bridge's: whose ids messages may have is planned.
 */
static void whose_ids_messages_have(void **state)
{
    (void)state;
    const struct plan_device *d = NULL;
    plan_rig.functions[1].express = PCI_EXPRESS_TO_PCI;
    twin_0->express = twin_1->express = PCI_EXPRESS_NONE;
    assert_int_equal(plan_rig_plan(ONE "devices = [\"group:0000:02:00.1\"]\n"), STATUS_OK);
    d = &plan_rig.plan.devices[1];
    assert_int_equal(plan_rig.functions[d->function].at.v, 0x201);
    assert_true(d->bus_interrupts && d->first_bus == 2 && d->last_bus == 2);
    plan_rig.functions[1].express = PCI_EXPRESS_NONE;
    assert_int_equal(plan_rig_plan(ONE "devices = [\"group:0000:02:00.1\"]\n"), STATUS_OK);
    d = &plan_rig.plan.devices[1];
    assert_false(d->bus_interrupts);
    assert_int_equal(d->message_source.v, 0x20); /* 00:04.0 */
    assert_int_equal(plan_rig_plan(ONE "devices = [\"0000:01:00.0\"]\n"), STATUS_OK);
    d = &plan_rig.plan.devices[0];
    assert_true(!d->bus_interrupts && d->message_source.v == 0x100);
}

static void a_group_for_two_guests(void **state)
{
    (void)state;
    refused(
        ONE "devices = [\"0000:02:00.0\"]\n" TWO "devices = [\"0000:02:00.1\"]\n",
        "error[BH0621] g.toml:11:12: 0000:02:00.1 is in one group with 0000:02:00.0, which guest 'one' has, at "
        "g.toml:6:12; fix: give both to one guest: write \"0000:02:00.1\" in devices of [guest.one], or "
        "\"0000:02:00.0\" in those of [guest.two]\n"
        "note[BH0620] g.toml:11:12: 0000:02:00.0 belongs to the group of 0000:02:00.1: 0000:00:04.0 above it has no "
        "ACS\n");
}

static void a_group_with_the_console(void **state)
{
    (void)state;
    plan_rig.facts.console_port = 0x3f8;
    twin_1->bars[1] = (struct pci_bar){.kind = PCI_BAR_IO, .assigned = true, .address = 0x3f8, .size = 8};
    assert_int_equal(plan_rig_plan(ONE "devices = [\"0000:02:00.0\"]\n"), STATUS_UNSUPPORTED);
    assert_int_equal(plan_rig.diags.errors, 1);
    assert_int_equal(plan_rig.items[0].code, PLAN_DEVICES_GROUP_STUCK);
    assert_string_equal(
        plan_rig_text(),
        "error[BH0622] g.toml:6:12: 0000:02:00.0 cannot be given away: 0000:02:00.1, of its group, is the "
        "serial port of the hypervisor's own console; fix: choose a device of another group\n"
        "note[BH0620] g.toml:6:12: 0000:02:00.1 belongs to the group of 0000:02:00.0: 0000:00:04.0 above "
        "it has no ACS\n");
}

static void no_unit_and_blocked(void **state)
{
    (void)state;
    plan_rig.units[0].include_all = false;
    plain->blocked = PCI_BLOCKED_BARS;
    refused(
        ONE "devices = [\"0000:00:05.0\"]\n",
        "error[BH0606] g.toml:6:12: 0000:00:05.0 is covered by no remapping unit: its DMA could not be confined; fix: "
        "choose a device that a remapping unit covers; update the firmware\n"
        "error[BH0608] g.toml:6:12: 0000:00:05.0 is blocked: a BAR of it overlaps memory, the platform or another "
        "BAR; fix: update the firmware; a note above says which BAR\n");
}

static void expected_and_unused_tables(void **state)
{
    (void)state;
    refused(
        ONE "devices = [\"0000:00:05.0\"]\n[device.\"0000:00:05.0\"]\nexpect = \"8086:37c8\"\n"
            "[device.\"0000:00:06.0\"]\nrom = false\n[device.\"8086:ffff\"]\nrom = false\n",
        "error[BH0625] g.toml:8:10: 0000:00:05.0 is 8086:1521, not 8086:37c8 as expected; fix: correct the address, "
        "or write expect = \"8086:1521\" if this is the one that you mean\n"
        "error[BH0709] g.toml:9:1: no guest gets device 0000:00:06.0; fix: correct the address, or remove the table\n"
        "warning[BH0635] g.toml:11:1: no guest gets a device 8086:ffff; fix: correct the id, or remove the table\n");
}

static void no_remapping(void **state)
{
    (void)state;
    plan_rig.facts.remapping = false;
    refused(
        ONE "devices = [\"0000:00:05.0\"]\n",
        "error[BH0607] g.toml:6:12: 0000:00:05.0 cannot be given away: interrupts are not remapped, so it could send "
        "any interrupt to any CPU; fix: turn on interrupt remapping in the firmware's setup, or write "
        "unsafe-interrupts = true in [guest.one]\n");
    accepted(
        ONE "unsafe-interrupts = true\ndevices = [\"0000:00:05.0\", \"0000:00:06.0\"]\n",
        "warning[BH0630] g.toml:7:12: 0000:00:05.0 is given away although interrupts are not remapped: guest 'one' can "
        "send any interrupt to any CPU, and so stop or take over the machine; fix: turn on interrupt remapping in the "
        "firmware's setup\n");
    assert_true(plan_rig.plan.devices[0].unsafe_interrupts);
    plan_rig.facts.remapping = true;
    accepted(ONE "unsafe-interrupts = true\ndevices = [\"0000:00:05.0\"]\n", "");
    assert_false(plan_rig.plan.devices[0].unsafe_interrupts);
}

static void no_remapping_of_left_overs(void **state)
{
    (void)state;
    plan_rig.facts.remapping = false;
    assert_int_equal(plan_rig_plan(ONE "[system]\nunassigned = \"one\"\n"), STATUS_OK);
    assert_int_equal(plan_rig.plan.device_count, 0);
    assert_non_null(strstr(plan_rig_text(), "note[BH0634] g.toml:7:14: the group of 0000:00:05.0 stays blocked: "
                                            "0000:00:05.0 cannot be given away: interrupts are not remapped, so it "
                                            "could send any interrupt to any CPU"));
    assert_int_equal(plan_rig_plan(ONE "unsafe-interrupts = true\n[system]\nunassigned = \"one\"\n"), STATUS_OK);
    assert_int_equal(plan_rig.plan.device_count, 5);
    assert_true(plan_rig.plan.devices[4].unsafe_interrupts);
}

/* Without remapping an interrupt has 8 bits for its CPU, and 255 is everybody. */
static void no_remapping_and_a_far_cpu(void **state)
{
    (void)state;
    struct plan_cpu cpus[] = {{.apic_id = 255}, {.apic_id = 254}};
    plan_rig.facts.remapping = false;
    plan_rig.facts.cpus = cpus;
    plan_rig.facts.cpu_count = ARRAY_LENGTH(cpus);
    assert_int_equal(plan_rig_plan(ONE "unsafe-interrupts = true\ndevices = [\"0000:00:05.0\"]\n"), STATUS_UNSUPPORTED);
    assert_int_equal(plan_rig.diags.count, 2);
    assert_int_equal(plan_rig.items[1].code, PLAN_DEVICES_FAR_CPU);
    assert_string_equal(plan_rig.items[1].what, "0000:00:05.0 cannot be given away: interrupts are not remapped, and "
                                                "none can name CPU 0 of guest 'one', whose APIC id is 0xff");
    assert_string_equal(plan_rig.items[1].fix, "turn on interrupt remapping in the firmware's setup, or give the "
                                               "guest other CPUs");
    cpus[0].apic_id = 254;
    assert_int_equal(plan_rig_plan(ONE "unsafe-interrupts = true\ndevices = [\"0000:00:05.0\"]\n"), STATUS_OK);
}

/* Lines need no remapping, nor firmware's word about the I/O APIC. */
static void no_remapping_and_a_line(void **state)
{
    (void)state;
    plan_rig.facts.remapping = false;
    plan_rig.units[0].scopes.count = 0;
    assert_int_equal(plan_rig_plan(ONE "unsafe-interrupts = true\ndevices = [\"0000:00:05.0\"]\n"
                                       "[device.\"0000:00:05.0\"]\ngsi = 17\n"),
                     STATUS_OK);
    assert_int_equal(plan_rig.plan.devices[0].gsi, 17);
    assert_int_equal(plan_rig_plan(ONE "unsafe-interrupts = true\ndevices = [\"0000:00:05.0\"]\n"
                                       "[device.\"0000:00:05.0\"]\ngsi = 240\n"),
                     STATUS_UNSUPPORTED);
    assert_string_equal(plan_rig.items[1].what, "0000:00:05.0 has GSI 240, which is on no I/O APIC");
}

static void reserved_memory(void **state)
{
    (void)state;
    plan_rig_reserve(0x7e000000, 0x3000, "0000:00:05.0", NULL);
    refused(
        ONE "devices = [\"0000:00:05.0\"]\n",
        "error[BH0609] g.toml:6:12: 0000:00:05.0 has memory that firmware reserves for it (RMRR), at "
        "0x7e000000-0x7e002fff; fix: choose another device, turn the firmware's use of it off in its setup, or write "
        "rmrr = \"map\" in [guest.one]\n");
    accepted(ONE "rmrr = \"map\"\ndevices = [\"0000:00:05.0\"]\n", "");
    assert_int_equal(plan_rig.plan.guests[0].reserved_count, 1);
    plain->class_code = 0x0c0330;
    accepted(
        ONE "devices = [\"0000:00:05.0\"]\n",
        "note[BH0629] g.toml:6:12: 0000:00:05.0 does not get firmware's memory at 0x7e000000-0x7e002fff (RMRR): a USB "
        "controller does without once its driver has it\n");
    assert_int_equal(plan_rig.plan.guests[0].reserved_count, 0);
    plain->class_code = 0x030000;
    accepted(ONE "devices = [\"0000:00:05.0\"]\n",
             "note[BH0629] g.toml:6:12: 0000:00:05.0 does not get firmware's memory at 0x7e000000-0x7e002fff (RMRR): a "
             "display does without once its driver has it\n");
    assert_int_equal(plan_rig_plan(ONE "rmrr = \"refuse\"\ndevices = [\"0000:00:05.0\"]\n"), STATUS_UNSUPPORTED);
    assert_int_equal(plan_rig.items[0].code, PLAN_DEVICES_RESERVED);
}

static void reserved_memory_in_many_places(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 17; i++) {
        plan_rig_reserve(0x40000000 + 0x2000 * i, 0x1000, i < 16 ? "0000:00:05.0" : "0000:00:06.0", NULL);
    }
    const char *both = ONE "rmrr = \"map\"\ndevices = [\"0000:00:06.0\", \"0000:00:05.0\"]\n";
    refused(both, "error[BH0637] g.toml:7:28: 0000:00:05.0 is one too many with firmware's memory (RMRR): guest 'one' "
                  "would have that in 17 places, and 16 is the most; fix: give the guest fewer devices that firmware "
                  "reserves memory for\n");
    accepted(ONE "rmrr = \"map\"\ndevices = [\"0000:00:05.0\"]\n", "");
    accepted(ONE "rmrr = \"map\"\ndevices = [\"0000:00:05.0\"]\n" TWO "rmrr = \"map\"\ndevices = [\"0000:00:06.0\"]\n",
             "");
    plan_rig.rmrrs[3].size = plan_rig.rmrrs[3].size + 0x1000; /* touches the next one: one place */
    accepted(both, "");
    assert_int_equal(plan_rig.plan.guests[0].reserved_count, 17);
}

static void reserved_memory_of_left_overs_in_many_places(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 17; i++) {
        plan_rig_reserve(0x40000000 + 0x2000 * i, 0x1000, i < 16 ? "0000:00:05.0" : "0000:00:06.0", NULL);
    }
    accepted(ONE "rmrr = \"map\"\ndevices = [\"0000:00:05.0\"]\n[system]\nunassigned = \"one\"\n",
             "note[BH0634] g.toml:9:14: the group of 0000:00:06.0 stays blocked: 0000:00:06.0 is one too many with "
             "firmware's memory (RMRR): guest 'one' would have that in 17 places, and 16 is the most\n");
    assert_int_equal(plan_rig.plan.owner[other - plan_rig.functions], PLAN_NO_GUEST);
}

static void reserved_memory_where_ram_is(void **state)
{
    (void)state;
    plan_rig_reserve(0x7e000000, 0x3000, "0000:00:05.0", NULL);
    refused(
        "version = 1\n[guest.one]\ncpus = [0]\nkernel = \"k\"\nmemory = \"2GiB\"\nrmrr = \"map\"\n"
        "devices = [\"0000:00:05.0\"]\n",
        "error[BH0627] g.toml:7:12: 0000:00:05.0 needs firmware's memory at 0x7e000000-0x7e002fff (RMRR), where 2GiB "
        "of guest 'one' lies; fix: write memory = \"2016MiB\" or less in [guest.one]\n");
    plan_rig.rmrrs[0].start = 0xe7000;
    plan_rig.memory.ranges[0] = (struct memory_range){0x100000, 0x7000000, MEMORY_RAM};
    assert_int_equal(plan_rig_plan(ONE "rmrr = \"map\"\ndevices = [\"0000:00:05.0\"]\n"), STATUS_UNSUPPORTED);
    assert_non_null(strstr(plan_rig.items[0].fix, "memory of no size leaves that range free"));
}

static void refused_region(uint64_t start, const char *range, const char *what)
{
    char said[512];
    plan_rig.rmrrs[0].start = plan_rig.rmrrs[0].base = start;
    plan_rig.rmrrs[0].limit = start + 0x2fff;
    (void)snprintf(
        said, sizeof(said),
        "error[BH0628] g.toml:7:12: 0000:00:05.0 cannot have firmware's memory at %s (RMRR): %s is there; fix: "
        "update the firmware, turn its use of the device off in its setup, or choose another device\n",
        range, what);
    refused(ONE "rmrr = \"map\"\ndevices = [\"0000:00:05.0\"]\n", said);
}

static void reserved_memory_where_others_are(void **state)
{
    (void)state;
    plan_rig_reserve(0x7e000000, 0x3000, "0000:00:05.0", NULL);
    refused_region(0x2000000, "0x2000000-0x2002fff", "memory that is in use");
    refused_region(0xfee00000, "0xfee00000-0xfee02fff", "the local APIC");
    refused_region(0xfed90000, "0xfed90000-0xfed92fff", "a remapping unit");
    refused_region(0xe0000000, "0xe0000000-0xe0002fff", "registers of a device");
    refused_region(0xf8000000, "0xf8000000-0xf8002fff", "what every guest has below 4 GiB");
}

static void shared_reserved_memory(void **state)
{
    (void)state;
    plan_rig_reserve(0x7e000000, 0x3000, "0000:00:05.0", "0000:00:06.0");
    refused(
        ONE "rmrr = \"map\"\ndevices = [\"0000:00:05.0\"]\n",
        "error[BH0626] g.toml:7:12: 0000:00:05.0 shares firmware's memory at 0x7e000000-0x7e002fff (RMRR) with "
        "0000:00:06.0, which guest 'one' does not have; fix: add \"0000:00:06.0\" to devices of [guest.one], or leave "
        "this one out\n");
    accepted(ONE "rmrr = \"map\"\ndevices = [\"0000:00:05.0\", \"0000:00:06.0\"]\n", "");
    assert_int_equal(plan_rig.plan.guests[0].reserved_count, 1);
}

static void resets(void **state)
{
    (void)state;
    card->has_flr = plain->has_flr = false;
    assert_int_equal(plan_rig_plan(ONE "devices = [\"0000:01:00.0\", \"0000:00:05.0\"]\n"), STATUS_OK);
    assert_int_equal(plan_rig.plan.devices[0].reset, PCI_RESET_BUS);
    assert_int_equal(plan_rig.plan.devices[1].reset, PCI_RESET_NONE);
    assert_string_equal(
        plan_rig_text(),
        "warning[BH0632] g.toml:6:28: 0000:00:05.0 is not reset: its registers and memory keep what the "
        "last user left; fix: put it behind a port of its own, which can reset it, or choose another "
        "device\n");
    plain->cap.pm = 0x50;
    accepted(ONE "devices = [\"0000:00:05.0\"]\n", "");
    assert_int_equal(plan_rig.plan.devices[0].reset, PCI_RESET_D3);
    plain->no_soft_reset = true;
    refused(
        ONE "devices = [\"0000:00:05.0\"]\n[device.\"8086:1521\"]\nreset = \"d3d0\"\n",
        "error[BH0631] g.toml:8:9: 0000:00:05.0 keeps its state from D3hot to D0 (No_Soft_Reset): reset = \"d3d0\" is "
        "impossible; fix: write one that it can: reset = \"none\"\n");
}

static void resets_that_are_impossible(void **state)
{
    (void)state;
    card->has_flr = plain->has_flr = false;
    refused(
        ONE "devices = [\"0000:01:00.0\"]\n[device.\"0000:01:00.0\"]\nreset = \"flr\"\n",
        "error[BH0631] g.toml:8:9: 0000:01:00.0 has no function level reset: reset = \"flr\" is impossible; fix: write "
        "one that it can: reset = \"bus\" or \"none\"\n");
    refused(
        ONE "devices = [\"0000:00:05.0\"]\n[device.\"0000:00:05.0\"]\nreset = \"bus\"\n",
        "error[BH0631] g.toml:8:9: 0000:00:05.0 has no bridge above it: reset = \"bus\" is impossible; fix: write one "
        "that it can: reset = \"none\"\n");
    refused(ONE "devices = [\"0000:00:05.0\"]\n[device.\"0000:00:05.0\"]\nreset = \"d3d0\"\n",
            "error[BH0631] g.toml:8:9: 0000:00:05.0 has no power management capability: reset = \"d3d0\" is "
            "impossible; fix: "
            "write one that it can: reset = \"none\"\n");
    plan_rig.functions[1].acs_cap = plan_rig.functions[1].acs_control =
        ALL_ACS; /* the port of the twins isolates them */
    plan_rig.functions[1].cap.acs = 0x100;
    twin_0->cap.acs = twin_1->cap.acs = 0x100;
    twin_0->acs_cap = twin_1->acs_cap = twin_0->acs_control = twin_1->acs_control = ALL_ACS;
    twin_0->cap.pm = 0x50;
    refused(
        ONE "devices = [\"0000:02:00.0\"]\n[device.\"0000:02:00.0\"]\nreset = \"bus\"\n",
        "error[BH0631] g.toml:8:9: 0000:02:00.0 is not alone in its guest behind the bridge above: reset = \"bus\" is "
        "impossible; fix: write one that it can: reset = \"flr\" or \"d3d0\" or \"none\"\n");
    accepted(ONE "devices = [\"0000:01:00.0\"]\n[device.\"0000:01:00.0\"]\nreset = \"bus\"\n", "");
    assert_int_equal(plan_rig.plan.devices[0].reset, PCI_RESET_BUS);
}

static void small_bars(void **state)
{
    (void)state;
    plan_rig_bar(plain, 0, 0xe1000100, 0x100);
    plan_rig_bar(other, 0, 0xe1000200, 0x100);
    refused(
        ONE "devices = [\"0000:00:05.0\"]\n",
        "error[BH0610] g.toml:6:12: 0000:00:05.0 has a BAR smaller than a page, and in its page at 0xe1000000 are "
        "registers of 0000:00:06.0, which no guest has; fix: write \"0000:00:06.0\" in devices of [guest.one] too, or "
        "have the firmware give their BARs pages of their own\n");
    accepted(ONE "devices = [\"0000:00:05.0\", \"0000:00:06.0\"]\n", "");
    assert_int_equal(plan_rig.plan.devices[0].bars[0] & 0xfff, 0x100);
    assert_true(plan_rig.plan.devices[0].bars[0] >> 12 != plan_rig.plan.devices[1].bars[0] >> 12);
    assert_int_equal(plan_rig_plan(ONE "devices = [\"0000:00:05.0\"]\n" TWO "devices = [\"0000:00:06.0\"]\n"),
                     STATUS_UNSUPPORTED);
    assert_int_equal(plan_rig.diags.errors, 2);
}

static void bars_that_do_not_fit(void **state)
{
    (void)state;
    plan_rig_bar(plain, 0, 0, 0x1000);
    plan_rig_bar(other, 0, 0xa0000000, 1 * GIB);
    refused(
        ONE "devices = [\"0000:00:05.0\", \"0000:00:06.0\"]\n",
        "error[BH0611] g.toml:6:12: 0000:00:05.0 has a BAR that firmware gave no address; fix: give the machine's "
        "firmware room for its BARs (or update it)\n"
        "error[BH0612] g.toml:6:28: 0000:00:06.0 has BARs that do not fit what is left of its guest's address space "
        "for devices; fix: give the guest fewer devices or ones with smaller BARs\n");
    other->bars[0].kind = PCI_BAR_MEM64;
    accepted(ONE "devices = [\"0000:00:06.0\"]\n", "");
    assert_int_equal(plan_rig.plan.devices[0].bars[0], 4 * GIB);
}

static void lines(void **state)
{
    (void)state;
    uint32_t index = (uint32_t)(plain - plan_rig.functions);
    plain->cap.msi = 0;
    plan_rig.hints[index] = 17;
    accepted(ONE "devices = [\"0000:00:05.0\"]\n",
             "warning[BH0615] g.toml:6:12: 0000:00:05.0 has no MSI: its guest gets no interrupt from it; fix: add "
             "[device.\"0000:00:05.0\"] and gsi = 17, as Linux on this machine had it\n");
    plan_rig.gsis[index] = 18;
    plan_rig.gsis[index + 1] = 18;
    accepted(ONE "devices = [\"0000:00:06.0\", \"0000:00:05.0\"]\n", "");
    assert_int_equal(plan_rig.plan.devices[0].gsi, PLAN_NO_GSI);
    assert_int_equal(plan_rig.plan.devices[1].gsi, 18);
    other->cap.msi = 0;
    refused(ONE "devices = [\"0000:00:05.0\"]\n" TWO "devices = [\"0000:00:06.0\"]\n",
            "error[BH0617] g.toml:11:12: 0000:00:06.0 has GSI 18, which is the line of 0000:00:05.0 of guest 'one' "
            "already; fix: assign only one of the two\n"
            "warning[BH0615] g.toml:11:12: 0000:00:06.0 has no MSI: its guest gets no interrupt from it; fix: add "
            "[device.\"0000:00:06.0\"] and gsi = N; Linux on this machine shows N in /proc/interrupts\n");
    plan_rig.facts.console_gsi = 4;
    refused(ONE "devices = [\"0000:00:05.0\"]\n[device.\"0000:00:05.0\"]\ngsi = 4\n",
            "error[BH0617] g.toml:8:7: 0000:00:05.0 has GSI 4, which is the line of the hypervisor's own console; fix: "
            "move the console to another port, or choose another device\n");
    refused(
        ONE "devices = [\"0000:00:05.0\"]\n[device.\"0000:00:05.0\"]\ngsi = 500\n",
        "error[BH0618] g.toml:8:7: 0000:00:05.0 has GSI 500, which is on no I/O APIC whose interrupts are remapped; "
        "fix: write the line that Linux on this machine shows in /proc/interrupts\n");
    plain->interrupt_pin = 0;
    refused(ONE "devices = [\"0000:00:05.0\"]\n[device.\"0000:00:05.0\"]\ngsi = 5\n",
            "error[BH0616] g.toml:8:7: 0000:00:05.0 has no INTx#, but gsi = 5 is given; fix: leave gsi out\n");
}

static void too_many(void **state)
{
    (void)state;
    plan_rig.facts.limits.devices_max = 1;
    refused(
        ONE "devices = [\"0000:00:05.0\", \"0000:00:06.0\", \"0000:01:00.0\"]\n",
        "error[BH0614] g.toml:6:28: 0000:00:06.0 is one more than the 1 that a guest's PCI bus has places for; fix: "
        "give the guest fewer devices\n");
}

static void roms(void **state)
{
    (void)state;
    plain->rom = (struct pci_bar){.kind = PCI_BAR_MEM32, .assigned = true, .address = 0xe2000000, .size = 0x800};
    accepted(ONE "devices = [\"0000:00:05.0\"]\n", "");
    assert_true(plan_rig.plan.devices[0].rom);
    assert_true(plan_rig.plan.devices[0].rom_at != 0);
    accepted(ONE "devices = [\"0000:00:05.0\"]\n[device.\"8086:1521\"]\nrom = false\n", "");
    assert_false(plan_rig.plan.devices[0].rom);
    plan_rig_bar(other, 0, 0xe2000400, 0x100);
    accepted(ONE "devices = [\"0000:00:05.0\"]\n[device.\"8086:1521\"]\nrom = true\n",
             "warning[BH0633] g.toml:6:12: 0000:00:05.0 hides its option ROM: something else has its address too; fix: "
             "leave rom out, or write rom = false\n");
}

static void what_nobody_names(void **state)
{
    (void)state;
    twin_1->blocked = PCI_BLOCKED_BARS;
    accepted(
        "version = 1\n[system]\nunassigned = \"two\"\n[guest.one]\ncpus = [0]\nkernel = \"k\"\nmemory = \"64MiB\"\n"
        "devices = [\"0000:00:05.0\"]\n" TWO,
        "note[BH0634] g.toml:3:14: the group of 0000:00:04.0 stays blocked: 0000:02:00.1 is blocked: a BAR of it "
        "overlaps memory, the platform or another BAR\n");
    assert_int_equal(plan_rig.plan.guests[0].device_count, 1);
    assert_int_equal(plan_rig.plan.guests[1].device_count, 2);
    assert_int_equal(plan_rig.plan.owner[card - plan_rig.functions], 1);
    assert_int_equal(plan_rig.plan.owner[twin_0 - plan_rig.functions], PLAN_NO_GUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_plan, start),
        cmocka_unit_test_setup(absent_twice_and_bridge, start),
        cmocka_unit_test_setup(part_of_a_group, start),
        cmocka_unit_test_setup(whose_ids_messages_have, start),
        cmocka_unit_test_setup(a_group_for_two_guests, start),
        cmocka_unit_test_setup(a_group_with_the_console, start),
        cmocka_unit_test_setup(the_consoles_own_device, start),
        cmocka_unit_test_setup(the_machines_own, start),
        cmocka_unit_test_setup(behind_a_vmd_endpoint, start),
        cmocka_unit_test_setup(no_unit_and_blocked, start),
        cmocka_unit_test_setup(expected_and_unused_tables, start),
        cmocka_unit_test_setup(no_remapping, start),
        cmocka_unit_test_setup(no_remapping_of_left_overs, start),
        cmocka_unit_test_setup(no_remapping_and_a_far_cpu, start),
        cmocka_unit_test_setup(no_remapping_and_a_line, start),
        cmocka_unit_test_setup(reserved_memory, start),
        cmocka_unit_test_setup(reserved_memory_where_ram_is, start),
        cmocka_unit_test_setup(reserved_memory_where_others_are, start),
        cmocka_unit_test_setup(reserved_memory_in_many_places, start),
        cmocka_unit_test_setup(reserved_memory_of_left_overs_in_many_places, start),
        cmocka_unit_test_setup(shared_reserved_memory, start),
        cmocka_unit_test_setup(resets, start),
        cmocka_unit_test_setup(resets_that_are_impossible, start),
        cmocka_unit_test_setup(small_bars, start),
        cmocka_unit_test_setup(bars_that_do_not_fit, start),
        cmocka_unit_test_setup(lines, start),
        cmocka_unit_test_setup(too_many, start),
        cmocka_unit_test_setup(roms, start),
        cmocka_unit_test_setup(what_nobody_names, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
