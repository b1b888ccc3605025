/* SPDX-License-Identifier: GPL-2.0-only
 * Opening the domains behind VMD endpoints: first all that a guest or a broken device could misuse is closed. */
#include "drivers/vmd.h"

#include "drivers/pci_bars.h"
#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd_buses.h"
#include "drivers/vmd_children.h"
#include "drivers/vmd_diag.h"
#include "drivers/vmd_ports.h"
#include "kernel/core/mmio_map.h"

struct opening {
    struct vmd_facts *facts;
    struct pci_facts *pci;
    struct arena *arena;
    struct diag_list *diag;
};

static struct sbdf endpoint_of(const struct opening *o, const struct vmd_domain *d)
{
    return o->pci->functions[d->endpoint].at;
}

static void refuse(const struct opening *o, struct vmd_domain *d, enum vmd_fault fault)
{
    vmd_refuse(d, fault, endpoint_of(o, d), o->diag);
}

/* Messages that bypass the endpoint's MSI-X table are in a format that interrupt remapping blocks. */
static bool stop_bypass(const struct opening *o, const struct vmd_domain *d)
{
    struct sbdf at = endpoint_of(o, d);
    char where[SBDF_TEXT_SIZE];
    if (!d->bypass) {
        return true;
    }
    uint16_t config = pci_config_read16(at, VMD_CONFIG);
    pci_config_write16(at, VMD_CONFIG, (uint16_t)(config & ~VMD_CONFIG_BYPASS));
    if ((pci_config_read16(at, VMD_CONFIG) & VMD_CONFIG_BYPASS) != 0) {
        return false;
    }
    diag_add(o->diag, VMD_DIAG_BYPASS, DIAG_NOTE, sbdf_text(at, where), "",
             "firmware let messages of the functions behind it bypass this VMD endpoint; that is switched off");
    return true;
}

static bool start_decoding(struct sbdf at)
{
    uint16_t command = pci_config_read16(at, PCI_COMMAND);
    if ((command & PCI_COMMAND_MEMORY) == 0) {
        pci_config_write16(at, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
    }
    return (pci_config_read16(at, PCI_COMMAND) & PCI_COMMAND_MEMORY) != 0;
}

static void open_window(const struct opening *o, struct vmd_domain *d)
{
    uint64_t buses = 1u + d->last_bus - d->first_bus;
    if (!stop_bypass(o, d)) {
        refuse(o, d, VMD_FAULT_BYPASS);
    } else if (mmio_map(hpa(d->config), buses * MIB) != STATUS_OK || !start_decoding(endpoint_of(o, d))) {
        refuse(o, d, VMD_FAULT_SILENT);
    } else {
        /* base is where bus 0 would be, and may wrap around: only sums with buses of the window are used */
        o->facts->windows[o->facts->window_count++] = (struct pci_ecam){.base = hpa(d->config - d->first_bus * MIB),
                                                                        .segment = d->segment,
                                                                        .first_bus = d->first_bus,
                                                                        .last_bus = d->last_bus};
    }
}

static size_t children(const struct opening *o)
{
    size_t count = 0;
    for (size_t i = 0; i < o->pci->count; i++) {
        count += sbdf_is_vmd(o->pci->functions[i].at);
    }
    return count;
}

/* STATUS_OUT_OF_RANGE: more functions than all domains may have. */
static enum status read_buses(const struct opening *o, const struct vmd_domain *d, uint8_t last)
{
    for (uint32_t bus = d->first_bus; bus <= last; bus++) {
        enum status status = pci_enumerate_bus((uint32_t)d->segment << 8 | bus, o->arena, o->pci, o->diag);
        if (status != STATUS_OK) {
            return status;
        }
        if (children(o) > VMD_CHILDREN_MAX) {
            return STATUS_OUT_OF_RANGE;
        }
    }
    return STATUS_OK;
}

/* All of a domain's functions, or none. */
static enum status read_children(const struct opening *o, struct vmd_domain *d)
{
    const struct arena arena = *o->arena;
    size_t first = o->pci->count;
    enum status status = read_buses(o, d, vmd_buses_settle(d, endpoint_of(o, d), o->diag));
    if (status == STATUS_OUT_OF_RANGE) {
        *o->arena = arena;
        o->pci->count = first;
        refuse(o, d, VMD_FAULT_CROWDED);
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    pci_tree_link_from(o->pci, first, o->diag);
    for (size_t i = first; i < o->pci->count; i++) {
        pci_bars_size_function(&o->pci->functions[i], o->diag);
    }
    return STATUS_OK;
}

static void find_domains(const struct opening *o)
{
    *o->facts = (struct vmd_facts){.count = 0};
    for (uint32_t i = 0; i < o->pci->count; i++) {
        const struct pci_function *f = &o->pci->functions[i];
        if (vmd_is_endpoint(f)) {
            struct pci_reader reader = pci_reader_live(&f->at);
            vmd_add(o->facts, o->pci, i, &reader, o->diag);
        }
    }
}

static void confine(const struct opening *o)
{
    for (size_t i = 0; i < o->pci->count; i++) {
        struct pci_function *f = &o->pci->functions[i];
        const struct vmd_domain *d = f->is_vmd_child ? vmd_of(o->facts, f->vmd) : NULL;
        if (d != NULL) {
            vmd_children_confine(d, f, o->diag);
        }
    }
}

enum status vmd_open(struct vmd_facts *facts, struct pci_facts *pci, struct arena *arena, struct diag_list *diag)
{
    const struct opening o = {facts, pci, arena, diag};
    find_domains(&o);
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->domains[i].usable) {
            open_window(&o, &facts->domains[i]);
        }
    }
    if (facts->window_count == 0) {
        return STATUS_OK;
    }
    pci_config_use_vmd(facts->windows, facts->window_count);
    for (size_t i = 0; i < facts->count; i++) {
        enum status status = facts->domains[i].usable ? read_children(&o, &facts->domains[i]) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
    }
    vmd_take_children(facts, pci, diag);
    confine(&o);
    for (size_t i = 0; i < facts->count; i++) {
        vmd_ports_remember(&facts->domains[i], pci);
    }
    return STATUS_OK;
}
