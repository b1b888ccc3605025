/* SPDX-License-Identifier: GPL-2.0-only
 * IOMMU groups: the smallest sets of functions that the machine keeps apart, so that none can reach another's memory,
 * registers or requester id behind the remapping unit's back. By Linux's rules (drivers/iommu/iommu.c,
 * pci_device_group), but safe where those are not: ports of one switch that do not isolate are one group wherever
 * they sit. Pure: decided from the facts alone, ACS as it reads back (drivers/pci_acs.h). */
#ifndef BULKHEAD_PLAN_GROUPS_H
#define BULKHEAD_PLAN_GROUPS_H

#include "drivers/pci.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"

/* Why a function is in a group with others. */
enum group_reason {
    GROUP_ALONE,         /* it is not: the only member, or the first one */
    GROUP_BRIDGE,        /* `via`, a bridge above it, lets functions below reach each other: no ACS, or not all of it */
    GROUP_CONVENTIONAL,  /* `via`, above it, is a conventional or PCIe-to-PCI bridge: requests have the bridge's id */
    GROUP_MULTIFUNCTION, /* `via`, another function of its device, may reach it without leaving the device */
    GROUP_ALIAS,         /* one of it and `via` sends with the other's requester id */
    GROUP_SWITCH,        /* `via`, another port of its switch, may forward to it; Linux leaves them apart (T7) */
    GROUP_VMD,           /* `via` is the VMD endpoint whose id its requests have */
};

struct group_member {
    uint32_t group;           /* number of its group, from 0 in the order of their first members' addresses */
    enum group_reason reason; /* of this one's being there */
    uint32_t via;             /* index of the function that is the cause; PCI_NO_INDEX for GROUP_ALONE */
    const char *quirk;        /* name of the row of plan/group_quirks.c that decided about it, or NULL */
};

struct groups {
    struct group_member *of; /* by function's index */
    uint32_t *members;       /* indices of functions, group by group, in the order of their addresses */
    uint32_t *first;         /* by group: its first place in members; one more than there are groups */
    size_t count;
    bool *isolates; /* by function's index: it lets no request from it or below it reach a neighbour (Linux: ACS on) */
};

/* STATUS_NO_MEMORY: arena full. Time is near-linear in the number of functions. */
MUST_CHECK enum status groups_make(const struct pci_facts *facts, struct arena *arena, struct groups *out);

/* By Linux's rules and no others, to be compared with what Linux says: never to decide what a guest gets. */
MUST_CHECK enum status groups_make_as_linux(const struct pci_facts *facts, struct arena *arena, struct groups *out);

/* "bridge", "conventional", "multifunction", "alias", "switch", "vmd", "alone": stable words for JSON and logs. */
const char *group_reason_text(enum group_reason reason);

/* A sentence's end for that member: "0000:00:1c.0 above it has no ACS", into out; returns out. */
char *group_reason_say(const struct pci_facts *facts, const struct groups *groups, uint32_t function, char *out,
                       size_t size);

#define GROUP_SOURCES_MAX 16

/* All requester ids with which that function's requests can reach its unit, its own first: alias of the bridge above,
 * phantom functions, quirks. Returns their number, at most GROUP_SOURCES_MAX: of a non-transparent bridge, which may
 * send with every id of its bus, only so many reach memory. */
size_t group_sources(const struct pci_facts *facts, uint32_t function, struct sbdf out[GROUP_SOURCES_MAX]);

/* The buses whose ids its interrupt messages may have: true and *first, *last, behind a PCIe-to-PCI bridge (which may
 * take the message's id over or not), and for a function that sends with several ids of its own bus, if no other
 * function is there or it sends with all of them. All functions there are of one group. False: the one id that
 * group_interrupt_source() tells. */
bool group_interrupt_buses(const struct pci_facts *facts, uint32_t function, uint8_t *first, uint8_t *last);

/* The id that its interrupt messages have when group_interrupt_buses() is false: its own, but that of the conventional
 * bridge nearest to the root, or of the VMD endpoint, when it is behind one. */
struct sbdf group_interrupt_source(const struct pci_facts *facts, uint32_t function);

#endif
