/* SPDX-License-Identifier: GPL-2.0-only
 * Addresses behind a VMD endpoint are the host's own: a bridge window there that is too large makes other registers of
 * the machine unreachable (PCI-to-PCI Bridge 1.2 3.2.5.8-10). */
#include "drivers/vmd_children.h"

#include "drivers/pci_regs.h"
#include "drivers/vmd_diag.h"

#define TYPE_BRIDGE 1
#define FIX "the guest's driver gives it a new place; update the firmware if it does not"
#define BRIDGE_WINDOW 0x20        /* base 15:4 and limit 31:20, both address bits 31:20 */
#define BRIDGE_PREFETCH 0x24      /* likewise; low bits 1: 64 bits wide */
#define BRIDGE_PREFETCH_BASE 0x28 /* bits 63:32 */
#define BRIDGE_PREFETCH_LIMIT 0x2c
#define WINDOW_CLOSED UINT32_C(0x0000fff0) /* its limit is below its base */
#define WINDOW_BITS UINT32_C(0xfff0fff0)

/* From start to the last byte; closed when last is below. */
struct span {
    uint64_t start, last;
};

static struct span read_window(struct sbdf at)
{
    uint32_t v = pci_config_read32(at, BRIDGE_WINDOW);
    return (struct span){(uint64_t)bits_get(v, 15, 4) << 20, (uint64_t)bits_get(v, 31, 20) << 20 | (MIB - 1)};
}

static struct span read_prefetch(struct sbdf at)
{
    uint32_t v = pci_config_read32(at, BRIDGE_PREFETCH);
    bool wide = (v & 0xf) == 1;
    uint64_t base = wide ? pci_config_read32(at, BRIDGE_PREFETCH_BASE) : 0;
    uint64_t limit = wide ? pci_config_read32(at, BRIDGE_PREFETCH_LIMIT) : 0;
    return (struct span){base << 32 | (uint64_t)bits_get(v, 15, 4) << 20,
                         limit << 32 | (uint64_t)bits_get(v, 31, 20) << 20 | (MIB - 1)};
}

static bool strays(const struct vmd_domain *d, const struct span *s)
{
    return s->start <= s->last && !vmd_owns(d, s->start, s->last - s->start + 1);
}

bool vmd_child_bar_strays(const struct vmd_domain *d, const struct pci_bar *bar)
{
    bool memory = bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
    return memory && bar->size != 0 && bar->address != 0 && !(bar->assigned && vmd_owns(d, bar->address, bar->size));
}

static void say(const struct pci_function *f, const char *what, const struct span *s, struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE];
    diag_add(diag, VMD_DIAG_OUTSIDE, DIAG_NOTE, sbdf_text(f->at, where), FIX,
             "%s at 0x%llx-0x%llx is not inside the memory of its VMD endpoint; it is closed", what,
             (unsigned long long)s->start, (unsigned long long)s->last);
}

static void check_bars(const struct vmd_domain *d, struct pci_function *f, struct diag_list *diag)
{
    for (unsigned i = 0; i <= PCI_BARS; i++) {
        const struct pci_bar *bar = i == PCI_BARS ? &f->rom : &f->bars[i];
        if ((i == PCI_BARS && !f->rom_enabled) || !vmd_child_bar_strays(d, bar)) {
            continue;
        }
        struct span s = {bar->address, bar->address + bar->size - 1};
        f->blocked |= PCI_BLOCKED_BARS;
        say(f, i == PCI_BARS ? "its ROM" : "a BAR of it", &s, diag);
    }
}

void vmd_take_children(const struct vmd_facts *facts, struct pci_facts *pci, struct diag_list *diag)
{
    for (size_t i = 0; i < pci->count; i++) {
        struct pci_function *f = &pci->functions[i];
        const struct vmd_domain *d = sbdf_is_vmd(f->at) ? vmd_of_segment(facts, sbdf_segment(f->at)) : NULL;
        if (d == NULL) {
            continue;
        }
        f->is_vmd_child = true;
        f->vmd = d->endpoint;
        if (f->parent == PCI_NO_INDEX && sbdf_bus(f->at) != d->first_bus) {
            f->blocked |= PCI_BLOCKED_BRIDGE_PATH;
        }
        check_bars(d, f, diag);
    }
}

static void drop_command(struct pci_function *f, uint16_t bits)
{
    uint16_t command = pci_config_read16(f->at, PCI_COMMAND);
    if ((command & bits) != 0) {
        pci_config_write16(f->at, PCI_COMMAND, (uint16_t)(command & ~bits));
    }
}

/* In this order no moment has a window that is larger than before. */
static void close_prefetch(struct sbdf at)
{
    pci_config_write32(at, BRIDGE_PREFETCH_LIMIT, 0);
    pci_config_write32(at, BRIDGE_PREFETCH, WINDOW_CLOSED);
    pci_config_write32(at, BRIDGE_PREFETCH_BASE, UINT32_MAX);
}

static void confine_bridge(const struct vmd_domain *d, struct pci_function *f, struct diag_list *diag)
{
    struct span window = read_window(f->at), prefetch = read_prefetch(f->at);
    if (strays(d, &window)) {
        say(f, "the bridge's window", &window, diag);
        pci_config_write32(f->at, BRIDGE_WINDOW, WINDOW_CLOSED);
        window = read_window(f->at);
    }
    if (strays(d, &prefetch)) {
        say(f, "the bridge's prefetchable window", &prefetch, diag);
        close_prefetch(f->at);
        prefetch = read_prefetch(f->at);
    }
    if (strays(d, &window) || strays(d, &prefetch)) {
        char where[SBDF_TEXT_SIZE];
        drop_command(f, PCI_COMMAND_MEMORY);
        diag_add(diag, VMD_DIAG_BRIDGE, DIAG_WARNING, sbdf_text(f->at, where),
                 "replace or remove the device; nothing behind it can be used",
                 "a window of this bridge behind a VMD endpoint stays open: it forwards no memory any more");
    }
}

static void confine_rom(const struct vmd_domain *d, const struct pci_function *f)
{
    uint16_t at = f->header == TYPE_BRIDGE ? PCI_ROM_BRIDGE : PCI_ROM;
    if (f->rom_enabled && vmd_child_bar_strays(d, &f->rom)) {
        pci_config_write32(f->at, at, pci_config_read32(f->at, at) & ~PCI_ROM_ENABLE);
    }
}

void vmd_children_confine(const struct vmd_domain *d, struct pci_function *f, struct diag_list *diag)
{
    drop_command(f, PCI_COMMAND_IO);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (vmd_child_bar_strays(d, &f->bars[i])) {
            drop_command(f, PCI_COMMAND_MEMORY);
        }
    }
    confine_rom(d, f);
    if (f->header == TYPE_BRIDGE) {
        confine_bridge(d, f, diag);
    }
}
