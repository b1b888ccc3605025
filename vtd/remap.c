/* SPDX-License-Identifier: GPL-2.0-only
 * The interrupt remapping table (VT-d 4.1 5.1, 9.9). */
#include "vtd/remap.h"

#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/string.h"
#include "vtd/invalidate.h"
#include "vtd/unit.h"

#define TABLE_BYTES (VTD_REMAP_ENTRIES * UINT64_C(16))
#define ENTRY_BYTES 16u

/* The base must be aligned to a page (VT-d 4.1 11.4.10). */
enum status vtd_remap_init(struct vtd_unit *u)
{
    enum status s = pages_alloc_block(TABLE_BYTES, PAGE_SIZE, UINT64_MAX, &u->remap.table);
    if (s != STATUS_OK) {
        return s;
    }
    void *table = phys_to_virt(u->remap.table);
    memset(table, 0, TABLE_BYTES);
    vtd_unit_publish(u, table, TABLE_BYTES);
    return STATUS_OK;
}

static uint64_t *entry_at(const struct vtd_unit *u, unsigned index)
{
    bulkhead_assert(index < VTD_REMAP_ENTRIES);
    return (uint64_t *)phys_to_virt(u->remap.table) + (size_t)2 * index;
}

static bool is_used(const struct vtd_remap *r, unsigned index)
{
    return (r->used[index / 64] & BIT64(index % 64)) != 0;
}

static void set_used(struct vtd_remap *r, unsigned index, bool used)
{
    if (used) {
        r->used[index / 64] |= BIT64(index % 64);
    } else {
        r->used[index / 64] &= ~BIT64(index % 64);
    }
}

static bool is_held(const struct vtd_remap *r, unsigned index)
{
    return (r->held[index / 64] & BIT64(index % 64)) != 0;
}

static void set_held(struct vtd_remap *r, unsigned index, bool held)
{
    if (held) {
        r->held[index / 64] |= BIT64(index % 64);
    } else {
        r->held[index / 64] &= ~BIT64(index % 64);
    }
}

static bool is_free_run(const struct vtd_remap *r, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        if (is_used(r, i)) {
            return false;
        }
    }
    return true;
}

/* First free run, aligned to its size rounded up to a power of two: STATUS_NO_MEMORY when there is none. */
static enum status take_run(struct vtd_remap *r, unsigned count, unsigned *first)
{
    unsigned align = 1;
    while (align < count) {
        align *= 2;
    }
    for (unsigned at = 0; at + align <= VTD_REMAP_ENTRIES; at += align) {
        if (is_free_run(r, at, count)) {
            for (unsigned i = 0; i < count; i++) {
                set_used(r, at + i, true);
            }
            *first = at;
            return STATUS_OK;
        }
    }
    return STATUS_NO_MEMORY;
}

enum status vtd_irq_alloc_block(struct vtd_unit *u, struct vtd_irte_source source, unsigned count, uint16_t *handle)
{
    unsigned first;
    if (!u->remapping) {
        return STATUS_UNSUPPORTED;
    }
    if (count == 0 || count > VTD_REMAP_BLOCK_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    uint64_t flags = lock_take(&u->lock);
    enum status s = take_run(&u->remap, count, &first);
    for (unsigned i = 0; s == STATUS_OK && i < count; i++) {
        uint64_t *entry = entry_at(u, first + i);
        __atomic_store_n(&entry[1], vtd_irte_make_high(source), __ATOMIC_RELEASE); /* still not present */
        vtd_unit_publish(u, entry, ENTRY_BYTES);
        *handle = (uint16_t)first;
    }
    lock_release(&u->lock, flags);
    return s;
}

/* With remapped format only the low half changes, by one store; the posted format has bits in both halves, and the unit
 * reads all 16 bytes at once (VT-d 4.1 5.2.4): so it sees either target but never a mixture, and the entry is present
 * all the time. */
static void write_entry(uint64_t *entry, struct vtd_irte e)
{
    if (entry[1] == e.high) {
        __atomic_store_n(&entry[0], e.low, __ATOMIC_RELEASE);
    } else {
        cpu_store_pair(entry, e.low, e.high);
    }
}

static enum status update_locked(struct vtd_unit *u, uint16_t handle, struct vtd_irte e)
{
    uint64_t *entry = entry_at(u, handle);
    bool was_present = vtd_irte_present((struct vtd_irte){entry[0], entry[1]});
    e.low = vtd_irte_hold(e.low, is_held(&u->remap, handle));
    write_entry(entry, e);
    vtd_unit_publish(u, entry, ENTRY_BYTES);
    if (was_present || u->caps.caching_mode) {
        return vtd_invalidate_interrupts(u, handle, 1);
    }
    return vtd_invalidate_write_buffer(u);
}

static void check_usable(const struct vtd_unit *u, uint16_t handle)
{
    bulkhead_assert(u->live && u->remapping && handle < VTD_REMAP_ENTRIES && is_used(&u->remap, handle));
}

enum status vtd_irq_update(struct vtd_unit *u, uint16_t handle, struct vtd_irte_target target)
{
    struct vtd_irte e;
    check_usable(u, handle);
    enum status s = vtd_irte_make_low(target, u->extended, &e.low);
    if (s != STATUS_OK) {
        return s;
    }
    uint64_t flags = lock_take(&u->lock);
    e.high = vtd_irte_make_high(vtd_irte_source(vtd_irq_entry(u, handle)));
    s = update_locked(u, handle, e);
    lock_release(&u->lock, flags);
    return s;
}

enum status vtd_irq_post(struct vtd_unit *u, uint16_t handle, struct vtd_irte_posted posted)
{
    struct vtd_irte e;
    check_usable(u, handle);
    if (!vtd_unit_posts(u)) {
        return STATUS_UNSUPPORTED;
    }
    uint64_t flags = lock_take(&u->lock);
    enum status s = vtd_irte_make_posted(vtd_irte_source(vtd_irq_entry(u, handle)), posted, &e);
    if (s == STATUS_OK) {
        s = update_locked(u, handle, e);
    }
    lock_release(&u->lock, flags);
    return s;
}

enum status vtd_irq_hold(struct vtd_unit *u, uint16_t handle, bool hold)
{
    check_usable(u, handle);
    uint64_t flags = lock_take(&u->lock);
    set_held(&u->remap, handle, hold);
    enum status s = update_locked(u, handle, vtd_irq_entry(u, handle));
    lock_release(&u->lock, flags);
    return s;
}

enum status vtd_irq_alloc(struct vtd_unit *u, struct vtd_irte_source source, struct vtd_irte_target target,
                          uint16_t *handle)
{
    enum status s = vtd_irq_alloc_block(u, source, 1, handle);
    if (s != STATUS_OK) {
        return s;
    }
    s = vtd_irq_update(u, *handle, target);
    if (s != STATUS_OK) {
        enum status undo = vtd_irq_free(u, *handle, 1);
        return undo == STATUS_OK ? s : undo;
    }
    return STATUS_OK;
}

static void clear_entry(struct vtd_unit *u, unsigned index)
{
    uint64_t *entry = entry_at(u, index);
    __atomic_store_n(&entry[0], 0, __ATOMIC_RELEASE); /* the present bit first */
    vtd_unit_publish(u, entry, ENTRY_BYTES);
    __atomic_store_n(&entry[1], 0, __ATOMIC_RELEASE);
    vtd_unit_publish(u, entry, ENTRY_BYTES);
}

static void check_run(const struct vtd_unit *u, unsigned first, unsigned count)
{
    bulkhead_assert(u->remapping && count >= 1 && count <= VTD_REMAP_BLOCK_MAX && first + count <= VTD_REMAP_ENTRIES);
    for (unsigned i = 0; i < count; i++) {
        bulkhead_assert(is_used(&u->remap, first + i));
    }
}

enum status vtd_irq_free(struct vtd_unit *u, uint16_t handle, unsigned count)
{
    check_run(u, handle, count);
    uint64_t flags = lock_take(&u->lock);
    for (unsigned i = 0; i < count; i++) {
        set_held(&u->remap, handle + i, false);
        clear_entry(u, handle + i);
    }
    /* Before bring-up the unit has never seen the table. */
    enum status s = u->live ? vtd_invalidate_interrupts(u, handle, count) : STATUS_OK;
    if (s == STATUS_OK) {
        for (unsigned i = 0; i < count; i++) {
            set_used(&u->remap, handle + i, false);
        }
    } else {
        u->remap.quarantined += count;
    }
    lock_release(&u->lock, flags);
    return s;
}

struct vtd_irte vtd_irq_entry(const struct vtd_unit *u, uint16_t handle)
{
    const uint64_t *entry = entry_at(u, handle);
    return (struct vtd_irte){entry[0], entry[1]};
}
