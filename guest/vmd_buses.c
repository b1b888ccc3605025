/* SPDX-License-Identifier: GPL-2.0-only
 * Bus numbers behind VMD endpoints (PCI-to-PCI Bridge 1.2 3.2.5.2 to 3.2.5.4). */
#include "guest/vmd_buses.h"

#include "drivers/pci_regs.h"
#include "kernel/lib/bits.h"

static struct guest_vmd_child *above(const struct guest_vmd_bus *bus, const struct guest_vmd_child *c)
{
    return c->parent == GUEST_VMD_ROOT ? NULL : &bus->children[c->parent];
}

bool guest_vmd_buses_place(const struct guest_vmd_bus *bus, const struct guest_vmd_child *c, struct sbdf *at)
{
    const struct guest_vmd_child *bridge = above(bus, c);
    unsigned number = bridge == NULL ? bus->domain->first_bus : bridge->now.first;
    *at = sbdf_make(bus->domain->segment, number, sbdf_device(c->host->at), sbdf_function(c->host->at));
    return bridge == NULL || bridge->now.first != 0;
}

struct guest_vmd_child *guest_vmd_buses_find(const struct guest_vmd_bus *bus, uint8_t number, uint8_t devfn)
{
    struct sbdf wanted = sbdf_from_rid(bus->domain->segment, (uint16_t)(number << 8 | devfn));
    for (size_t i = 0; i < bus->count; i++) {
        struct sbdf at;
        if (guest_vmd_buses_place(bus, &bus->children[i], &at) && sbdf_equal(at, wanted)) {
            return &bus->children[i];
        }
    }
    return NULL;
}

static bool is_behind(const struct guest_vmd_bus *bus, const struct guest_vmd_child *c,
                      const struct guest_vmd_child *bridge)
{
    while (c != NULL && c != bridge) {
        c = above(bus, c);
    }
    return c == bridge;
}

void guest_vmd_buses_reset_behind(struct guest_vmd_bus *bus, const struct guest_vmd_child *bridge)
{
    for (size_t i = 0; i < bus->count; i++) {
        if (&bus->children[i] != bridge && is_behind(bus, &bus->children[i], bridge)) {
            guest_vmd_child_hush(&bus->children[i], GUEST_VMD_RESET_US);
            guest_vmd_child_forget(&bus->children[i]);
        }
    }
}

/* Numbers that a bridge may have, once those above it have theirs. */
static struct guest_vmd_numbers room_of(const struct guest_vmd_bus *bus, const struct guest_vmd_child *c)
{
    const struct guest_vmd_child *bridge = above(bus, c);
    return bridge == NULL ? (struct guest_vmd_numbers){bus->domain->first_bus + 1u, bus->domain->last_bus}
                          : (struct guest_vmd_numbers){bridge->next.first + 1, bridge->next.last};
}

static bool is_apart(const struct guest_vmd_bus *bus, const struct guest_vmd_child *c, struct guest_vmd_numbers asked)
{
    for (const struct guest_vmd_child *other = bus->children; other != c; other++) {
        bool neighbour = other->parent == c->parent && other->next.first != 0;
        if (neighbour && asked.first <= other->next.last && other->next.first <= asked.last) {
            return false;
        }
    }
    return true;
}

/* What the hardware is to get of the register. */
static struct guest_vmd_numbers decide(const struct guest_vmd_bus *bus, const struct guest_vmd_child *c)
{
    const struct guest_vmd_child *bridge = above(bus, c);
    struct guest_vmd_numbers asked = {(unsigned)bits_get(c->header.buses, 15, 8),
                                      (unsigned)bits_get(c->header.buses, 23, 16)};
    if (!c->bridge || asked.first == 0 || (bridge != NULL && bridge->next.first == 0)) {
        return (struct guest_vmd_numbers){0};
    }
    struct guest_vmd_numbers room = room_of(bus, c);
    bool nests = asked.first >= room.first && asked.first <= asked.last && asked.last <= room.last;
    return nests && is_apart(bus, c, asked) ? asked : (struct guest_vmd_numbers){0};
}

static bool has_changed(const struct guest_vmd_child *c)
{
    return c->now.first != c->next.first || c->now.last != c->next.last;
}

static void put(struct guest_vmd_bus *bus, struct guest_vmd_child *c, struct guest_vmd_numbers numbers)
{
    struct sbdf at;
    if (guest_vmd_buses_place(bus, c, &at)) {
        guest_vmd_child_number(c, at, numbers);
    }
    c->now = numbers;
}

/* From the lowest up those that change close, while the old numbers still lead to them; then they open from above. What
 * comes into reach by that is written whether or not it is new: it may hold numbers from before a reset above it. */
void guest_vmd_buses_settle(struct guest_vmd_bus *bus)
{
    for (size_t i = 0; i < bus->count; i++) {
        bus->children[i].next = decide(bus, &bus->children[i]);
    }
    for (size_t i = bus->count; i-- > 0;) {
        struct guest_vmd_child *c = &bus->children[i];
        c->opened = c->next.first != 0 && has_changed(c);
        if (c->now.first != 0 && has_changed(c)) {
            put(bus, c, (struct guest_vmd_numbers){0});
        }
    }
    for (size_t i = 0; i < bus->count; i++) {
        struct guest_vmd_child *c = &bus->children[i];
        const struct guest_vmd_child *bridge = above(bus, c);
        if (c->bridge && (c->opened || (bridge != NULL && bridge->opened))) {
            put(bus, c, c->next);
        }
    }
}

/* --- CFGBAR */

static struct guest_vmd_child *child_at(const struct guest_vmd_bus *bus, uint64_t offset)
{
    uint64_t number = bus->domain->first_bus + (offset >> 20);
    return number > bus->domain->last_bus
               ? NULL
               : guest_vmd_buses_find(bus, (uint8_t)number, (uint8_t)bits_get(offset, 19, 12));
}

static uint32_t read_piece(struct guest_vmd_bus *bus, uint64_t offset, unsigned width)
{
    struct sbdf at;
    struct guest_vmd_child *c = child_at(bus, offset);
    return c != NULL && guest_vmd_buses_place(bus, c, &at)
               ? guest_vmd_child_read(c, at, (uint16_t)bits_get(offset, 11, 0), width)
               : MASK32(8 * width - 1, 0);
}

static void write_piece(struct guest_vmd_bus *bus, uint64_t offset, unsigned width, uint32_t value)
{
    struct sbdf at;
    struct guest_vmd_child *c = child_at(bus, offset);
    if (c == NULL || !guest_vmd_buses_place(bus, c, &at)) {
        return;
    }
    switch (guest_vmd_child_write(c, at, (uint16_t)bits_get(offset, 11, 0), width, value)) {
    case GUEST_VMD_BUS_RESET:
        guest_vmd_buses_reset_behind(bus, c);
        break;
    case GUEST_VMD_BUSES:
        guest_vmd_buses_settle(bus);
        break;
    case GUEST_VMD_NOTHING:
        break;
    }
}

/* The widest naturally aligned piece. */
static unsigned piece_at(uint64_t offset, unsigned left)
{
    if (left >= 4 && is_aligned(offset, 4)) {
        return 4;
    }
    return left >= 2 && is_aligned(offset, 2) ? 2 : 1;
}

static bool is_inside_function(uint64_t offset, unsigned width)
{
    return width <= 8 && bits_get(offset, 11, 0) + width <= 4096;
}

uint64_t guest_vmd_config_read(struct guest_vmd_bus *bus, uint64_t offset, unsigned width)
{
    uint64_t value = 0;
    if (!is_inside_function(offset, width)) {
        return UINT64_MAX;
    }
    for (unsigned done = 0; done < width;) {
        unsigned piece = piece_at(offset + done, width - done);
        value |= (uint64_t)read_piece(bus, offset + done, piece) << (8 * done);
        done += piece;
    }
    return value;
}

void guest_vmd_config_write(struct guest_vmd_bus *bus, uint64_t offset, unsigned width, uint64_t value)
{
    for (unsigned done = 0; is_inside_function(offset, width) && done < width;) {
        unsigned piece = piece_at(offset + done, width - done);
        write_piece(bus, offset + done, piece, (uint32_t)(value >> (8 * done)) & MASK32(8 * piece - 1, 0));
        done += piece;
    }
}
