/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's PCI: bus 0 with an emulated host bridge at 00:00.0 and its assigned functions at 00:01.0, 00:02.0, ...,
 * 00:1f.0, 00:01.1, 00:02.1, ..., in the order they are added, reached by ports 0xCF8/0xCFC (PCI 3.0 3.2.2.3.2) and by
 * an ECAM window (PCIe 6.0 7.2.2). Emulated functions stand from 00:1f.0 downwards; assigned ones leave out what is
 * taken. What is not there reads all ones. All calls of one guest are serialised by the caller (the guest's lock). */
#ifndef BULKHEAD_GUEST_PCI_H
#define BULKHEAD_GUEST_PCI_H

#include "guest/pci_emulated.h"
#include "guest/pci_function.h"

#define GUEST_PCI_ASSIGNED_MAX 64u
/* Places: the bridge, the assigned functions, and what emulated ones may take from them. */
#define GUEST_PCI_SLOTS (1 + GUEST_PCI_ASSIGNED_MAX + GUEST_PCI_DEVICES - PCI_EMULATED_LOWEST + 1)
/* Ranges that it may take on the guest's MMIO bus: ECAM and one trap a BAR, emulated functions' included. */
#define GUEST_PCI_MMIO_RANGES (1 + (GUEST_PCI_SLOTS - 1) * GUEST_PCI_BARS)
#define GUEST_PCI_PORT_RANGES 2u

/* Stays where it is while it lives, and for good when a function of it is dead. */
struct guest_pci {
    struct guest_pci_config config;
    struct guest_pci_function bridge;
    struct guest_pci_function *functions[GUEST_PCI_SLOTS]; /* by place; NULL: nobody; [0]: the bridge */
    struct pci_emulated *emulated[GUEST_PCI_DEVICES + 1];  /* function 0 of a device, or NULL */
    struct guest_sources sources;                          /* requester ids of its functions */
    uint32_t address;                                      /* 0xCF8 */
    uint64_t next_low, next_high;                          /* where the next BARs go */
    uint64_t asserted; /* atomic: bits of assigned functions (intx.bit) whose INTA# waits for the guest */
};

/* The host bridge, and the handlers on both buses. config is copied; what it points to, and *pci itself, stay where
 * they are. windows are cut to what the domain can address. STATUS_NO_MEMORY, STATUS_CONFLICT. */
MUST_CHECK enum status guest_pci_init(struct guest_pci *pci, const struct guest_pci_config *config);

/* The guest resets or starts again: as after power-on, devices' bus mastering off, interrupts released. The devices
 * themselves keep their state (guest/assign.h resets them). */
void guest_pci_reset(struct guest_pci *pci);

/* The emulated ones alone: nobody uses them any more. */
void guest_pci_reset_emulated(struct guest_pci *pci);

/* The local APICs have other names: messages may mean other vCPUs. */
void guest_pci_reroute(struct guest_pci *pci);

/* A device that is quiet, with memory decode on, at the first free place: as guest_pci_function_make()
 * says. STATUS_NO_MEMORY too when no place is free. *out lives until guest_pci_remove(). */
MUST_CHECK enum status guest_pci_add(struct guest_pci *pci, const struct vm_device *device,
                                     struct guest_pci_function **out);

/* Withdrawn before (guest_pci_function_withdraw): its memory back and its place free, unless it is dead. */
void guest_pci_remove(struct guest_pci *pci, struct guest_pci_function *f);

/* An emulated function at its device's function 0; before any assigned one is added. STATUS_CONFLICT: that is taken. */
MUST_CHECK enum status guest_pci_add_emulated(struct guest_pci *pci, struct pci_emulated *f);

/* After the assigned functions were added: emulated ones' BARs get their places, between those of the others.
 * STATUS_NO_MEMORY: there is no room. */
MUST_CHECK enum status guest_pci_show_emulated(struct guest_pci *pci);

/* When the next of the emulated functions has something to do, and have all of them look (pci_emulated_ops). */
uint64_t guest_pci_deadline(const struct guest_pci *pci);
void guest_pci_advance(struct guest_pci *pci, uint64_t now_ns);

/* The function that answers at a place (1 .. GUEST_PCI_SLOTS - 1), or NULL. */
struct guest_pci_function *guest_pci_at(const struct guest_pci *pci, unsigned place);

/* A BAR left its place: those that lost it to that one appear. */
void guest_pci_fill_places(struct guest_pci *pci);

/* Handlers off the buses, memory of the bridge given back; every function was detached before (guest/assign.h). */
void guest_pci_free(struct guest_pci *pci);

/* Lines that wait for the guest, as a set of pins of its I/O APIC. Any CPU. */
uint32_t guest_pci_lines(const struct guest_pci *pci);
/* The guest ended the interrupt of that pin. */
void guest_pci_line_ended(struct guest_pci *pci, unsigned pin);

/* guest_pci_function_resume() of all. */
uint64_t guest_pci_resume(struct guest_pci *pci, uint64_t now_ns);

/* The assigned function of that host address, or NULL. */
struct guest_pci_function *guest_pci_find(const struct guest_pci *pci, struct sbdf host);

#endif
