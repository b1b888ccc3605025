/* SPDX-License-Identifier: GPL-2.0-only
 * Headers of functions behind a VMD endpoint (PCI 3.0 6.2, PCI-to-PCI Bridge 1.2 3.2.5). */
#include "drivers/pci_bars.h"
#include "drivers/pci_regs.h"
#include "guest/vmd_child.h"
#include "guest/vmd_window.h"
#include "kernel/core/log.h"
#include "kernel/hw/pci_config.h"
#include "kernel/lib/bits.h"

#define COMMAND_KEPT 0x0547u /* what the guest may set in its copy; bus mastering and memory may reach the device */
#define STATUS_CLEARED 0xf900u
#define BRIDGE_CONTROL_KEPT (1u | PCI_BRIDGE_SERR | PCI_BRIDGE_RESET) /* the reset alone reaches the bridge */
#define BAR_LOW_BITS 0xfu
#define IO_CLOSED 0x00f0u /* base above limit, for good; 0 would look like ports 0 to 0xfff */
#define BAR_TYPE_64 0x4u
#define BAR_PREFETCHABLE 0x8u
#define BAR_OF(dword) (((dword)-PCI_BAR0) / 4u)
#define WITHOUT_BIST UINT32_C(0x00ffffff)

static bool is_bar(const struct guest_vmd_child *c, uint16_t dword)
{
    return dword >= PCI_BAR0 && BAR_OF(dword) < pci_bars_of_header(c->bridge ? 1 : 0);
}

static bool is_memory(const struct pci_bar *bar)
{
    return (bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64) && bar->size != 0;
}

/* Bits of an address register that can be set: below the size they read 0, which is how it is sized. */
static uint32_t address_bits(const struct guest_vmd_child *c, unsigned i)
{
    if (is_memory(&c->bars[i])) {
        return (uint32_t) ~(c->bars[i].size - 1) & ~BAR_LOW_BITS;
    }
    bool upper = i > 0 && c->bars[i - 1].kind == PCI_BAR_MEM64 && is_memory(&c->bars[i - 1]);
    return upper ? (uint32_t)(~(c->bars[i - 1].size - 1) >> 32) : 0;
}

static uint32_t bar_read(const struct guest_vmd_child *c, unsigned i)
{
    if (!is_memory(&c->bars[i])) {
        return c->header.bars[i]; /* an upper half, or 0: I/O BARs are not there */
    }
    uint32_t type =
        (c->bars[i].kind == PCI_BAR_MEM64 ? BAR_TYPE_64 : 0) | (c->bars[i].prefetchable ? BAR_PREFETCHABLE : 0);
    return c->header.bars[i] | type;
}

static uint64_t bar_address(const struct guest_vmd_child *c, unsigned i)
{
    uint64_t upper = c->bars[i].kind == PCI_BAR_MEM64 ? c->header.bars[i + 1] : 0;
    return upper << 32 | c->header.bars[i];
}

static uint32_t bridge_read(const struct guest_vmd_child *c, struct sbdf at, uint16_t dword)
{
    const struct vmd_bridge_windows *w = &c->header.windows;
    switch (dword) {
    case PCI_BUS_NUMBERS:
        return c->header.buses;
    case VMD_BRIDGE_IO:
        return (pci_config_read32(at, dword) & 0xffff0000u) | IO_CLOSED; /* secondary status */
    case VMD_BRIDGE_MEMORY:
        return w->memory & VMD_BRIDGE_ADDRESSES;
    case VMD_BRIDGE_PREFETCH:
        return c->prefetch ? (w->prefetch & VMD_BRIDGE_ADDRESSES) | (c->prefetch_wide ? VMD_BRIDGE_WIDE : 0) : 0;
    case VMD_BRIDGE_PREFETCH_BASE:
        return c->prefetch_wide ? w->prefetch_base : 0;
    case VMD_BRIDGE_PREFETCH_LIMIT:
        return c->prefetch_wide ? w->prefetch_limit : 0;
    default:
        return 0;
    }
}

uint32_t guest_vmd_header_read(struct guest_vmd_child *c, struct sbdf at, uint16_t dword)
{
    const struct guest_vmd_header *h = &c->header;
    switch (dword) {
    case PCI_VENDOR:
    case PCI_REVISION:
        return pci_config_read32(at, dword);
    case PCI_COMMAND:
        return (pci_config_read32(at, dword) & 0xffff0000u) | h->command;
    case PCI_CACHE_LINE:
        return pci_config_read32(at, dword) & WITHOUT_BIST;
    case PCI_CAPABILITIES:
        return pci_config_read32(at, dword) & 0xffu;
    case PCI_INTERRUPT_LINE: /* no pin: nobody listens to INTx# behind an endpoint */
        return h->interrupt_line | (uint32_t)h->bridge_control << 16;
    case PCI_SUBSYSTEM:
        return c->bridge ? bridge_read(c, at, dword) : pci_config_read32(at, dword);
    default:
        break;
    }
    if (is_bar(c, dword)) {
        return bar_read(c, BAR_OF(dword));
    }
    return c->bridge ? bridge_read(c, at, dword) : 0;
}

/* --- what the hardware gets */

static bool bars_are_inside(const struct guest_vmd_child *c)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (is_memory(&c->bars[i]) && !guest_vmd_bar_inside(c->domain, bar_address(c, i), c->bars[i].size)) {
            return false;
        }
    }
    return true;
}

static void warn(struct guest_vmd_child *c, const char *what)
{
    char text[SBDF_TEXT_SIZE];
    if (!c->warned) {
        c->warned = true;
        log_warn("vmd: %s: %s", sbdf_text(c->host->at, text), what);
    }
}

/* Is the register where the guest has it? */
static bool holds_bar(const struct guest_vmd_child *c, struct sbdf at, unsigned i)
{
    uint16_t low = (uint16_t)(PCI_BAR0 + 4 * i);
    uint64_t address = bar_address(c, i);
    bool wide = c->bars[i].kind == PCI_BAR_MEM64;
    return (pci_config_read32(at, low) & ~BAR_LOW_BITS) == (uint32_t)address &&
           (!wide || pci_config_read32(at, (uint16_t)(low + 4)) == address >> 32);
}

/* Does it hold what was written? */
static bool place_bar(const struct guest_vmd_child *c, struct sbdf at, unsigned i)
{
    uint16_t low = (uint16_t)(PCI_BAR0 + 4 * i);
    uint64_t address = bar_address(c, i);
    if (!guest_vmd_bar_inside(c->domain, address, c->bars[i].size)) {
        return false; /* the old place stays in the register, without decode */
    }
    pci_config_write32(at, low, (uint32_t)address);
    if (c->bars[i].kind == PCI_BAR_MEM64) {
        pci_config_write32(at, (uint16_t)(low + 4), (uint32_t)(address >> 32));
    }
    return holds_bar(c, at, i);
}

/* A prefetchable window that is not there reads 0; one that does not close when it is told to is no window for a guest,
 * but it is open. */
static bool windows_are_inside(const struct guest_vmd_child *c, struct sbdf at)
{
    struct vmd_bridge_windows now = vmd_bridge_read(at);
    return guest_vmd_windows_inside(c->domain, &now, c->prefetch || now.prefetch != 0);
}

/* What the guest asks for; a bridge without upper halves has 0 there. */
static struct vmd_bridge_windows windows_asked(const struct guest_vmd_child *c)
{
    struct vmd_bridge_windows w = c->header.windows;
    if (c->prefetch && !c->prefetch_wide) {
        w.prefetch_base = w.prefetch_limit = 0;
    }
    return w;
}

/* Addresses and windows to where the guest has them, where it may; memory decode is off. False: it must stay off. */
static bool place(struct guest_vmd_child *c, struct sbdf at)
{
    bool good = true;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        good = (!is_memory(&c->bars[i]) || place_bar(c, at, i)) && good;
    }
    if (!c->bridge) {
        return good;
    }
    struct vmd_bridge_windows asked = windows_asked(c);
    struct vmd_bridge_windows allowed = guest_vmd_windows_allowed(c->domain, &asked);
    vmd_bridge_set(at, &allowed);
    if (!windows_are_inside(c, at)) {
        vmd_bridge_close(at);
        warn(c, "its windows do not take what is written: they stay closed");
        return false;
    }
    return good;
}

/* INTx# and SERR# stay off for good, and so do ports. */
static void set_command(struct guest_vmd_child *c, struct sbdf at, uint16_t bits)
{
    pci_config_write16(at, PCI_COMMAND, (uint16_t)(bits | PCI_COMMAND_INTX_OFF));
    c->given = bits & pci_config_read16(at, PCI_COMMAND);
}

static bool holds_places(const struct guest_vmd_child *c, struct sbdf at)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (is_memory(&c->bars[i]) && !holds_bar(c, at, i)) {
            return false;
        }
    }
    return !c->bridge || windows_are_inside(c, at);
}

/* A reset that a guest began just before (by power states, by the device's own registers) takes effect when it likes:
 * if that was before decode went on, what decodes now is where a reset leaves it; if after, decode is off again. */
static void check_places(struct guest_vmd_child *c, struct sbdf at)
{
    if ((c->given & PCI_COMMAND_MEMORY) != 0 && !holds_places(c, at)) {
        set_command(c, at, c->given & (uint16_t)~PCI_COMMAND_MEMORY);
        warn(c, "it lost its addresses just now: its memory decode stays off");
    }
}

/* After the guest wrote its command register. */
static void apply_command(struct guest_vmd_child *c, struct sbdf at)
{
    uint16_t wanted = c->header.command & PCI_COMMAND_BUS_MASTER;
    if ((c->header.command & PCI_COMMAND_MEMORY) != 0) {
        bool decodes = (c->given & PCI_COMMAND_MEMORY) != 0;
        if (!decodes) {
            set_command(c, at, c->given);
            decodes = place(c, at);
        }
        if (decodes && bars_are_inside(c)) {
            wanted |= PCI_COMMAND_MEMORY;
        } else {
            warn(c, "a BAR of it is outside the endpoint's MEMBARs: its memory decode stays off");
        }
    }
    set_command(c, at, wanted);
    check_places(c, at);
}

/* After the guest wrote an address. */
static void apply_place(struct guest_vmd_child *c, struct sbdf at)
{
    set_command(c, at, c->given & (uint16_t)~PCI_COMMAND_MEMORY);
    if ((c->header.command & PCI_COMMAND_MEMORY) != 0) {
        apply_command(c, at);
    } else {
        (void)place(c, at); /* asked again when decode goes on */
    }
}

/* --- writes */

static void merge32(uint32_t *kept, uint32_t lanes, uint32_t value)
{
    *kept = (*kept & ~lanes) | (value & lanes);
}

static void command_write(struct guest_vmd_child *c, struct sbdf at, uint32_t lanes, uint32_t value)
{
    if ((lanes & 0xffffu) != 0) {
        uint32_t command = c->header.command;
        merge32(&command, lanes & 0xffffu, value);
        c->header.command = (uint16_t)(command & COMMAND_KEPT);
        apply_command(c, at);
    }
    if ((lanes & value & STATUS_CLEARED << 16) != 0) {
        pci_config_write16(at, PCI_STATUS, (uint16_t)((lanes & value) >> 16 & STATUS_CLEARED));
    }
}

static enum guest_vmd_effect control_write(struct guest_vmd_child *c, struct sbdf at, uint32_t lanes, uint32_t value)
{
    uint32_t whole = c->header.interrupt_line | (uint32_t)c->header.bridge_control << 16;
    uint16_t before = c->header.bridge_control;
    merge32(&whole, lanes, value);
    c->header.interrupt_line = (uint8_t)whole;
    if (!c->bridge || (lanes & 0xffff0000u) == 0) {
        return GUEST_VMD_NOTHING;
    }
    c->header.bridge_control = (uint16_t)(whole >> 16 & BRIDGE_CONTROL_KEPT);
    pci_config_write16(at, PCI_BRIDGE_CONTROL, c->header.bridge_control & PCI_BRIDGE_RESET);
    bool switched = ((c->header.bridge_control ^ before) & PCI_BRIDGE_RESET) != 0;
    return switched ? GUEST_VMD_BUS_RESET : GUEST_VMD_NOTHING;
}

/* The register of a window that a dword is, or NULL. */
static uint32_t *window_at(struct guest_vmd_child *c, uint16_t dword)
{
    struct vmd_bridge_windows *w = &c->header.windows;
    switch (dword) {
    case VMD_BRIDGE_MEMORY:
        return &w->memory;
    case VMD_BRIDGE_PREFETCH:
        return c->prefetch ? &w->prefetch : NULL;
    case VMD_BRIDGE_PREFETCH_BASE:
        return c->prefetch_wide ? &w->prefetch_base : NULL;
    case VMD_BRIDGE_PREFETCH_LIMIT:
        return c->prefetch_wide ? &w->prefetch_limit : NULL;
    default:
        return NULL;
    }
}

static enum guest_vmd_effect bridge_write(struct guest_vmd_child *c, struct sbdf at, uint16_t dword, uint32_t lanes,
                                          uint32_t value)
{
    if (dword == PCI_BUS_NUMBERS) {
        merge32(&c->header.buses, lanes & 0x00ffffffu, value);
        return GUEST_VMD_BUSES;
    }
    uint32_t *window = window_at(c, dword);
    if (window != NULL) {
        merge32(window, lanes, value);
        apply_place(c, at);
    } else if (dword == VMD_BRIDGE_IO && (lanes & value & STATUS_CLEARED << 16) != 0) {
        pci_config_write16(at, VMD_BRIDGE_SECONDARY_STATUS, (uint16_t)((lanes & value) >> 16 & STATUS_CLEARED));
    }
    return GUEST_VMD_NOTHING;
}

enum guest_vmd_effect guest_vmd_header_write(struct guest_vmd_child *c, struct sbdf at, uint16_t dword, uint32_t lanes,
                                             uint32_t value)
{
    if (dword == PCI_COMMAND) {
        command_write(c, at, lanes, value);
        return GUEST_VMD_NOTHING;
    }
    if (dword == PCI_INTERRUPT_LINE) {
        return control_write(c, at, lanes, value);
    }
    if (is_bar(c, dword)) {
        unsigned i = BAR_OF(dword);
        merge32(&c->header.bars[i], lanes, value);
        c->header.bars[i] &= address_bits(c, i);
        apply_place(c, at);
        return GUEST_VMD_NOTHING;
    }
    return c->bridge ? bridge_write(c, at, dword, lanes, value) : GUEST_VMD_NOTHING;
}
