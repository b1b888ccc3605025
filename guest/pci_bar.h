/* SPDX-License-Identifier: GPL-2.0-only
 * A BAR of an assigned function as its guest sees and moves it. The device's own BAR never changes: what moves is
 * where the nested tables (and the second-level ones, for the guest's other devices) show its pages, inside the windows
 * that the guest's memory map leaves for BARs. */
#ifndef BULKHEAD_GUEST_PCI_BAR_H
#define BULKHEAD_GUEST_PCI_BAR_H

#include "drivers/pci.h"
#include "guest/memory.h"
#include "kernel/core/radix.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/domain.h"

struct guest_bar {
    enum pci_bar_kind kind; /* PCI_BAR_MEM32 or MEM64; NONE: not there (or I/O ports, which are not given) */
    bool prefetchable;
    uint64_t size;                 /* bytes, at least 4 KiB */
    struct hpa host;               /* where the device has it */
    uint64_t address;              /* what the guest's register says */
    uint64_t trap_start, trap_end; /* offsets, page-aligned: these pages stay unmapped and are emulated */
    bool mapped;                   /* in the nested tables (all pages but trapped ones) at mapped_at */
    bool shared;                   /* in the domain's tables too, which may be the nested ones */
    uint64_t mapped_at;
};

/* Where BARs may be; the guest's RAM and emulated devices are outside. */
struct guest_bar_windows {
    uint64_t low_start, low_end;   /* below 4 GiB */
    uint64_t high_start, high_end; /* above RAM; only for 64-bit BARs */
};

/* The windows of a guest with that RAM on CPUs with physical addresses of that many bits (32 to 52): beyond them its
 * page tables cannot lead. */
struct guest_bar_windows guest_bar_windows_of(const struct guest_memory *memory, unsigned address_bits);

/* The BAR of a host BAR: empty when that is none, has no size, or is an I/O BAR. STATUS_UNSUPPORTED: memory BAR that
 * firmware did not place, or smaller than a page (its page holds registers of others). */
MUST_CHECK enum status guest_bar_make(const struct pci_bar *host, struct guest_bar *bar);

/* Give the BAR its first address, at or after *next_low or *next_high, which move on. STATUS_NO_MEMORY: the window is
 * full. */
MUST_CHECK enum status guest_bar_place(struct guest_bar *bar, const struct guest_bar_windows *windows,
                                       uint64_t *next_low, uint64_t *next_high);

/* The register as config space shows it: lower or upper dword. */
uint32_t guest_bar_register(const struct guest_bar *bar, bool upper);
/* A guest's write to it: keeps the size bits zero and the type bits fixed. Maps nothing. */
void guest_bar_write(struct guest_bar *bar, bool upper, uint32_t value);

/* True when the address lies wholly in a window. */
bool guest_bar_fits(const struct guest_bar *bar, const struct guest_bar_windows *windows);

/* Make the tables show what the registers say: mapped where it fits and decode is on, else not at all. *shrank tells
 * that nested mappings went away, if only such as were made in vain, and the guest's translations must be flushed.
 * domain may be NULL. STATUS_CONFLICT: another BAR is there; it stays unmapped. STATUS_TIMEOUT, STATUS_HARDWARE: a unit
 * did not answer; the domain is quarantined. */
MUST_CHECK enum status guest_bar_apply(struct guest_bar *bar, struct radix *nested, struct vtd_domain *domain,
                                       const struct guest_bar_windows *windows, bool decode, bool *shrank);

#endif
