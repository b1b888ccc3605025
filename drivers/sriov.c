/* SPDX-License-Identifier: GPL-2.0-only
 * The SR-IOV capability as facts (PCIe 6.0 9.3.3). */
#include "drivers/sriov.h"

#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"

#define MEMORY_FLAGS UINT64_C(0xf)

const struct sriov *sriov_of(const struct sriov_facts *facts, const struct pci_facts *pci, uint32_t function)
{
    const struct pci_function *f = &pci->functions[function];
    uint32_t pf = f->is_vf ? f->pf : function;
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->pfs[i].pf == pf) {
            return &facts->pfs[i];
        }
    }
    return NULL;
}

struct sbdf sriov_vf(const struct sriov *s, unsigned i)
{
    return sbdf_from_rid(sbdf_segment(s->at), (uint16_t)(sbdf_rid(s->at) + s->offset + (uint32_t)s->stride * i));
}

uint64_t sriov_vf_address(const struct sriov *s, unsigned bar, unsigned i)
{
    return s->bars[bar].address + s->bars[bar].size * i;
}

/* The device's lowest-numbered PF has the bit for all of them (PCIe 6.0 9.3.3.3.5). */
static void find_ari(struct sriov *s, const struct pci_facts *pci)
{
    const struct pci_function *f = &pci->functions[s->pf];
    while (f > pci->functions && f[-1].at.v >> 8 == f->at.v >> 8) {
        f--;
    }
    for (; f->at.v < s->at.v && f->cap.sriov == 0; f++) {
    }
    s->ari_at = f->at;
    s->ari_cap = f->cap.sriov;
}

/* Returns the registers used. */
static unsigned read_bar(const struct pci_reader *reader, struct sriov *s, unsigned i)
{
    uint16_t at = (uint16_t)(s->cap + PCI_SRIOV_BAR0 + 4 * i);
    uint32_t low = pci_reader_u32(reader, at);
    struct pci_bar *bar = &s->bars[i];
    bool wide = bits_get(low, 2, 0) == 4;
    if (low == 0 || (low & 1) != 0 || (wide && i + 1 == PCI_BARS)) {
        return 1; /* none, or malformed: sizing says which */
    }
    *bar = (struct pci_bar){.kind = wide ? PCI_BAR_MEM64 : PCI_BAR_MEM32, .prefetchable = (low & 8) != 0};
    bar->address = low & ~MEMORY_FLAGS;
    if (wide) {
        bar->address |= (uint64_t)pci_reader_u32(reader, at + 4) << 32;
        s->bars[i + 1].kind = PCI_BAR_UPPER;
    }
    return wide ? 2 : 1;
}

enum status sriov_read(const struct pci_reader *reader, const struct pci_facts *pci, uint32_t function,
                       struct sriov *out)
{
    const struct pci_function *f = &pci->functions[function];
    uint16_t cap = f->cap.sriov;
    *out = (struct sriov){.pf = function, .at = f->at, .cap = cap};
    if (cap == 0) {
        return STATUS_NOT_FOUND;
    }
    uint16_t control = pci_reader_u16(reader, cap + PCI_SRIOV_CONTROL);
    out->enabled = (control & PCI_SRIOV_VFE) != 0;
    out->initial = pci_reader_u16(reader, cap + PCI_SRIOV_INITIAL);
    out->total = pci_reader_u16(reader, cap + PCI_SRIOV_TOTAL);
    out->num = pci_reader_u16(reader, cap + PCI_SRIOV_NUM);
    out->offset = pci_reader_u16(reader, cap + PCI_SRIOV_OFFSET);
    out->stride = pci_reader_u16(reader, cap + PCI_SRIOV_STRIDE);
    out->vf_device = pci_reader_u16(reader, cap + PCI_SRIOV_VF_DEVICE);
    out->pages = pci_reader_u32(reader, cap + PCI_SRIOV_PAGES);
    out->page = pci_reader_u32(reader, cap + PCI_SRIOV_PAGE);
    find_ari(out, pci);
    for (unsigned i = 0; i < PCI_BARS;) {
        i += read_bar(reader, out, i);
    }
    return STATUS_OK;
}
