/* SPDX-License-Identifier: GPL-2.0-only
 * guest/device_ats.c: ATS on and off on every way in and out of a guest, with a device that keeps translations. */
#include "guest/device_ats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_acs.h"
#include "drivers/pci_ats.h"
#include "drivers/pci_regs.h"
#include "guest/assign.h"
#include "guest/device_stop.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/model/ats_model.h"

#define DEPTH 8
#define PORT_ACS 0x5f /* source validation, translation blocking, redirects, forwarding, direct translated */

static struct guest_pci_rig rig;
static struct vm_owned owned;
static struct guest_pci *const pci = &owned.vm.platform.pci;
static struct ats_model tlb;
static struct fake_pci_function *port;
static uint16_t ats, port_acs;
static unsigned silent;

static unsigned ats_control(void)
{
    return fake_pci_get(rig.nvme, (uint16_t)(ats + PCI_ATS_CONTROL), 2);
}

static bool is_blocking(void)
{
    return (fake_pci_get(port, (uint16_t)(port_acs + PCI_ACS_CONTROL), 2) & PCI_ACS_TRANSLATION_BLOCKING) != 0;
}

static bool invalidate(void *context, uint16_t sid, uint64_t address, uint64_t bytes, unsigned max_pending)
{
    (void)context;
    assert_int_equal(sid, tlb.sid);
    /* Bus mastering is off whenever it is told to forget all, so that it cannot ask again. */
    if (bytes == UINT64_MAX) {
        assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    }
    ats_model_enable(&tlb, (ats_control() & PCI_ATS_ENABLE) != 0);
    return ats_model_invalidate(&tlb, address, bytes, max_pending);
}

static void note_silent(void *context, uint16_t source)
{
    assert_null(context);
    assert_int_equal(source, tlb.sid);
    silent++;
}

/* The NVMe-like device gets ATS, the port above it ACS with Translation Blocking, as at boot. */
static void add_ats(void)
{
    struct pci_function *f = pci_find(&rig.facts, rig.nvme->at);
    struct pci_function *above = pci_parent(&rig.facts, f);
    ats = fake_pci_add_ext_cap(rig.nvme, PCI_EXT_ATS, 8);
    fake_pci_set(rig.nvme, (uint16_t)(ats + PCI_ATS_CAP), 2, 0x0040 | DEPTH);
    fake_pci_make_writable(rig.nvme, (uint16_t)(ats + PCI_ATS_CONTROL), 2, PCI_ATS_ENABLE | PCI_ATS_STU);
    fake_pci_set(rig.nvme, (uint16_t)(ats + PCI_ATS_CONTROL), 2, 3); /* another unit was set before */
    f->cap.ats = ats;
    port = fake_pci_find(above->at);
    port_acs = fake_pci_add_ext_cap(port, PCI_EXT_ACS, 8);
    above->cap.acs = port_acs;
    above->acs_cap = PORT_ACS;
    above->acs_control = PCI_ACS_ISOLATION | PCI_ACS_TRANSLATION_BLOCKING;
    fake_pci_set(port, (uint16_t)(port_acs + PCI_ACS_CAP), 2, PORT_ACS);
    fake_pci_make_writable(port, (uint16_t)(port_acs + PCI_ACS_CONTROL), 2, PORT_ACS);
    fake_pci_set(port, (uint16_t)(port_acs + PCI_ACS_CONTROL), 2, above->acs_control);
}

static int setup(void **state)
{
    (void)state;
    guest_pci_rig_start(&rig);
    struct guest_pci_config config = rig.pci.config;
    guest_pci_free(&rig.pci);
    memset(&owned, 0, sizeof(owned));
    rig.model->config.ecap |= BIT64(2);
    rig.vtd.units[0].caps.device_tlb = true;
    rig.model->io.invalidate = invalidate;
    rig.plans[0].ats = true;
    owned.request.devices = &rig.nvme_device;
    owned.request.device_count = 1;
    rig.domain.tlbs.on_silent = note_silent;
    silent = 0;
    ats_model_reset(&tlb, rig.model, sbdf_rid(rig.nvme->at), DEPTH);
    add_ats();
    assert_int_equal(guest_pci_init(pci, &config), STATUS_OK);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    assert_int_equal(tlb.stale, 0);
    assert_int_equal(tlb.crowded, 0);
    assert_null(vtd_model_violation(rig.model));
    return 0;
}

static bool reaches_ram(void)
{
    uint64_t host = 0;
    ats_model_enable(&tlb, (ats_control() & PCI_ATS_ENABLE) != 0);
    return ats_model_access(&tlb, 0x1000, true, &host) && host == RIG_RAM_HOST + 0x1000;
}

static enum status attach(void)
{
    size_t failed = 0;
    return guest_pci_rig_assign(pci, &rig.nvme_device, 1, &failed);
}

static enum status detach(void)
{
    enum status each = STATUS_OK;
    assign_detach(pci, &rig.nvme_device, 1, &each);
    return each;
}

static void work(void)
{
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    assert_true(reaches_ram());
    assert_true(tlb.translated > 0);
}

static void on_in_the_domain_off_before_it_leaves(void **state)
{
    (void)state;
    uint64_t host = 0;
    assert_int_equal(attach(), STATUS_OK);
    assert_int_equal(ats_control(), PCI_ATS_ENABLE); /* and 4 KiB */
    assert_false(is_blocking());
    work();
    tlb.rogue = true; /* ATS off is not what keeps it away */
    assert_int_equal(detach(), STATUS_OK);
    assert_int_equal(tlb.invalidations, 1);
    assert_int_equal(ats_control(), 0);
    assert_true(is_blocking());
    assert_false(reaches_ram());
    assert_false(vtd_model_ats_access(rig.model, tlb.sid, RIG_RAM_HOST));
    assert_false(vtd_model_may_now(rig.model, tlb.sid, 0x1000, true, &host));
    assert_false(rig.domain.quarantined);
}

static void on_again_when_the_guest_starts_anew(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(attach(), STATUS_OK);
        work();
        assert_int_equal(rig.nvme->flrs, 2 * i + 1);
        assert_int_equal(detach(), STATUS_OK);
    }
    assert_int_equal(tlb.invalidations, 3);
}

static void stopped_and_returned(void **state)
{
    (void)state;
    assert_int_equal(attach(), STATUS_OK);
    work();
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_OK);
    assert_int_equal(ats_control(), 0);
    assert_false(reaches_ram());
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_OK);
    assert_int_equal(ats_control(), PCI_ATS_ENABLE);
    work();
    assert_int_equal(detach(), STATUS_OK);
}

/* Without `ats` nothing of it happens, whatever the device has. */
static void off_unless_asked_for(void **state)
{
    (void)state;
    rig.plans[0].ats = false;
    assert_int_equal(attach(), STATUS_OK);
    assert_int_equal(ats_control() & PCI_ATS_ENABLE, 0);
    assert_true(is_blocking());
    assert_false(vtd_model_ats_access(rig.model, tlb.sid, RIG_RAM_HOST));
    assert_int_equal(detach(), STATUS_OK);
    assert_int_equal(tlb.invalidations, 0);
}

static void silent_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(attach(), STATUS_OK);
    work();
    tlb.mute = tlb.rogue = true;
    assert_int_equal(detach(), STATUS_TIMEOUT);
    assert_true(rig.domain.quarantined);
    assert_false(reaches_ram());
    assert_int_equal(ats_control(), 0);
    assert_int_equal(tlb.invalidations, 1);
}

/* In the middle of the guest's work: it is blocked at once, and stopped as soon as the first vCPU can. */
static void silent_while_it_works(void **state)
{
    (void)state;
    assert_int_equal(attach(), STATUS_OK);
    work();
    tlb.mute = tlb.rogue = true;
    assert_int_equal(vtd_domain_unmap(&rig.domain, iova(0x1000), 0x1000), STATUS_TIMEOUT);
    assert_false(reaches_ram());
    assert_false(vtd_model_ats_access(rig.model, tlb.sid, RIG_RAM_HOST + 0x2000));
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_TIMEOUT);
    assert_true(device_is_stopped(&owned, rig.nvme->at));
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_HARDWARE);
    assert_int_equal(tlb.invalidations, 1);
    assert_int_equal(silent, 1);
}

/* A capability that does not do what is written leaves the device out of the guest. */
static void a_control_that_does_not_stay(void **state)
{
    (void)state;
    fake_pci_make_writable(rig.nvme, (uint16_t)(ats + PCI_ATS_CONTROL), 2, PCI_ATS_STU);
    assert_int_equal(attach(), STATUS_HARDWARE);
    assert_int_equal(tlb.invalidations, 0); /* with ATS off it is not asked, as it would not answer */
    assert_true(is_blocking());
    assert_false(vtd_model_ats_access(rig.model, tlb.sid, RIG_RAM_HOST));
    assert_int_equal(rig.domain.tlbs.count, 0);
}

static void off_alone_if_it_stays_on(void **state)
{
    (void)state;
    const struct pci_function *f = rig.nvme_facts;
    assert_int_equal(pci_ats_depth(f), DEPTH);
    assert_int_equal(pci_ats_enable(&rig.facts, f), STATUS_OK);
    fake_pci_make_writable(rig.nvme, (uint16_t)(ats + PCI_ATS_CONTROL), 2, 0);
    assert_int_equal(pci_ats_disable(&rig.facts, f), STATUS_HARDWARE);
    assert_false(is_blocking());
    rig.nvme->gone = true;
    assert_int_equal(pci_ats_disable(&rig.facts, f), STATUS_OK);
    assert_int_equal(pci_ats_enable(&rig.facts, f), STATUS_HARDWARE);
    assert_int_equal(pci_ats_enable(&rig.facts, rig.plain_facts), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(on_in_the_domain_off_before_it_leaves, setup, finish),
        cmocka_unit_test_setup_teardown(on_again_when_the_guest_starts_anew, setup, finish),
        cmocka_unit_test_setup_teardown(stopped_and_returned, setup, finish),
        cmocka_unit_test_setup_teardown(off_unless_asked_for, setup, finish),
        cmocka_unit_test_setup_teardown(silent_at_the_end, setup, finish),
        cmocka_unit_test_setup_teardown(silent_while_it_works, setup, finish),
        cmocka_unit_test_setup_teardown(a_control_that_does_not_stay, setup, finish),
        cmocka_unit_test_setup_teardown(off_alone_if_it_stays_on, setup, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
