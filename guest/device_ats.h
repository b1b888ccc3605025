/* SPDX-License-Identifier: GPL-2.0-only
 * ATS of an assigned device: on once it is in the guest's domain, off before it leaves. For a device whose plan does
 * not say `ats` all of this does nothing. */
#ifndef BULKHEAD_GUEST_DEVICE_ATS_H
#define BULKHEAD_GUEST_DEVICE_ATS_H

#include "guest/vm_device.h"
#include "kernel/lib/status.h"

/* Into the domain as one that may keep translations. What vtd_attach() or vtd_attach_device_tlb() say. */
MUST_CHECK enum status device_ats_attach(const struct vm_device *device, uint16_t source, struct vtd_domain *domain);

/* It is in the domain, and was reset since it last was: on. What pci_ats_enable() says; the domain then takes it for
 * one that keeps nothing. */
MUST_CHECK enum status device_ats_on(const struct pci_facts *facts, const struct vm_device *device,
                                     struct vtd_domain *domain);

/* It is quiet: it forgets all translations, then ATS goes off. Before anything else switches ATS off in it (a reset,
 * pci_silence), as it would not answer then. Again does nothing. The first thing that failed: it did not answer (and is
 * blocked), or ATS stays on. */
MUST_CHECK enum status device_ats_off(const struct pci_facts *facts, const struct vm_device *device,
                                      struct vtd_domain *domain);

#endif
