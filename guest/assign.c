/* SPDX-License-Identifier: GPL-2.0-only
 * Devices given and taken back. */
#include "guest/assign.h"

#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "drivers/pci_reset.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"

#define RESERVED_BITS UINT16_MAX /* what a function that is gone answers */

/* FLR, else the whole bus behind a port of its own, else by power states: some devices say that D3hot loses their state
 * and keep it all the same, so that comes last. */
static enum pci_reset_kind reset_kind(const struct pci_facts *facts, const struct pci_function *host)
{
    uint32_t member = pci_find_index(facts, host->at);
    if (pci_reset_possible(host, PCI_RESET_FLR)) {
        return PCI_RESET_FLR;
    }
    if (pci_reset_possible(host, PCI_RESET_AF)) {
        return PCI_RESET_AF;
    }
    if (pci_reset_bus_alone(facts, host, &member, 1)) {
        return PCI_RESET_BUS;
    }
    return pci_reset_method(host, false);
}

/* One page holds the configuration of ten functions; behind a port of its own there is one. */
static enum status reset(const struct pci_facts *facts, const struct pci_function *host)
{
    char text[SBDF_TEXT_SIZE];
    struct hpa page;
    enum pci_reset_kind kind = reset_kind(facts, host);
    if (kind == PCI_RESET_NONE) {
        log_warn("pci: %s: has no reset: its registers keep what the last user left", sbdf_text(host->at, text));
        return STATUS_OK;
    }
    enum status status = pages_alloc(&page);
    if (status != STATUS_OK) {
        return status;
    }
    struct arena scratch = arena_make(phys_to_virt(page), PAGE_SIZE);
    status = pci_reset(facts, host, kind, &scratch);
    pages_free(page, PAGE_SIZE);
    if (status != STATUS_OK) {
        log_error("pci: %s: reset (%s) failed: %s", sbdf_text(host->at, text), pci_reset_text(kind),
                  status_text(status));
        return status;
    }
    log_info("pci: %s: reset (%s)", sbdf_text(host->at, text), pci_reset_text(kind));
    return STATUS_OK;
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

#define BAR_FLAGS 0xfu

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

static enum status place_bars(const struct pci_function *host)
{
    enum status result = STATUS_OK;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        enum status status = place_bar(host, i);
        result = result == STATUS_OK ? status : result;
    }
    return result;
}

/* Registers reachable, ports not, errors kept from the machine, no interrupt but by message. Decode stays on as long as
 * a guest may reach the BARs: an access nobody answers can be a fatal error. */
static enum status settle(const struct pci_facts *facts, const struct pci_function *host)
{
    pci_escalation_mask(facts, host);
    pci_silence(host);
    uint16_t command = pci_config_read16(host->at, PCI_COMMAND);
    if (command == RESERVED_BITS) {
        return STATUS_TIMEOUT;
    }
    unsigned keep = command & ~(unsigned)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    pci_config_write16(host->at, PCI_COMMAND, (uint16_t)(keep | PCI_COMMAND_INTX_OFF));
    enum status status = place_bars(host);
    if (status != STATUS_OK) {
        return status;
    }
    unsigned wanted = keep | PCI_COMMAND_INTX_OFF | (has_memory(host) ? (unsigned)PCI_COMMAND_MEMORY : 0);
    pci_config_write16(host->at, PCI_COMMAND, (uint16_t)wanted);
    return STATUS_OK;
}

static enum status quiet_reset(const struct pci_facts *facts, const struct pci_function *host)
{
    pci_bus_master_set(facts, host, false);
    pci_escalation_mask(facts, host);
    pci_silence(host);
    enum status status = reset(facts, host);
    return status == STATUS_OK ? settle(facts, host) : status;
}

/* Into the domain while it can send nothing, then its registers to the guest. */
static enum status join(struct guest_pci_function *f, struct vtd_domain *domain)
{
    enum status status = vtd_attach(f->unit, sbdf_rid(f->host->at), domain);
    if (status != STATUS_OK) {
        return status;
    }
    f->attached = true;
    return guest_pci_function_map(f);
}

enum status assign_attach(struct guest_pci *pci, const struct pci_function *host, struct vtd_unit *unit,
                          const struct vtd_line_place *line)
{
    struct guest_pci_function *f = NULL;
    enum status status = quiet_reset(pci->config.facts, host);
    if (status != STATUS_OK) {
        return status;
    }
    status = guest_pci_add(pci, host, unit, &f);
    if (status != STATUS_OK) {
        return status;
    }
    status = join(f, pci->config.domain);
    status = status == STATUS_OK && line != NULL ? guest_pci_function_line(f, line) : status;
    if (status != STATUS_OK) {
        enum status undone = guest_pci_function_withdraw(f);
        guest_pci_remove(pci, f);
        return undone == STATUS_OK ? status : undone;
    }
    guest_pci_function_restart(f);
    return STATUS_OK;
}

enum status assign_detach(struct guest_pci *pci, const struct pci_function *host)
{
    struct guest_pci_function *f = guest_pci_find(pci, host->at);
    if (f == NULL) {
        return STATUS_NOT_FOUND;
    }
    enum status withdrawn = guest_pci_function_withdraw(f);
    guest_pci_remove(pci, f);
    enum status status = quiet_reset(pci->config.facts, host);
    return withdrawn != STATUS_OK ? withdrawn : status;
}

enum status assign_reset(struct guest_pci *pci)
{
    enum status result = STATUS_OK;
    guest_pci_reset(pci);
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f == NULL) {
            continue;
        }
        enum status status = quiet_reset(pci->config.facts, f->host);
        guest_pci_function_restart(f);
        result = result == STATUS_OK ? status : result;
    }
    return result;
}
