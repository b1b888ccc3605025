/* SPDX-License-Identifier: GPL-2.0-only
 * An emulated function on a guest's bus 0: config space, up to two memory BARs that the guest may move as it may move
 * those of assigned functions, MSI-X with a table of our own (PCI 3.0 6.8.2) and INTA#. Its messages go through the
 * guest's router. All calls are serialised by the guest's lock. */
#ifndef BULKHEAD_GUEST_PCI_EMULATED_H
#define BULKHEAD_GUEST_PCI_EMULATED_H

#include "guest/bus.h"
#include "guest/device_irq.h"
#include "guest/pci_bar.h"
#include "guest/pci_view.h"

/* Where they stand: function 0 of these devices of bus 0. The others follow downwards. */
enum pci_emulated_place {
    PCI_EMULATED_CONSOLE = 31,
    PCI_EMULATED_WATCHDOG = 30,
    PCI_EMULATED_NETWORK = 29, /* the first of them; the next is 28 */
    PCI_EMULATED_LOWEST = 20,
};

#define PCI_EMULATED_VECTORS_MAX 32u
#define PCI_EMULATED_NO_VECTOR 0xffffu
/* What a device goes on with by itself, without its guest having run, is due again no sooner: the first vCPU may sleep
 * on a CPU that others share, and all this is their time. */
#define PCI_EMULATED_PACE_NS UINT64_C(100000)

/* What a device is and does; context is the device. Offsets and widths (1, 2, 4, 8 bytes) lie inside of the BAR,
 * aligned to the width. Any function may be NULL. */
struct pci_emulated_ops {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* base class 23:16, subclass 15:8, interface 7:0 */
    uint8_t revision;
    uint64_t bar_bytes; /* BAR 0, 64-bit, a power of two of at least 16; 0: none */
    unsigned vectors;   /* of MSI-X, up to PCI_EMULATED_VECTORS_MAX, with its table in BAR 2; 0: no MSI-X */
    bool line;          /* it has INTA# */
    uint64_t (*read)(void *context, uint64_t offset, unsigned width);
    void (*write)(void *context, uint64_t offset, unsigned width, uint64_t value);
    /* The guest is about to read, or has written, bytes of config space from 0x40 on: what pci_emulated_config() holds
     * may be changed, or acted upon. offset + width <= PCI_VIEW_SIZE; width 1, 2 or 4. */
    void (*config_reads)(void *context, uint16_t offset, unsigned width);
    void (*config_written)(void *context, uint16_t offset, unsigned width);
    void (*reset)(void *context); /* the guest starts anew */
    /* Work that time or others bring, on the first vCPU: when it is due (guest time; UINT64_MAX: never), and do it. */
    uint64_t (*deadline)(const void *context);
    void (*advance)(void *context, uint64_t now_ns);
};

struct pci_emulated_entry {
    uint64_t address;
    uint32_t data;
    bool masked, pending;
};

#define PCI_EMULATED_BARS 2u

struct pci_emulated {
    const struct pci_emulated_ops *ops;
    void *context;
    unsigned device; /* its number on bus 0 */
    const struct message_router *router;
    struct guest_bar_space space;
    struct pci_view view;
    struct guest_bar bars[PCI_EMULATED_BARS]; /* BAR 0 and BAR 2 */
    uint64_t first_address[PCI_EMULATED_BARS];
    uint16_t next_capability, last_link; /* where config space has room, and the pointer to be set next */
    uint16_t msix;                       /* offset of its capability, 0: none */
    struct pci_emulated_entry entries[PCI_EMULATED_VECTORS_MAX];
    bool asserted; /* INTA# */
    bool placed;   /* its BARs have first addresses */
    bool lost;     /* a BAR waits for its place to be free */
    bool left;     /* a BAR left its place; guest/pci.c clears it */
};

/* Config space as after power-on; no BAR anywhere yet. ops and context live as long as it does. STATUS_NO_MEMORY. */
MUST_CHECK enum status pci_emulated_init(struct pci_emulated *f, const struct pci_emulated_ops *ops, void *context,
                                         unsigned device, const struct message_router *router);
void pci_emulated_free(struct pci_emulated *f);

/* Before it is on a bus: a capability of `bytes` bytes (a multiple of 4, its first two included) at the end of the
 * chain, all else 0 and read-only. Returns its offset. There is room for 176 bytes in all, MSI-X apart. */
uint16_t pci_emulated_capability(struct pci_emulated *f, uint8_t id, unsigned bytes);

/* Its config space from 0x40 on: what the guest reads, and (before it is on a bus) which bits it may write. */
static inline struct pci_view *pci_emulated_config(struct pci_emulated *f)
{
    return &f->view;
}

/* Send the message of a vector, or keep it pending while it is masked. Nothing happens while MSI-X is off, and for a
 * vector that is not there. */
void pci_emulated_message(struct pci_emulated *f, unsigned vector);
bool pci_emulated_has_messages(const struct pci_emulated *f); /* MSI-X is on */
void pci_emulated_line(struct pci_emulated *f, bool asserted);

/* When (guest time) a turn of work that has more to do goes on, as it began at now_ns and took that long: others have
 * the CPU for as long at least. */
static inline uint64_t pci_emulated_again(uint64_t now_ns, uint64_t took_ns)
{
    return now_ns + took_ns + (took_ns > PCI_EMULATED_PACE_NS ? took_ns : PCI_EMULATED_PACE_NS);
}

/* --- for guest/pci.c */

/* Give its BARs their first addresses, below `below` (moved down) in the low window or else anywhere in the high one,
 * where `space` is free and `taken` says no; and show them there. STATUS_NO_MEMORY: no room. */
MUST_CHECK enum status pci_emulated_show(struct pci_emulated *f, const struct guest_bar_space *space,
                                         bool (*taken)(const void *context, uint64_t start, uint64_t end),
                                         const void *context);
uint32_t pci_emulated_read(struct pci_emulated *f, uint16_t offset, unsigned width);
void pci_emulated_write(struct pci_emulated *f, uint16_t offset, unsigned width, uint32_t value);
void pci_emulated_retry(struct pci_emulated *f); /* a place became free */
void pci_emulated_reset(struct pci_emulated *f);
void pci_emulated_hide(struct pci_emulated *f); /* off the buses for good */
/* INTA# as the guest's I/O APIC sees it. */
bool pci_emulated_asserts(const struct pci_emulated *f);

#endif
