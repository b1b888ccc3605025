/* SPDX-License-Identifier: GPL-2.0-only
 * Addresses behind a VMD endpoint are the host's own: a bridge window there that is too large makes other registers of
 * the machine unreachable (PCI-to-PCI Bridge 1.2 3.2.5.8-10). */
#include "drivers/vmd_children.h"

#include "drivers/pci_regs.h"
#include "drivers/vmd_bridge.h"
#include "drivers/vmd_diag.h"

#define TYPE_BRIDGE 1
#define FIX "the guest's driver gives it a new place; update the firmware if it does not"

static bool strays(const struct vmd_domain *d, struct vmd_bridge_span s)
{
    return s.size != 0 && !vmd_owns(d, s.start, s.size);
}

bool vmd_child_bar_strays(const struct vmd_domain *d, const struct pci_bar *bar)
{
    bool memory = bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
    return memory && bar->size != 0 && bar->address != 0 && !(bar->assigned && vmd_owns(d, bar->address, bar->size));
}

static void say(const struct pci_function *f, const char *what, struct vmd_bridge_span s, struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE];
    diag_add(diag, VMD_DIAG_OUTSIDE, DIAG_NOTE, sbdf_text(f->at, where), FIX,
             "%s at 0x%llx-0x%llx is not inside the memory of its VMD endpoint; it is closed", what,
             (unsigned long long)s.start, (unsigned long long)(s.start + (s.size - 1)));
}

static void check_bars(const struct vmd_domain *d, struct pci_function *f, struct diag_list *diag)
{
    for (unsigned i = 0; i <= PCI_BARS; i++) {
        const struct pci_bar *bar = i == PCI_BARS ? &f->rom : &f->bars[i];
        if ((i == PCI_BARS && !f->rom_enabled) || !vmd_child_bar_strays(d, bar)) {
            continue;
        }
        struct vmd_bridge_span s = {bar->address, bar->size};
        f->blocked |= PCI_BLOCKED_BARS;
        say(f, i == PCI_BARS ? "its ROM" : "a BAR of it", s, diag);
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

/* Upper halves count where the low one says that they are there. */
static struct vmd_bridge_windows windows_of(struct sbdf at)
{
    struct vmd_bridge_windows w = vmd_bridge_read(at);
    if ((w.prefetch & VMD_BRIDGE_WIDE & 0xffffu) == 0) {
        w.prefetch_base = w.prefetch_limit = 0;
    }
    return w;
}

/* A bridge without a prefetchable window reads 0 there, whatever was written. */
static void confine_prefetch(const struct vmd_domain *d, const struct pci_function *f, struct diag_list *diag)
{
    struct vmd_bridge_windows before = windows_of(f->at);
    if (strays(d, vmd_bridge_prefetch(&before))) {
        vmd_bridge_close_prefetch(f->at);
        if (before.prefetch != 0 || pci_config_read32(f->at, VMD_BRIDGE_PREFETCH) != 0) {
            say(f, "the bridge's prefetchable window", vmd_bridge_prefetch(&before), diag);
        }
    }
}

static void confine_bridge(const struct vmd_domain *d, struct pci_function *f, struct diag_list *diag)
{
    struct vmd_bridge_windows w = windows_of(f->at);
    if (strays(d, vmd_bridge_memory(&w))) {
        say(f, "the bridge's window", vmd_bridge_memory(&w), diag);
        pci_config_write32(f->at, VMD_BRIDGE_MEMORY, VMD_BRIDGE_CLOSED);
    }
    confine_prefetch(d, f, diag);
    w = windows_of(f->at);
    if (strays(d, vmd_bridge_memory(&w)) || (w.prefetch != 0 && strays(d, vmd_bridge_prefetch(&w)))) {
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
