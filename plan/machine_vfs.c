/* SPDX-License-Identifier: GPL-2.0-only
 * VFs of a configuration. */
#include "plan/machine_vfs.h"

#include "drivers/sriov_functions.h"
#include "plan/vf_wishes.h"

#define ARRAY_ROUNDING 64

/* What VF BARs must not overlap. */
struct occupied {
    const struct machine *m;
    const struct pci_platform_range *ranges;
    size_t count;
};

static uint64_t end_of_taken(const void *context, uint64_t start, uint64_t size)
{
    const struct occupied *o = context;
    for (size_t i = 0; i < o->count; i++) {
        if (start < o->ranges[i].end && o->ranges[i].start < start + size) {
            return o->ranges[i].end;
        }
    }
    for (size_t i = 0; i < o->m->memory->count; i++) {
        const struct memory_range *r = &o->m->memory->ranges[i];
        /* Firmware lists real BARs and windows as reserved. */
        if (r->kind != MEMORY_RESERVED && start < r->end && r->start < start + size) {
            return r->end;
        }
    }
    return 0;
}

static void stop_all(struct machine *m, const struct machine_vfs_way *way)
{
    for (size_t i = m->sriov.count; i-- > 0;) {
        way->stop(way->context, &m->sriov.pfs[i]);
    }
    m->sriov.count = 0;
}

enum status machine_vfs_enable(struct machine *m, const struct config *config, const char *file,
                               const struct machine_vfs_way *way, const struct arena *arena, struct diag_list *diags)
{
    struct arena scratch = *arena;
    struct vf_wishes *wishes = arena_array(&scratch, 1, sizeof(*wishes));
    struct occupied occupied = {.m = m};
    occupied.ranges = machine_platform_ranges(m, &scratch, &occupied.count);
    m->sriov.count = 0;
    if (wishes == NULL || occupied.ranges == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status result = vf_wishes_read(config, file, &m->pci, way->view, wishes, diags);
    const struct sriov_place place = {
        .pci = &m->pci, .others = &m->sriov, .view = way->view, .taken = end_of_taken, .context = &occupied};
    for (size_t i = 0; result == STATUS_OK && i < wishes->count; i++) {
        const struct vf_wish *wish = &wishes->items[i];
        struct sriov *out = &m->sriov.pfs[m->sriov.count];
        result = way->enable(way->context, &place, wish->pf, wish->num, out, diags);
        m->sriov.count += result == STATUS_OK;
    }
    if (result != STATUS_OK) {
        stop_all(m, way);
        return result == STATUS_NO_MEMORY ? result : STATUS_UNSUPPORTED;
    }
    return STATUS_OK;
}

size_t machine_vfs_bytes(const struct machine *m)
{
    size_t count = m->pci.count;
    for (size_t i = 0; i < m->sriov.count; i++) {
        count += m->sriov.pfs[i].num;
    }
    return m->sriov.count == 0 ? 0 : count * sizeof(struct pci_function) + ARRAY_ROUNDING;
}

enum status machine_vfs_list(struct machine *m, const struct sriov_view *view, struct arena *arena,
                             struct diag_list *diags)
{
    struct sbdf endpoints[VMD_DOMAINS_MAX] = {{0}};
    for (size_t i = 0; i < m->vmd.count; i++) {
        endpoints[i] = m->pci.functions[m->vmd.domains[i].endpoint].at;
    }
    enum status status = sriov_functions_add(&m->sriov, &m->pci, view, arena, diags);
    for (size_t i = 0; status == STATUS_OK && i < m->vmd.count; i++) {
        m->vmd.domains[i].endpoint = pci_find_index(&m->pci, endpoints[i]);
    }
    return status;
}
