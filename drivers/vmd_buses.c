/* SPDX-License-Identifier: GPL-2.0-only
 * Walking bridges depth first, each bus at most once: a bridge may only lead to a bus above all that were seen. */
#include "drivers/vmd_buses.h"

#include "drivers/pci_regs.h"
#include "drivers/vmd_diag.h"

#define TYPE_BRIDGE 1
#define BUS_BITS UINT32_C(0x00ffffff) /* of PCI_BUS_NUMBERS; the rest is the latency timer */
#define DEVFNS 256u

/* A bus on the way down. */
struct level {
    struct sbdf bridge; /* that leads to it */
    uint8_t bus;
    uint8_t last;   /* highest number that may be below */
    unsigned devfn; /* looked at next */
    bool many;      /* function 0 of the device of devfn says that there are more */
};

struct walk {
    const struct vmd_domain *d;
    struct diag_list *diag;
    bool give;     /* new numbers; else look at firmware's */
    bool sound;    /* firmware's make sense so far */
    bool full;     /* said already */
    unsigned next; /* lowest number not yet seen */
    uint8_t highest;
    struct level levels[VMD_BUSES_MAX];
    size_t depth;
};

static bool answers(struct sbdf at)
{
    uint16_t vendor = pci_config_read16(at, PCI_VENDOR);
    return vendor != UINT16_MAX && vendor != 0;
}

/* The next function of that bus that is a bridge; false: no more. */
static bool next_bridge(const struct vmd_domain *d, struct level *l, struct sbdf *out)
{
    while (l->devfn < DEVFNS) {
        struct sbdf at = sbdf_from_rid(d->segment, (uint16_t)(l->bus << 8 | l->devfn));
        bool first = sbdf_function(at) == 0;
        bool there = (first || l->many) && answers(at);
        uint8_t type = there ? pci_config_read8(at, PCI_HEADER_TYPE) : 0;
        l->many = first ? (type & PCI_HEADER_MULTIFUNCTION) != 0 : l->many;
        l->devfn++;
        if (there && (type & 0x7f) == TYPE_BRIDGE) {
            *out = at;
            return true;
        }
    }
    return false;
}

static uint32_t numbers(unsigned primary, unsigned secondary, unsigned subordinate)
{
    return (uint32_t)(primary | secondary << 8 | subordinate << 16);
}

/* False: it does not keep them. */
static bool write_numbers(const struct walk *w, struct sbdf bridge, uint32_t value)
{
    uint32_t rest = pci_config_read32(bridge, PCI_BUS_NUMBERS) & ~BUS_BITS;
    pci_config_write32(bridge, PCI_BUS_NUMBERS, rest | value);
    uint32_t seen = pci_config_read32(bridge, PCI_BUS_NUMBERS) & BUS_BITS;
    if (seen != value) {
        char where[SBDF_TEXT_SIZE];
        diag_add(w->diag, VMD_DIAG_BRIDGE, DIAG_WARNING, sbdf_text(bridge, where),
                 "replace or remove the device; nothing behind it can be used",
                 "this bridge behind a VMD endpoint reads bus numbers 0x%06x after 0x%06x was written", seen, value);
    }
    return seen == value;
}

/* Until each has new numbers, none leads anywhere: two that claim one bus would both answer. */
static void clear_bus(const struct walk *w, uint8_t bus)
{
    struct level all = {.bus = bus};
    struct sbdf bridge;
    while (next_bridge(w->d, &all, &bridge)) {
        (void)write_numbers(w, bridge, 0);
    }
}

static void go_down(struct walk *w, struct sbdf bridge, uint8_t bus, uint8_t last)
{
    w->levels[w->depth++] = (struct level){.bridge = bridge, .bus = bus, .last = last};
    w->next = bus + 1u;
    w->highest = bus > w->highest ? bus : w->highest;
    if (w->give) {
        clear_bus(w, bus);
    }
}

static void give_bus(struct walk *w, const struct level *l, struct sbdf bridge)
{
    if (w->next > w->d->last_bus) {
        char where[SBDF_TEXT_SIZE];
        if (!w->full) {
            diag_add(w->diag, VMD_DIAG_NO_BUS, DIAG_WARNING, sbdf_text(bridge, where),
                     "remove switches or drives behind this VMD endpoint",
                     "no bus is left for this bridge, nor for any after it: the endpoint has %u",
                     w->d->last_bus - w->d->first_bus + 1u);
        }
        w->full = true;
        return;
    }
    uint8_t bus = (uint8_t)w->next;
    if (write_numbers(w, bridge, numbers(l->bus, bus, w->d->last_bus))) {
        go_down(w, bridge, bus, w->d->last_bus);
    }
}

static void look_at_bus(struct walk *w, const struct level *l, struct sbdf bridge)
{
    uint32_t seen = pci_config_read32(bridge, PCI_BUS_NUMBERS);
    uint8_t primary = (uint8_t)seen, secondary = (uint8_t)(seen >> 8), subordinate = (uint8_t)(seen >> 16);
    w->sound = primary == l->bus && secondary >= w->next && subordinate >= secondary && subordinate <= l->last;
    if (w->sound) {
        go_down(w, bridge, secondary, subordinate);
    }
}

/* All below is done: what is beside it begins above. */
static void go_up(struct walk *w)
{
    const struct level *l = &w->levels[--w->depth];
    if (!w->give) {
        w->next = l->last + 1u;
    } else if (w->depth != 0) {
        (void)write_numbers(w, l->bridge, numbers(w->levels[w->depth - 1].bus, l->bus, w->next - 1));
    }
}

/* Each step down takes at least one bus number of at most VMD_BUSES_MAX, so that the levels suffice. */
static void run(struct walk *w)
{
    go_down(w, sbdf_make(0, 0, 0, 0), w->d->first_bus, w->d->last_bus);
    while (w->depth != 0 && w->sound) {
        struct level *l = &w->levels[w->depth - 1];
        struct sbdf bridge;
        if (!next_bridge(w->d, l, &bridge)) {
            go_up(w);
        } else if (w->give) {
            give_bus(w, l, bridge);
        } else {
            look_at_bus(w, l, bridge);
        }
    }
}

uint8_t vmd_buses_settle(const struct vmd_domain *d, struct sbdf endpoint, struct diag_list *diag)
{
    struct walk w = {.d = d, .diag = diag, .sound = true};
    run(&w);
    if (w.sound) {
        return w.highest;
    }
    char where[SBDF_TEXT_SIZE];
    w = (struct walk){.d = d, .diag = diag, .give = true, .sound = true};
    run(&w);
    diag_add(diag, VMD_DIAG_BUSES, DIAG_NOTE, sbdf_text(endpoint, where), "",
             "firmware left bridges behind this VMD endpoint without sound bus numbers: they have new ones, %02x-%02x",
             d->first_bus, w.highest);
    return w.highest;
}
