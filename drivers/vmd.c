/* SPDX-License-Identifier: GPL-2.0-only
 * What a VMD endpoint says about itself, checked (Linux, drivers/pci/controller/vmd.c). */
#include "drivers/vmd.h"

#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "drivers/vmd_diag.h"

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

struct sbdf vmd_elsewhere(const struct vmd_domain *d, struct sbdf at)
{
    struct sbdf last = sbdf_make(d->segment, d->first_bus, 31, 0);
    return sbdf_equal(at, last) ? sbdf_make(d->segment, d->first_bus, 30, 0) : last;
}

const char *vmd_fault_text(enum vmd_fault fault)
{
    switch (fault) {
    case VMD_FAULT_NONE:
        break;
    case VMD_FAULT_BLOCKED:
        return "what the endpoint says about itself cannot be trusted";
    case VMD_FAULT_BARS:
        return "firmware gave CFGBAR, MEMBAR1 or MEMBAR2 (BAR 0, 2, 4) no address";
    case VMD_FAULT_CONFIG_SMALL:
        return "CFGBAR (BAR 0) is smaller than 1 MiB, the configuration space of one bus";
    case VMD_FAULT_BUS_MODE:
        return "VMCONFIG bits 9:8 are 3, which names no first bus";
    case VMD_FAULT_MSIX:
        return "its MSI-X table is not in the first 8 KiB of MEMBAR2 (BAR 4)";
    case VMD_FAULT_BYPASS:
        return "VMCONFIG bit 1 (messages of drives bypass it) stays set";
    case VMD_FAULT_SILENT:
        return "CFGBAR (BAR 0) cannot be reached: it lies in RAM, or memory decode stays off";
    case VMD_FAULT_CROWDED:
        return "there is no room for the functions behind it";
    }
    return "it can be used";
}

const char *vmd_fault_fix(enum vmd_fault fault)
{
    switch (fault) {
    case VMD_FAULT_NONE:
    case VMD_FAULT_BLOCKED:
        break;
    case VMD_FAULT_BARS:
        return "in firmware's setup turn on \"above 4G decoding\" (and \"64-bit MMIO\" or a larger MMIO size), or turn "
               "VMD off for this port";
    case VMD_FAULT_CONFIG_SMALL:
        return "in firmware's setup set the size of VMD's CFGBAR to its default (32 MiB)";
    case VMD_FAULT_BUS_MODE:
        return "in firmware's setup load the defaults of VMD's page, or update the firmware";
    case VMD_FAULT_MSIX:
    case VMD_FAULT_SILENT:
        return "update the firmware, or turn VMD off for this port in its setup";
    case VMD_FAULT_BYPASS:
        return "update the firmware; in its setup turn \"VMD for direct assign\" on";
    case VMD_FAULT_CROWDED:
        return "in firmware's setup turn VMD off for some ports: at most 16 endpoints and 512 functions behind them "
               "all are used";
    }
    return "update the firmware; a note above says why";
}

/* False, always. */
static bool refuse(struct vmd_domain *d, enum vmd_fault fault)
{
    d->usable = false;
    d->fault = fault;
    return false;
}

static bool has_memory(const struct pci_bar *bar)
{
    return (bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64) && bar->assigned && bar->size != 0;
}

static bool read_bars(struct vmd_domain *d, const struct pci_function *f)
{
    const struct pci_bar *config = &f->bars[VMD_CFGBAR];
    const struct pci_bar *first = &f->bars[VMD_MEMBAR1];
    const struct pci_bar *second = &f->bars[VMD_MEMBAR2];
    if (!has_memory(config) || !has_memory(first) || !has_memory(second)) {
        return refuse(d, VMD_FAULT_BARS);
    }
    if (config->size < MIB) {
        return refuse(d, VMD_FAULT_CONFIG_SMALL);
    }
    uint64_t own = (d->flags & VMD_NATIVE_SHADOW) != 0 ? VMD_SHADOW_OFFSET + PAGE_SIZE : VMD_MSIX_BYTES;
    d->config = config->address;
    if (first->size >= PAGE_SIZE) {
        d->memory[0] = (struct vmd_window){first->address, first->size};
    }
    if (second->size > own) {
        d->memory[1] = (struct vmd_window){second->address + own, second->size - own};
    }
    return true;
}

/* Where VMCAP does not offer a restriction, or the part has none, the field means nothing. */
bool vmd_first_bus(const struct vmd_domain *d, uint16_t config, uint8_t *bus)
{
    static const uint8_t first[] = {0, 128, 224};
    unsigned mode = (unsigned)bits_get(config, 9, 8);
    mode = (d->flags & VMD_BUS_RESTRICTION) != 0 && d->restricts ? mode : 0;
    *bus = mode < ARRAY_LENGTH(first) ? first[mode] : 0;
    return mode < ARRAY_LENGTH(first);
}

static bool read_buses(struct vmd_domain *d, const struct pci_function *f, uint16_t config)
{
    if (!vmd_first_bus(d, config, &d->first_bus)) {
        return refuse(d, VMD_FAULT_BUS_MODE);
    }
    uint64_t buses = f->bars[VMD_CFGBAR].size / MIB;
    buses = buses < VMD_BUSES_MAX ? buses : VMD_BUSES_MAX;
    d->last_bus = (uint8_t)(d->first_bus + buses - 1);
    return true;
}

/* Table and PBA inside the pages that no child gets. */
static bool check_msix(struct vmd_domain *d, const struct pci_function *f, const struct pci_reader *reader)
{
    uint32_t table = f->cap.msix != 0 ? pci_reader_u32(reader, f->cap.msix + PCI_MSIX_TABLE) : 0;
    uint32_t pba = f->cap.msix != 0 ? pci_reader_u32(reader, f->cap.msix + PCI_MSIX_PBA) : 0;
    uint64_t table_end = (table & ~7u) + (uint64_t)f->msix_count * 16;
    uint64_t pba_end = (pba & ~7u) + align_up((uint64_t)f->msix_count, 64) / 8;
    bool placed = f->cap.msix != 0 && (table & 7) == VMD_MEMBAR2 && (pba & 7) == VMD_MEMBAR2;
    if (!placed || table_end > VMD_MSIX_BYTES || pba_end > VMD_MSIX_BYTES ||
        f->bars[VMD_MEMBAR2].size < VMD_MSIX_BYTES) {
        return refuse(d, VMD_FAULT_MSIX);
    }
    return true;
}

static void read_domain(struct vmd_domain *d, const struct pci_function *f, const struct pci_reader *reader)
{
    uint16_t config = pci_reader_u16(reader, VMD_CONFIG);
    d->flags = vmd_ids_flags(f->vendor, f->device);
    d->restricts = (pci_reader_u16(reader, VMD_CAP) & VMD_CAP_RESTRICTS) != 0;
    d->bypass = (d->flags & VMD_CAN_BYPASS) != 0 && (config & VMD_CONFIG_BYPASS) != 0;
    d->lock_shadow = (pci_reader_u16(reader, VMD_LOCK) & VMD_LOCK_SHADOW) != 0;
    if (f->blocked != 0 || f->header != 0) {
        (void)refuse(d, VMD_FAULT_BLOCKED);
    } else {
        d->usable = read_bars(d, f) && read_buses(d, f, config) && check_msix(d, f, reader);
    }
}

void vmd_refuse(struct vmd_domain *d, enum vmd_fault fault, struct sbdf at, struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE];
    (void)refuse(d, fault);
    diag_add(diag, VMD_DIAG_UNUSABLE, DIAG_WARNING, sbdf_text(at, where), vmd_fault_fix(fault),
             "the domain behind this VMD endpoint cannot be used: %s", vmd_fault_text(fault));
}

void vmd_add(struct vmd_facts *facts, const struct pci_facts *pci, uint32_t endpoint, const struct pci_reader *reader,
             struct diag_list *diag)
{
    const struct pci_function *f = &pci->functions[endpoint];
    char where[SBDF_TEXT_SIZE];
    if (facts->count == VMD_DOMAINS_MAX) {
        facts->left_out++;
        diag_add(diag, VMD_DIAG_MANY, DIAG_WARNING, sbdf_text(f->at, where), vmd_fault_fix(VMD_FAULT_CROWDED),
                 "this VMD endpoint is one too many: only the first %u are used", VMD_DOMAINS_MAX);
        return;
    }
    struct vmd_domain *d = &facts->domains[facts->count];
    *d = (struct vmd_domain){.endpoint = endpoint, .segment = (uint16_t)(SBDF_VMD_FIRST + facts->count)};
    facts->count++;
    read_domain(d, f, reader);
    if (!d->usable) {
        vmd_refuse(d, d->fault, f->at, diag);
    }
}
