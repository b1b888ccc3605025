/* SPDX-License-Identifier: GPL-2.0-only
 * MSI-X of an assigned function as its guest programs it (PCI 3.0 6.8.2). The guest writes a kept copy of the table;
 * the device's own table holds messages of ours alone (guest/device_irq.h) and is masked wherever the guest's is, or
 * would send nowhere. The pages around the table are trapped; other registers in them are passed on, never the table
 * itself. Pending bits are the device's own: reading them needs no emulation. One guest's calls here are serialised by
 * the caller. */
#ifndef BULKHEAD_GUEST_PCI_MSIX_H
#define BULKHEAD_GUEST_PCI_MSIX_H

#include "drivers/msix.h"
#include "guest/device_irq.h"
#include "guest/pci_bar.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct guest_msix_entry {
    uint64_t address; /* as the guest wrote it */
    uint32_t data;
    uint32_t control; /* bit 0: masked */
    bool programmed;  /* the device's entry holds our message */
    struct device_irq irq;
};

struct guest_msix {
    const struct pci_function *host; /* NULL: no MSI-X */
    struct msix_table table;
    struct guest_msix_entry *entries; /* table.count of them, entries_bytes of pages */
    uint64_t entries_bytes;
    bool enabled, masked;          /* the guest's control register */
    struct hpa bar;                /* start of the host BAR that holds the table */
    uint64_t trap_start, trap_end; /* offsets in it: whole pages around the table, or all of a small BAR */
    bool stuck;                    /* some interrupt could not be withdrawn: the entries stay allocated */
};

/* Locate and map the table, mask every entry, and set the trap of the BAR that holds it. The function's memory decode
 * is on. A function without MSI-X: STATUS_OK and host NULL. STATUS_OUT_OF_RANGE: table not inside an assigned BAR;
 * STATUS_NO_MEMORY. */
MUST_CHECK enum status guest_msix_init(struct guest_msix *m, const struct vm_device *device,
                                       const struct message_router *router, struct guest_bar bars[PCI_BARS]);

/* The guest wrote the control register. */
void guest_msix_control(struct guest_msix *m, bool enabled, bool masked);

/* Messages may name other vCPUs than before: route them anew. */
void guest_msix_reroute(struct guest_msix *m);

/* Access to a trapped page: offset from trap_start, width 1, 2, 4 or 8. Table entries take 4- and 8-byte accesses
 * aligned to their width: others read all ones and vanish. */
uint64_t guest_msix_read(struct guest_msix *m, uint64_t offset, unsigned width);
void guest_msix_write(struct guest_msix *m, uint64_t offset, unsigned width, uint64_t value);

/* Off and masked, as after a reset; all vectors and entries given back. */
void guest_msix_reset(struct guest_msix *m);

/* Reset, then give the memory back (unless stuck). */
void guest_msix_free(struct guest_msix *m);

#endif
