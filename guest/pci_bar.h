/* SPDX-License-Identifier: GPL-2.0-only
 * A BAR of an assigned function as its guest sees and moves it. The device's own BAR never changes: what moves is
 * where the nested tables (and the second-level ones, for the guest's other devices) show its pages, inside the windows
 * that the guest's memory map leaves for BARs. Bytes that must not be mapped are on the guest's MMIO bus instead: pages
 * that hold an MSI-X table, and every BAR smaller than a page, whose page may hold registers of others. */
#ifndef BULKHEAD_GUEST_PCI_BAR_H
#define BULKHEAD_GUEST_PCI_BAR_H

#include "drivers/pci.h"
#include "guest/bus.h"
#include "guest/memory.h"
#include "kernel/core/radix.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/domain.h"

struct guest_bar {
    enum pci_bar_kind kind; /* PCI_BAR_MEM32 or MEM64; NONE: not there (or I/O ports, which are not given) */
    bool prefetchable;
    uint64_t size;                 /* bytes, at least 16 */
    struct hpa host;               /* where the device has it */
    uint64_t address;              /* what the guest's register says */
    uint64_t trap_start, trap_end; /* offsets: these bytes stay unmapped. Whole pages, or all of a BAR within one */
    struct bus_range trap;         /* who answers there: read, write, context; the owner's to set */
    bool mapped;                   /* at mapped_at: in the nested tables, and on the bus what is trapped */
    bool trapped;                  /* trapped bytes are on the bus at mapped_at */
    bool shared;                   /* in the domain's tables too, which may be the nested ones */
    uint64_t mapped_at;
};

/* Guest-physical addresses where no BAR may be, start..end (exclusive, below 2^52). */
struct guest_bar_range {
    uint64_t start, end;
};

#define GUEST_BAR_RESERVED_MAX 16

/* Where BARs may be; the guest's RAM and emulated devices are outside. */
struct guest_bar_windows {
    uint64_t low_start, low_end;                             /* below 4 GiB */
    uint64_t high_start, high_end;                           /* above RAM; only for 64-bit BARs */
    struct guest_bar_range reserved[GUEST_BAR_RESERVED_MAX]; /* memory that firmware reserved for devices */
    size_t reserved_count;
};

/* What BARs of one guest move about in. */
struct guest_bar_space {
    struct radix *nested;
    struct vtd_domain *domain; /* NULL: none */
    struct bus *mmio;
    const struct guest_bar_windows *windows;
};

/* The windows of a guest with that RAM on CPUs with physical addresses of that many bits (32 to 52): beyond them its
 * page tables cannot lead. */
struct guest_bar_windows guest_bar_windows_of(const struct guest_memory *memory, unsigned address_bits);

/* The BAR of a host BAR: empty when that is none, has no size, or is an I/O BAR. One that is smaller than a page is
 * trapped whole. STATUS_UNSUPPORTED: memory BAR that firmware did not place. */
MUST_CHECK enum status guest_bar_make(const struct pci_bar *host, struct guest_bar *bar);

/* Give the BAR its first address, at or after *next_low or *next_high, which move on; reserved ranges are skipped.
 * STATUS_NO_MEMORY: the window is full. */
MUST_CHECK enum status guest_bar_place(struct guest_bar *bar, const struct guest_bar_windows *windows,
                                       uint64_t *next_low, uint64_t *next_high);

/* The register as config space shows it: lower or upper dword. */
uint32_t guest_bar_register(const struct guest_bar *bar, bool upper);
/* A guest's write to it: keeps the size bits zero and the type bits fixed. Maps nothing. */
void guest_bar_write(struct guest_bar *bar, bool upper, uint32_t value);

/* True when the address lies wholly in a window, and nothing of it is reserved. */
bool guest_bar_fits(const struct guest_bar *bar, const struct guest_bar_windows *windows);

/* Make tables and bus show what the registers say, in two steps, so that BARs of one function may swap places. First
 * those that decode no more, or elsewhere, leave. *shrank tells that nested mappings went away, and the guest's
 * translations must be flushed. STATUS_TIMEOUT, STATUS_HARDWARE: a unit did not answer; the domain is quarantined. */
MUST_CHECK enum status guest_bar_leave(struct guest_bar *bar, const struct guest_bar_space *space, bool decode,
                                       bool *shrank);

/* Then those that decode where they fit appear. STATUS_CONFLICT: something is there already; it stays away. Others:
 * as above; *shrank also for mappings that were made in vain. */
MUST_CHECK enum status guest_bar_enter(struct guest_bar *bar, const struct guest_bar_space *space, bool decode,
                                       bool *shrank);

/* Access to trapped bytes that nobody emulates: offset from trap_start. Passed on to the device with its width when it
 * is aligned and inside; else reads all ones, and writes vanish. */
uint64_t guest_bar_pass_read(const struct guest_bar *bar, uint64_t offset, unsigned width);
void guest_bar_pass_write(const struct guest_bar *bar, uint64_t offset, unsigned width, uint64_t value);

#endif
