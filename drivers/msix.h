/* SPDX-License-Identifier: GPL-2.0-only
 * A physical function's MSI-X table (PCI 3.0 6.8.2). */
#ifndef BULKHEAD_DRIVERS_MSIX_H
#define BULKHEAD_DRIVERS_MSIX_H

#include "drivers/msi.h"
#include "drivers/pci.h"

#define MSIX_ENTRY_BYTES 16

/* Where the table is: inside BAR `bar`, checked against its size. */
struct msix_table {
    unsigned count; /* entries */
    uint8_t table_bar, pba_bar;
    uint32_t table_offset, pba_offset; /* bytes from the BAR's start */
    struct hpa table;                  /* valid while the BAR has the address it had then */
};

/* BARs must have been sized. STATUS_NOT_FOUND without MSI-X; STATUS_OUT_OF_RANGE (and a warning) when table or PBA do
 * not lie wholly in an assigned memory BAR. diag may be NULL. */
MUST_CHECK enum status msix_locate(const struct pci_function *f, struct msix_table *out, struct diag_list *diag);

/* These need the table's pages mapped (mmio_map) and memory decode on.
 * Mask the entry, then write its message; it stays masked. STATUS_OUT_OF_RANGE for an index past the table or an
 * address that is not a multiple of 4. */
MUST_CHECK enum status msix_program(const struct msix_table *t, unsigned index, const struct msi_message *message);
MUST_CHECK enum status msix_mask(const struct msix_table *t, unsigned index, bool masked);
/* Mask every entry. */
void msix_mask_table(const struct msix_table *t);

/* MSI-X on or off, and the function's mask over all entries. STATUS_NOT_FOUND without MSI-X. */
MUST_CHECK enum status msix_enable(const struct pci_function *f, bool on, bool mask_all);

#endif
