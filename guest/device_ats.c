/* SPDX-License-Identifier: GPL-2.0-only
 * ATS of assigned devices. */
#include "guest/device_ats.h"

#include "drivers/pci_ats.h"
#include "kernel/core/log.h"

enum status device_ats_attach(const struct vm_device *device, uint16_t source, struct vtd_domain *domain)
{
    if (!device->plan->ats) {
        return vtd_attach(device->unit, source, domain);
    }
    return vtd_attach_device_tlb(device->unit, source, domain, pci_ats_depth(device->function),
                                 device->plan->ats_twice);
}

enum status device_ats_on(const struct pci_facts *facts, const struct vm_device *device, struct vtd_domain *domain)
{
    char text[SBDF_TEXT_SIZE];
    if (!device->plan->ats) {
        return STATUS_OK;
    }
    enum status status = pci_ats_enable(facts, device->function);
    if (status == STATUS_OK) {
        log_info("pci: %s: ATS on", sbdf_text(device->function->at, text));
    } else {
        (void)vtd_device_tlb_drop(device->unit, sbdf_rid(device->function->at), domain);
        log_error("pci: %s: ATS cannot be switched on: %s", sbdf_text(device->function->at, text), status_text(status));
    }
    return status;
}

enum status device_ats_off(const struct pci_facts *facts, const struct vm_device *device, struct vtd_domain *domain)
{
    if (!device->plan->ats) {
        return STATUS_OK;
    }
    enum status left = vtd_device_tlb_leave(device->unit, sbdf_rid(device->function->at), domain);
    enum status off = pci_ats_disable(facts, device->function);
    return left == STATUS_OK || left == STATUS_NOT_FOUND ? off : left;
}
