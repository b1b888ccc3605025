/* SPDX-License-Identifier: GPL-2.0-only
 * A device stopped and returned: what its guest, its unit and the device see. */
#include "guest/device_stop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/assign.h"
#include "guest/pf_lease.h"
#include "kernel/core/event.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/irq.h"

static struct guest_pci_rig rig;
static struct vm_owned owned;
static struct guest_pci *const pci = &owned.vm.platform.pci;
static struct vm_device devices[3]; /* of the guest; it may have others that no order is for */
static bool shared;

static int setup(void **state)
{
    (void)state;
    (shared ? guest_pci_rig_start_shared : guest_pci_rig_start)(&rig);
    struct guest_pci_config config = rig.pci.config;
    guest_pci_free(&rig.pci);
    memset(&owned, 0, sizeof(owned));
    devices[0] = rig.nvme_device;
    devices[1] = rig.pair_devices[0];
    devices[2] = rig.pair_devices[1];
    owned.request.devices = devices;
    owned.request.device_count = ARRAY_LENGTH(devices);
    assert_int_equal(guest_pci_init(pci, &config), STATUS_OK);
    return 0;
}

static bool reaches_ram(const struct fake_pci_function *f)
{
    uint64_t host = 0;
    return vtd_model_may_now(rig.model, sbdf_rid(f->at), 0x1000, true, &host);
}

static struct guest_pci_function *attach(const struct vm_device *device)
{
    size_t failed = 0;
    assert_int_equal(guest_pci_rig_assign(pci, device, 1, &failed), STATUS_OK);
    return guest_pci_find(pci, device->function->at);
}

/* As a driver does: BAR elsewhere, DMA and one MSI-X vector on. */
static struct guest_pci_function *attach_and_work(void)
{
    struct guest_pci_function *f = attach(&rig.nvme_device);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, GUEST_BAR32_START + 0x100000);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    guest_pci_rig_write(&rig, 1, f->view.msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
    uint64_t table = f->bars[0].mapped_at + RIG_TABLE;
    bus_write(&rig.mmio, table, 4, 0xfee01000, 0);
    bus_write(&rig.mmio, table + 12, 4, 0, 0);
    assert_true(guest_pci_rig_send_msix(&rig, 0));
    return f;
}

static unsigned mastering(const struct fake_pci_function *f)
{
    return fake_pci_get(f, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER;
}

static void stopped_is_gone_for_everyone(void **state)
{
    (void)state;
    struct guest_pci_function *f = attach_and_work();
    uint64_t bar = f->bars[0].mapped_at;
    unsigned flushes = rig.flushes;
    struct radix_mapping m;
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_OK);
    assert_true(device_is_stopped(&owned, rig.nvme->at));
    assert_int_equal(mastering(rig.nvme), 0);
    assert_false(reaches_ram(rig.nvme));
    assert_false(guest_pci_rig_send_msix(&rig, 0));
    assert_int_equal(fake_irq_taken(), 0);
    assert_int_equal(radix_lookup(&rig.nested, bar, &m), STATUS_NOT_FOUND);
    assert_int_equal(bus_read(&rig.mmio, bar + RIG_TABLE, 4, 0), UINT32_MAX);
    assert_true(rig.flushes > flushes);
    for (unsigned at = 0; at < PCI_VIEW_SIZE; at += 4) {
        assert_int_equal(guest_pci_rig_read(&rig, 1, (uint16_t)at, 4), UINT32_MAX);
    }
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_HEADER_TYPE, 1), 0xff);
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_CONFLICT);
}

static void a_guest_cannot_bring_it_back(void **state)
{
    (void)state;
    struct guest_pci_function *f = attach_and_work();
    uint16_t msix = f->view.msix;
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_OK);
    fake_pci_forget_writes();
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, GUEST_BAR32_START);
    guest_pci_rig_write(&rig, 1, msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
    guest_pci_reroute(pci);
    assert_int_equal(mastering(rig.nvme), 0);
    guest_pci_reset(pci);
    assert_true(device_is_stopped(&owned, rig.nvme->at));
    assert_false(reaches_ram(rig.nvme));
    assert_int_equal(mastering(rig.nvme), 0);
    assert_int_equal(fake_irq_taken(), 0);
    struct radix_mapping m;
    assert_int_equal(radix_lookup(&rig.nested, GUEST_BAR32_START, &m), STATUS_NOT_FOUND);
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), UINT32_MAX);
}

static void others_go_on(void **state)
{
    (void)state;
    attach_and_work();
    attach(&rig.plain_device);
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_OK);
    assert_true(reaches_ram(rig.plain));
    assert_int_not_equal(guest_pci_rig_read(&rig, 2, 0, 4), UINT32_MAX);
    guest_pci_rig_write(&rig, 2, PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER);
    assert_int_not_equal(mastering(rig.plain), 0);
}

static void returned_is_as_at_the_start(void **state)
{
    (void)state;
    struct guest_pci_function *f = attach_and_work();
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_CONFLICT);
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_OK);
    unsigned flrs = rig.nvme->flrs;
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_OK);
    assert_false(device_is_stopped(&owned, rig.nvme->at));
    assert_int_equal(rig.nvme->flrs, flrs + 1);
    assert_true(reaches_ram(rig.nvme));
    assert_int_equal(mastering(rig.nvme), 0);
    assert_int_not_equal(guest_pci_rig_read(&rig, 1, 0, 4), UINT32_MAX);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    assert_int_equal(f->bars[0].mapped_at, GUEST_BAR32_START);
    assert_int_equal(guest_pci_rig_read(&rig, 1, f->view.msix + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENABLE, 0);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    guest_pci_rig_write(&rig, 1, f->view.msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
    bus_write(&rig.mmio, f->bars[0].mapped_at + RIG_TABLE, 4, 0xfee01000, 0);
    bus_write(&rig.mmio, f->bars[0].mapped_at + RIG_TABLE + 12, 4, 0, 0);
    assert_true(guest_pci_rig_send_msix(&rig, 0));
}

/* It goes to the end of its guest, and to the next start, like any other. */
static void a_stopped_one_is_detached(void **state)
{
    (void)state;
    enum status each = STATUS_OK;
    attach_and_work();
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_OK);
    assign_detach(pci, &rig.nvme_device, 1, &each);
    assert_int_equal(each, STATUS_OK);
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_NOT_FOUND);
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_NOT_FOUND);
    attach(&rig.nvme_device);
    static char line[EVENT_LINE_MAX];
    while (event_take(line, sizeof(line)) != 0) {
    }
    assert_int_equal(device_stop_again(&owned), STATUS_OK); /* started anew */
    assert_int_equal(event_take(line, sizeof(line)), 0);    /* else a rule for that event could go round for ever */
    assert_true(device_is_stopped(&owned, rig.nvme->at));
    assert_false(reaches_ram(rig.nvme));
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), UINT32_MAX);
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_OK);
    assert_true(reaches_ram(rig.nvme));
}

static void what_no_unit_confirms_never_returns(void **state)
{
    (void)state;
    attach_and_work();
    rig.model->knobs.stuck_waits = true;
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_TIMEOUT);
    rig.model->knobs.stuck_waits = false;
    assert_int_equal(mastering(rig.nvme), 0);
    assert_false(reaches_ram(rig.nvme));
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), UINT32_MAX);
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_HARDWARE);
    enum status each = STATUS_OK;
    assign_detach(pci, &rig.nvme_device, 1, &each);
    assert_int_equal(each, STATUS_TIMEOUT); /* still */
    assert_true(pci->functions[1]->dead);
}

/* Two behind one bridge: the reset of one is that of both. */
static void a_bus_is_reset_when_all_of_it_is_stopped(void **state)
{
    (void)state;
    size_t failed = 0;
    assert_int_equal(guest_pci_rig_assign(pci, rig.pair_devices, 2, &failed), STATUS_OK);
    assert_int_equal(device_stop(&owned, rig.pair[0]->at), STATUS_OK);
    unsigned resets = rig.pair[1]->bus_resets;
    assert_int_equal(device_return(&owned, rig.pair[0]->at), STATUS_UNSUPPORTED);
    assert_int_equal(rig.pair[1]->bus_resets, resets);
    assert_true(device_is_stopped(&owned, rig.pair[0]->at));
    assert_int_equal(device_stop(&owned, rig.pair[1]->at), STATUS_OK);
    assert_int_equal(device_return(&owned, rig.pair[0]->at), STATUS_OK);
    assert_int_equal(rig.pair[1]->bus_resets, resets + 1);
    assert_true(device_is_stopped(&owned, rig.pair[1]->at));
    assert_int_equal(guest_pci_rig_read(&rig, 2, 0, 4), UINT32_MAX);
    assert_int_not_equal(guest_pci_rig_read(&rig, 1, 0, 4), UINT32_MAX);
}

/* The other one has a reset of its own, as VFs behind a bus do: it has to be stopped all the same, and that is enough.
 */
static void a_bus_may_have_others_with_resets_of_their_own(void **state)
{
    (void)state;
    size_t failed = 0;
    struct pci_function *other = &rig.facts.functions[rig.plans[3].function];
    other->cap.af = (uint8_t)fake_pci_add_af(rig.pair[1]);
    other->has_af_flr = true;
    rig.plans[3].reset = PCI_RESET_AF;
    assert_int_equal(guest_pci_rig_assign(pci, rig.pair_devices, 2, &failed), STATUS_OK);
    assert_int_equal(device_stop(&owned, rig.pair[0]->at), STATUS_OK);
    unsigned resets = rig.pair[1]->bus_resets, own = rig.pair[1]->af_flrs;
    assert_int_equal(device_return(&owned, rig.pair[0]->at), STATUS_UNSUPPORTED);
    assert_int_equal(device_stop(&owned, rig.pair[1]->at), STATUS_OK);
    assert_int_equal(device_return(&owned, rig.pair[0]->at), STATUS_OK);
    assert_int_equal(rig.pair[1]->bus_resets, resets + 1);
    assert_true(device_is_stopped(&owned, rig.pair[1]->at));
    assert_int_equal(device_return(&owned, rig.pair[1]->at), STATUS_OK);
    assert_int_equal(rig.pair[1]->bus_resets, resets + 1); /* by its own, under the first one */
    assert_true(rig.pair[1]->af_flrs > own);
    assert_true(reaches_ram(rig.pair[0]) && reaches_ram(rig.pair[1]));
}

/* A VF of another PF of the device, whose requester id follows what this one is told. */
static void ids_in_use_do_not_change(void **state)
{
    (void)state;
    const struct sriov sriov = {
        .at = rig.pair[0]->at, .ari = true, .ari_at = rig.nvme->at, .offset = 1, .stride = 1, .num = 1};
    struct pf_lease lease = {.sriov = &sriov};
    struct vm_device vf = rig.plain_device;
    rig.facts.functions[rig.plans[1].function].is_vf = true;
    rig.plans[1].reset = PCI_RESET_NONE;
    vf.lease = &lease;
    attach(&rig.nvme_device);
    attach(&vf);
    unsigned flrs = rig.nvme->flrs;
    assert_int_equal(device_stop(&owned, rig.nvme->at), STATUS_OK);
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_UNSUPPORTED);
    assert_int_equal(rig.nvme->flrs, flrs);
    assert_int_equal(device_stop(&owned, rig.plain->at), STATUS_OK);
    assert_int_equal(device_return(&owned, rig.nvme->at), STATUS_OK);
    assert_int_equal(rig.nvme->flrs, flrs + 1);
}

#define CASES                                                                                                          \
    cmocka_unit_test_setup(stopped_is_gone_for_everyone, setup),                                                       \
        cmocka_unit_test_setup(a_guest_cannot_bring_it_back, setup), cmocka_unit_test_setup(others_go_on, setup),      \
        cmocka_unit_test_setup(returned_is_as_at_the_start, setup),                                                    \
        cmocka_unit_test_setup(a_stopped_one_is_detached, setup),                                                      \
        cmocka_unit_test_setup(what_no_unit_confirms_never_returns, setup),                                            \
        cmocka_unit_test_setup(a_bus_is_reset_when_all_of_it_is_stopped, setup),                                       \
        cmocka_unit_test_setup(a_bus_may_have_others_with_resets_of_their_own, setup),                                 \
        cmocka_unit_test_setup(ids_in_use_do_not_change, setup)

int main(void)
{
    const struct CMUnitTest apart[] = {CASES};
    int failed = cmocka_run_group_tests_name("apart", apart, NULL, NULL);
    shared = true;
    return failed + cmocka_run_group_tests_name("shared", apart, NULL, NULL);
}
