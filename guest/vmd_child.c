/* SPDX-License-Identifier: GPL-2.0-only
 * Functions behind a VMD endpoint (PCI 3.0 6.1, 6.7; PCIe 6.0 7.5, 7.6). */
#include "guest/vmd_child.h"

#include "drivers/pci_caps.h"
#include "drivers/pci_power.h"
#include "drivers/pci_regs.h"
#include "kernel/core/time.h"
#include "kernel/hw/pci_config.h"
#include "kernel/lib/bits.h"

#define WATCHED (PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER) /* a reset clears these */

static void clear(struct guest_vmd_child *c)
{
    c->header = (struct guest_vmd_header){.windows = vmd_bridge_nothing};
    c->given = 0;
}

void guest_vmd_child_forget(struct guest_vmd_child *c)
{
    clear(c);
    c->now = (struct guest_vmd_numbers){0};
    c->late = false;
}

void guest_vmd_child_hush(struct guest_vmd_child *c, uint64_t us)
{
    c->silent_ns = time_now_ns() + us * 1000;
}

bool guest_vmd_child_is_silent(const struct guest_vmd_child *c)
{
    return c->silent_ns != 0 && time_now_ns() < c->silent_ns;
}

static void put_numbers(struct sbdf at, struct guest_vmd_numbers numbers)
{
    uint32_t primary = numbers.first != 0 ? sbdf_bus(at) : 0;
    pci_config_write32(at, PCI_BUS_NUMBERS, primary | numbers.first << 8 | numbers.last << 16);
    (void)pci_config_read32(at, PCI_BUS_NUMBERS); /* posted */
}

void guest_vmd_child_number(struct guest_vmd_child *c, struct sbdf at, struct guest_vmd_numbers numbers)
{
    c->late = guest_vmd_child_is_silent(c);
    if (!c->late) {
        put_numbers(at, numbers);
    }
}

void guest_vmd_child_reset(struct guest_vmd_child *c)
{
    clear(c);
    if (c->bridge) {
        c->header.buses = c->host->primary | (uint32_t)c->host->secondary << 8 | (uint32_t)c->host->subordinate << 16;
    }
}

void guest_vmd_child_make(struct guest_vmd_child *c, const struct vmd_domain *domain, const struct pci_function *host,
                          uint32_t parent)
{
    *c = (struct guest_vmd_child){.domain = domain, .host = host, .parent = parent, .bridge = host->header == 1};
    guest_vmd_child_reset(c);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        c->bars[i] = host->bars[i];
    }
}

/* --- capabilities */

/* No byte has two meanings: of two that overlap the second is hidden. */
static bool is_free(const struct guest_vmd_child *c, uint16_t offset, unsigned size)
{
    for (size_t i = 0; i < c->cap_count; i++) {
        const struct guest_vmd_cap *cap = &c->caps[i];
        if (offset < cap->offset + cap->size && offset + size > cap->offset) {
            return false;
        }
    }
    return true;
}

static void add_caps(struct guest_vmd_child *c, const struct pci_reader *reader, struct pci_cap_walk walk)
{
    struct pci_cap cap;
    while (c->cap_count < GUEST_VMD_CAPS && pci_caps_next(&walk, &cap)) {
        const struct pci_rule *rule = guest_vmd_rule(walk.extended, cap.id);
        unsigned head = walk.extended ? 4 : 2;
        uint16_t flags = pci_reader_u16(reader, (uint16_t)(cap.offset + 2));
        unsigned size = rule != NULL ? pci_rule_size(rule, flags) : head;
        unsigned end = walk.extended ? 4096 : PCI_CONFIG_BYTES;
        if (cap.offset + size > end || !is_free(c, cap.offset, size)) {
            rule = NULL;
            size = head;
        }
        if (is_free(c, cap.offset, head)) {
            c->caps[c->cap_count++] = (struct guest_vmd_cap){cap.offset, (uint16_t)size, rule};
        }
    }
}

static void discover(struct guest_vmd_child *c, struct sbdf at)
{
    struct pci_reader reader = pci_reader_live(&at);
    c->cap_count = 0;
    add_caps(c, &reader, pci_caps_start(&reader, at, NULL));
    add_caps(c, &reader, pci_ext_caps_start(&reader, at, NULL));
    guest_vmd_child_probe(c, at);
    c->known = true;
}

/* What may be done with the bits of one dword. */
struct masks {
    uint32_t shown, writable, cleared;
};

static uint32_t move(uint32_t bits, int bytes)
{
    return bytes >= 4 || bytes <= -4 ? 0 : bytes >= 0 ? bits << (8 * bytes) : bits >> (-8 * bytes);
}

/* Identity and next pointer; a hidden one keeps the pointer. */
static void add_head(struct masks *m, const struct guest_vmd_cap *cap, uint16_t dword)
{
    bool extended = cap->offset >= PCI_EXT_FIRST;
    uint32_t pointer = extended ? 0xfff00000u : 0x0000ff00u;
    uint32_t identity = extended ? 0x000fffffu : 0x000000ffu;
    m->shown |= move(pointer | (cap->rule != NULL ? identity : 0), cap->offset - dword);
}

static void add_registers(struct masks *m, const struct guest_vmd_cap *cap, uint16_t dword, uint16_t flags, bool bridge)
{
    for (size_t i = 0; i < cap->rule->register_count; i++) {
        const struct pci_rule_register *r = &cap->rule->registers[i];
        if (pci_rule_applies(r, flags)) {
            int by = cap->offset + r->offset - dword;
            uint32_t bytes = MASK32(8 * r->width - 1u, 0);
            m->shown |= move(r->copied & bytes, by);
            m->writable |= move(r->writable & ~(bridge ? r->not_in_bridges : 0) & bytes, by);
            m->cleared |= move(r->cleared & bytes, by);
        }
    }
}

static void add_passed(struct masks *m, const struct guest_vmd_cap *cap, uint16_t dword)
{
    for (unsigned i = 0; i < 4; i++) {
        if (dword + i >= cap->offset && dword + i < (unsigned)cap->offset + cap->size) {
            m->shown |= 0xffu << (8 * i);
        }
    }
}

static struct masks masks_of(const struct guest_vmd_child *c, struct sbdf at, uint16_t dword)
{
    struct masks m = {0};
    for (size_t i = 0; i < c->cap_count; i++) {
        const struct guest_vmd_cap *cap = &c->caps[i];
        if (dword + 4u <= cap->offset || dword >= cap->offset + cap->size) {
            continue;
        }
        add_head(&m, cap, dword);
        if (cap->rule != NULL && cap->rule->treatment == PCI_PASS) {
            add_passed(&m, cap, dword);
        } else if (cap->rule != NULL) {
            add_registers(&m, cap, dword, pci_config_read16(at, (uint16_t)(cap->offset + 2)), c->bridge);
        }
    }
    return m;
}

/* --- access */

/* The same function that was found at boot. */
static bool answers(struct guest_vmd_child *c, struct sbdf at)
{
    if (guest_vmd_child_is_silent(c)) {
        return false;
    }
    if (pci_config_read32(at, PCI_VENDOR) != (c->host->vendor | (uint32_t)c->host->device << 16)) {
        return false;
    }
    if (!c->known) {
        discover(c, at);
    }
    if (c->late) {
        guest_vmd_child_number(c, at, c->now);
    }
    return true;
}

/* Does a bridge forward other buses than those that it was given? */
static bool lost_numbers(const struct guest_vmd_child *c, struct sbdf at)
{
    return c->now.first != 0 && bits_get(pci_config_read32(at, PCI_BUS_NUMBERS), 15, 8) != c->now.first;
}

/* A driver may reset its device, or a link, in ways that no register here tells: what was given is gone then, and the
 * guest's copy must not say that it is there. */
static void notice_reset(struct guest_vmd_child *c, struct sbdf at)
{
    uint16_t command = pci_config_read16(at, PCI_COMMAND);
    if (command != UINT16_MAX && ((c->given & WATCHED & ~command) != 0 || lost_numbers(c, at))) {
        guest_vmd_child_forget(c);
    }
}

uint32_t guest_vmd_child_read(struct guest_vmd_child *c, struct sbdf at, uint16_t offset, unsigned width)
{
    uint16_t dword = offset & 0xffcu;
    uint32_t value = UINT32_MAX;
    if (answers(c, at)) {
        notice_reset(c, at);
        value = dword < PCI_CAPS_FIRST ? guest_vmd_header_read(c, at, dword)
                                       : pci_config_read32(at, dword) & masks_of(c, at, dword).shown;
    }
    return value >> (8 * (offset & 3u)) & MASK32(8 * width - 1, 0);
}

static uint32_t hardware_read(struct sbdf at, uint16_t offset, unsigned width)
{
    return width == 1   ? pci_config_read8(at, offset)
           : width == 2 ? pci_config_read16(at, offset)
                        : pci_config_read32(at, offset);
}

static void hardware_write(struct sbdf at, uint16_t offset, unsigned width, uint32_t value)
{
    if (width == 1) {
        pci_config_write8(at, offset, (uint8_t)value);
    } else if (width == 2) {
        pci_config_write16(at, offset, (uint16_t)value);
    } else {
        pci_config_write32(at, offset, value);
    }
}

/* Bit 15 of device control resets an endpoint that says so; in bridges it is something else. */
static bool is_flr(const struct guest_vmd_child *c, uint16_t dword, uint32_t written)
{
    return c->host->cap.express != 0 && dword == c->host->cap.express + PCI_EXP_DEVCTL &&
           (written & PCI_DEVCTL_FLR) != 0;
}

static bool is_of_power(const struct guest_vmd_child *c, uint16_t dword)
{
    return c->host->cap.pm != 0 && dword == c->host->cap.pm + PCI_PM_CONTROL;
}

/* A write after which the function is to be left alone for a while; what a change of power states loses is noticed
 * when it answers again. */
static void write_and_hush(struct guest_vmd_child *c, struct sbdf at, uint16_t offset, unsigned width, uint32_t value,
                           bool flr)
{
    pci_config_write_reset(at, offset, width, value, vmd_elsewhere(c->domain, at));
    guest_vmd_child_hush(c, flr ? GUEST_VMD_RESET_US : PCI_POWER_US);
    if (flr) {
        guest_vmd_child_forget(c);
    }
}

/* A bridge that switches its link off resets what is behind it. */
static bool is_of_link(const struct guest_vmd_child *c, uint16_t dword)
{
    return c->bridge && c->host->cap.express != 0 && dword == c->host->cap.express + PCI_EXP_LNKCTL;
}

static enum guest_vmd_effect write_behind_header(struct guest_vmd_child *c, struct sbdf at, uint16_t offset,
                                                 unsigned width, uint32_t value)
{
    uint16_t dword = offset & 0xffcu;
    unsigned shift = 8 * (offset & 3u);
    uint32_t lanes = MASK32(8 * width - 1, 0) << shift;
    struct masks m = masks_of(c, at, dword);
    if (dword == c->host->cap.express + PCI_EXP_DEVCTL && !c->host->has_flr) {
        m.writable &= ~(uint32_t)PCI_DEVCTL_FLR;
    }
    uint32_t writable = (m.writable & lanes) >> shift;
    uint32_t cleared = (m.cleared & lanes) >> shift;
    if ((writable | cleared) == 0) {
        return GUEST_VMD_NOTHING;
    }
    uint32_t before = hardware_read(at, offset, width);
    uint32_t now = (before & ~writable & ~cleared) | (value & (writable | cleared));
    uint32_t changed = (before ^ now) << shift;
    bool flr = c->host->has_flr && is_flr(c, dword, value << shift & lanes & m.writable);
    if (flr || (is_of_power(c, dword) && (changed & PCI_PM_STATE) != 0)) {
        write_and_hush(c, at, offset, width, now, flr);
        return GUEST_VMD_NOTHING;
    }
    hardware_write(at, offset, width, now);
    bool switched = is_of_link(c, dword) && (changed & PCI_LNKCTL_DISABLE) != 0;
    return switched ? GUEST_VMD_BUS_RESET : GUEST_VMD_NOTHING;
}

enum guest_vmd_effect guest_vmd_child_write(struct guest_vmd_child *c, struct sbdf at, uint16_t offset, unsigned width,
                                            uint32_t value)
{
    uint16_t dword = offset & 0xffcu;
    unsigned shift = 8 * (offset & 3u);
    if (!answers(c, at)) {
        return GUEST_VMD_NOTHING;
    }
    notice_reset(c, at);
    if (dword >= PCI_CAPS_FIRST) {
        return write_behind_header(c, at, offset, width, value);
    }
    return guest_vmd_header_write(c, at, dword, MASK32(8 * width - 1, 0) << shift, value << shift);
}

bool guest_vmd_child_quiet(struct guest_vmd_child *c, struct sbdf at)
{
    c->given = 0;
    if (!answers(c, at)) {
        return false;
    }
    pci_config_write16(at, PCI_COMMAND, PCI_COMMAND_INTX_OFF);
    (void)pci_config_read16(at, PCI_COMMAND); /* posted */
    if (!c->bridge) {
        return false;
    }
    uint16_t control = pci_config_read16(at, PCI_BRIDGE_CONTROL);
    vmd_bridge_close(at);
    pci_config_write16(at, PCI_BRIDGE_CONTROL, 0);
    return (control & PCI_BRIDGE_RESET) != 0;
}
