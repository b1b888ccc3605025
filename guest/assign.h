/* SPDX-License-Identifier: GPL-2.0-only
 * Giving a function of the machine to a guest and taking it back, in the order that isolation needs. Which functions
 * may be given is decided in plan/assign_check.h. Slow (resets wait 100 ms and more): not on exit paths of a running
 * guest. */
#ifndef BULKHEAD_GUEST_ASSIGN_H
#define BULKHEAD_GUEST_ASSIGN_H

#include "guest/pci.h"
#include "kernel/lib/status.h"

/* Quiet, reset, quiet again, then into the guest's domain and onto its bus at the next device number. Bus mastering is
 * off until the guest turns it on. line: where its INTx# ends in the machine, NULL when the guest gets none.
 * STATUS_UNSUPPORTED: a BAR cannot be given; STATUS_NO_MEMORY: pages, BAR windows or
 * device numbers ran out; STATUS_TIMEOUT, STATUS_HARDWARE: the device or its unit does not answer. On failure the
 * device is quiet and in no domain (or the domain is quarantined: config.domain->quarantined). */
MUST_CHECK enum status assign_attach(struct guest_pci *pci, const struct pci_function *host, struct vtd_unit *unit,
                                     const struct vtd_line_place *line);

/* Bus mastering off, requests drained, interrupts released, out of the domain, BARs unmapped, reset. No vCPU of the
 * guest runs. Anything but STATUS_OK: the device, or what the guest's domain named, must not be used by anybody
 * again; all other steps were done nevertheless. */
MUST_CHECK enum status assign_detach(struct guest_pci *pci, const struct pci_function *host);

/* The guest was reset and goes on with the same devices: each one quiet and reset (state as after attach). No vCPU of
 * the guest runs. A device that does not come back is STATUS_TIMEOUT: the guest must not go on. */
MUST_CHECK enum status assign_reset(struct guest_pci *pci);

#endif
