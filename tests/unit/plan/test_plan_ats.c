/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_ats.c: who may have ATS, and the exact text of each refusal. */
#include "plan/plan_ats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/plan/plan_verdicts.h"

#define CARD ONE "devices = [\"0000:01:00.0\"]\n"
#define TABLE "[device.\"0000:01:00.0\"]\nats = true\n"
#define TRUSTED CARD TABLE "trusted = true\n"
#define REFUSED(code, what) "error[" code "] g.toml:8:7: 0000:01:00.0 cannot have ATS: " what "\n"

static struct pci_function *port, *card;
static bool serves[1];
static struct dmar_atsr atsr;
static struct dmar_scope port_scope, card_scope;
static struct dmar_hop port_hop, card_hops[2];
static struct dmar_satc satc;

static bool has_ats(void)
{
    return plan_rig.plan.guests[0].devices[0].ats;
}

/* 01:00.0 has ATS, below the root port 00:03.0, which an ATSR names, behind a unit with device-TLB support. */
static int start(void **state)
{
    plan_rig_start(state);
    port = plan_rig_port("0000:00:03.0", 1, true);
    card = plan_rig_device("0000:01:00.0");
    card->cap.ats = 0x100;
    serves[0] = true;
    plan_rig.facts.device_tlbs = serves;
    port_hop = (struct dmar_hop){3, 0};
    port_scope = (struct dmar_scope){.type = DMAR_SCOPE_BRIDGE, .hops = &port_hop, .hop_count = 1};
    card_hops[0] = port_hop;
    card_hops[1] = (struct dmar_hop){0, 0};
    card_scope = (struct dmar_scope){.type = DMAR_SCOPE_ENDPOINT, .hops = card_hops, .hop_count = 2};
    atsr = (struct dmar_atsr){.scopes = {&port_scope, 1}};
    satc = (struct dmar_satc){.scopes = {&card_scope, 1}};
    plan_rig.machine.dmar.atsrs = &atsr;
    plan_rig.machine.dmar.atsr_count = 1;
    plan_rig.machine.dmar.satcs = &satc;
    return 0;
}

static void given_when_all_is_there(void **state)
{
    (void)state;
    accepted(TRUSTED, "");
    assert_true(has_ats());
    assert_false(plan_rig.plan.guests[0].devices[0].ats_twice);
    accepted(CARD, "");
    assert_false(has_ats());
    accepted(CARD "[device.\"0000:01:00.0\"]\nats = false\n", "");
    assert_false(has_ats());
    card->vendor = 0x8086;
    card->device = 0x4942;
    accepted(CARD "[device.\"8086:4942\"]\nats = true\ntrusted = true\n", "");
    assert_true(has_ats() && plan_rig.plan.guests[0].devices[0].ats_twice);
    atsr = (struct dmar_atsr){.flags = DMAR_ATSR_ALL_PORTS};
    accepted(TRUSTED, "");
    assert_true(has_ats());
}

static void never_without_trust(void **state)
{
    (void)state;
    refused(CARD TABLE,
            REFUSED("BH0690",
                    "its translated requests are believed, so that it must be trusted to reach what it was told "
                    "alone; fix: write trusted = true beside it, in [device.\"0000:01:00.0\"], or leave ats out"));
}

static void never_without_the_capability(void **state)
{
    (void)state;
    card->cap.ats = 0;
    refused(TRUSTED, REFUSED("BH0691", "it has no ATS capability; fix: leave ats out"));
    card->cap.ats = 0x100;
    card->vendor = 0x8086;
    card->device = 0x1452;
    card->revision = 0x10;
    refused(TRUSTED,
            REFUSED("BH0691", "is an IPU E2000 before stepping C0, which reads invalidations with the wrong byte "
                              "order; fix: leave ats out"));
    card->revision = 0x20;
    accepted(TRUSTED, "");
}

static void never_with_several_ids(void **state)
{
    (void)state;
    card->phantom_bits = 1;
    refused(TRUSTED, REFUSED("BH0692", "its requests have several requester ids; fix: leave ats out"));
}

static void never_behind_a_unit_without(void **state)
{
    (void)state;
    serves[0] = false;
    refused(TRUSTED,
            REFUSED("BH0693", "its remapping unit at 0xfed90000 serves no devices' TLBs (ECAP.DT is 0); fix: leave "
                              "ats out (QEMU: intel-iommu,device-iotlb=on)"));
    plan_rig.facts.device_tlbs = NULL;
    assert_int_equal(plan_rig_plan(TRUSTED), STATUS_UNSUPPORTED);
}

static void never_below_a_port_that_is_not_listed(void **state)
{
    (void)state;
    const char *unlisted =
        REFUSED("BH0694", "no ATSR of the DMAR table names its root port 0000:00:03.0; fix: leave ats "
                          "out, or put it behind a root port that has ATS");
    plan_rig.machine.dmar.atsr_count = 0;
    refused(TRUSTED, unlisted);
    plan_rig.machine.dmar.atsr_count = 1;
    port_hop.device = 4;
    refused(TRUSTED, unlisted);
    port_hop.device = 3;
    atsr.segment = 1; /* also with ALL_PORTS, which are those of its segment */
    atsr.flags = DMAR_ATSR_ALL_PORTS;
    refused(TRUSTED, unlisted);
    atsr.segment = 0;
    port->express = PCI_EXPRESS_TO_PCI;
    assert_int_equal(plan_rig_plan(TRUSTED), STATUS_UNSUPPORTED);
    assert_non_null(strstr(plan_rig_text(), "error[BH069"));
}

/* SATC: integrated devices that need no ATSR; and those whose hardware does it all. */
static void integrated(void **state)
{
    (void)state;
    plan_rig.machine.dmar.atsr_count = 0;
    plan_rig.machine.dmar.satc_count = 1;
    accepted(TRUSTED, "");
    satc.flags = DMAR_SATC_ATC_REQUIRED;
    refused(TRUSTED,
            REFUSED("BH0695", "the DMAR table says (SATC) that its hardware sees to it by itself; fix: leave ats "
                              "out"));
    plan_rig.machine.dmar.satc_count = 0;
    card->at = sbdf_make(0, 0, 6, 0); /* on the root bus: no port on the way */
    card->parent = PCI_NO_INDEX;
    enum status status = plan_rig_plan("version = 1\n[guest.one]\ncpus = [0]\nkernel = \"k\"\nmemory = \"64MiB\"\n"
                                       "devices = [\"0000:00:06.0\"]\n[device.\"0000:00:06.0\"]\nats = true\n"
                                       "trusted = true\n");
    assert_string_equal(plan_rig_text(), "");
    assert_int_equal(status, STATUS_OK);
    assert_true(has_ats());
}

/* What is asked of a PF is not asked of its VFs, which never get it. */
static void of_a_pf_alone(void **state)
{
    (void)state;
    struct pci_function *vf = plan_rig_device("0000:01:00.1");
    vf->is_vf = true;
    vf->pf = pci_find_index(&plan_rig.machine.pci, card->at);
    vf->parent = card->parent;
    vf->cap.ats = 0x100;
    accepted(TRUSTED "[guest.two]\ncpus = [1]\nkernel = \"k\"\nmemory = \"64MiB\"\nautostart = false\n"
                     "devices = [\"0000:01:00.1\"]\n",
             "");
    assert_true(has_ats());
    assert_false(plan_rig.plan.guests[1].devices[0].ats);
    refused(CARD "[guest.two]\ncpus = [1]\nkernel = \"k\"\nmemory = \"64MiB\"\nautostart = false\n"
                 "devices = [\"0000:01:00.1\"]\n[device.\"0000:01:00.1\"]\nats = true\ntrusted = true\n",
            "error[BH0691] g.toml:14:7: 0000:01:00.1 cannot have ATS: it is a virtual function: how small its "
            "translations are is its PF's to say; fix: leave ats out\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(given_when_all_is_there, start),
        cmocka_unit_test_setup(of_a_pf_alone, start),
        cmocka_unit_test_setup(never_without_trust, start),
        cmocka_unit_test_setup(never_without_the_capability, start),
        cmocka_unit_test_setup(never_with_several_ids, start),
        cmocka_unit_test_setup(never_behind_a_unit_without, start),
        cmocka_unit_test_setup(never_below_a_port_that_is_not_listed, start),
        cmocka_unit_test_setup(integrated, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
