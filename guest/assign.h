/* SPDX-License-Identifier: GPL-2.0-only
 * Giving functions of the machine to a guest and taking them back, in the order that isolation needs. Which functions
 * may be given, with which ids and how they are reset is the plan's to say. Slow: not on exit paths of a running
 * guest. */
#ifndef BULKHEAD_GUEST_ASSIGN_H
#define BULKHEAD_GUEST_ASSIGN_H

#include "guest/device_reset.h"
#include "guest/pci.h"
#include "guest/vm_device.h"
#include "kernel/lib/status.h"

/* All of them, which are to be given, begin to be quiet and reset (device_reset.h). The array lives on as long as they
 * are assigned; up to GUEST_PCI_ASSIGNED_MAX. */
void assign_attach_begin(struct guest_pci *pci, const struct vm_device *devices, size_t count,
                         struct device_reset *reset);

/* That is over: one after the other into the guest's domain and onto its bus at the next device numbers. Bus mastering
 * is off until the guest turns it on. On failure none of them is assigned, *failed is the first that could not be, and
 * all are quiet and in no domain (or the domain is quarantined: config.domain->quarantined). STATUS_UNSUPPORTED: a BAR
 * cannot be given, or the reset is not possible; STATUS_NO_MEMORY: pages, BAR windows, requester ids or device numbers
 * ran out; STATUS_CONFLICT: a requester id is in use; STATUS_TIMEOUT, STATUS_HARDWARE: a device or its unit does not
 * answer. */
MUST_CHECK enum status assign_attach_end(struct guest_pci *pci, const struct vm_device *devices, size_t count,
                                         const struct device_reset *reset, size_t *failed);

/* Bus mastering off in all of them, requests drained, interrupts released, out of the domain, BARs unmapped; no reset
 * yet. No vCPU of the guest runs. each[i] is what came of devices[i]; STATUS_NOT_FOUND: it was not assigned, and
 * nothing is done to it; anything else but STATUS_OK: that device, or what the guest's domain named, must not be used
 * by anybody again; all other steps were done nevertheless. */
void assign_withdraw(struct guest_pci *pci, const struct vm_device *devices, size_t count, enum status *each);

/* What assign_withdraw() took begins to be reset; each[] as that left it. */
void assign_reset_begin(struct guest_pci *pci, const struct vm_device *devices, size_t count, const enum status *each,
                        struct device_reset *reset);

/* That is over. Where each[] says STATUS_OK, it becomes what came of the reset: a device that does not reset is out of
 * the domain, and quiet, and has to be reset before anybody gets it. */
void assign_reset_end(const struct vm_device *devices, size_t count, const struct device_reset *reset,
                      enum status *each);

/* Withdrawn, and reset, which is waited for. */
void assign_detach(struct guest_pci *pci, const struct vm_device *devices, size_t count, enum status *each);

#endif
