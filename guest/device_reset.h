/* SPDX-License-Identifier: GPL-2.0-only
 * Resets of a guest's devices, as planned. */
#ifndef BULKHEAD_GUEST_DEVICE_RESET_H
#define BULKHEAD_GUEST_DEVICE_RESET_H

#include "guest/pci.h"
#include "guest/vm_device.h"
#include "kernel/lib/status.h"

/* Devices of one guest that are reset together; all that it has behind a bus that is reset are among them. */
struct device_set {
    const struct vm_device *of[GUEST_PCI_SLOTS];
    enum status status[GUEST_PCI_SLOTS]; /* what came of each */
    size_t count;
};

/* Bus mastering off, interrupts and address translation services off, errors kept from the machine. */
void device_reset_quiet(const struct pci_facts *facts, const struct device_set *set);

/* That, then each reset as its plan says (a bus once, and only when nobody else's function is behind it), and quiet
 * again with its BARs where they belong and memory decode on. status: STATUS_OK, or what pci_reset() said,
 * STATUS_UNSUPPORTED when a bus is not the guest's alone, STATUS_TIMEOUT when one that must keep bus mastering while it
 * is busy still is, STATUS_HARDWARE when a BAR or a translation service does not
 * take what is written. */
void device_reset_all(const struct pci_facts *facts, struct device_set *set);

#endif
