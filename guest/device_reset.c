/* SPDX-License-Identifier: GPL-2.0-only
 * Devices reset. */
#include "guest/device_reset.h"

#include "drivers/device_rules.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "drivers/pci_reset.h"
#include "drivers/vmd_reset.h"
#include "guest/pf_lease.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"

#define RESERVED_BITS UINT16_MAX /* what a function that is gone answers */
#define BAR_FLAGS 0xfu

static bool is_by_bus(const struct vm_device *d)
{
    return d->plan->reset == PCI_RESET_BUS;
}

/* Is the bridge above d also above other, or the same? */
static bool reaches(const struct pci_facts *facts, const struct vm_device *d, const struct vm_device *other)
{
    const struct pci_function *bridge = pci_parent(facts, d->function);
    const struct pci_function *f = pci_parent(facts, other->function);
    while (f != NULL && f != bridge) {
        f = pci_parent(facts, f);
    }
    return bridge != NULL && f == bridge;
}

/* The one whose bus reset does it for the device at `index`: highest up, and first, of those whose bridge is above it;
 * index itself when there is no other. */
static size_t leader_of(const struct pci_facts *facts, const struct device_set *set, size_t index)
{
    size_t leader = index;
    for (size_t i = 0; i < set->count; i++) {
        bool above = is_by_bus(set->of[i]) && reaches(facts, set->of[i], set->of[leader]);
        if (above && (i < leader || !reaches(facts, set->of[leader], set->of[i]))) {
            leader = i;
        }
    }
    return leader;
}

/* The plan said so, but here the damage would be done. */
static bool is_alone(const struct pci_facts *facts, const struct device_set *set, const struct vm_device *d)
{
    uint32_t members[GUEST_PCI_SLOTS];
    for (size_t i = 0; i < set->count; i++) {
        members[i] = pci_find_index(facts, set->of[i]->function->at);
    }
    return pci_reset_bus_alone(facts, d->function, members, set->count);
}

static enum status reset_now(const struct pci_facts *facts, const struct vm_device *d)
{
    struct hpa at;
    enum pci_reset_kind kind = d->plan->reset;
    uint64_t bytes = align_up(pci_reset_scratch(facts, d->function, kind), PAGE_SIZE);
    enum status status = pages_alloc_block(bytes, PAGE_SIZE, UINT64_MAX, &at);
    if (status != STATUS_OK) {
        return status;
    }
    struct arena scratch = arena_make(phys_to_virt(at), bytes);
    status = pci_reset(facts, d->function, kind, &scratch);
    pages_free(at, bytes);
    return status;
}

static enum status reset_function(const struct pci_facts *facts, const struct device_set *set, size_t index)
{
    char text[SBDF_TEXT_SIZE];
    const struct vm_device *d = set->of[index];
    sbdf_text(d->function->at, text);
    if (d->plan->reset == PCI_RESET_NONE) {
        log_warn("pci: %s: has no reset: its registers keep what the last user left", text);
        return STATUS_OK;
    }
    enum status status = is_by_bus(d) && !is_alone(facts, set, d) ? STATUS_UNSUPPORTED : reset_now(facts, d);
    if (status == STATUS_OK) {
        log_info("pci: %s: reset (%s)", text, pci_reset_text(d->plan->reset));
    } else {
        log_error("pci: %s: reset (%s) failed: %s", text, pci_reset_text(d->plan->reset), status_text(status));
    }
    return status;
}

/* What is behind a VMD endpoint goes with it: before, for the endpoint must be able to reach it; and after. */
static enum status reset_one(const struct pci_facts *facts, const struct device_set *set, size_t index)
{
    const struct vmd_domain *vmd = set->of[index]->vmd;
    enum status status = vmd != NULL ? vmd_reset_domain(facts, vmd) : STATUS_OK;
    status = status == STATUS_OK ? reset_function(facts, set, index) : status;
    return status == STATUS_OK && vmd != NULL ? vmd_reset_restore(facts, vmd) : status;
}

/* It switched the PF's VFs off, those that its own guest has too: before anything is done to them. */
static void restore_vfs(const struct device_set *set, size_t index)
{
    const struct vm_device *d = set->of[index];
    if (d->lease != NULL && !d->function->is_vf && d->plan->reset != PCI_RESET_NONE) {
        pf_lease_restore(d->lease, set->status[index]);
    }
}

static void log_together(const struct vm_device *d, const struct vm_device *leader, enum status status)
{
    char text[SBDF_TEXT_SIZE], other[SBDF_TEXT_SIZE];
    if (status == STATUS_OK) {
        log_info("pci: %s: reset (bus) together with %s", sbdf_text(d->function->at, text),
                 sbdf_text(leader->function->at, other));
    }
}

/* Buses first: what is behind them loses what a reset of its own would have left. */
static void reset_buses(const struct pci_facts *facts, struct device_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (is_by_bus(set->of[i]) && leader_of(facts, set, i) == i) {
            set->status[i] = reset_one(facts, set, i);
        }
    }
    for (size_t i = 0; i < set->count; i++) {
        size_t leader = leader_of(facts, set, i);
        if (is_by_bus(set->of[i]) && leader != i) {
            set->status[i] = set->status[leader];
            log_together(set->of[i], set->of[leader], set->status[i]);
        }
    }
    for (size_t i = 0; i < set->count; i++) {
        if (is_by_bus(set->of[i])) {
            restore_vfs(set, i);
        }
    }
}

static bool has_memory(const struct pci_function *host)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (host->bars[i].kind == PCI_BAR_MEM32 || host->bars[i].kind == PCI_BAR_MEM64) {
            return true;
        }
    }
    return false;
}

static bool is_placed(const struct pci_function *host, unsigned i)
{
    const struct pci_bar *bar = &host->bars[i];
    uint16_t at = (uint16_t)(PCI_BAR0 + 4 * i);
    bool memory = (bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64) && bar->assigned;
    return !memory || ((pci_config_read32(host->at, at) & ~BAR_FLAGS) == (uint32_t)bar->address &&
                       (bar->kind == PCI_BAR_MEM32 || pci_config_read32(host->at, at + 4) == bar->address >> 32));
}

/* A driver may reset its device in ways of the device's own, which clear the BARs: the tables still name the old place,
 * and what a reset saves and restores is then wrong. Decode is off. */
static enum status place_bar(const struct pci_function *host, unsigned i)
{
    const struct pci_bar *bar = &host->bars[i];
    uint16_t at = (uint16_t)(PCI_BAR0 + 4 * i);
    if (is_placed(host, i)) {
        return STATUS_OK;
    }
    pci_config_write32(host->at, at, (uint32_t)bar->address);
    if (bar->kind == PCI_BAR_MEM64) {
        pci_config_write32(host->at, at + 4, (uint32_t)(bar->address >> 32));
    }
    return is_placed(host, i) ? STATUS_OK : STATUS_HARDWARE;
}

/* A VF's are where its PF's capability says, and its own registers read 0 (PCIe 6.0 9.3.4.1.10). */
static enum status place_bars(const struct pci_function *host)
{
    enum status result = STATUS_OK;
    if (host->is_vf) {
        return STATUS_OK;
    }
    for (unsigned i = 0; i < PCI_BARS; i++) {
        enum status status = place_bar(host, i);
        result = result == STATUS_OK ? status : result;
    }
    return result;
}

/* Still busy, and not to be cut off for it (drivers/device_rules.h): its reset, if it has one, came to no end. */
static bool keeps_on(const struct pci_function *host)
{
    return device_rules_has(host, DEVICE_RULE_KEEP_MASTER) && pci_transactions_pending(host);
}

/* Registers reachable, ports not, errors kept from the machine, no interrupt but by message. Decode stays on as long as
 * a guest may reach the BARs: an access nobody answers can be a fatal error. */
static enum status settle(const struct pci_facts *facts, const struct pci_function *host)
{
    pci_escalation_mask(facts, host);
    uint16_t command = pci_config_read16(host->at, PCI_COMMAND);
    if (command == RESERVED_BITS) {
        return STATUS_TIMEOUT;
    }
    if (!pci_silence(host)) {
        return STATUS_HARDWARE;
    }
    if (keeps_on(host)) {
        return STATUS_TIMEOUT;
    }
    unsigned keep = command & ~(unsigned)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    keep &= ~(unsigned)PCI_COMMAND_SERR;
    pci_config_write16(host->at, PCI_COMMAND, (uint16_t)(keep | PCI_COMMAND_INTX_OFF));
    enum status status = place_bars(host);
    if (status != STATUS_OK) {
        return status;
    }
    unsigned wanted = keep | PCI_COMMAND_INTX_OFF | (has_memory(host) ? (unsigned)PCI_COMMAND_MEMORY : 0);
    pci_config_write16(host->at, PCI_COMMAND, (uint16_t)wanted);
    return STATUS_OK;
}

void device_reset_quiet(const struct pci_facts *facts, const struct device_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct pci_function *host = set->of[i]->function;
        pci_bus_master_set(facts, host, false);
        pci_escalation_mask(facts, host);
        (void)pci_silence(host); /* settle() asks again */
    }
}

/* VFs last: they are there only once their PF, if it is among them, was reset and has switched them on. */
static void reset_functions(const struct pci_facts *facts, struct device_set *set, bool vfs)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!is_by_bus(set->of[i]) && set->of[i]->function->is_vf == vfs) {
            set->status[i] = reset_one(facts, set, i);
            restore_vfs(set, i);
        }
    }
}

void device_reset_all(const struct pci_facts *facts, struct device_set *set)
{
    device_reset_quiet(facts, set);
    reset_buses(facts, set);
    reset_functions(facts, set, false);
    reset_functions(facts, set, true);
    for (size_t i = 0; i < set->count; i++) {
        if (set->status[i] == STATUS_OK) {
            set->status[i] = settle(facts, set->of[i]->function);
        }
    }
}
