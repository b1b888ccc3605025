/* SPDX-License-Identifier: GPL-2.0-only
 * Waiting for functions that were reset. */
#include "drivers/pci_ready.h"

#include "drivers/pci_regs.h"
#include "kernel/core/time.h"

#define READY_US UINT64_C(1000000) /* PCIe 6.0 6.6.1: configuration works within 1 s */
#define RETRY_US UINT64_C(5000000) /* some SSDs rebuild their tables first, and say so */
#define VENDOR_RETRY 0x0001        /* configuration request retry, made visible (PCIe 6.0 2.3.2) */

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

struct pci_ready_until pci_ready_begin(void)
{
    return (struct pci_ready_until){.silent = deadline_in_us(READY_US), .slow = deadline_in_us(RETRY_US)};
}

bool pci_ready_look(const struct pci_function *f, struct pci_ready_until until, enum status *status)
{
    uint16_t seen = look(f);
    bool back = seen != UINT16_MAX && !asks_for_time(f, seen);
    *status = back ? STATUS_OK : STATUS_TIMEOUT;
    return back || deadline_passed(seen == UINT16_MAX ? until.silent : until.slow);
}

enum status pci_ready_wait(const struct pci_function *f)
{
    struct pci_ready_until until = pci_ready_begin();
    enum status status = STATUS_OK;
    while (!pci_ready_look(f, until, &status)) {
        time_wait_us(PCI_READY_POLL_US);
    }
    return status;
}

bool pci_ready_link(const struct pci_function *port)
{
    unsigned cap = port->cap.express;
    if (cap == 0 || (pci_config_read32(port->at, (uint16_t)(cap + PCI_EXP_LNKCAP)) & PCI_LNKCAP_TELLS_ACTIVE) == 0) {
        return true;
    }
    return (pci_config_read16(port->at, (uint16_t)(cap + PCI_EXP_LNKSTA)) & PCI_LNKSTA_ACTIVE) != 0;
}
