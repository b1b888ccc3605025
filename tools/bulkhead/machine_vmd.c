/* SPDX-License-Identifier: GPL-2.0-only
 * From Linux's domains to ours: Linux numbers them as its driver finds endpoints, the hypervisor by their addresses. */
#include "tools/bulkhead/machine_vmd.h"

#include <string.h>

#include "drivers/pci_caps.h"

#define VMD_DRIVER "vmd"

static bool is_behind(const struct dump_function *saved, struct sbdf endpoint)
{
    return saved->is_behind && !saved->is_vf && saved->behind.domain == sbdf_segment(endpoint) &&
           saved->behind.rid == sbdf_rid(endpoint);
}

/* Of one Linux domain alone: an endpoint has no second one. */
static void add_children(struct machine_load *load, const struct vmd_domain *d)
{
    struct sbdf endpoint = load->machine.pci.functions[d->endpoint].at;
    uint32_t domain = UINT32_MAX;
    for (size_t i = 0; i < load->dump.function_count; i++) {
        const struct dump_function *saved = &load->dump.functions[i];
        unsigned bus = saved->at.rid >> 8;
        if (!is_behind(saved, endpoint) || bus < d->first_bus || bus > d->last_bus) {
            continue;
        }
        domain = domain == UINT32_MAX ? saved->at.domain : domain;
        if (saved->at.domain == domain) {
            machine_load_add(load, i, sbdf_from_rid(d->segment, saved->at.rid));
        }
    }
}

static size_t count_children(const struct machine_load *load)
{
    size_t count = 0;
    for (size_t i = 0; i < load->machine.pci.count; i++) {
        count += sbdf_is_vmd(load->machine.pci.functions[i].at);
    }
    return count;
}

static void load_domain(struct machine_load *load, struct vmd_domain *d)
{
    struct machine *m = &load->machine;
    size_t first = m->pci.count;
    add_children(load, d);
    if (count_children(load) > VMD_CHILDREN_MAX) {
        m->pci.count = first;
        vmd_refuse(d, VMD_FAULT_CROWDED, m->pci.functions[d->endpoint].at, &load->diags);
    }
    bool shown = strcmp(load->dump.functions[load->dump_of[d->endpoint]].driver, VMD_DRIVER) == 0;
    d->hidden = d->usable && m->pci.count == first && !shown;
    load->hidden_vmds += d->hidden;
    pci_tree_link_from(&m->pci, first, &load->diags);
}

void machine_vmd_load(struct machine_load *load)
{
    struct machine *m = &load->machine;
    size_t count = m->pci.count;
    for (uint32_t i = 0; i < count; i++) {
        const struct dump_function *saved = &load->dump.functions[load->dump_of[i]];
        struct pci_image image = {saved->config, saved->length};
        struct pci_reader reader = pci_reader_image(&image);
        if (vmd_is_endpoint(&m->pci.functions[i])) {
            vmd_add(&m->vmd, &m->pci, i, &reader, &load->diags);
        }
    }
    for (size_t i = 0; i < m->vmd.count; i++) {
        if (m->vmd.domains[i].usable) {
            load_domain(load, &m->vmd.domains[i]);
        }
    }
    vmd_take_children(&m->vmd, &m->pci, &load->diags);
    for (size_t i = 0; i < load->dump.function_count; i++) {
        load->left_behind += load->dump.functions[i].is_behind && !load->dump.functions[i].is_vf;
    }
    size_t found = count_children(load);
    load->left_behind -= found < load->left_behind ? found : load->left_behind;
}
