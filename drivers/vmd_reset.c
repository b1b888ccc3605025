/* SPDX-License-Identifier: GPL-2.0-only
 * VMD domains reset (PCIe 6.0 6.6.1; Linux, drivers/pci/controller/vmd.c, for the order of windows). */
#include "drivers/vmd_reset.h"

#include "drivers/pci_power.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd_ports.h"
#include "drivers/vmd_reset_first.h"
#include "drivers/vmd_reset_ports.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/lib/bits.h"

#define ASSERT_US UINT64_C(2000)   /* PCI 3.0 4.3.2: reset lasts 1 ms at least */
#define SETTLE_US UINT64_C(100000) /* PCIe 6.0 6.6.1: no configuration access for 100 ms */

#define FIX_DISKS "switch the machine off and on; if it comes again, look at the drives behind it"

static void wait_us(struct vmd_reset *r, uint64_t us)
{
    r->due_ns = time_now_ns() + us * 1000;
}

/* The first failure counts; the rest is done nevertheless. */
static void hear(struct vmd_reset *r, enum status status)
{
    r->status = r->status == STATUS_OK ? status : r->status;
}

static enum status fail(const struct pci_function *f, const char *what, enum status status, const char *fix)
{
    char text[SBDF_TEXT_SIZE];
    log_error("vmd: %s: %s: %s; %s", sbdf_text(f->at, text), what, status_text(status), fix);
    return status;
}

/* --- the endpoint */

static const struct pci_function *endpoint_of(const struct vmd_reset *r)
{
    return &r->facts->functions[r->domain->endpoint];
}

static void drain(struct vmd_reset *r)
{
    const struct pci_function *endpoint = endpoint_of(r);
    if (!pci_transactions_pending(endpoint)) {
        r->step = VMD_RESET_STEP_WAKE;
    } else if (!deadline_passed(r->deadline)) {
        wait_us(r, PCI_READY_POLL_US);
    } else {
        r->status = fail(endpoint, "requests do not end", STATUS_TIMEOUT, FIX_DISKS);
        r->step = VMD_RESET_STEP_OVER;
    }
}

/* CFGBAR is memory of the endpoint's. */
static void open_config(const struct pci_function *endpoint)
{
    uint16_t command = pci_config_read16(endpoint->at, PCI_COMMAND);
    if ((command & PCI_COMMAND_MEMORY) == 0) {
        pci_config_write16(endpoint->at, PCI_COMMAND, (uint16_t)(command | PCI_COMMAND_MEMORY));
    }
}

static enum status stop_bypass(const struct pci_function *endpoint)
{
    uint16_t config = pci_config_read16(endpoint->at, VMD_CONFIG);
    if ((config & VMD_CONFIG_BYPASS) != 0) {
        pci_config_write16(endpoint->at, VMD_CONFIG, (uint16_t)(config & ~VMD_CONFIG_BYPASS));
        config = pci_config_read16(endpoint->at, VMD_CONFIG);
    }
    return (config & VMD_CONFIG_BYPASS) == 0
               ? STATUS_OK
               : fail(endpoint, "its children's messages cannot be stopped from passing it by", STATUS_HARDWARE,
                      vmd_fault_fix(VMD_FAULT_BYPASS));
}

/* --- what is behind it */

static void wake_ports(struct vmd_reset *r)
{
    open_config(endpoint_of(r));
    if (vmd_reset_ports_wake(r->facts, r->domain)) {
        wait_us(r, PCI_POWER_US);
    }
    r->step = VMD_RESET_STEP_HOLD;
}

/* All buses together. */
static void hold(struct vmd_reset *r)
{
    hear(r, vmd_reset_ports_ready(r->facts, r->domain));
    vmd_ports_restore(r->domain);
    hear(r, vmd_reset_ports_number(r->facts, r->domain));
    vmd_reset_ports_quiet(r->facts, r->domain);
    vmd_reset_ports_hold(r->facts, r->domain, true);
    wait_us(r, ASSERT_US);
    r->step = VMD_RESET_STEP_RELEASE;
}

static void release(struct vmd_reset *r)
{
    vmd_reset_ports_hold(r->facts, r->domain, false);
    vmd_reset_first_begin(r->facts, r->domain);
    r->deadline = deadline_in_us(PCI_READY_LINK_US);
    r->step = VMD_RESET_STEP_LINKS;
}

/* They were let go at the same time, so that one deadline is enough for all. */
static void see_links(struct vmd_reset *r)
{
    if (!vmd_reset_ports_links(r->facts, r->domain) && !deadline_passed(r->deadline)) {
        wait_us(r, PCI_READY_POLL_US);
        return;
    }
    wait_us(r, SETTLE_US);
    r->step = VMD_RESET_STEP_RISE;
}

static void rise(struct vmd_reset *r)
{
    if (vmd_reset_first_rise(r->facts, r->domain)) {
        wait_us(r, PCI_POWER_US);
    }
    r->step = VMD_RESET_STEP_NEXT;
}

/* The bridge above did not come back: whoever is behind a switch that was pulled is not waited for, one after the
 * other. */
static bool is_cut_off(const struct pci_facts *facts, const struct pci_function *f)
{
    const struct pci_function *bridge = pci_parent(facts, f);
    return bridge != NULL && !pci_ready(bridge);
}

static const struct pci_function *at_hand(const struct vmd_reset *r)
{
    return &r->facts->functions[r->index];
}

static void lose(const struct pci_function *f)
{
    char text[SBDF_TEXT_SIZE];
    log_warn("vmd: %s: does not answer after the reset of its bus: its guest will not find it", sbdf_text(f->at, text));
}

/* From above, so that a switch forwards before those behind it are asked; the deadline is each one's own. */
static void next(struct vmd_reset *r)
{
    while (r->index < r->facts->count && !vmd_reset_ports_child(r->domain, at_hand(r))) {
        r->index++;
    }
    if (r->index == r->facts->count) {
        r->step = VMD_RESET_STEP_CLOSE;
    } else if (is_cut_off(r->facts, at_hand(r))) {
        lose(at_hand(r));
        r->index++;
    } else {
        r->until = pci_ready_begin();
        r->step = VMD_RESET_STEP_BACK;
    }
}

static void see_it_back(struct vmd_reset *r)
{
    const struct pci_function *f = at_hand(r);
    enum status status = STATUS_OK;
    if (!pci_ready_look(f, r->until, &status)) {
        wait_us(r, PCI_READY_POLL_US);
        return;
    }
    if (status != STATUS_OK) {
        lose(f);
    } else if (f->header == 1) {
        pci_config_write32(f->at, PCI_BUS_NUMBERS, vmd_reset_ports_numbers(f));
    }
    r->index++;
    r->step = VMD_RESET_STEP_NEXT;
}

static void close_windows(struct vmd_reset *r)
{
    hear(r, vmd_reset_ports_close(r->facts, r->domain));
    hear(r, stop_bypass(endpoint_of(r)));
    r->step = VMD_RESET_STEP_OVER;
}

/* --- steps */

void vmd_reset_begin(struct vmd_reset *r, const struct pci_facts *facts, const struct vmd_domain *d)
{
    *r = (struct vmd_reset){.facts = facts, .domain = d, .step = VMD_RESET_STEP_DRAIN};
    pci_bus_master_set(facts, endpoint_of(r), false);
    r->deadline = deadline_in_us(PCI_PENDING_US);
}

bool vmd_reset_go_on(struct vmd_reset *r)
{
    static void (*const steps[])(struct vmd_reset * r) = {
        [VMD_RESET_STEP_DRAIN] = drain,     [VMD_RESET_STEP_WAKE] = wake_ports,  [VMD_RESET_STEP_HOLD] = hold,
        [VMD_RESET_STEP_RELEASE] = release, [VMD_RESET_STEP_LINKS] = see_links,  [VMD_RESET_STEP_RISE] = rise,
        [VMD_RESET_STEP_NEXT] = next,       [VMD_RESET_STEP_BACK] = see_it_back, [VMD_RESET_STEP_CLOSE] = close_windows,
    };
    while (r->step != VMD_RESET_STEP_OVER && time_now_ns() >= r->due_ns) {
        steps[r->step](r);
    }
    return r->step == VMD_RESET_STEP_OVER;
}

/* --- after the endpoint's own */

static enum status check_first_bus(const struct vmd_domain *d, const struct pci_function *endpoint)
{
    uint8_t first = 0;
    bool same = vmd_first_bus(d, pci_config_read16(endpoint->at, VMD_CONFIG), &first) && first == d->first_bus;
    return same ? STATUS_OK
                : fail(endpoint, "its buses start elsewhere after its reset", STATUS_HARDWARE,
                       vmd_fault_fix(VMD_FAULT_BUS_MODE));
}

enum status vmd_reset_restore(const struct pci_facts *facts, const struct vmd_domain *d)
{
    const struct pci_function *endpoint = &facts->functions[d->endpoint];
    open_config(endpoint);
    enum status status = check_first_bus(d, endpoint);
    enum status remapped = stop_bypass(endpoint);
    status = status == STATUS_OK ? remapped : status;
    if (status != STATUS_OK) {
        return status;
    }
    status = vmd_reset_ports_number(facts, d);
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (vmd_reset_ports_child(d, f) && pci_ready(f)) {
            pci_escalation_mask(facts, f);
        }
    }
    vmd_ports_restore(d);
    vmd_reset_ports_show_retries(facts, d);
    return status;
}
