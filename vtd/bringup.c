/* SPDX-License-Identifier: GPL-2.0-only
 * The order in which a unit comes up (VT-d 4.1 11.4.4.1 for each command's conditions). */
#include "vtd/bringup.h"

#include "kernel/core/log.h"
#include "vtd/fault.h"
#include "vtd/invalidate.h"
#include "vtd/protect.h"

/* RTADDR bits 11:10: table format; 0 = legacy, the only one used here. */
#define TABLE_MODE_HIGH 11
#define TABLE_MODE_LOW 10

static bool is_translating(const struct vtd_unit *u)
{
    return (vtd_unit_read32(u, VTD_GSTS) & VTD_GCMD_TE) != 0;
}

/* Firmware, or a kernel that started us, may have left translation on. Then our root replaces theirs in place, and no
 * moment passes without tables: save when theirs has another format, which may change only while TE is off. */
static enum status secure_dma(struct vtd_unit *u, const struct vtd_bringup_options *o)
{
    if (is_translating(u)) {
        log_info("vtd: unit=%u translation was left on by what ran before", u->index);
        if (bits_get(vtd_unit_read64(u, VTD_RTADDR), TABLE_MODE_HIGH, TABLE_MODE_LOW) == 0) {
            return STATUS_OK;
        }
        if (u->keep_translation) {
            return STATUS_UNSUPPORTED;
        }
    }
    enum status s = o->reserved_dma ? STATUS_OK : vtd_protect_on(u);
    return s == STATUS_OK ? vtd_unit_switch(u, VTD_GCMD_TE, false) : s;
}

/* Everything else that may have been left on goes off: fault events first, as they name someone else's vector. */
static enum status stop_leftovers(struct vtd_unit *u)
{
    vtd_unit_write32(u, VTD_FECTL, VTD_FECTL_IM);
    enum status s = vtd_unit_switch(u, VTD_GCMD_IRE, false);
    if (s == STATUS_OK) {
        s = vtd_unit_switch(u, VTD_GCMD_CFI, false);
    }
    if (s == STATUS_OK) {
        s = vtd_queue_stop_foreign(u);
    }
    if (s == STATUS_OK) {
        vtd_fault_clear(u);
    }
    return s;
}

static enum status set_root(struct vtd_unit *u)
{
    if (u->caps.queued) {
        enum status s = vtd_queue_start(u);
        if (s != STATUS_OK) {
            return s;
        }
    }
    enum status s = vtd_invalidate_write_buffer(u);
    if (s != STATUS_OK) {
        return s;
    }
    vtd_unit_write64(u, VTD_RTADDR, u->root.v);
    s = vtd_unit_once(u, VTD_GCMD_SRTP);
    if (s != STATUS_OK) {
        return s;
    }
    u->live = true; /* from here on the unit may hold what our tables say */
    return vtd_invalidate_all(u);
}

static enum status remap_interrupts(struct vtd_unit *u)
{
    if (!u->remapping) {
        return STATUS_OK;
    }
    uint64_t mode = u->extended ? VTD_IRTA_EIME : 0;
    vtd_unit_write64(u, VTD_IRTA, u->remap.table.v | mode | VTD_REMAP_SIZE_FIELD);
    enum status s = vtd_unit_once(u, VTD_GCMD_SIRTP);
    if (s == STATUS_OK) {
        s = vtd_invalidate_all_interrupts(u);
    }
    if (s == STATUS_OK) {
        s = vtd_unit_switch(u, VTD_GCMD_IRE, true);
    }
    /* CFIS = 1 would let unremapped messages of any device through. */
    return s == STATUS_OK ? vtd_unit_switch(u, VTD_GCMD_CFI, false) : s;
}

/* The unit's own messages are never remapped: they name the LAPIC as an MSI does, the upper id bits in the upper
 * address (VT-d 4.1 11.4.7.4, 11.4.7.5). Fixed, edge. */
static void route_faults(struct vtd_unit *u, const struct vtd_bringup_options *o)
{
    if (o->fault_vector == 0) {
        return;
    }
    vtd_unit_write32(u, VTD_FEDATA, o->fault_vector);
    vtd_unit_write32(u, VTD_FEADDR, UINT32_C(0xfee00000) | (o->fault_apic_id & 0xff) << 12);
    vtd_unit_write32(u, VTD_FEUADDR, o->fault_apic_id & UINT32_C(0xffffff00));
    vtd_unit_write32(u, VTD_FECTL, 0);
}

static enum status bringup_locked(struct vtd_unit *u, const struct vtd_bringup_options *o)
{
    enum status s = secure_dma(u, o);
    if (s == STATUS_OK) {
        s = stop_leftovers(u);
    }
    if (s == STATUS_OK) {
        s = set_root(u);
    }
    if (s == STATUS_OK) {
        s = remap_interrupts(u);
    }
    if (s != STATUS_OK) {
        return s;
    }
    route_faults(u, o);
    s = vtd_unit_switch(u, VTD_GCMD_TE, true);
    return s == STATUS_OK ? vtd_protect_off(u) : s;
}

enum status vtd_unit_bringup(struct vtd_unit *u, const struct vtd_bringup_options *o)
{
    if (o->x2apic && u->remapping && !u->caps.x2apic) {
        return STATUS_UNSUPPORTED;
    }
    if (o->fault_apic_id > 0xfe && !(o->x2apic && u->caps.x2apic)) {
        return STATUS_OUT_OF_RANGE;
    }
    u->extended = o->x2apic && u->remapping;
    uint64_t flags = lock_take(&u->lock);
    enum status s = bringup_locked(u, o);
    lock_release(&u->lock, flags);
    return s;
}
