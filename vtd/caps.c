/* SPDX-License-Identifier: GPL-2.0-only
 * Reading CAP and ECAP (VT-d 4.1 11.4.2, 11.4.3). */
#include "vtd/caps.h"

#include "kernel/lib/bits.h"
#include "vtd/regs.h"

/* Bytes of one fault record, and of the IVA and IOTLB registers together. */
#define RECORD_BYTES 16u
#define IOTLB_BYTES 16u

static void read_cap(struct vtd_caps *c, uint64_t cap)
{
    c->domain_count = UINT32_C(1) << (4 + 2 * bits_get(cap, 2, 0));
    c->write_buffer_flush = bits_get(cap, 4, 4);
    c->protected_low = bits_get(cap, 5, 5);
    c->protected_high = bits_get(cap, 6, 6);
    c->caching_mode = bits_get(cap, 7, 7);
    c->level_mask = (unsigned)bits_get(cap, 12, 8);
    c->address_bits = (unsigned)bits_get(cap, 21, 16) + 1;
    c->fault_offset = (unsigned)bits_get(cap, 33, 24) * 16;
    c->pages_2m = bits_get(cap, 34, 34);
    c->pages_1g = bits_get(cap, 35, 35);
    c->page_selective = bits_get(cap, 39, 39);
    c->fault_count = (unsigned)bits_get(cap, 47, 40) + 1;
    c->max_address_mask = (unsigned)bits_get(cap, 53, 48);
    c->drain_write = bits_get(cap, 54, 54);
    c->drain_read = bits_get(cap, 55, 55);
    c->posting = bits_get(cap, 59, 59);
    if (bits_get(cap, 2, 0) == 7) {
        c->domain_count = 16; /* a reserved encoding: count on the least a unit may have */
    }
}

static void read_ecap(struct vtd_caps *c, uint64_t ecap)
{
    c->coherent = bits_get(ecap, 0, 0);
    c->queued = bits_get(ecap, 1, 1);
    c->device_tlb = bits_get(ecap, 2, 2);
    c->interrupt_remapping = bits_get(ecap, 3, 3);
    c->x2apic = bits_get(ecap, 4, 4);
    c->snoop_control = bits_get(ecap, 7, 7);
    c->iotlb_offset = (unsigned)bits_get(ecap, 17, 8) * 16;
    c->throttle = bits_get(ecap, 41, 41);
    c->scalable = bits_get(ecap, 43, 43);
}

struct vtd_caps vtd_caps_make(uint64_t cap, uint64_t ecap)
{
    struct vtd_caps c = {.cap = cap, .ecap = ecap};
    read_cap(&c, cap);
    read_ecap(&c, ecap);
    return c;
}

uint64_t vtd_caps_window(const struct vtd_caps *caps)
{
    uint64_t end = VTD_IRTA + 8;
    uint64_t faults_end = caps->fault_offset + (uint64_t)caps->fault_count * RECORD_BYTES;
    uint64_t iotlb_end = caps->iotlb_offset + IOTLB_BYTES;
    end = faults_end > end ? faults_end : end;
    return iotlb_end > end ? iotlb_end : end;
}

unsigned vtd_caps_levels(unsigned level_mask)
{
    static const unsigned preferred[] = {4, 3, 5};
    for (size_t i = 0; i < ARRAY_LENGTH(preferred); i++) {
        if ((level_mask & BIT32(preferred[i] - 2)) != 0) {
            return preferred[i];
        }
    }
    return 0;
}

unsigned vtd_caps_max_leaf(const struct vtd_caps *caps)
{
    if (!caps->pages_2m) {
        return 1;
    }
    return caps->pages_1g ? 3 : 2;
}

uint64_t vtd_caps_limit(const struct vtd_caps *caps, unsigned levels)
{
    unsigned table_bits = 12 + 9 * levels;
    return BIT64(caps->address_bits < table_bits ? caps->address_bits : table_bits);
}
