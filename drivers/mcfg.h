/* SPDX-License-Identifier: GPL-2.0-only
 * ECAM windows of PCI configuration space from the MCFG table (PCI Firmware 3.3 4.1.2). */
#ifndef BULKHEAD_DRIVERS_MCFG_H
#define BULKHEAD_DRIVERS_MCFG_H

#include "drivers/acpi.h"
#include "kernel/hw/pci_config.h"

struct mcfg {
    const struct pci_ecam *windows; /* sound ones, in the table's order; no bus of a segment is in two */
    size_t count;
};

/* Unsound windows are left out with an error in diags. STATUS_BAD_FORMAT: too short. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status mcfg_parse(struct mcfg *mcfg, const struct acpi_view *table, struct arena *arena,
                                  struct diag_list *diags);

#endif
