/* SPDX-License-Identifier: GPL-2.0-only
 * BARs and ROMs of assigned functions (PCI 3.0 6.2.5). */
#include "guest/pci_function_bars.h"

#include "drivers/pci_regs.h"
#include "kernel/core/log.h"
#include "kernel/lib/bits.h"

static uint64_t trapped_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    const struct guest_pci_trap *trap = context;
    struct guest_pci_function *f = trap->function;
    (void)now_ns;
    if (trap->bar == GUEST_PCI_ROM) {
        return guest_rom_read(&f->rom, offset, width);
    }
    if (f->vmd != NULL) {
        return guest_vmd_read(f->vmd, trap->bar, offset, width);
    }
    bool table = f->msix.host != NULL && f->msix.table.table_bar == trap->bar;
    return table ? guest_msix_read(&f->msix, offset, width) : guest_bar_pass_read(&f->bars[trap->bar], offset, width);
}

static void trapped_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    const struct guest_pci_trap *trap = context;
    struct guest_pci_function *f = trap->function;
    (void)now_ns;
    if (trap->bar == GUEST_PCI_ROM) {
        return; /* read-only */
    }
    if (f->vmd != NULL) {
        guest_vmd_write(f->vmd, trap->bar, offset, width, value);
        return;
    }
    if (f->msix.host != NULL && f->msix.table.table_bar == trap->bar) {
        guest_msix_write(&f->msix, offset, width, value);
    } else {
        guest_bar_pass_write(&f->bars[trap->bar], offset, width, value);
    }
}

static void warn(const struct guest_pci_function *f, const char *what, enum status status)
{
    char text[SBDF_TEXT_SIZE];
    log_warn("pci: %s: %s: %s", sbdf_text(f->host->at, text), what, status_text(status));
}

static void warn_lost(struct guest_pci_function *f, unsigned i)
{
    char text[SBDF_TEXT_SIZE];
    if (!f->warned_lost) {
        f->warned_lost = true;
        log_warn("pci: %s: the guest puts BAR %u to 0x%llx, where another one is: it stays unmapped meanwhile",
                 sbdf_text(f->host->at, text), i, (unsigned long long)f->bars[i].address);
    }
}

/* Does the guest let BAR i decode? */
static bool decodes(const struct guest_pci_function *f, unsigned i)
{
    return (pci_view_get(&f->view, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) != 0 && (i != GUEST_PCI_ROM || f->rom.enabled);
}

static enum status leave_places(struct guest_pci_function *f, const struct guest_bar_space *space, bool *shrank)
{
    enum status result = STATUS_OK;
    for (unsigned i = 0; i < GUEST_PCI_BARS; i++) {
        bool was = f->bars[i].mapped;
        enum status status = guest_bar_leave(&f->bars[i], space, decodes(f, i), shrank);
        f->left = f->left || (was && !f->bars[i].mapped);
        result = result == STATUS_OK ? status : result;
    }
    return result;
}

static enum status enter_places(struct guest_pci_function *f, const struct guest_bar_space *space, bool *shrank)
{
    enum status result = STATUS_OK;
    f->lost = false;
    for (unsigned i = 0; i < GUEST_PCI_BARS; i++) {
        enum status status = guest_bar_enter(&f->bars[i], space, decodes(f, i), shrank);
        if (status == STATUS_CONFLICT) {
            f->lost = true;
            warn_lost(f, i);
        } else {
            result = result == STATUS_OK ? status : result;
        }
    }
    return result;
}

/* All BARs of the function: one that moves away may make room for another. */
enum status pci_function_bars_apply(struct guest_pci_function *f)
{
    const struct guest_pci_config *c = f->config;
    const struct guest_bar_space space = {c->nested, c->domain, c->mmio, &c->windows};
    bool shrank = false;
    enum status left = leave_places(f, &space, &shrank);
    enum status entered = left == STATUS_OK ? enter_places(f, &space, &shrank) : left;
    if (shrank) {
        c->flush(c->context);
    }
    return entered;
}

void pci_function_bars_changed(struct guest_pci_function *f)
{
    enum status status = pci_function_bars_apply(f);
    if (status != STATUS_OK && !f->warned) {
        f->warned = true;
        warn(f, "a BAR could not be moved", status);
    }
}

/* The BAR behind register `index`, and which half it is. */
static struct guest_bar *bar_of(struct guest_pci_function *f, unsigned index, bool *upper)
{
    *upper = index > 0 && f->bars[index - 1].kind == PCI_BAR_MEM64;
    return &f->bars[*upper ? index - 1 : index];
}

static bool is_rom(uint16_t offset)
{
    return (offset & ~3u) == PCI_ROM;
}

bool pci_function_bars_has(uint16_t offset)
{
    return (offset >= PCI_BAR0 && offset < PCI_BAR0 + 4 * PCI_BARS) || is_rom(offset);
}

static uint32_t register_at(struct guest_pci_function *f, uint16_t offset)
{
    bool upper = false;
    if (is_rom(offset)) {
        return guest_rom_register(&f->rom, &f->bars[GUEST_PCI_ROM]);
    }
    const struct guest_bar *bar = bar_of(f, (offset - PCI_BAR0) / 4u, &upper);
    return guest_bar_register(bar, upper);
}

uint32_t pci_function_bars_read(struct guest_pci_function *f, uint16_t offset)
{
    return register_at(f, offset) >> (8 * (offset & 3u));
}

void pci_function_bars_write(struct guest_pci_function *f, uint16_t offset, unsigned width, uint32_t value)
{
    bool upper = false;
    unsigned low = 8 * (offset & 3u);
    uint32_t lanes = (uint32_t)MASK64(8 * width - 1, 0) << low;
    uint32_t whole = (register_at(f, offset) & ~lanes) | (value << low & lanes);
    if (is_rom(offset)) {
        guest_rom_write(&f->rom, &f->bars[GUEST_PCI_ROM], whole);
    } else {
        struct guest_bar *bar = bar_of(f, (offset - PCI_BAR0) / 4u, &upper);
        guest_bar_write(bar, upper, whole);
    }
    pci_function_bars_changed(f);
}

enum status pci_function_bars_make(struct guest_pci_function *f, uint64_t *next_low, uint64_t *next_high)
{
    uint64_t low = *next_low;
    uint64_t high = *next_high;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        enum status status = guest_bar_make(&f->host->bars[i], &f->bars[i]);
        uint64_t planned = f->device->plan->bars[i];
        if (status == STATUS_OK && planned != 0) {
            f->bars[i].address = planned;
        } else if (status == STATUS_OK) {
            status = guest_bar_place(&f->bars[i], &f->config->windows, &low, &high);
        }
        if (status != STATUS_OK) {
            return status;
        }
        f->first_address[i] = f->bars[i].address;
    }
    for (unsigned i = 0; i < GUEST_PCI_BARS; i++) {
        f->traps[i] = (struct guest_pci_trap){f, i};
        f->bars[i].trap = (struct bus_range){.read = trapped_read, .write = trapped_write, .context = &f->traps[i]};
    }
    *next_low = low;
    *next_high = high;
    return STATUS_OK;
}

void pci_function_bars_reset(struct guest_pci_function *f)
{
    f->rom.enabled = false;
    for (unsigned i = 0; i < GUEST_PCI_BARS; i++) {
        f->bars[i].address = f->first_address[i];
    }
}
