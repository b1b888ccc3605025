/* SPDX-License-Identifier: GPL-2.0-only
 * Invalidation queue descriptors, 128 bits each (VT-d 4.1 6.5.2). Pure. */
#ifndef BULKHEAD_VTD_QUEUE_DESCRIPTOR_H
#define BULKHEAD_VTD_QUEUE_DESCRIPTOR_H

#include "kernel/lib/types.h"

struct vtd_descriptor {
    uint64_t low, high;
};

/* Drains wanted of an IOTLB invalidation; only what CAP.DRD and CAP.DWD allow. */
struct vtd_drain {
    bool read, write;
};

struct vtd_descriptor vtd_descriptor_context_global(void);
struct vtd_descriptor vtd_descriptor_context_device(uint16_t domain, uint16_t source);
struct vtd_descriptor vtd_descriptor_iotlb_global(struct vtd_drain drain);
struct vtd_descriptor vtd_descriptor_iotlb_domain(uint16_t domain, struct vtd_drain drain);
/* 2^order pages at address, which is aligned to that; leaves and tables alike. */
struct vtd_descriptor vtd_descriptor_iotlb_pages(uint16_t domain, uint64_t address, unsigned order,
                                                 struct vtd_drain drain);
/* What the device's own TLB holds of 2^order pages at address, which is aligned to that; order 52: all of it.
 * max_pending: how many the device takes at once, as its ATS capability has it (0: 32). throttle: the unit wants the
 * physical function named, which is the device itself. */
#define VTD_DEVICE_TLB_ALL 52u
struct vtd_descriptor vtd_descriptor_device_tlb(uint16_t source, unsigned max_pending, bool throttle, uint64_t address,
                                                unsigned order);
struct vtd_descriptor vtd_descriptor_iec_global(void);
struct vtd_descriptor vtd_descriptor_iec_index(uint16_t index);
/* Write data to the dword at status (4-byte aligned) when all earlier descriptors are done. */
struct vtd_descriptor vtd_descriptor_wait(struct hpa status, uint32_t data);

#endif
