/* SPDX-License-Identifier: GPL-2.0-only
 * Domains: second-level tables, and who uses them. */
#include "vtd/domain.h"

#include "kernel/core/panic.h"
#include "vtd/invalidate.h"
#include "vtd/root.h"
#include "vtd/share.h"

enum status vtd_domain_create(struct vtd *v, struct vtd_domain *d)
{
    *d = (struct vtd_domain){.vtd = v, .snoop = v->snoop, .address_limit = v->address_limit};
    enum status s = radix_init(&d->tables, &radix_vtd, v->levels, v->max_leaf, v->flush);
    d->tables.always = v->snoop ? RADIX_SNOOP : 0;
    return s;
}

void vtd_domain_create_shared(struct vtd *v, struct vtd_domain *d, const struct radix *nested, uint64_t limit)
{
    bulkhead_assert(nested->format == &radix_ept && limit <= radix_span(nested->levels + 1));
    *d = (struct vtd_domain){
        .vtd = v, .shared = nested, .snoop = (nested->always & RADIX_SNOOP) != 0, .address_limit = limit};
}

static bool is_attached(const struct vtd_domain *d)
{
    for (unsigned i = 0; i < d->vtd->count; i++) {
        if (d->attached[i] != 0) {
            return true;
        }
    }
    return false;
}

enum status vtd_domain_destroy(struct vtd_domain *d)
{
    if (is_attached(d)) {
        return STATUS_CONFLICT;
    }
    if (d->quarantined) {
        return STATUS_TIMEOUT;
    }
    if (d->shared == NULL) {
        radix_free(&d->tables);
    }
    d->shared = NULL;
    return STATUS_OK;
}

/* Whole pages that end at or below limit. */
static bool is_page_range(uint64_t start, uint64_t size, uint64_t limit)
{
    uint64_t end;
    if (size == 0 || !is_aligned(start | size, PAGE_SIZE) || __builtin_add_overflow(start, size, &end)) {
        return false;
    }
    return end <= limit;
}

/* ... and that keep clear of the interrupt addresses, which the unit never translates. */
static bool is_mappable(uint64_t start, uint64_t size, uint64_t limit)
{
    return is_page_range(start, size, limit) && (start + size <= VTD_INTERRUPT_FIRST || start > VTD_INTERRUPT_LAST);
}

/* After entries appeared: only a unit that caches not-present ones has anything to forget. */
static enum status tell_mapped(struct vtd_domain *d, uint64_t from, uint64_t size)
{
    enum status result = STATUS_OK;
    for (unsigned i = 0; i < d->vtd->count; i++) {
        struct vtd_unit *u = &d->vtd->units[i];
        if (d->ids[i] == 0 || !u->live) {
            continue;
        }
        uint64_t flags = lock_take(&u->lock);
        enum status s =
            u->caps.caching_mode ? vtd_invalidate_range(u, d->ids[i], from, size) : vtd_invalidate_write_buffer(u);
        lock_release(&u->lock, flags);
        if (s != STATUS_OK) {
            d->quarantined = true;
            result = s;
        }
    }
    return result;
}

/* After entries went away: every unit lets go of them, requests in flight included, or the domain is quarantined. */
static enum status forget(struct vtd_domain *d, uint64_t from, uint64_t size)
{
    enum status result = STATUS_OK;
    for (unsigned i = 0; i < d->vtd->count; i++) {
        struct vtd_unit *u = &d->vtd->units[i];
        if (d->ids[i] == 0 || !u->live) {
            continue;
        }
        uint64_t flags = lock_take(&u->lock);
        enum status s = vtd_invalidate_range(u, d->ids[i], from, size);
        lock_release(&u->lock, flags);
        if (s == STATUS_OK) {
            s = vtd_device_tlbs_forget(u, d, from, size);
        }
        if (s != STATUS_OK) {
            d->quarantined = true;
            result = s;
        }
    }
    return result;
}

/* Do the tables give devices just that? */
static bool shows(const struct radix *r, uint64_t from, struct hpa to, uint64_t size, unsigned rights)
{
    const unsigned seen = RADIX_READ | RADIX_WRITE | RADIX_SNOOP;
    for (uint64_t done = 0; done < size;) {
        struct radix_mapping m;
        if (radix_lookup(r, from + done, &m) != STATUS_OK || m.to.v != to.v + done ||
            (m.rights & seen) != (rights | r->always)) {
            return false;
        }
        done += radix_span(m.level) - (from + done) % radix_span(m.level);
    }
    return true;
}

enum status vtd_domain_map(struct vtd_domain *d, struct iova from, struct hpa to, uint64_t size, unsigned rights)
{
    bulkhead_assert((rights & ~(unsigned)(RADIX_READ | RADIX_WRITE)) == 0 && rights != 0);
    if (!is_mappable(from.v, size, d->address_limit) || !is_mappable(to.v, size, BIT64(52))) {
        return STATUS_OUT_OF_RANGE;
    }
    if (d->shared != NULL) {
        return shows(d->shared, from.v, to, size, rights) ? tell_mapped(d, from.v, size) : STATUS_CONFLICT;
    }
    enum status s = radix_map(&d->tables, from.v, to, size, rights);
    if (s == STATUS_NO_MEMORY) { /* part of it was there for a moment, and a device may have used it */
        enum status undo = forget(d, from.v, size);
        return undo != STATUS_OK ? undo : s;
    }
    if (s != STATUS_OK) {
        return s;
    }
    s = tell_mapped(d, from.v, size);
    if (s != STATUS_OK) { /* nothing stays mapped that the caller believes is not */
        enum status undo = radix_unmap(&d->tables, from.v, size);
        enum status forgotten = forget(d, from.v, size);
        return undo != STATUS_OK ? undo : forgotten != STATUS_OK ? forgotten : s;
    }
    return STATUS_OK;
}

enum status vtd_domain_map_reserved(struct vtd_domain *d, struct hpa first, struct hpa last)
{
    if (last.v <= first.v || last.v == UINT64_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    return vtd_domain_map(d, iova(first.v), first, last.v - first.v + 1, RADIX_READ | RADIX_WRITE);
}

enum status vtd_domain_unmap(struct vtd_domain *d, struct iova from, uint64_t size)
{
    if (!is_page_range(from.v, size, d->address_limit)) {
        return STATUS_OUT_OF_RANGE;
    }
    enum status s = STATUS_OK;
    if (d->shared == NULL) {
        s = radix_unmap(&d->tables, from.v, size);
    } else if (radix_any_mapped(d->shared, from.v, size)) {
        s = STATUS_CONFLICT;
    }
    /* Even when splitting failed half-way: what did go away must be forgotten. */
    enum status forgotten = forget(d, from.v, size);
    return forgotten != STATUS_OK ? forgotten : s;
}

/* Do shared tables give devices just these rights? */
static enum status shows_rights(const struct radix *r, uint64_t from, uint64_t size, unsigned rights)
{
    const unsigned seen = RADIX_READ | RADIX_WRITE;
    for (uint64_t done = 0; done < size;) {
        struct radix_mapping m;
        if (radix_lookup(r, from + done, &m) != STATUS_OK) {
            return STATUS_NOT_FOUND;
        }
        if ((m.rights & seen) != rights) {
            return STATUS_CONFLICT;
        }
        done += radix_span(m.level) - (from + done) % radix_span(m.level);
    }
    return STATUS_OK;
}

enum status vtd_domain_protect(struct vtd_domain *d, struct iova from, uint64_t size, unsigned rights)
{
    bulkhead_assert(rights == RADIX_READ || rights == (RADIX_READ | RADIX_WRITE));
    if (!is_page_range(from.v, size, d->address_limit)) {
        return STATUS_OUT_OF_RANGE;
    }
    enum status s = d->shared == NULL ? radix_protect(&d->tables, from.v, size, rights)
                                      : shows_rights(d->shared, from.v, size, rights);
    /* Units may hold either size of page after a split that failed half-way. */
    enum status forgotten = forget(d, from.v, size);
    return forgotten != STATUS_OK ? forgotten : s;
}

/* The last source on a unit is gone: its id can go too, if the unit confirmed that it forgot everything. */
static void drop_id(struct vtd_unit *u, struct vtd_domain *d)
{
    if (d->quarantined) {
        vtd_domain_ids_quarantine(&u->ids, d->ids[u->index]);
    } else {
        vtd_domain_ids_give_back(&u->ids, d->ids[u->index]);
    }
    d->ids[u->index] = 0;
}

static bool can_walk(const struct vtd_unit *u, const struct radix *r)
{
    const struct vtd_share tables = {
        .levels = r->levels, .max_leaf = r->max_leaf, .flush = r->flush, .snoop = (r->always & RADIX_SNOOP) != 0};
    return vtd_share_refusal(&u->caps, &tables) == NULL;
}

static enum status attach_locked(struct vtd_unit *u, uint16_t source, struct vtd_domain *d, bool device_tlb)
{
    unsigned i = u->index;
    enum status s = STATUS_OK;
    const struct radix *tables = d->shared == NULL ? &d->tables : d->shared;
    if (vtd_context_present(vtd_root_get(u, source))) {
        return STATUS_CONFLICT;
    }
    if (!can_walk(u, tables)) {
        return STATUS_UNSUPPORTED;
    }
    if (d->ids[i] == 0) {
        s = vtd_domain_ids_take(&u->ids, &d->ids[i]);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct vtd_context context = vtd_context_make(tables->root, tables->levels, d->ids[i]);
    s = vtd_root_set(u, source, device_tlb ? vtd_context_with_device_tlb(context) : context);
    if (s == STATUS_OK) {
        d->attached[i]++;
    } else if (d->attached[i] == 0) {
        drop_id(u, d);
    }
    return s;
}

static void count_out(struct vtd_unit *u, struct vtd_domain *d)
{
    if (--d->attached[u->index] == 0) {
        drop_id(u, d);
    }
}

static enum status detach_locked(struct vtd_unit *u, uint16_t source, struct vtd_domain *d)
{
    unsigned i = u->index;
    struct vtd_context c = vtd_root_get(u, source);
    if (vtd_device_tlb_drop(u, source, d)) {
        count_out(u, d);
        return STATUS_TIMEOUT;
    }
    if (!vtd_context_present(c) || vtd_context_domain(c) != d->ids[i]) {
        return STATUS_NOT_FOUND;
    }
    enum status s = vtd_root_clear(u, source);
    if (s == STATUS_OK && u->live) {
        s = vtd_invalidate_source(u, d->ids[i], source);
    }
    if (s != STATUS_OK) {
        d->quarantined = true;
    }
    count_out(u, d);
    return s;
}

static enum status attach(struct vtd_unit *u, uint16_t source, struct vtd_domain *d, bool device_tlb)
{
    bulkhead_assert(u == &d->vtd->units[u->index]);
    uint64_t flags = lock_take(&u->lock);
    enum status s = attach_locked(u, source, d, device_tlb);
    if (s == STATUS_OK && u->live) {
        s = u->caps.caching_mode ? vtd_invalidate_source(u, d->ids[u->index], source) : vtd_invalidate_write_buffer(u);
        if (s != STATUS_OK) { /* a unit that does not answer: leave the source blocked */
            enum status undo = detach_locked(u, source, d);
            s = undo != STATUS_OK ? undo : s;
        }
    }
    lock_release(&u->lock, flags);
    return s;
}

enum status vtd_attach(struct vtd_unit *u, uint16_t source, struct vtd_domain *d)
{
    return attach(u, source, d, false);
}

enum status vtd_attach_device_tlb(struct vtd_unit *u, uint16_t source, struct vtd_domain *d, uint8_t depth, bool twice)
{
    if (!u->live || !u->queue.started || !u->caps.device_tlb) {
        return STATUS_UNSUPPORTED;
    }
    enum status s =
        vtd_device_tlb_add(d, (struct vtd_device_tlb){(uint16_t)u->index, source, depth, twice, .silent = false});
    if (s != STATUS_OK) {
        return s;
    }
    s = attach(u, source, d, true);
    if (s != STATUS_OK) {
        (void)vtd_device_tlb_drop(u, source, d);
    }
    return s;
}

enum status vtd_detach(struct vtd_unit *u, uint16_t source, struct vtd_domain *d)
{
    bulkhead_assert(u == &d->vtd->units[u->index]);
    uint64_t flags = lock_take(&u->lock);
    enum status s = detach_locked(u, source, d);
    lock_release(&u->lock, flags);
    return s;
}
