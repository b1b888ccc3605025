/* SPDX-License-Identifier: GPL-2.0-only
 * Making functions of VFs. */
#include "drivers/sriov_functions.h"

#include "drivers/device_rules.h"

static void put_bars(const struct sriov *s, unsigned i, struct pci_function *f)
{
    for (unsigned b = 0; b < PCI_BARS; b++) {
        f->bars[b] = s->bars[b];
        if (s->bars[b].kind == PCI_BAR_MEM32 || s->bars[b].kind == PCI_BAR_MEM64) {
            f->bars[b].address = sriov_vf_address(s, b, i);
        }
    }
}

/* What every VF has (PCIe 6.0 9.2.2.2, 9.3.5), and MSI-X where the PF has it: the rest is seen at boot. */
static void guess(const struct pci_function *pf, struct pci_function *out)
{
    *out = (struct pci_function){.class_code = pf->class_code,
                                 .revision = pf->revision,
                                 .subsystem_vendor = pf->subsystem_vendor,
                                 .subsystem = pf->subsystem,
                                 .express = pf->express,
                                 .has_flr = true,
                                 .cap = {.express = pf->cap.express, .msix = pf->cap.msix, .ari = pf->cap.ari},
                                 .msix_count = pf->cap.msix != 0 ? 1 : 0};
}

void sriov_functions_make(const struct sriov *s, const struct pci_facts *pci, const struct sriov_view *view, unsigned i,
                          struct pci_function *out, struct diag_list *diag)
{
    const struct pci_function *pf = &pci->functions[s->pf];
    struct sbdf at = sriov_vf(s, i);
    struct pci_reader reader;
    if (view->open(view->context, &at, &reader)) {
        pci_function_read_vf(&reader, at, out, diag);
    } else {
        guess(pf, out);
    }
    out->at = at;
    out->vendor = pf->vendor;
    out->device = s->vf_device;
    out->is_vf = true;
    out->pf = s->pf;
    out->parent = pf->parent;
    out->blocked = pf->blocked;
    out->has_flr = out->has_flr || device_rules_has(out, DEVICE_RULE_SILENT_FLR);
    put_bars(s, i, out);
}

static size_t count_vfs(const struct sriov_facts *facts)
{
    size_t count = 0;
    for (size_t i = 0; i < facts->count; i++) {
        count += facts->pfs[i].num;
    }
    return count;
}

/* By address; Shell sort as in pci_bars_check.c. */
static void sort(struct pci_function *functions, size_t count)
{
    size_t gap = 1;
    while (gap < count / 3) {
        gap = 3 * gap + 1;
    }
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            struct pci_function moving = functions[i];
            size_t j = i;
            for (; j >= gap && moving.at.v < functions[j - gap].at.v; j -= gap) {
                functions[j] = functions[j - gap];
            }
            functions[j] = moving;
        }
    }
}

static uint32_t moved(const struct pci_facts *old, const struct pci_facts *pci, uint32_t index)
{
    return index < old->count ? pci_find_index(pci, old->functions[index].at) : PCI_NO_INDEX;
}

static void renumber(const struct pci_facts *old, struct sriov_facts *facts, const struct pci_facts *pci)
{
    for (size_t i = 0; i < pci->count; i++) {
        struct pci_function *f = &pci->functions[i];
        f->parent = moved(old, pci, f->parent);
        f->pf = f->is_vf ? moved(old, pci, f->pf) : f->pf;
        f->vmd = f->is_vmd_child ? moved(old, pci, f->vmd) : f->vmd;
    }
    for (size_t i = 0; i < facts->count; i++) {
        facts->pfs[i].pf = moved(old, pci, facts->pfs[i].pf);
    }
}

enum status sriov_functions_add(struct sriov_facts *facts, struct pci_facts *pci, const struct sriov_view *view,
                                struct arena *arena, struct diag_list *diag)
{
    const struct pci_facts old = *pci;
    size_t vfs = count_vfs(facts);
    if (vfs == 0) {
        return STATUS_OK;
    }
    struct pci_function *all = arena_array(arena, old.count + vfs, sizeof(*all));
    if (all == NULL) {
        return STATUS_NO_MEMORY;
    }
    size_t count = 0;
    for (; count < old.count; count++) {
        all[count] = old.functions[count];
    }
    for (size_t p = 0; p < facts->count; p++) {
        for (unsigned i = 0; i < facts->pfs[p].num; i++) {
            sriov_functions_make(&facts->pfs[p], &old, view, i, &all[count++], diag);
        }
    }
    sort(all, count);
    pci->functions = all;
    pci->count = count;
    renumber(&old, facts, pci);
    return STATUS_OK;
}
