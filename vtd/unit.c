/* SPDX-License-Identifier: GPL-2.0-only
 * Probing a unit, and the global command register (VT-d 4.1 11.4.4). */
#include "vtd/unit.h"

#include "kernel/core/mmio_map.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "vtd/root.h"

uint32_t vtd_unit_read32(const struct vtd_unit *u, unsigned offset)
{
    return mmio_read32(hpa_add(u->base, offset));
}

uint64_t vtd_unit_read64(const struct vtd_unit *u, unsigned offset)
{
    return mmio_read64(hpa_add(u->base, offset));
}

void vtd_unit_write32(const struct vtd_unit *u, unsigned offset, uint32_t value)
{
    mmio_write32(hpa_add(u->base, offset), value);
}

void vtd_unit_write64(const struct vtd_unit *u, unsigned offset, uint64_t value)
{
    mmio_write64(hpa_add(u->base, offset), value);
}

enum status vtd_unit_wait32(const struct vtd_unit *u, unsigned offset, uint32_t mask, uint32_t value)
{
    struct deadline end = deadline_in_us(VTD_DEADLINE_US);
    while ((vtd_unit_read32(u, offset) & mask) != value) {
        if (deadline_passed(end)) {
            return (vtd_unit_read32(u, offset) & mask) == value ? STATUS_OK : STATUS_TIMEOUT;
        }
        cpu_pause();
    }
    return STATUS_OK;
}

enum status vtd_unit_wait64(const struct vtd_unit *u, unsigned offset, uint64_t mask, uint64_t value)
{
    struct deadline end = deadline_in_us(VTD_DEADLINE_US);
    while ((vtd_unit_read64(u, offset) & mask) != value) {
        if (deadline_passed(end)) {
            return (vtd_unit_read64(u, offset) & mask) == value ? STATUS_OK : STATUS_TIMEOUT;
        }
        cpu_pause();
    }
    return STATUS_OK;
}

/* GCMD is write-only, and every write states all enables anew: they come from GSTS, without the one-shot bits, which
 * would otherwise be issued again. */
enum status vtd_unit_switch(struct vtd_unit *u, uint32_t bit, bool on)
{
    uint32_t status = vtd_unit_read32(u, VTD_GSTS);
    uint32_t wanted = on ? bit : 0;
    if ((status & bit) == wanted) {
        return STATUS_OK;
    }
    vtd_unit_write32(u, VTD_GCMD, (status & VTD_GSTS_KEPT & ~bit) | wanted);
    return vtd_unit_wait32(u, VTD_GSTS, bit, wanted);
}

enum status vtd_unit_once(struct vtd_unit *u, uint32_t bit)
{
    uint32_t status = vtd_unit_read32(u, VTD_GSTS);
    vtd_unit_write32(u, VTD_GCMD, (status & VTD_GSTS_KEPT) | bit);
    /* A write buffer flush is done when its bit goes away, the others when theirs appears. */
    return vtd_unit_wait32(u, VTD_GSTS, bit, bit == VTD_GCMD_WBF ? 0 : bit);
}

void vtd_unit_publish(const struct vtd_unit *u, const void *at, size_t bytes)
{
    if (!u->caps.coherent) {
        cpu_flush(at, bytes);
    }
    cpu_fence();
}

/* Registers need naming twice: the first page says where the rest is. */
static enum status map_registers(struct vtd_unit *u, uint64_t window)
{
    enum status s = mmio_map(u->base, PAGE_SIZE);
    if (s != STATUS_OK) {
        return s;
    }
    uint64_t cap = vtd_unit_read64(u, VTD_CAP);
    uint64_t ecap = vtd_unit_read64(u, VTD_ECAP);
    if ((cap == UINT64_MAX && ecap == UINT64_MAX) || (cap == 0 && ecap == 0)) {
        return STATUS_NOT_FOUND;
    }
    u->caps = vtd_caps_make(cap, ecap);
    uint64_t needed = align_up(vtd_caps_window(&u->caps), PAGE_SIZE);
    /* Firmware often says 4 KiB where the capabilities point further: believe the hardware. */
    uint64_t size = window > needed ? align_down(window, PAGE_SIZE) : needed;
    return size > PAGE_SIZE ? mmio_map(u->base, size) : STATUS_OK;
}

static void apply_quirks(struct vtd_unit *u, const struct vtd_quirks *quirks)
{
    u->write_buffer_flush = u->caps.write_buffer_flush || quirks->force_write_buffer_flush;
    u->keep_translation = quirks->keep_translation_enabled;
    if (quirks->no_superpages) {
        u->caps.pages_2m = false;
        u->caps.pages_1g = false;
    }
    /* The entry cache can only be invalidated by queue. */
    u->remapping = u->caps.interrupt_remapping && u->caps.queued && !quirks->no_interrupt_remapping;
}

static enum status allocate(struct vtd_unit *u)
{
    vtd_domain_ids_init(&u->ids, u->caps.domain_count);
    enum status s = vtd_root_init(u);
    if (s == STATUS_OK && u->caps.queued) {
        s = vtd_queue_init(u);
    }
    if (s == STATUS_OK && u->remapping) {
        s = vtd_remap_init(u);
    }
    return s;
}

enum status vtd_unit_probe(struct vtd_unit *u, unsigned index, struct hpa base, uint64_t window, uint16_t segment,
                           const struct vtd_quirks *quirks)
{
    *u = (struct vtd_unit){.index = index, .segment = segment, .base = base};
    if (base.v == 0 || !is_aligned(base.v, PAGE_SIZE)) {
        return STATUS_OUT_OF_RANGE;
    }
    enum status s = map_registers(u, window);
    if (s != STATUS_OK) {
        return s;
    }
    if (vtd_caps_levels(u->caps.level_mask) == 0) {
        return STATUS_UNSUPPORTED;
    }
    apply_quirks(u, quirks);
    return allocate(u);
}
