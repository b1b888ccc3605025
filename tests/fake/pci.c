/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended PCI configuration space. */
#include "tests/fake/pci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_regs.h"
#include "kernel/core/time.h"
#include "kernel/hw/pci_config.h"

#define FUNCTIONS_MAX 8192
#define WRITES_MAX 65536
#define ROOTS_MAX 64
#define FLR_WAIT_NS UINT64_C(100000000)
#define D3_WAIT_NS UINT64_C(10000000)

static struct {
    struct fake_pci_function *functions[FUNCTIONS_MAX];
    size_t count;
    struct sbdf roots[ROOTS_MAX];
    size_t root_count;
    struct fake_pci_write writes[WRITES_MAX];
    size_t write_count;
    uint64_t accesses;
    const struct pci_ecam *windows, *vmd_windows;
    size_t window_count, vmd_count;
    bool lock_broken;
    const struct fake_pci_foreign *foreign;
} bus;

static _Noreturn void fail(struct sbdf at, uint16_t offset, const char *what)
{
    fprintf(stderr, "fake pci: %04x:%02x:%02x.%x register 0x%x: %s\n", sbdf_segment(at), sbdf_bus(at), sbdf_device(at),
            sbdf_function(at), offset, what);
    abort();
}

void fake_pci_reset(void)
{
    for (size_t i = 0; i < bus.count; i++) {
        free(bus.functions[i]);
    }
    memset(&bus, 0, sizeof(bus));
    fake_pci_add_root(0, 0);
}

void fake_pci_add_root(uint16_t segment, uint8_t number)
{
    if (bus.root_count == ROOTS_MAX) {
        abort();
    }
    bus.roots[bus.root_count++] = sbdf_make(segment, number, 0, 0);
}

struct fake_pci_function *fake_pci_find(struct sbdf at)
{
    for (size_t i = 0; i < bus.count; i++) {
        if (sbdf_equal(bus.functions[i]->at, at)) {
            return bus.functions[i];
        }
    }
    return NULL;
}

uint32_t fake_pci_get(const struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)f->bytes[offset + i] << (8 * i);
    }
    return value;
}

static void put(uint8_t *bytes, uint16_t offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        bytes[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

void fake_pci_set(struct fake_pci_function *f, uint16_t offset, unsigned width, uint32_t value)
{
    put(f->bytes, offset, width, value);
}

void fake_pci_make_writable(struct fake_pci_function *f, uint16_t offset, unsigned width, uint32_t mask)
{
    put(f->writable, offset, width, mask);
}

struct fake_pci_function *fake_pci_add(struct sbdf at, uint16_t vendor, uint16_t device, uint32_t class_code)
{
    struct fake_pci_function *f = calloc(1, sizeof(*f));
    if (f == NULL || bus.count == FUNCTIONS_MAX || fake_pci_find(at) != NULL) {
        fail(at, 0, "cannot be added");
    }
    bus.functions[bus.count++] = f;
    f->at = at;
    f->next_free = PCI_CAPS_FIRST;
    f->next_ext = PCI_EXT_FIRST;
    fake_pci_set(f, PCI_VENDOR, 2, vendor);
    fake_pci_set(f, PCI_DEVICE, 2, device);
    fake_pci_set(f, PCI_REVISION, 4, class_code << 8);
    fake_pci_make_writable(f, PCI_COMMAND, 2, 0x0547);
    fake_pci_make_writable(f, PCI_CACHE_LINE, 2, 0xffff);
    fake_pci_make_writable(f, PCI_INTERRUPT_LINE, 1, 0xff);
    if (sbdf_function(at) != 0) {
        struct fake_pci_function *first = fake_pci_find(sbdf_make(sbdf_segment(at), sbdf_bus(at), sbdf_device(at), 0));
        if (first != NULL) {
            first->bytes[PCI_HEADER_TYPE] |= PCI_HEADER_MULTIFUNCTION;
        }
    }
    return f;
}

struct fake_pci_function *fake_pci_add_bridge(struct sbdf at, uint8_t secondary, uint8_t subordinate)
{
    struct fake_pci_function *f = fake_pci_add(at, 0x8086, 0x0d57, 0x060400);
    f->bytes[PCI_HEADER_TYPE] = 1;
    fake_pci_set(f, PCI_BUS_NUMBERS, 4, (uint32_t)subordinate << 16 | (uint32_t)secondary << 8 | sbdf_bus(at));
    fake_pci_make_writable(f, PCI_BUS_NUMBERS, 4, 0xffffffff);
    fake_pci_make_writable(f, 0x1c, 2, 0xf0f0);     /* I/O window */
    fake_pci_make_writable(f, 0x20, 4, 0xfff0fff0); /* memory window */
    fake_pci_make_writable(f, 0x24, 4, 0xfff0fff0); /* prefetchable window */
    fake_pci_make_writable(f, 0x28, 4, 0xffffffff);
    fake_pci_make_writable(f, 0x2c, 4, 0xffffffff);
    fake_pci_make_writable(f, PCI_BRIDGE_CONTROL, 2, 0x0043);
    return f;
}

uint16_t fake_pci_add_cap(struct fake_pci_function *f, uint8_t id, unsigned bytes)
{
    uint16_t at = f->next_free;
    if (at + bytes > 256) {
        fail(f->at, at, "no room for a capability");
    }
    f->bytes[f->last_cap == 0 ? PCI_CAPABILITIES : f->last_cap + 1] = (uint8_t)at;
    f->bytes[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    f->bytes[at] = id;
    f->last_cap = at;
    f->next_free = (uint16_t)align_up(at + bytes, 4);
    return at;
}

uint16_t fake_pci_add_ext_cap(struct fake_pci_function *f, uint16_t id, unsigned bytes)
{
    uint16_t at = f->next_ext;
    if (at + bytes > 4096) {
        fail(f->at, at, "no room for an extended capability");
    }
    if (f->last_ext != 0) {
        fake_pci_set(f, f->last_ext, 4, fake_pci_get(f, f->last_ext, 4) | (uint32_t)at << 20);
    }
    fake_pci_set(f, at, 4, 1u << 16 | id);
    f->last_ext = at;
    f->next_ext = (uint16_t)align_up(at + bytes, 4);
    return at;
}

uint16_t fake_pci_add_express(struct fake_pci_function *f, unsigned type, bool flr)
{
    uint16_t at = fake_pci_add_cap(f, PCI_CAP_EXPRESS, 0x3c);
    fake_pci_set(f, at + PCI_EXP_FLAGS, 2, type << 4 | 2);
    fake_pci_set(f, at + PCI_EXP_DEVCAP, 4, flr ? PCI_DEVCAP_FLR : 0);
    fake_pci_make_writable(f, at + PCI_EXP_DEVCTL, 2, 0x7fff);
    fake_pci_make_writable(f, at + PCI_EXP_LNKCTL, 2, 0x01c3);
    fake_pci_make_writable(f, at + PCI_EXP_SLTCTL, 2, 0x1fff);
    fake_pci_make_writable(f, at + PCI_EXP_ROOTCTL, 2, 0x001f);
    fake_pci_make_writable(f, at + PCI_EXP_DEVCTL2, 2, 0x7fff);
    return at;
}

uint16_t fake_pci_add_pm(struct fake_pci_function *f, bool no_soft_reset)
{
    uint16_t at = fake_pci_add_cap(f, PCI_CAP_PM, 8);
    fake_pci_set(f, at + PCI_PM_CONTROL, 2, no_soft_reset ? PCI_PM_NO_SOFT_RESET : 0);
    fake_pci_make_writable(f, at + PCI_PM_CONTROL, 2, 0x0103);
    return at;
}

uint16_t fake_pci_add_af(struct fake_pci_function *f)
{
    uint16_t at = fake_pci_add_cap(f, PCI_CAP_AF, 6);
    f->bytes[at + 2] = 6;
    f->bytes[at + PCI_AF_CAP] = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;
    return at;
}

uint16_t fake_pci_add_msi(struct fake_pci_function *f, bool wide, bool masking)
{
    unsigned more = wide ? 4 : 0;
    uint16_t at = fake_pci_add_cap(f, PCI_CAP_MSI, 10 + more + (masking ? 10 : 0));
    fake_pci_set(f, at + PCI_MSI_CONTROL, 2, (wide ? PCI_MSI_64BIT : 0) | (masking ? PCI_MSI_MASKING : 0));
    fake_pci_make_writable(f, at + PCI_MSI_CONTROL, 2, PCI_MSI_ENABLE | PCI_MSI_MULTIPLE);
    fake_pci_make_writable(f, at + PCI_MSI_ADDRESS, 4, 0xfffffffc);
    if (wide) {
        fake_pci_make_writable(f, at + PCI_MSI_ADDRESS_HIGH, 4, 0xffffffff);
    }
    fake_pci_make_writable(f, (uint16_t)(at + PCI_MSI_DATA + more), 2, 0xffff);
    if (masking) {
        fake_pci_make_writable(f, (uint16_t)(at + PCI_MSI_MASK + more), 4, 0xffffffff);
    }
    return at;
}

uint16_t fake_pci_add_msix(struct fake_pci_function *f, unsigned entries, uint32_t table, uint32_t pba)
{
    uint16_t at = fake_pci_add_cap(f, PCI_CAP_MSIX, 12);
    fake_pci_set(f, at + PCI_MSIX_CONTROL, 2, entries - 1);
    fake_pci_make_writable(f, at + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
    fake_pci_set(f, at + PCI_MSIX_TABLE, 4, table);
    fake_pci_set(f, at + PCI_MSIX_PBA, 4, pba);
    return at;
}

void fake_pci_add_bar(struct fake_pci_function *f, unsigned index, enum fake_bar type, uint64_t address, uint64_t size)
{
    uint16_t at = (uint16_t)(PCI_BAR0 + 4 * index);
    uint64_t mask = ~(size - 1) & (type == FAKE_BAR_IO ? ~UINT64_C(3) : ~UINT64_C(15));
    fake_pci_set(f, at, 4, (uint32_t)address | type);
    fake_pci_make_writable(f, at, 4, (uint32_t)mask);
    if ((type & FAKE_BAR_MEM64) != 0 && type != FAKE_BAR_IO) {
        fake_pci_set(f, at + 4, 4, (uint32_t)(address >> 32));
        fake_pci_make_writable(f, at + 4, 4, (uint32_t)(mask >> 32));
    }
}

void fake_pci_add_rom(struct fake_pci_function *f, uint32_t address, uint32_t size)
{
    uint16_t at = (f->bytes[PCI_HEADER_TYPE] & 0x7f) == 1 ? PCI_ROM_BRIDGE : PCI_ROM;
    fake_pci_set(f, at, 4, address);
    fake_pci_make_writable(f, at, 4, ~(size - 1) | PCI_ROM_ENABLE);
}

/* --- routing */

static bool is_bridge(const struct fake_pci_function *f)
{
    return (f->bytes[PCI_HEADER_TYPE] & 0x7f) == 1;
}

static const struct fake_pci_function *route(struct sbdf target, unsigned from)
{
    for (size_t i = 0; i < bus.count; i++) {
        const struct fake_pci_function *f = bus.functions[i];
        if (is_bridge(f) && !f->gone && sbdf_segment(f->at) == sbdf_segment(target) && sbdf_bus(f->at) == from &&
            f->bytes[0x19] <= sbdf_bus(target) && f->bytes[0x1a] >= sbdf_bus(target) && f->bytes[0x19] > from) {
            return f;
        }
    }
    return NULL;
}

/* Does a configuration cycle for that bus get there, by the bridges' present bus numbers? */
static bool reachable(struct sbdf at)
{
    int current = -1;
    for (size_t i = 0; i < bus.root_count; i++) {
        int root = sbdf_bus(bus.roots[i]);
        if (sbdf_segment(bus.roots[i]) == sbdf_segment(at) && root <= sbdf_bus(at) && root > current) {
            current = root;
        }
    }
    while (current >= 0 && current != sbdf_bus(at)) {
        const struct fake_pci_function *bridge = route(at, (unsigned)current);
        if (bridge == NULL || bridge->held_in_reset) {
            return false;
        }
        current = bridge->bytes[0x19];
    }
    return current >= 0;
}

static uint16_t cap_of(const struct fake_pci_function *f, uint8_t id)
{
    for (unsigned at = f->bytes[PCI_CAPABILITIES]; at != 0 && at < 255; at = f->bytes[at + 1]) {
        if (f->bytes[at] == id) {
            return (uint16_t)at;
        }
    }
    return 0;
}

/* A VF answers where its PF does, on further buses too; beyond function 7 of the PF's bus only if the port above
 * forwards by ARI. */
static bool vf_reachable(const struct fake_pci_function *vf)
{
    const struct fake_pci_function *pf = vf->vf_of;
    bool beyond = sbdf_bus(vf->at) == sbdf_bus(pf->at) && sbdf_devfn(vf->at) > 7;
    for (size_t i = 0; i < bus.count; i++) {
        const struct fake_pci_function *b = bus.functions[i];
        if (is_bridge(b) && b->bytes[0x19] == sbdf_bus(pf->at) && sbdf_segment(b->at) == sbdf_segment(pf->at)) {
            uint16_t express = cap_of(b, PCI_CAP_EXPRESS);
            bool ari = express != 0 && (fake_pci_get(b, express + PCI_EXP_DEVCTL2, 2) & PCI_DEVCTL2_ARI) != 0;
            return reachable(pf->at) && sbdf_bus(vf->at) <= b->bytes[0x1a] && (!beyond || ari);
        }
    }
    return reachable(pf->at);
}

static bool vf_enabled(const struct fake_pci_function *vf)
{
    uint16_t at = PCI_EXT_FIRST;
    while (at != 0 && (fake_pci_get(vf->vf_of, at, 2) != PCI_EXT_SRIOV)) {
        at = (uint16_t)(fake_pci_get(vf->vf_of, at, 4) >> 20);
    }
    return at != 0 && (fake_pci_get(vf->vf_of, at + PCI_SRIOV_CONTROL, 2) & PCI_SRIOV_VFE) != 0;
}

static bool window_reaches(struct sbdf at, uint16_t offset)
{
    const struct pci_ecam *windows = sbdf_is_vmd(at) ? bus.vmd_windows : bus.windows;
    size_t count = sbdf_is_vmd(at) ? bus.vmd_count : bus.window_count;
    for (size_t i = 0; i < count; i++) {
        const struct pci_ecam *w = &windows[i];
        if (w->segment == sbdf_segment(at) && sbdf_bus(at) >= w->first_bus && sbdf_bus(at) <= w->last_bus) {
            return true;
        }
    }
    return sbdf_segment(at) == 0 && offset < 256;
}

/* The function that answers this access now, or NULL. */
static struct fake_pci_function *target(struct sbdf at, uint16_t offset, unsigned width)
{
    bus.accesses++;
    if (offset % width != 0 || offset + width > 4096) {
        fail(at, offset, "misaligned or beyond 4096");
    }
    struct fake_pci_function *f = fake_pci_find(at);
    if (f == NULL || f->gone || !window_reaches(at, offset)) {
        return NULL;
    }
    if (f->vf_of != NULL ? !vf_enabled(f) || !vf_reachable(f) : !reachable(at)) {
        return NULL;
    }
    if (f->untouchable_ns != 0 && time_now_ns() < f->untouchable_ns) {
        fail(at, offset, "touched too early after a reset");
    }
    f->untouchable_ns = 0;
    return time_now_ns() < f->busy_until_ns ? NULL : f;
}

/* Does it put requests off? Writes then vanish. */
static bool is_late(const struct fake_pci_function *f)
{
    return time_now_ns() < f->retry_until_ns;
}

/* --- resets */

static void reset_function(struct fake_pci_function *f, uint64_t wait_ns)
{
    uint64_t now = time_now_ns();
    f->untouchable_ns = now + wait_ns;
    f->busy_until_ns = now + wait_ns + f->busy_us * 1000;
    f->retry_until_ns = f->busy_until_ns + f->retry_us * 1000;
    for (unsigned i = 0; i < sizeof(f->bytes) && !f->ignores_reset; i++) {
        f->bytes[i] &= (uint8_t)(~f->writable[i] | f->sticky[i]);
    }
}

static bool behind(const struct fake_pci_function *f, const struct fake_pci_function *bridge)
{
    return sbdf_segment(f->at) == sbdf_segment(bridge->at) && sbdf_bus(f->at) >= bridge->bytes[0x19] &&
           sbdf_bus(f->at) <= bridge->bytes[0x1a];
}

static void bus_reset_line(struct fake_pci_function *bridge, bool asserted)
{
    if (bridge->held_in_reset && !asserted) {
        for (size_t i = 0; i < bus.count; i++) {
            if (behind(bus.functions[i], bridge)) {
                bus.functions[i]->bus_resets++;
                reset_function(bus.functions[i], FLR_WAIT_NS);
            }
        }
    }
    bridge->held_in_reset = asserted;
}

static bool hits(uint16_t offset, unsigned width, uint16_t reg)
{
    return reg >= offset && reg < offset + width;
}

static void side_effects(struct fake_pci_function *f, const struct fake_pci_write *w)
{
    uint16_t express = cap_of(f, PCI_CAP_EXPRESS);
    uint16_t pm = cap_of(f, PCI_CAP_PM);
    uint16_t af = cap_of(f, PCI_CAP_AF);
    if (pm != 0 && w->offset == pm + PCI_PM_CONTROL && f->stuck_power) {
        put(f->bytes, w->offset, w->width, w->before);
        return;
    }
    if (is_bridge(f) && hits(w->offset, w->width, PCI_BRIDGE_CONTROL)) {
        bus_reset_line(f, (f->bytes[PCI_BRIDGE_CONTROL] & PCI_BRIDGE_RESET) != 0);
    }
    if (express != 0 && w->offset == express + PCI_EXP_DEVCTL && (w->value & PCI_DEVCTL_FLR) != 0 &&
        (fake_pci_get(f, express + PCI_EXP_DEVCAP, 4) & PCI_DEVCAP_FLR) != 0) {
        f->flrs++;
        reset_function(f, FLR_WAIT_NS);
    }
    if (af != 0 && w->offset == af + PCI_AF_CONTROL && (w->value & PCI_AF_FLR) != 0) {
        f->af_flrs++;
        reset_function(f, FLR_WAIT_NS);
    }
    if (pm != 0 && w->offset == pm + PCI_PM_CONTROL && (w->before & PCI_PM_STATE) != (w->after & PCI_PM_STATE)) {
        bool woken = (w->before & PCI_PM_STATE) == PCI_PM_D3HOT && (w->after & PCI_PM_STATE) == 0;
        if (woken && (w->after & PCI_PM_NO_SOFT_RESET) == 0) {
            f->power_resets++;
            reset_function(f, D3_WAIT_NS);
        } else {
            f->untouchable_ns = time_now_ns() + D3_WAIT_NS;
        }
    }
}

/* --- accesses */

static bool is_foreign(struct sbdf at, uint16_t offset)
{
    return bus.foreign != NULL && bus.foreign->takes(bus.foreign->context, at) && window_reaches(at, offset);
}

void fake_pci_add_foreign(const struct fake_pci_foreign *foreign)
{
    bus.foreign = foreign;
}

static uint32_t read_at(struct sbdf at, uint16_t offset, unsigned width)
{
    if (is_foreign(at, offset)) {
        return bus.foreign->read(bus.foreign->context, at, offset, width);
    }
    const struct fake_pci_function *f = target(at, offset, width);
    if (f != NULL && is_late(f)) {
        return offset == PCI_VENDOR && width == 2 ? 0x0001 : UINT32_MAX;
    }
    return f == NULL ? UINT32_MAX : fake_pci_get(f, offset, width);
}

static void check_bar_write(const struct fake_pci_function *f, uint16_t offset, uint32_t value)
{
    unsigned bars = is_bridge(f) ? 2 : 6;
    unsigned index = (offset - PCI_BAR0) / 4u;
    if (offset < PCI_BAR0 || index >= bars || value == fake_pci_get(f, offset & ~3u, 4)) {
        return;
    }
    uint16_t decoders = PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
    if ((fake_pci_get(f, PCI_COMMAND, 2) & decoders) != 0) {
        fail(f->at, offset, "BAR written while its decoder is on");
    }
}

static void apply(struct fake_pci_function *f, uint16_t offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t v = (uint8_t)(value >> (8 * i));
        uint8_t mask = f->writable[offset + i];
        uint8_t *byte = &f->bytes[offset + i];
        *byte = (uint8_t)((*byte & ~mask) | (v & mask));
        *byte &= (uint8_t) ~(v & f->clear_by_1[offset + i]);
    }
}

static bool any_writable(const struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        if ((f->writable[offset + i] | f->clear_by_1[offset + i]) != 0) {
            return true;
        }
    }
    return false;
}

/* What is written there is read back, as pci_config_* does behind VMD endpoints. */
static void write_foreign(struct fake_pci_write *w, const struct sbdf *other)
{
    bus.foreign->write(bus.foreign->context, w->at, w->offset, w->width, w->value);
    w->lost = false;
    w->after = other == NULL ? bus.foreign->read(bus.foreign->context, w->at, w->offset, w->width)
                             : bus.foreign->read(bus.foreign->context, *other, PCI_VENDOR, 4);
}

/* other: what is read back instead of it, or NULL. */
static void write_at(struct sbdf at, uint16_t offset, unsigned width, uint32_t value, const struct sbdf *other)
{
    struct fake_pci_function *f = target(at, offset, width);
    f = f != NULL && is_late(f) ? NULL : f;
    if (bus.write_count == WRITES_MAX) {
        fail(at, offset, "more writes than the log holds");
    }
    struct fake_pci_write *w = &bus.writes[bus.write_count++];
    *w =
        (struct fake_pci_write){.at = at, .offset = offset, .width = (uint8_t)width, .value = value, .lost = f == NULL};
    if (is_foreign(at, offset)) {
        write_foreign(w, other);
    }
    if (f == NULL) {
        return;
    }
    check_bar_write(f, offset, value);
    w->before = fake_pci_get(f, offset, width);
    w->read_only = !any_writable(f, offset, width);
    apply(f, offset, width, value);
    w->after = fake_pci_get(f, offset, width);
    side_effects(f, w);
    if (f->hook != NULL) {
        f->hook(f, offset, width);
    }
}

uint8_t pci_config_read8(struct sbdf at, uint16_t offset)
{
    return (uint8_t)read_at(at, offset, 1);
}

uint16_t pci_config_read16(struct sbdf at, uint16_t offset)
{
    return (uint16_t)read_at(at, offset, 2);
}

uint32_t pci_config_read32(struct sbdf at, uint16_t offset)
{
    return read_at(at, offset, 4);
}

void pci_config_write8(struct sbdf at, uint16_t offset, uint8_t value)
{
    write_at(at, offset, 1, value, NULL);
}

void pci_config_write16(struct sbdf at, uint16_t offset, uint16_t value)
{
    write_at(at, offset, 2, value, NULL);
}

void pci_config_write32(struct sbdf at, uint16_t offset, uint32_t value)
{
    write_at(at, offset, 4, value, NULL);
}

void pci_config_write_reset(struct sbdf at, uint16_t offset, unsigned width, uint32_t value, struct sbdf other)
{
    write_at(at, offset, width, value, &other);
}

void pci_config_use_ecam(const struct pci_ecam *windows, size_t count)
{
    bus.windows = windows;
    bus.window_count = count;
}

void pci_config_use_vmd(const struct pci_ecam *windows, size_t count)
{
    bus.vmd_windows = windows;
    bus.vmd_count = count;
}

void pci_config_break_lock(void)
{
    bus.lock_broken = true;
}

bool fake_pci_lock_broken(void)
{
    return bus.lock_broken;
}

const struct fake_pci_write *fake_pci_writes(size_t *count)
{
    *count = bus.write_count;
    return bus.writes;
}

size_t fake_pci_written(size_t from, struct sbdf at, uint16_t offset, uint32_t mask, uint32_t value_is)
{
    for (size_t i = from; i < bus.write_count; i++) {
        const struct fake_pci_write *w = &bus.writes[i];
        if (sbdf_equal(w->at, at) && w->offset == offset && (w->value & mask) == value_is) {
            return i;
        }
    }
    return SIZE_MAX;
}

void fake_pci_forget_writes(void)
{
    bus.write_count = 0;
}

uint64_t fake_pci_accesses(void)
{
    return bus.accesses;
}
