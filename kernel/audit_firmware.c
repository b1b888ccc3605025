/* SPDX-License-Identifier: GPL-2.0-only
 * Owners of reserved regions. */
#include "kernel/audit_firmware.h"

#include "kernel/lib/format.h"
#include "vtd/scope.h"

static bool is_given(const struct audit_maker *k, const struct pci_function *f)
{
    for (size_t i = 0; i < k->in->guest_count; i++) {
        const struct vm_request *r = &k->in->guests[i]->request;
        for (size_t n = 0; n < r->device_count; n++) {
            if (sbdf_equal(r->devices[n].function->at, f->at)) {
                return true;
            }
        }
    }
    return false;
}

/* Functions that firmware goes on using. */
static bool is_firmwares(const struct audit_maker *k, const struct pci_function *f)
{
    const struct machine *m = k->in->machine;
    return !f->bridge && machine_has_reserved_memory(m, f->at) && machine_reserved_is_sound(m, f->at) &&
           !is_given(k, f) && audit_maker_unit(k, f->at) != ISOLATE_NO_UNIT;
}

static bool names(const struct audit_maker *k, size_t region, const struct pci_function *f)
{
    const struct dmar_rmrr *r = &k->in->machine->dmar.rmrrs[region];
    struct scope_bus_view view = machine_bus_view(k->in->machine);
    return r->size != 0 && scope_names(&r->scopes, r->segment, &view, f->at);
}

static void join_regions(struct audit_maker *k, uint32_t a, uint32_t b)
{
    for (size_t i = 0; i < k->in->machine->dmar.rmrr_count; i++) {
        k->region_owner[i] = k->region_owner[i] == b ? a : k->region_owner[i];
    }
}

/* Regions that a device has together, or that overlap, are one owner's; devices that share one are too. */
static uint32_t first_region(struct audit_maker *k, const struct pci_function *f)
{
    const struct dmar *dmar = &k->in->machine->dmar;
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < dmar->rmrr_count; i++) {
        if (names(k, i, f)) {
            first = first == UINT32_MAX ? i : first;
            join_regions(k, k->region_owner[first], k->region_owner[i]);
        }
    }
    return first;
}

static void join_overlaps(struct audit_maker *k)
{
    const struct dmar *dmar = &k->in->machine->dmar;
    for (uint32_t i = 0; i < dmar->rmrr_count; i++) {
        k->region_owner[i] = i;
    }
    for (uint32_t i = 0; i < dmar->rmrr_count; i++) {
        for (uint32_t n = i + 1; n < dmar->rmrr_count; n++) {
            const struct dmar_rmrr *a = &dmar->rmrrs[i], *b = &dmar->rmrrs[n];
            if (a->start < b->start + b->size && b->start < a->start + a->size) {
                join_regions(k, k->region_owner[i], k->region_owner[n]);
            }
        }
    }
}

/* The owner that stands for a region, new when it is the first device's. */
static uint32_t owner_of_region(struct audit_maker *k, uint32_t region)
{
    char *name = arena_array(k->arena, 1, AUDIT_MAKER_NAME_SIZE);
    for (size_t i = k->in->guest_count; i < k->owner_count; i++) {
        if (k->owners[i].root == region) {
            return (uint32_t)i;
        }
    }
    if (name == NULL) {
        k->d.full = true;
        return 0;
    }
    format_text(name, AUDIT_MAKER_NAME_SIZE, "firmware-%u", region);
    k->owners[k->owner_count] = (struct audit_owner){.name = name, .root = region}; /* root: whose it is, until done */
    return (uint32_t)k->owner_count++;
}

static void add_region(struct audit_maker *k, uint32_t owner, uint32_t region)
{
    const struct dmar *dmar = &k->in->machine->dmar;
    for (uint32_t i = 0; i < dmar->rmrr_count; i++) {
        const struct dmar_rmrr *r = &dmar->rmrrs[i];
        if (k->region_owner[i] == region) {
            audit_describe_range(&k->d, (struct audit_range){r->start, r->start + r->size, owner, AUDIT_RESERVED, 0,
                                                             AUDIT_READ | AUDIT_WRITE});
        }
    }
}

void audit_firmware_add(struct audit_maker *k)
{
    const struct pci_facts *pci = &k->in->machine->pci;
    join_overlaps(k);
    for (size_t i = 0; i < pci->count; i++) {
        if (is_firmwares(k, &pci->functions[i])) {
            (void)first_region(k, &pci->functions[i]);
        }
    }
    for (size_t i = 0; i < pci->count; i++) {
        const struct pci_function *f = &pci->functions[i];
        uint32_t region = is_firmwares(k, f) ? first_region(k, f) : UINT32_MAX;
        if (region == UINT32_MAX) {
            continue;
        }
        region = k->region_owner[region];
        size_t known = k->owner_count;
        uint32_t owner = owner_of_region(k, region);
        if (k->owner_count != known) {
            add_region(k, owner, region);
        }
        audit_describe_source(
            &k->d, (struct audit_source){audit_maker_unit(k, f->at), sbdf_rid(f->at), owner, .optional = true});
    }
    for (size_t i = k->in->guest_count; i < k->owner_count; i++) {
        k->owners[i].root = 0;
    }
}
