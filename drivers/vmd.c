/* SPDX-License-Identifier: GPL-2.0-only
 * What a VMD endpoint says about itself, checked (Linux, drivers/pci/controller/vmd.c). */
#include "drivers/vmd.h"

#include "drivers/pci_caps.h"
#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"

bool vmd_is_endpoint(const struct pci_function *f)
{
    return !f->is_vmd_child && vmd_ids_flags(f->vendor, f->device) != 0;
}

const struct vmd_domain *vmd_of(const struct vmd_facts *facts, uint32_t endpoint)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->domains[i].endpoint == endpoint) {
            return &facts->domains[i];
        }
    }
    return NULL;
}

const struct vmd_domain *vmd_of_segment(const struct vmd_facts *facts, uint16_t segment)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->domains[i].segment == segment) {
            return &facts->domains[i];
        }
    }
    return NULL;
}

bool vmd_owns(const struct vmd_domain *d, uint64_t start, uint64_t size)
{
    for (size_t i = 0; i < ARRAY_LENGTH(d->memory); i++) {
        const struct vmd_window *w = &d->memory[i];
        uint64_t into = start - w->start;
        if (size != 0 && start >= w->start && into < w->size && size <= w->size - into) {
            return true;
        }
    }
    return false;
}
