/* SPDX-License-Identifier: GPL-2.0-only
 * One function behind a VMD endpoint that a guest has: what the guest reads and writes of its configuration space, and
 * what of that its hardware gets.
 *
 * Its header is kept twice. The guest's copy (struct guest_vmd_header) holds what the guest wrote, so that sizing BARs,
 * moving windows in several writes and numbering buses work as on a bare machine. The hardware gets a BAR, a window or
 * memory decode only when what it would decode then lies inside the endpoint's MEMBARs (guest/vmd_window.h), and it is
 * read back before it counts. Everything behind the header goes by tables (guest/vmd_rules.h). */
#ifndef BULKHEAD_GUEST_VMD_CHILD_H
#define BULKHEAD_GUEST_VMD_CHILD_H

#include "drivers/pci.h"
#include "drivers/vmd.h"
#include "drivers/vmd_bridge.h"
#include "guest/vmd_rules.h"

#define GUEST_VMD_CAPS 48u        /* of one function that are looked at; further ones read 0 */
#define GUEST_VMD_ROOT UINT32_MAX /* as a parent: on the domain's first bus */

/* A place in a chain of capabilities. */
struct guest_vmd_cap {
    uint16_t offset;
    uint16_t size;               /* bytes that the rule covers */
    const struct pci_rule *rule; /* NULL: hidden */
};

/* What the guest wrote. */
struct guest_vmd_header {
    uint16_t command;
    uint32_t bars[PCI_BARS]; /* addresses, without type bits; upper halves by themselves */
    uint32_t buses;          /* bridges: as the register */
    struct vmd_bridge_windows windows;
    uint16_t bridge_control;
    uint8_t interrupt_line;
};

struct guest_vmd_numbers {
    unsigned first, last; /* buses; first 0: none */
};

struct guest_vmd_child {
    const struct vmd_domain *domain;
    const struct pci_function *host;
    uint32_t parent;               /* index of the bridge above among the children, or GUEST_VMD_ROOT */
    bool bridge;                   /* header type 1 */
    bool known;                    /* it answered once: the members below are filled in */
    bool warned;                   /* the log says once that something does not decode */
    bool prefetch, prefetch_wide;  /* a bridge's window: is there, has upper halves */
    struct guest_vmd_numbers now;  /* what a bridge forwards, in hardware */
    struct guest_vmd_numbers next; /* what it is to forward: guest/vmd_buses.c */
    bool opened;                   /* ... which it did not before */
    bool late;                     /* hardware gets `now` when it may be touched again */
    uint64_t silent_ns;            /* it is in a reset that the guest ordered: not to be touched before that time */
    uint16_t given;                /* command bits that the hardware got, and has unless it was reset */
    struct pci_bar bars[PCI_BARS]; /* kinds and sizes; addresses are firmware's */
    struct guest_vmd_header header;
    struct guest_vmd_cap caps[GUEST_VMD_CAPS];
    size_t cap_count;
};

/* What a write asked for, beyond the function itself. */
enum guest_vmd_effect {
    GUEST_VMD_NOTHING,
    GUEST_VMD_BUSES,     /* bus numbers: guest/vmd_buses.h */
    GUEST_VMD_BUS_RESET, /* all behind the bridge is in reset, or just out of it */
};

/* A child at its address of the facts, silent, its windows closed: the header as after a reset but for the bus
 * numbers, which are the facts'. The rest is found when it answers for the first time. */
void guest_vmd_child_make(struct guest_vmd_child *c, const struct vmd_domain *domain, const struct pci_function *host,
                          uint32_t parent);

/* For the guest as at the start; what the hardware forwards is left as it is. */
void guest_vmd_child_reset(struct guest_vmd_child *c);

/* It was reset: so it is for the guest, and a bridge forwards nothing. */
void guest_vmd_child_forget(struct guest_vmd_child *c);

/* Its reset begins, or ended, just now: nobody touches it for as long as it may need (PCIe 6.0 6.6.1, 6.6.2: 100 ms;
 * PCI PM 1.2 5.4.1: 10 ms from one power state to another). Until then it reads all ones for the guest, and writes
 * vanish: an access that a device drops holds up the CPU, and all that wait for the lock of configuration space. */
void guest_vmd_child_hush(struct guest_vmd_child *c, uint64_t us);
#define GUEST_VMD_RESET_US UINT64_C(100000)
bool guest_vmd_child_is_silent(const struct guest_vmd_child *c);

/* A bridge's bus numbers in hardware, now or as soon as it may be touched. */
void guest_vmd_child_number(struct guest_vmd_child *c, struct sbdf at, struct guest_vmd_numbers numbers);

/* It is at `at` now. Naturally aligned, width 1, 2 or 4, below 4096. */
uint32_t guest_vmd_child_read(struct guest_vmd_child *c, struct sbdf at, uint16_t offset, unsigned width);
enum guest_vmd_effect guest_vmd_child_write(struct guest_vmd_child *c, struct sbdf at, uint16_t offset, unsigned width,
                                            uint32_t value);

/* Bus mastering and decode off, a bridge's windows closed and what is behind it not in reset. True: it was until
 * now. */
bool guest_vmd_child_quiet(struct guest_vmd_child *c, struct sbdf at);

/* --- used by the above */

/* What only writing tells (guest/vmd_probe.c): BARs of bridges that firmware left empty, and their prefetchable window.
 * It decodes nothing then. */
void guest_vmd_child_probe(struct guest_vmd_child *c, struct sbdf at);

/* The header (guest/vmd_header.c), a dword at a time. */
uint32_t guest_vmd_header_read(struct guest_vmd_child *c, struct sbdf at, uint16_t dword);
/* lanes: bits of the dword that are written; value at its place in the dword. */
enum guest_vmd_effect guest_vmd_header_write(struct guest_vmd_child *c, struct sbdf at, uint16_t dword, uint32_t lanes,
                                             uint32_t value);

#endif
