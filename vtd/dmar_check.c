/* SPDX-License-Identifier: GPL-2.0-only
 * Contradictions between the structures of a DMAR table. What leaves in doubt which unit a device's requests go
 * through, or where a unit or a reserved region is, is an error; what firmware merely said twice or in vain is not. */
#include "vtd/dmar_check.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/sbdf.h"
#include "vtd/dmar_decode.h"
#include "vtd/dmar_diag.h"

#define ADDRESS_BITS_MOST 52

static void check_base(const struct dmar_unit *u, unsigned address_bits, struct diag_list *diags)
{
    uint64_t end = 0;
    bool wraps = __builtin_add_overflow(u->base.v, u->window, &end);
    if (u->base.v == 0) {
        dmar_report(diags, DMAR_DIAG_UNIT_BASE_ZERO, DIAG_ERROR, u->place.offset,
                    "enable VT-d in the firmware's setup, or update the firmware",
                    "the unit's registers are at address 0: firmware left it unconfigured");
    } else if (!is_aligned(u->base.v, PAGE_SIZE)) {
        dmar_report(diags, DMAR_DIAG_UNIT_BASE_UNALIGNED, DIAG_ERROR, u->place.offset, DMAR_FIX_FIRMWARE,
                    "the unit's registers at 0x%llx are not on a 4 KiB boundary", (unsigned long long)u->base.v);
    }
    if (wraps || end > BIT64(ADDRESS_BITS_MOST)) {
        dmar_report(diags, DMAR_DIAG_UNIT_BASE_RANGE, DIAG_ERROR, u->place.offset, DMAR_FIX_FIRMWARE,
                    "the unit's registers at 0x%llx are beyond 52 bits", (unsigned long long)u->base.v);
    } else if (end > BIT64(address_bits)) {
        dmar_report(diags, DMAR_DIAG_UNIT_BASE_RANGE, DIAG_WARNING, u->place.offset, DMAR_FIX_FIRMWARE,
                    "the unit's registers at 0x%llx are beyond the table's host address width of %u bits",
                    (unsigned long long)u->base.v, address_bits);
    }
}

static bool windows_overlap(const struct dmar_unit *a, const struct dmar_unit *b)
{
    uint64_t distance = a->base.v < b->base.v ? b->base.v - a->base.v : a->base.v - b->base.v;
    return distance < (a->base.v < b->base.v ? a->window : b->window);
}

/* Compare unit j with those before it. One base is one unit, however often it is declared. */
static void check_repeats(struct dmar *dmar, size_t j, struct diag_list *diags)
{
    struct dmar_unit *u = &dmar->units[j];
    u->same_as = j;
    for (size_t i = 0; i < j && u->base.v != 0; i++) {
        const struct dmar_unit *first = &dmar->units[i];
        if (first->base.v == u->base.v) {
            u->same_as = i;
            dmar_report(diags, DMAR_DIAG_UNIT_TWICE, first->segment == u->segment ? DIAG_WARNING : DIAG_ERROR,
                        u->place.offset, DMAR_FIX_FIRMWARE, "the unit at 0x%llx is declared at offset 0x%x already%s",
                        (unsigned long long)u->base.v, first->place.offset,
                        first->segment == u->segment ? "" : ", on another segment");
            return;
        }
        if (first->base.v != 0 && windows_overlap(first, u)) {
            dmar_report(diags, DMAR_DIAG_UNIT_OVERLAP, DIAG_ERROR, u->place.offset, DMAR_FIX_FIRMWARE,
                        "the registers overlap those of the unit at offset 0x%x", first->place.offset);
        }
    }
}

static void check_include_all(const struct dmar *dmar, size_t j, struct diag_list *diags)
{
    const struct dmar_unit *u = &dmar->units[j];
    for (size_t i = 0; u->include_all && i < j; i++) {
        const struct dmar_unit *first = &dmar->units[i];
        if (first->include_all && first->segment == u->segment) {
            bool one = first->same_as == u->same_as;
            dmar_report(diags, DMAR_DIAG_INCLUDE_ALL_TWICE, one ? DIAG_NOTE : DIAG_ERROR, u->place.offset,
                        one ? "" : DMAR_FIX_FIRMWARE, "INCLUDE_ALL of segment %04x is claimed at offset 0x%x already%s",
                        u->segment, first->place.offset, one ? ", by the same unit" : "");
            return;
        }
    }
}

/* Once a segment: at its first unit. */
static void check_segment(const struct dmar *dmar, size_t j, struct diag_list *diags)
{
    const struct dmar_unit *u = &dmar->units[j];
    bool any = false;
    for (size_t i = 0; i < dmar->unit_count; i++) {
        if (dmar->units[i].segment != u->segment) {
            continue;
        }
        if (i < j) {
            return;
        }
        any |= dmar->units[i].include_all;
    }
    if (!any) {
        dmar_report(diags, DMAR_DIAG_INCLUDE_ALL_NONE, DIAG_WARNING, u->place.offset,
                    "assign only functions that a unit names",
                    "segment %04x has no INCLUDE_ALL unit: functions in no scope have no DMA remapping", u->segment);
    }
}

/* Do the paths lead to the same device, of whatever function? */
static bool same_device(const struct dmar_scope *a, const struct dmar_scope *b)
{
    if (a->bus != b->bus || a->hop_count != b->hop_count) {
        return false;
    }
    for (size_t i = 0; i < a->hop_count; i++) {
        bool last = i + 1 == a->hop_count;
        if (a->hops[i].device != b->hops[i].device || (!last && a->hops[i].function != b->hops[i].function)) {
            return false;
        }
    }
    return true;
}

static bool same_path(const struct dmar_scope *a, const struct dmar_scope *b)
{
    return same_device(a, b) && a->hops[a->hop_count - 1].function == b->hops[b->hop_count - 1].function;
}

static bool is_pci(const struct dmar_scope *s)
{
    return s->type == DMAR_SCOPE_ENDPOINT || s->type == DMAR_SCOPE_BRIDGE;
}

/* An endpoint scope and a bridge scope with one path name one function; the others go by their enumeration id too. */
static bool same_scope(const struct dmar_scope *a, const struct dmar_scope *b)
{
    bool one_kind = is_pci(a) ? is_pci(b) : a->type == b->type && a->enumeration_id == b->enumeration_id;
    return one_kind && same_path(a, b);
}

/* One scope in two units. True when something was said. */
static bool report_shared(const struct dmar_unit *first, const struct dmar_scope *a, const struct dmar_unit *second,
                          const struct dmar_scope *b, struct diag_list *diags)
{
    if (first == second || first->segment != second->segment || !same_scope(a, b)) {
        return false;
    }
    bool one = first->same_as == second->same_as;
    dmar_report(diags, DMAR_DIAG_SCOPE_SHARED, one ? DIAG_NOTE : DIAG_ERROR, b->offset, one ? "" : DMAR_FIX_FIRMWARE,
                "this device scope is at offset 0x%x already, in %s", a->offset,
                one ? "the same unit" : "another unit: which of them its requests go through is unknown");
    return true;
}

/* One I/O APIC or HPET at two source ids. An HPET may have a function for each timer, in one unit (X79 chipsets do);
 * an I/O APIC has one source id. True when something was said. */
static bool report_id_shared(const struct dmar_unit *first, const struct dmar_scope *a, const struct dmar_unit *second,
                             const struct dmar_scope *b, struct diag_list *diags)
{
    bool by_id = a->type == DMAR_SCOPE_IOAPIC || a->type == DMAR_SCOPE_HPET;
    if (!by_id || a->type != b->type || a->enumeration_id != b->enumeration_id ||
        (first->segment == second->segment && same_path(a, b))) {
        return false;
    }
    bool timers = a->type == DMAR_SCOPE_HPET && first->same_as == second->same_as && same_device(a, b);
    dmar_report(diags, DMAR_DIAG_SCOPE_ID_SHARED, timers ? DIAG_NOTE : DIAG_ERROR, b->offset,
                timers ? "" : DMAR_FIX_FIRMWARE, "%s %u is at offset 0x%x already, with another source id",
                a->type == DMAR_SCOPE_IOAPIC ? "I/O APIC" : "HPET", a->enumeration_id, a->offset);
    return true;
}

/* Scope m of unit j with every one before it; the first clash is enough. */
static void check_scope(const struct dmar *dmar, size_t j, size_t m, struct diag_list *diags)
{
    const struct dmar_unit *second = &dmar->units[j];
    const struct dmar_scope *b = &second->scopes.items[m];
    for (size_t i = 0; i <= j; i++) {
        const struct dmar_unit *first = &dmar->units[i];
        size_t end = i == j ? m : first->scopes.count;
        for (size_t t = 0; t < end; t++) {
            const struct dmar_scope *a = &first->scopes.items[t];
            if (report_shared(first, a, second, b, diags) || report_id_shared(first, a, second, b, diags)) {
                return;
            }
        }
    }
}

static bool andd_exists(const struct dmar *dmar, uint8_t number)
{
    for (size_t i = 0; i < dmar->andd_count; i++) {
        if (dmar->andds[i].device_number == number) {
            return true;
        }
    }
    return false;
}

static void check_namespace_scopes(const struct dmar *dmar, const struct dmar_unit *u, struct diag_list *diags)
{
    for (size_t i = 0; i < u->scopes.count; i++) {
        const struct dmar_scope *s = &u->scopes.items[i];
        if (s->type == DMAR_SCOPE_ACPI && !andd_exists(dmar, s->enumeration_id)) {
            dmar_report(diags, DMAR_DIAG_SCOPE_NO_ANDD, DIAG_NOTE, s->offset, "",
                        "the scope names ACPI device %u, which no ANDD declares", s->enumeration_id);
        }
    }
}

/* Above it are the domains behind VMD endpoints (kernel/lib/sbdf.h). */
static void check_segment_number(uint16_t segment, const struct dmar_place *place, struct diag_list *diags)
{
    if (segment >= SBDF_VMD_FIRST) {
        dmar_report(diags, DMAR_DIAG_SEGMENT, DIAG_ERROR, place->offset, DMAR_FIX_FIRMWARE,
                    "segment %04x is above feff: such numbers stand for the domains behind VMD endpoints", segment);
    }
}

static void check_units(struct dmar *dmar, struct diag_list *diags)
{
    if (dmar->unit_count == 0) {
        dmar_report(diags, DMAR_DIAG_NO_UNIT, DIAG_ERROR, DMAR_HEADER_BYTES,
                    "enable VT-d in the firmware's setup, or update the firmware", "the table declares no unit");
    }
    for (size_t i = 0; i < dmar->unit_count; i++) {
        const struct dmar_unit *u = &dmar->units[i];
        check_base(u, dmar->address_bits, diags);
        check_segment_number(u->segment, &u->place, diags);
        check_repeats(dmar, i, diags);
        check_include_all(dmar, i, diags);
        check_segment(dmar, i, diags);
        for (size_t m = 0; m < u->scopes.count; m++) {
            check_scope(dmar, i, m, diags);
        }
        check_namespace_scopes(dmar, u, diags);
        if (!u->include_all && u->scopes.count == 0) {
            dmar_report(diags, DMAR_DIAG_UNIT_COVERS_NOTHING, DIAG_NOTE, u->place.offset, "",
                        "the unit at 0x%llx has neither scopes nor INCLUDE_ALL: it covers nothing",
                        (unsigned long long)u->base.v);
        }
    }
}

static bool segment_served(const struct dmar *dmar, uint16_t segment)
{
    for (size_t i = 0; i < dmar->unit_count; i++) {
        if (dmar->units[i].segment == segment) {
            return true;
        }
    }
    return false;
}

static void check_rmrr_range(struct dmar_rmrr *r, struct diag_list *diags)
{
    if (r->limit <= r->base || r->limit >= BIT64(ADDRESS_BITS_MOST)) {
        dmar_report(diags, DMAR_DIAG_RMRR_RANGE, DIAG_ERROR, r->place.offset, DMAR_FIX_FIRMWARE,
                    "the reserved region 0x%llx..0x%llx ends before it begins or beyond 52 bits",
                    (unsigned long long)r->base, (unsigned long long)r->limit);
        return;
    }
    r->start = align_down(r->base, PAGE_SIZE);
    r->size = align_up(r->limit + 1, PAGE_SIZE) - r->start;
    if (r->start != r->base || r->start + r->size != r->limit + 1) {
        dmar_report(diags, DMAR_DIAG_RMRR_UNALIGNED, DIAG_WARNING, r->place.offset, DMAR_FIX_FIRMWARE,
                    "the reserved region 0x%llx..0x%llx is not whole pages; the pages that hold it are used",
                    (unsigned long long)r->base, (unsigned long long)r->limit);
    }
    if (r->base < MIB) {
        dmar_report(diags, DMAR_DIAG_RMRR_LOW, DIAG_WARNING, r->place.offset,
                    "leave the devices it names unassigned, or give them to a guest with rmrr = \"map\"",
                    "the reserved region 0x%llx..0x%llx is below 1 MiB, where a guest has its own low memory",
                    (unsigned long long)r->base, (unsigned long long)r->limit);
    }
}

static void check_rmrrs(struct dmar *dmar, struct diag_list *diags)
{
    for (size_t i = 0; i < dmar->rmrr_count; i++) {
        struct dmar_rmrr *r = &dmar->rmrrs[i];
        check_rmrr_range(r, diags);
        check_segment_number(r->segment, &r->place, diags);
        if (r->scopes.count == 0) {
            dmar_report(diags, DMAR_DIAG_RMRR_NO_DEVICE, DIAG_WARNING, r->place.offset, DMAR_FIX_FIRMWARE,
                        "the reserved region names no device; nothing is mapped for it");
        }
        if (!segment_served(dmar, r->segment)) {
            dmar_report(diags, DMAR_DIAG_RMRR_NO_SEGMENT, DIAG_WARNING, r->place.offset, DMAR_FIX_FIRMWARE,
                        "the reserved region is for segment %04x, which no unit serves", r->segment);
        }
    }
}

static bool base_exists(const struct dmar *dmar, struct hpa base)
{
    for (size_t i = 0; i < dmar->unit_count; i++) {
        if (dmar->units[i].base.v == base.v) {
            return true;
        }
    }
    return false;
}

static void check_others(const struct dmar *dmar, struct diag_list *diags)
{
    for (size_t i = 0; i < dmar->rhsa_count; i++) {
        const struct dmar_rhsa *r = &dmar->rhsas[i];
        if (!base_exists(dmar, r->base)) {
            dmar_report(diags, DMAR_DIAG_RHSA_NO_UNIT, DIAG_NOTE, r->place.offset, "",
                        "the RHSA is for a unit at 0x%llx, which no DRHD declares; it is not used",
                        (unsigned long long)r->base.v);
        }
    }
    for (size_t i = 0; i < dmar->andd_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (dmar->andds[j].device_number == dmar->andds[i].device_number) {
                dmar_report(diags, DMAR_DIAG_ANDD_TWICE, DIAG_WARNING, dmar->andds[i].place.offset, DMAR_FIX_FIRMWARE,
                            "ACPI device %u is declared at offset 0x%x already", dmar->andds[i].device_number,
                            dmar->andds[j].place.offset);
            }
        }
    }
    for (size_t i = 0; i < dmar->atsr_count; i++) {
        const struct dmar_atsr *a = &dmar->atsrs[i];
        if ((a->flags & DMAR_ATSR_ALL_PORTS) == 0 && a->scopes.count == 0) {
            dmar_report(diags, DMAR_DIAG_ATSR_NO_PORT, DIAG_NOTE, a->place.offset, "",
                        "the ATSR has neither ALL_PORTS nor a port: it says nothing");
        }
    }
}

void dmar_check(struct dmar *dmar, struct diag_list *diags)
{
    check_units(dmar, diags);
    check_rmrrs(dmar, diags);
    check_others(dmar, diags);
}
