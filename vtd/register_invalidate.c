/* SPDX-License-Identifier: GPL-2.0-only
 * Context command and IOTLB registers (VT-d 4.1 11.4.6). */
#include "vtd/register_invalidate.h"

#include "vtd/unit.h"

enum granularity { /* CCMD bits 62:61, IOTLB bits 61:60; 0 read back means that nothing was done */
                   GLOBAL = 1,
                   DOMAIN = 2,
                   NARROW = 3,
};

static enum status run_context(struct vtd_unit *u, uint64_t command)
{
    enum status s = vtd_unit_wait64(u, VTD_CCMD, VTD_CCMD_ICC, 0);
    if (s != STATUS_OK) {
        return s;
    }
    vtd_unit_write64(u, VTD_CCMD, command | VTD_CCMD_ICC);
    s = vtd_unit_wait64(u, VTD_CCMD, VTD_CCMD_ICC, 0);
    if (s != STATUS_OK) {
        return s;
    }
    return bits_get(vtd_unit_read64(u, VTD_CCMD), 60, 59) != 0 ? STATUS_OK : STATUS_HARDWARE;
}

enum status vtd_register_invalidate_context_global(struct vtd_unit *u)
{
    return run_context(u, bits_make(GLOBAL, 62, 61));
}

enum status vtd_register_invalidate_context_device(struct vtd_unit *u, uint16_t domain, uint16_t source)
{
    return run_context(u, bits_make(NARROW, 62, 61) | bits_make(source, 31, 16) | bits_make(domain, 15, 0));
}

static enum status run_iotlb(struct vtd_unit *u, enum granularity g, uint16_t domain)
{
    unsigned at = u->caps.iotlb_offset + VTD_IOTLB;
    uint64_t drain = (u->caps.drain_read ? VTD_IOTLB_DR : 0) | (u->caps.drain_write ? VTD_IOTLB_DW : 0);
    vtd_unit_write64(u, at, VTD_IOTLB_IVT | bits_make(g, 61, 60) | drain | bits_make(domain, 47, 32));
    enum status s = vtd_unit_wait64(u, at, VTD_IOTLB_IVT, 0);
    if (s != STATUS_OK) {
        return s;
    }
    return bits_get(vtd_unit_read64(u, at), 58, 57) != 0 ? STATUS_OK : STATUS_HARDWARE;
}

/* The address register may be written only while no command is under way. */
static enum status wait_idle(struct vtd_unit *u)
{
    return vtd_unit_wait64(u, u->caps.iotlb_offset + VTD_IOTLB, VTD_IOTLB_IVT, 0);
}

enum status vtd_register_invalidate_iotlb_global(struct vtd_unit *u)
{
    enum status s = wait_idle(u);
    return s == STATUS_OK ? run_iotlb(u, GLOBAL, 0) : s;
}

enum status vtd_register_invalidate_iotlb_domain(struct vtd_unit *u, uint16_t domain)
{
    enum status s = wait_idle(u);
    return s == STATUS_OK ? run_iotlb(u, DOMAIN, domain) : s;
}

enum status vtd_register_invalidate_iotlb_pages(struct vtd_unit *u, uint16_t domain, uint64_t address, unsigned order)
{
    enum status s = wait_idle(u);
    if (s != STATUS_OK) {
        return s;
    }
    vtd_unit_write64(u, u->caps.iotlb_offset + VTD_IVA, (address & MASK64(63, 12)) | bits_make(order, 5, 0));
    return run_iotlb(u, NARROW, domain);
}
