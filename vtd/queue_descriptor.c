/* SPDX-License-Identifier: GPL-2.0-only
 * Encoding of invalidation queue descriptors (VT-d 4.1 6.5.2.1 to 6.5.2.8). */
#include "vtd/queue_descriptor.h"

#include "kernel/lib/bits.h"

enum descriptor_type { /* bits 3:0 */
                       TYPE_CONTEXT = 1,
                       TYPE_IOTLB = 2,
                       TYPE_DEVICE_TLB = 3,
                       TYPE_INTERRUPT = 4,
                       TYPE_WAIT = 5,
};

enum granularity { /* bits 5:4 */
                   GLOBAL = 1,
                   DOMAIN = 2,
                   NARROW = 3, /* one source, or a range of pages */
};

struct vtd_descriptor vtd_descriptor_context_global(void)
{
    return (struct vtd_descriptor){TYPE_CONTEXT | bits_make(GLOBAL, 5, 4), 0};
}

struct vtd_descriptor vtd_descriptor_context_device(uint16_t domain, uint16_t source)
{
    uint64_t low = TYPE_CONTEXT | bits_make(NARROW, 5, 4) | bits_make(domain, 31, 16) | bits_make(source, 47, 32);
    return (struct vtd_descriptor){low, 0};
}

static uint64_t iotlb_low(enum granularity g, uint16_t domain, struct vtd_drain drain)
{
    return TYPE_IOTLB | bits_make(g, 5, 4) | bits_make(drain.write, 6, 6) | bits_make(drain.read, 7, 7) |
           bits_make(domain, 31, 16);
}

struct vtd_descriptor vtd_descriptor_iotlb_global(struct vtd_drain drain)
{
    return (struct vtd_descriptor){iotlb_low(GLOBAL, 0, drain), 0};
}

struct vtd_descriptor vtd_descriptor_iotlb_domain(uint16_t domain, struct vtd_drain drain)
{
    return (struct vtd_descriptor){iotlb_low(DOMAIN, domain, drain), 0};
}

struct vtd_descriptor vtd_descriptor_iotlb_pages(uint16_t domain, uint64_t address, unsigned order,
                                                 struct vtd_drain drain)
{
    uint64_t high = (address & MASK64(63, 12)) | bits_make(order, 5, 0);
    return (struct vtd_descriptor){iotlb_low(NARROW, domain, drain), high};
}

/* More than one page: S (bit 0) is set, and the lowest clear bit of the address from 12 on says how many: bit 12 two,
 * bit 13 four ... bit 63 all there are (VT-d 4.1 6.5.2.5, PCIe 6.0 10.3.1). */
struct vtd_descriptor vtd_descriptor_device_tlb(uint16_t source, unsigned max_pending, bool throttle, uint64_t address,
                                                unsigned order)
{
    uint64_t low = TYPE_DEVICE_TLB | bits_make(max_pending, 20, 16) | bits_make(source, 47, 32);
    uint64_t high = address & MASK64(63, 12);
    if (throttle) {
        low |= bits_make(source & 0xfu, 15, 12) | bits_make((unsigned)source >> 4, 63, 52);
    }
    if (order != 0) {
        high = (high & ~(BIT64(11 + order) | (BIT64(11 + order) - 1))) | ((BIT64(11 + order) - 1) & MASK64(63, 12)) | 1;
    }
    return (struct vtd_descriptor){low, high};
}

struct vtd_descriptor vtd_descriptor_iec_global(void)
{
    return (struct vtd_descriptor){TYPE_INTERRUPT, 0};
}

struct vtd_descriptor vtd_descriptor_iec_index(uint16_t index)
{
    return (struct vtd_descriptor){TYPE_INTERRUPT | bits_make(1, 4, 4) | bits_make(index, 47, 32), 0};
}

struct vtd_descriptor vtd_descriptor_wait(struct hpa status, uint32_t data)
{
    uint64_t low = TYPE_WAIT | bits_make(1, 5, 5) | bits_make(1, 6, 6) | bits_make(data, 63, 32);
    return (struct vtd_descriptor){low, status.v & MASK64(63, 2)};
}
