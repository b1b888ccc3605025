/* SPDX-License-Identifier: GPL-2.0-only
 * Functions as they are given to guests. */
#include "guest/device_settle.h"

#include "drivers/device_rules.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"

#define RESERVED_BITS UINT16_MAX /* what a function that is gone answers */
#define BAR_FLAGS 0xfu

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
static bool are_placed(const struct pci_function *host)
{
    for (unsigned i = 0; i < PCI_BARS && !host->is_vf; i++) {
        if (!is_placed(host, i)) {
            return false;
        }
    }
    return true;
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

/* Still busy, and not to be cut off for it (drivers/device_rules.h): its reset, if it has one, came to no end. */
static bool keeps_on(const struct pci_function *host)
{
    return device_rules_has(host, DEVICE_RULE_KEEP_MASTER) && pci_transactions_pending(host);
}

/* Registers reachable, ports not, errors kept from the machine, no interrupt but by message. Decode stays on as long as
 * a guest may reach the BARs: an access nobody answers can be a fatal error. */
enum status device_settle(const struct pci_facts *facts, const struct pci_function *host)
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
    if (!are_placed(host)) {
        pci_config_write16(host->at, PCI_COMMAND, (uint16_t)(keep | PCI_COMMAND_INTX_OFF));
        enum status status = place_bars(host);
        if (status != STATUS_OK) {
            return status;
        }
    }
    unsigned wanted = keep | PCI_COMMAND_INTX_OFF | (has_memory(host) ? (unsigned)PCI_COMMAND_MEMORY : 0);
    pci_config_write16(host->at, PCI_COMMAND, (uint16_t)wanted);
    return STATUS_OK;
}
