/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_rules.c: QAT, igb and NVMe in the plan, with ids of real ones; and VFs among the devices. */
#include "plan/plan_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/plan/plan_verdicts.h"

#define WHY "a request of its driver that leads to an address that is not mapped can hang the whole machine"
#define MAILBOX "the igb driver of the PF, which answers their mailbox: without that a VF has no address and no link"

static struct pci_function *pf, *vf_0, *vf_1;

static struct pci_function *add_vf(const char *at, uint16_t device)
{
    struct pci_function *f = plan_rig_device(at);
    f->device = device;
    f->is_vf = true;
    f->pf = 1;
    f->parent = 0;
    return f;
}

/* 00:03.0 isolates the PF 01:00.0 and its VFs 01:01.0 and, on a bus that no bridge leads to, 02:00.0. */
static int start(void **state)
{
    plan_rig_start(state);
    plan_rig_port("0000:00:03.0", 1, true);
    pf = plan_rig_device("0000:01:00.0");
    pf->is_pf = true;
    pf->cap.sriov = 0x160;
    vf_0 = add_vf("0000:01:01.0", 0x1520);
    vf_1 = add_vf("0000:02:00.0", 0x1520);
    return 0;
}

static int start_qat(void **state)
{
    start(state);
    pf->device = 0x37c8;
    vf_0->device = vf_1->device = 0x37c9;
    return 0;
}

/* T12: each alone, although a VF's bus is nobody's. */
static void vfs_go_to_several_guests(void **state)
{
    (void)state;
    accepted(ONE "devices = [\"0000:01:00.0\", \"0000:01:01.0\"]\n" TWO
                 "autostart = false\ndevices = [\"0000:02:00.0\"]\n",
             "");
    const struct plan *p = &plan_rig.plan;
    assert_int_equal(p->device_count, 3);
    assert_int_equal(p->devices[2].guest, 1);
    assert_int_equal(p->devices[2].unit, p->devices[0].unit);
    assert_int_equal(p->devices[2].source_count, 1);
    assert_int_equal(p->devices[2].sources[0].v, vf_1->at.v);
    assert_int_equal(p->devices[1].reset, PCI_RESET_FLR);
    assert_true(p->devices[0].group != p->devices[1].group && p->devices[1].group != p->devices[2].group);
}

/* Behind a port that does not isolate, all of them are one group. */
static void vfs_of_one_group(void **state)
{
    (void)state;
    plan_rig.functions[0].cap.acs = 0;
    assert_int_equal(plan_rig_plan(ONE "devices = [\"0000:01:01.0\"]\n"), STATUS_UNSUPPORTED);
    assert_string_equal(plan_rig.items[0].what, "0000:01:01.0 is in one group with 0000:01:00.0, 0000:02:00.0, which "
                                                "guest 'one' does not have");
}

static void vfs_that_nobody_serves(void **state)
{
    (void)state;
    accepted(
        ONE "devices = [\"0000:01:01.0\"]\n",
        "warning[BH0666] g.toml:6:12: 0000:01:01.0 appears but does nothing: no guest has its PF 0000:01:00.0, and "
        "it needs " MAILBOX "; fix: add \"0000:01:00.0\" to devices of the guest that has that driver\n");
    accepted(ONE "autostart = false\ndevices = [\"0000:01:01.0\"]\n" TWO "devices = [\"0000:01:00.0\"]\n", "");
    vf_0->device = 0x1889; /* of a kind that nothing is known of */
    accepted(ONE "devices = [\"0000:01:01.0\"]\n", "");
    vf_0->class_code = 0x010802;
    assert_int_equal(plan_rig_plan(ONE "devices = [\"0000:01:01.0\"]\n"), STATUS_OK);
    assert_non_null(strstr(plan_rig.items[0].what, "`nvme virt-mgmt`"));
}

static void qat_for_trusted_guests(void **state)
{
    (void)state;
    refused(ONE "devices = [\"0000:01:00.0\"]\n" TWO "autostart = false\ndevices = [\"0000:01:01.0\"]\n",
            "error[BH0665] g.toml:6:12: 0000:01:00.0 (QAT) goes to trusted guests only: " WHY
            "; fix: if you trust guest 'one' that far, add two lines: [device.\"0000:01:00.0\"] and trusted = true\n"
            "error[BH0665] g.toml:12:12: 0000:01:01.0 (QAT) goes to trusted guests only: " WHY
            "; fix: if you trust guest 'two' that far, add two lines: [device.\"0000:01:01.0\"] and trusted = true\n");
    refused(ONE "devices = [\"0000:01:00.0\"]\n[device.\"0000:01:00.0\"]\ntrusted = false\n",
            "error[BH0665] g.toml:6:12: 0000:01:00.0 (QAT) goes to trusted guests only: " WHY
            "; fix: if you trust guest 'one' that far, write trusted = true into [device.\"0000:01:00.0\"]\n");
    accepted(ONE
             "devices = [\"0000:01:00.0\", \"0000:01:01.0\"]\n[device.\"0000:01:00.0\"]\nvfs = 16\ntrusted = true\n",
             "");
    accepted(ONE "devices = [\"0000:01:00.0\", \"0000:02:00.0\"]\n[device.\"0000:01:00.0\"]\ntrusted = true\n"
                 "[device.\"8086:37c9\"]\ntrusted = true\n",
             "");
    /* A VF's own word wins. */
    assert_int_equal(plan_rig_plan(ONE "devices = [\"0000:01:00.0\", \"0000:02:00.0\"]\n[device.\"0000:01:00.0\"]\n"
                                       "trusted = true\n[device.\"0000:02:00.0\"]\ntrusted = false\n"),
                     STATUS_UNSUPPORTED);
    assert_int_equal(plan_rig.diags.errors, 1);
}

/* Not by accident either. */
static void qat_is_not_left_over_for_anybody(void **state)
{
    (void)state;
    assert_int_equal(
        plan_rig_plan("version = 1\n[system]\nunassigned = \"one\"\n[guest.one]\ncpus = [0]\nkernel = \"k\"\n"
                      "memory = \"64MiB\"\n"),
        STATUS_OK);
    assert_int_equal(plan_rig.plan.device_count, 0);
    assert_non_null(strstr(plan_rig_text(), "note[BH0634] g.toml:3:14: the group of 0000:01:00.0 stays blocked: "
                                            "0000:01:00.0 (QAT) goes to trusted guests only"));
}

static void a_vf_without_a_reset(void **state)
{
    (void)state;
    vf_0->has_flr = false;
    accepted(ONE "devices = [\"0000:01:00.0\", \"0000:01:01.0\"]\n[device.\"0000:01:00.0\"]\ntrusted = true\n",
             "warning[BH0632] g.toml:6:28: 0000:01:01.0 has no function level reset: it keeps what the last user left "
             "until its driver asks the PF's driver to reset it; fix: give it to one guest for good, or choose another "
             "device\n");
    assert_int_equal(plan_rig.plan.devices[1].reset, PCI_RESET_NONE); /* never by the bus, which is the PF's */
}

/* The table of a PF that nobody has counts when it says how many VFs there are, or holds for one. */
static void tables_of_pfs(void **state)
{
    (void)state;
    accepted(ONE "devices = [\"0000:00:05.0\"]\n[device.\"0000:01:00.0\"]\nvfs = 2\n[device.\"8086:1521\"]\nvfs = 1\n",
             "");
    accepted(ONE "autostart = false\ndevices = [\"0000:01:01.0\"]\n" TWO
                 "devices = [\"0000:01:00.0\"]\n[device.\"8086:1521\"]\n"
                 "trusted = true\n",
             "");
    refused(ONE "[device.\"0000:01:00.0\"]\ntrusted = true\n",
            "error[BH0709] g.toml:6:1: no guest gets device 0000:01:00.0; fix: correct the address, or remove the "
            "table\n");
}

static void an_absent_vf(void **state)
{
    (void)state;
    refused(
        ONE "devices = [\"0000:01:02.0\"]\n",
        "error[BH0600] g.toml:6:12: 0000:01:02.0 is not in this machine; fix: take an address from the inventory in "
        "the log; if it is to be a VF of 0000:01:00.0, add [device.\"0000:01:00.0\"]: vfs = 8, or as many as you "
        "need\n");
}

static int start_with_a_device(void **state)
{
    plan_rig_start(state);
    plan_rig_port("0000:00:03.0", 1, true);
    pf = plan_rig_device("0000:00:05.0");
    pf = plan_rig_device("0000:01:00.0");
    pf->is_pf = true;
    pf->cap.sriov = 0x160;
    vf_0 = add_vf("0000:01:01.0", 0x1520);
    vf_0->pf = 2;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(vfs_go_to_several_guests, start),
        cmocka_unit_test_setup(vfs_of_one_group, start),
        cmocka_unit_test_setup(vfs_that_nobody_serves, start),
        cmocka_unit_test_setup(qat_for_trusted_guests, start_qat),
        cmocka_unit_test_setup(qat_is_not_left_over_for_anybody, start_qat),
        cmocka_unit_test_setup(a_vf_without_a_reset, start_qat),
        cmocka_unit_test_setup(tables_of_pfs, start_with_a_device),
        cmocka_unit_test_setup(an_absent_vf, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
