/* SPDX-License-Identifier: GPL-2.0-only
 * The buses behind a VMD endpoint as a guest numbers them. A guest may give bridges any numbers, in any order, in
 * several writes; the hardware gets a bridge's numbers only while they nest: inside the domain's first and last bus,
 * inside the bridge above, apart from its neighbours'. Until then that bridge forwards nothing. So every bus number
 * leads to one place, and a configuration access to the function that is meant. */
#ifndef BULKHEAD_GUEST_VMD_BUSES_H
#define BULKHEAD_GUEST_VMD_BUSES_H

#include "guest/vmd_child.h"

struct guest_vmd_bus {
    const struct vmd_domain *domain;
    struct guest_vmd_child *children; /* those above a child come before it */
    size_t count;
};

/* Hardware forwards what the guest's registers say, as far as that nests. */
void guest_vmd_buses_settle(struct guest_vmd_bus *bus);

/* Where a child is now; false: no bus leads to it. */
bool guest_vmd_buses_place(const struct guest_vmd_bus *bus, const struct guest_vmd_child *c, struct sbdf *at);

/* The child at a bus and device-function number, or NULL. */
struct guest_vmd_child *guest_vmd_buses_find(const struct guest_vmd_bus *bus, uint8_t number, uint8_t devfn);

/* All behind that bridge are in reset, or just out of it. */
void guest_vmd_buses_reset_behind(struct guest_vmd_bus *bus, const struct guest_vmd_child *bridge);

/* Configuration space as CFGBAR shows it (bus 27:20 from the first one, device and function 19:12, register 11:0);
 * width 1, 2, 4 or 8, anywhere; pieces that cross into another function read all ones and vanish. */
uint64_t guest_vmd_config_read(struct guest_vmd_bus *bus, uint64_t offset, unsigned width);
void guest_vmd_config_write(struct guest_vmd_bus *bus, uint64_t offset, unsigned width, uint64_t value);

#endif
