/* SPDX-License-Identifier: GPL-2.0-only
 * One function on a guest's PCI bus: the emulated host bridge, or an assigned function of the machine behind its view.
 * What a guest writes reaches the device in three ways only: bus mastering on or off, and MSI or MSI-X programmed with
 * messages of ours. BARs and memory decode change the nested and second-level tables alone. */
#ifndef BULKHEAD_GUEST_PCI_FUNCTION_H
#define BULKHEAD_GUEST_PCI_FUNCTION_H

#include "guest/bus.h"
#include "guest/pci_bar.h"
#include "guest/pci_intx.h"
#include "guest/pci_msi.h"
#include "guest/pci_msix.h"
#include "guest/pci_rom.h"
#include "guest/pci_view.h"
#include "guest/sources.h"
#include "guest/vm_device.h"
#include "guest/vmd.h"
#include "vtd/domain.h"

/* What the functions of one guest share. */
struct guest_pci_config {
    const struct pci_facts *facts; /* of the machine */
    struct radix *nested;          /* the guest's nested tables */
    struct vtd_domain *domain;     /* the guest's second-level tables */
    struct guest_sources *sources; /* whose devices are in it; set by guest_pci_init */
    struct guest_bar_windows windows;
    struct bus *mmio;  /* the guest's; trapped pages and ECAM are registered here */
    struct bus *ports; /* 0xCF8..0xCFF are registered here */
    const struct message_router *router;
    struct guest_intx_target lines;
    struct bus_range reset_port; /* read, write and context of the device at port 0xCF9, inside ours; may be empty */
    /* Called when the nested tables changed: returns after no vCPU of the guest uses an old translation. */
    void (*flush)(void *context);
    void *context; /* flush's */
};

/* BARs of a function, and its ROM as a further one. */
#define GUEST_PCI_ROM PCI_BARS
#define GUEST_PCI_BARS (PCI_BARS + 1)

struct guest_pci_function;

/* Who answers at trapped bytes of a BAR. */
struct guest_pci_trap {
    struct guest_pci_function *function;
    unsigned bar;
};

struct guest_pci_function {
    bool present;   /* answers */
    unsigned place; /* on the bus: guest_pci_device(), guest_pci_function_number() */
    const struct guest_pci_config *config;
    const struct vm_device *device;  /* NULL: the emulated host bridge */
    const struct pci_function *host; /* the device's; NULL likewise */
    struct pci_view view;
    struct guest_bar bars[GUEST_PCI_BARS];
    uint64_t first_address[GUEST_PCI_BARS]; /* where BARs are after a reset */
    struct guest_pci_trap traps[GUEST_PCI_BARS];
    struct guest_rom rom;
    struct guest_msix msix;
    struct guest_msi msi;
    struct guest_intx intx;
    struct guest_vmd *vmd; /* of a VMD endpoint: what is behind it; NULL: it is none */
    uint8_t gsi;           /* of the guest */
    bool attached;         /* in the guest's domain: bus mastering may be on */
    bool warned;           /* the log says once that BARs do not move */
    bool warned_lost;      /* ... and once that one is where another is */
    bool lost;             /* some BAR waits for its place to be free */
    bool left;             /* some BAR left its place: others may be waiting for it; guest/pci.c clears it */
    bool gone;             /* did not answer when it was last looked at */
    bool stopped;          /* withdrawn, but it keeps its place: reads all ones (guest/device_stop.h) */
    bool dead;             /* some part of it could not be withdrawn: this place is never used again */
};

/* The emulated host bridge. STATUS_NO_MEMORY. */
MUST_CHECK enum status guest_pci_function_bridge(struct guest_pci_function *f, const struct guest_pci_config *config);

/* An assigned function that is quiet, with memory decode on: view, BARs (placed from *next_low and *next_high on) and
 * interrupts; place is where it is on the bus, line_bit its bit among the lines that wait for the guest. Nothing is
 * mapped yet. On failure nothing is left behind. */
MUST_CHECK enum status guest_pci_function_make(struct guest_pci_function *f, const struct guest_pci_config *config,
                                               const struct vm_device *device, unsigned place, uint64_t line_bit,
                                               uint64_t *next_low, uint64_t *next_high);

/* Show the guest a copy of the option ROM: once, after make and before map. STATUS_NO_MEMORY. */
MUST_CHECK enum status guest_pci_function_rom(struct guest_pci_function *f);

/* Give it a line of the machine: the guest then sees INTA#, which is GSI guest_pci_gsi(device) there. */
MUST_CHECK enum status guest_pci_function_line(struct guest_pci_function *f, const struct vtd_line_place *place);

/* Let the function assert INTx# as the guest's command register says: that was written, or the function was reset. */
void guest_pci_function_restart(struct guest_pci_function *f);

#define GUEST_PCI_DEVICES 31u /* numbers of the bus that functions may have, from 1 on */

/* Where the function at a place (from 1 on) of the bus is: devices 1 to 31 first, then again as further functions. */
static inline unsigned guest_pci_device(unsigned place)
{
    return 1 + (place - 1) % GUEST_PCI_DEVICES;
}

static inline unsigned guest_pci_function_number(unsigned place)
{
    return (place - 1) / GUEST_PCI_DEVICES;
}

/* The I/O APIC pin of the guest where INTA# of a device ends, as _PRT in guest/dsdt.asl says. */
static inline unsigned guest_pci_gsi(unsigned device)
{
    return 16 + (device - 1) % 8;
}

/* Map the BARs that are not where their registers say; needed once after make. Fails for what a unit or the tables
 * refuse; a BAR whose place is taken is no failure. */
MUST_CHECK enum status guest_pci_function_map(struct guest_pci_function *f);

/* A place became free: BARs that wait for it appear. */
void guest_pci_function_retry(struct guest_pci_function *f);

/* Config access; any offset and width (1, 2, 4) with offset + width <= PCI_VIEW_SIZE. */
uint32_t guest_pci_function_read(struct guest_pci_function *f, uint16_t offset, unsigned width);
void guest_pci_function_write(struct guest_pci_function *f, uint16_t offset, unsigned width, uint32_t value);

/* As after the guest's power-on: bus mastering and interrupts off, BARs at their first addresses, memory decode on (as
 * firmware would leave it). */
void guest_pci_function_reset(struct guest_pci_function *f);

/* In the domain now, and reset since it last was: ATS on, if the plan says so. */
MUST_CHECK enum status guest_pci_function_translate(struct guest_pci_function *f);

/* The first steps of withdrawing one with ATS: bus mastering off, requests drained, translations that it keeps
 * forgotten and ATS off. Before a reset or a silencing of several devices together, which switch ATS off unasked. */
void guest_pci_function_quiet(struct guest_pci_function *f);

/* Everything withdrawn, in this order: that, interrupts released, out of the domain, BARs unmapped everywhere. The
 * first thing that failed is returned, the rest is done nevertheless. STATUS_TIMEOUT or STATUS_HARDWARE: a unit or the
 * device did not confirm it. */
MUST_CHECK enum status guest_pci_function_withdraw(struct guest_pci_function *f);

/* Interrupts of it that were held for irq_limit and whose time is over come again. When to call the next time
 * (time_now_ns()), 0: none is held. */
uint64_t guest_pci_function_resume(struct guest_pci_function *f, uint64_t now_ns);

/* Withdrawn as above, and for the guest as if it had been pulled out: all of it reads all ones, until it is returned.
 */
MUST_CHECK enum status guest_pci_function_stop(struct guest_pci_function *f);

/* One that was stopped, is not dead, and was reset since: into the domain again, its registers as after power-on.
 * On failure it is stopped still; what guest_sources_attach and guest_pci_function_map say. */
MUST_CHECK enum status guest_pci_function_return(struct guest_pci_function *f);

/* Give the memory back and leave the place empty (or dead); after withdraw. */
void guest_pci_function_free(struct guest_pci_function *f);

#endif
