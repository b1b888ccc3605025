/* SPDX-License-Identifier: GPL-2.0-only
 * Inventory lines, stable key=value. */
#include "kernel/inventory.h"

#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define BRAND_FIRST_LEAF UINT32_C(0x80000002)
#define PATH_SIZE 64
#define FREE_MOST 128

static void log_cpus(const struct platform *p)
{
    char brand[49] = "";
    if (cpu_cpuid(0x80000000, 0).eax >= BRAND_FIRST_LEAF + 2) {
        for (uint32_t i = 0; i < 3; i++) {
            struct cpuid id = cpu_cpuid(BRAND_FIRST_LEAF + i, 0);
            memcpy(brand + 16 * i, &id, sizeof(id));
        }
    }
    log_info("cpu: count=%zu model=\"%s\"", p->cpu_count, brand);
    for (size_t i = 0; i < p->cpu_count; i++) {
        log_debug("cpu: index=%zu apic=%u", i, p->apic_ids[i]);
    }
}

static void log_memory(const struct machine *m)
{
    log_info("memory: ram-mib=%llu reserved-kib=%llu",
             (unsigned long long)(memory_map_total(m->memory, MEMORY_RAM) / MIB),
             (unsigned long long)(memory_map_total(m->memory, MEMORY_RESERVED) / KIB));
}

static const char *scope_text(uint8_t type)
{
    static const char *const names[] = {"unknown", "endpoint", "bridge", "ioapic", "hpet", "acpi"};
    return type < ARRAY_LENGTH(names) ? names[type] : names[0];
}

/* "00:1e.7" or "00:02.0/00.0" for two hops. */
static void format_path(const struct dmar_scope *scope, char *out, size_t size)
{
    size_t used = format_text(out, size, "%02x:", scope->bus);
    for (size_t i = 0; i < scope->hop_count && used < size; i++) {
        used += format_text(out + used, size - used, "%s%02x.%x", i == 0 ? "" : "/", scope->hops[i].device,
                            scope->hops[i].function);
    }
}

static void log_scopes(const char *owner, uint64_t base, const struct dmar_scopes *scopes)
{
    for (size_t i = 0; i < scopes->count; i++) {
        char path[PATH_SIZE];
        format_path(&scopes->items[i], path, sizeof(path));
        log_info("dmar: %s=0x%llx scope=%s path=%s id=%u", owner, (unsigned long long)base,
                 scope_text(scopes->items[i].type), path, scopes->items[i].enumeration_id);
    }
}

static void log_dmar(const struct machine *m)
{
    for (size_t i = 0; i < m->dmar.unit_count; i++) {
        const struct dmar_unit *u = &m->dmar.units[i];
        log_info("dmar: unit=0x%llx segment=%u window-kib=%llu include-all=%s", (unsigned long long)u->base.v,
                 u->segment, (unsigned long long)(u->window / KIB), u->include_all ? "yes" : "no");
        log_scopes("unit", u->base.v, &u->scopes);
    }
    for (size_t i = 0; i < m->dmar.rmrr_count; i++) {
        const struct dmar_rmrr *r = &m->dmar.rmrrs[i];
        log_info("dmar: rmrr=0x%llx bytes=%llu", (unsigned long long)r->base, (unsigned long long)r->size);
        log_scopes("rmrr", r->base, &r->scopes);
    }
}

static void log_functions(const struct machine *m)
{
    for (size_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *f = &m->pci.functions[i];
        char line[200], pf[SBDF_TEXT_SIZE], kin[sizeof(" vf-of=") + SBDF_TEXT_SIZE] = "";
        size_t unit = 0;
        bool covered = machine_unit_of(m, f->at, &unit) == STATUS_OK;
        unsigned group = m->groups.of[i].group;
        pci_inventory_line(f, line, sizeof(line));
        if (f->is_vf) {
            format_text(kin, sizeof(kin), " vf-of=%s", sbdf_text(m->pci.functions[f->pf].at, pf));
        }
        if (covered) {
            log_info("pci: %s%s unit=%zu group=%u", line, kin, unit, group);
        } else {
            log_info("pci: %s%s unit=none group=%u", line, kin, group);
        }
    }
}

static size_t children_of(const struct machine *m, uint32_t endpoint)
{
    size_t count = 0;
    for (size_t i = 0; i < m->pci.count; i++) {
        count += m->pci.functions[i].is_vmd_child && m->pci.functions[i].vmd == endpoint;
    }
    return count;
}

static void log_vmds(const struct machine *m)
{
    for (size_t i = 0; i < m->vmd.count; i++) {
        const struct vmd_domain *d = &m->vmd.domains[i];
        char at[SBDF_TEXT_SIZE];
        log_info("vmd: endpoint=%s domain=%05x buses=%02x-%02x functions=%zu shadow=%s lock=%s usable=%s",
                 sbdf_text(m->pci.functions[d->endpoint].at, at), d->segment - SBDF_VMD_FIRST + SBDF_VMD_LINUX,
                 d->first_bus, d->last_bus, children_of(m, d->endpoint),
                 (d->flags & VMD_NATIVE_SHADOW) != 0 ? "native" : "capability", d->lock_shadow ? "yes" : "no",
                 d->usable ? "yes" : "no");
    }
}

void inventory_log(const struct platform *platform)
{
    const struct machine *m = &platform->machine;
    log_cpus(platform);
    log_memory(m);
    for (size_t i = 0; i < m->madt.ioapic_count; i++) {
        const struct madt_ioapic *io = &m->madt.ioapics[i];
        log_info("ioapic: id=%u base=0x%llx gsi=%u", io->id, (unsigned long long)io->base.v, io->gsi_base);
    }
    if (m->has_dmar) {
        log_dmar(m);
    }
    log_functions(m);
    log_vmds(m);
}

/* A part of them would read as if the rest were not free: all, or that there are more. */
void inventory_log_free(void)
{
    struct pages_extent extents[FREE_MOST];
    size_t count = pages_extents(extents, FREE_MOST);
    if (count == FREE_MOST) {
        log_info("memory: free pieces=%u or more, not listed", FREE_MOST);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        log_info("memory: free 0x%012llx..0x%012llx", (unsigned long long)extents[i].start,
                 (unsigned long long)(extents[i].start + extents[i].bytes));
    }
}
