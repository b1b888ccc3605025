/* SPDX-License-Identifier: GPL-2.0-only
 * Waiting for functions that were reset. */
#include "drivers/pci_ready.h"

#include "drivers/pci_regs.h"
#include "kernel/core/time.h"

#define READY_US UINT64_C(1000000) /* PCIe 6.0 6.6.1: configuration works within 1 s */
#define RETRY_US UINT64_C(5000000) /* some SSDs rebuild their tables first, and say so */
#define LINK_US UINT64_C(1000000)
#define POLL_US UINT64_C(1000)
#define VENDOR_RETRY 0x0001 /* configuration request retry, made visible (PCIe 6.0 2.3.2) */

/* A virtual function's ids read all ones for good; no function has all bits of the command register. */
static uint16_t look(const struct pci_function *f)
{
    return pci_config_read16(f->at, f->is_vf ? PCI_COMMAND : PCI_VENDOR);
}

static bool asks_for_time(const struct pci_function *f, uint16_t seen)
{
    return !f->is_vf && seen == VENDOR_RETRY;
}

bool pci_ready(const struct pci_function *f)
{
    uint16_t seen = look(f);
    return seen != UINT16_MAX && !asks_for_time(f, seen);
}

enum status pci_ready_wait(const struct pci_function *f)
{
    struct deadline silent = deadline_in_us(READY_US);
    struct deadline slow = deadline_in_us(RETRY_US);
    for (;;) {
        uint16_t seen = look(f);
        if (seen != UINT16_MAX && !asks_for_time(f, seen)) {
            return STATUS_OK;
        }
        if (deadline_passed(seen == UINT16_MAX ? silent : slow)) {
            return STATUS_TIMEOUT;
        }
        time_wait_us(POLL_US);
    }
}

void pci_ready_wait_link(const struct pci_function *port)
{
    unsigned cap = port->cap.express;
    if (cap == 0 || (pci_config_read32(port->at, (uint16_t)(cap + PCI_EXP_LNKCAP)) & PCI_LNKCAP_TELLS_ACTIVE) == 0) {
        return;
    }
    struct deadline deadline = deadline_in_us(LINK_US);
    while ((pci_config_read16(port->at, (uint16_t)(cap + PCI_EXP_LNKSTA)) & PCI_LNKSTA_ACTIVE) == 0 &&
           !deadline_passed(deadline)) {
        time_wait_us(POLL_US);
    }
}
