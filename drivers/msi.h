/* SPDX-License-Identifier: GPL-2.0-only
 * Programming a physical function's MSI and MSI-X registers (PCI 3.0 6.8.1-2). What address and data mean (which CPU,
 * which remapping entry) is the caller's: raw values here. */
#ifndef BULKHEAD_DRIVERS_MSI_H
#define BULKHEAD_DRIVERS_MSI_H

#include "drivers/pci.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct msi_message {
    uint64_t address;
    uint32_t data; /* MSI sends 16 bits of it */
};

/* Write the message and the number of vectors, 1 << log2_vectors, with MSI switched off first; it stays off.
 * STATUS_NOT_FOUND without MSI, STATUS_OUT_OF_RANGE for more vectors than the function asks for, or for an address or
 * data it cannot hold. */
MUST_CHECK enum status msi_program(const struct pci_function *f, unsigned log2_vectors,
                                   const struct msi_message *message);
MUST_CHECK enum status msi_enable(const struct pci_function *f, bool on);
/* STATUS_UNSUPPORTED when the function has no per-vector masks. */
MUST_CHECK enum status msi_mask(const struct pci_function *f, unsigned vector, bool masked);

#endif
