/* SPDX-License-Identifier: GPL-2.0-only
 * Which invalidations a change needs (VT-d 4.1 6.2, 6.8). Context cache before IOTLB, each waited for: the unit may
 * reorder what one batch holds, and a context still cached would refill the IOTLB. */
#include "vtd/invalidate.h"

#include "vtd/register_invalidate.h"
#include "vtd/unit.h"

enum status vtd_invalidate_write_buffer(struct vtd_unit *u)
{
    return u->write_buffer_flush ? vtd_unit_once(u, VTD_GCMD_WBF) : STATUS_OK;
}

static struct vtd_drain drain(const struct vtd_unit *u)
{
    return (struct vtd_drain){.read = u->caps.drain_read, .write = u->caps.drain_write};
}

static enum status run_one(struct vtd_unit *u, struct vtd_descriptor d)
{
    return vtd_queue_run(u, &d, 1);
}

static enum status context_global(struct vtd_unit *u)
{
    if (u->queue.started) {
        return run_one(u, vtd_descriptor_context_global());
    }
    return vtd_register_invalidate_context_global(u);
}

static enum status context_device(struct vtd_unit *u, uint16_t domain, uint16_t source)
{
    if (u->queue.started) {
        return run_one(u, vtd_descriptor_context_device(domain, source));
    }
    return vtd_register_invalidate_context_device(u, domain, source);
}

static enum status iotlb_global(struct vtd_unit *u)
{
    if (u->queue.started) {
        return run_one(u, vtd_descriptor_iotlb_global(drain(u)));
    }
    return vtd_register_invalidate_iotlb_global(u);
}

static enum status iotlb_domain(struct vtd_unit *u, uint16_t domain)
{
    if (u->queue.started) {
        return run_one(u, vtd_descriptor_iotlb_domain(domain, drain(u)));
    }
    return vtd_register_invalidate_iotlb_domain(u, domain);
}

static enum status iotlb_pages(struct vtd_unit *u, uint16_t domain, uint64_t address, unsigned order)
{
    if (u->queue.started) {
        return run_one(u, vtd_descriptor_iotlb_pages(domain, address, order, drain(u)));
    }
    return vtd_register_invalidate_iotlb_pages(u, domain, address, order);
}

enum status vtd_invalidate_all(struct vtd_unit *u)
{
    enum status s = vtd_invalidate_write_buffer(u);
    if (s == STATUS_OK) {
        s = context_global(u);
    }
    return s == STATUS_OK ? iotlb_global(u) : s;
}

enum status vtd_invalidate_source(struct vtd_unit *u, uint16_t domain, uint16_t source)
{
    enum status s = vtd_invalidate_write_buffer(u);
    if (s == STATUS_OK && u->caps.caching_mode) {
        s = context_device(u, 0, source); /* a cached not-present entry is tagged with domain 0 */
    }
    if (s == STATUS_OK) {
        s = context_device(u, domain, source);
    }
    return s == STATUS_OK ? iotlb_domain(u, domain) : s;
}

enum status vtd_invalidate_domain(struct vtd_unit *u, uint16_t domain)
{
    enum status s = vtd_invalidate_write_buffer(u);
    return s == STATUS_OK ? iotlb_domain(u, domain) : s;
}

int vtd_invalidate_order(uint64_t from, uint64_t size, bool page_selective, unsigned max_address_mask)
{
    uint64_t first = from >> 12;
    uint64_t last = (from + size - 1) >> 12;
    unsigned order = 0;
    if (!page_selective || size == 0 || last < first) {
        return -1;
    }
    while (first >> order != last >> order) {
        order++;
    }
    return order <= max_address_mask ? (int)order : -1;
}

enum status vtd_invalidate_range(struct vtd_unit *u, uint16_t domain, uint64_t from, uint64_t size)
{
    int order = vtd_invalidate_order(from, size, u->caps.page_selective, u->caps.max_address_mask);
    if (order < 0) {
        return vtd_invalidate_domain(u, domain);
    }
    enum status s = vtd_invalidate_write_buffer(u);
    if (s != STATUS_OK) {
        return s;
    }
    return iotlb_pages(u, domain, align_down(from, PAGE_SIZE << (unsigned)order), (unsigned)order);
}

enum status vtd_invalidate_interrupts(struct vtd_unit *u, uint16_t first, unsigned count)
{
    struct vtd_descriptor batch[VTD_REMAP_BLOCK_MAX];
    if (!u->queue.started) {
        return STATUS_UNSUPPORTED;
    }
    if (count == 0 || count > VTD_REMAP_BLOCK_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    enum status s = vtd_invalidate_write_buffer(u);
    if (s != STATUS_OK) {
        return s;
    }
    for (unsigned i = 0; i < count; i++) {
        batch[i] = vtd_descriptor_iec_index((uint16_t)(first + i));
    }
    return vtd_queue_run(u, batch, count);
}

enum status vtd_invalidate_all_interrupts(struct vtd_unit *u)
{
    if (!u->queue.started) {
        return STATUS_UNSUPPORTED;
    }
    enum status s = vtd_invalidate_write_buffer(u);
    return s == STATUS_OK ? run_one(u, vtd_descriptor_iec_global()) : s;
}

static enum status device_pages(struct vtd_unit *u, const struct vtd_device_tlb *tlb, uint64_t address, unsigned order)
{
    if (!u->queue.started || !u->caps.device_tlb) {
        return STATUS_UNSUPPORTED;
    }
    struct vtd_descriptor d = vtd_descriptor_device_tlb(tlb->source, tlb->depth, u->caps.throttle, address, order);
    enum status s = vtd_queue_run_device(u, &d, 1, tlb->source);
    return s == STATUS_OK && tlb->twice ? vtd_queue_run_device(u, &d, 1, tlb->source) : s;
}

enum status vtd_invalidate_device_range(struct vtd_unit *u, const struct vtd_device_tlb *tlb, uint64_t from,
                                        uint64_t size)
{
    int order = vtd_invalidate_order(from, size, true, VTD_DEVICE_TLB_ALL - 1);
    if (order < 0) {
        return vtd_invalidate_device_all(u, tlb);
    }
    return device_pages(u, tlb, align_down(from, PAGE_SIZE << (unsigned)order), (unsigned)order);
}

enum status vtd_invalidate_device_all(struct vtd_unit *u, const struct vtd_device_tlb *tlb)
{
    return device_pages(u, tlb, 0, VTD_DEVICE_TLB_ALL);
}
