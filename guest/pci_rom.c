/* SPDX-License-Identifier: GPL-2.0-only
 * Copies of option ROMs. */
#include "guest/pci_rom.h"

#include "drivers/pci_regs.h"
#include "kernel/core/log.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/pages.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define NOTHING UINT32_MAX /* what nobody's addresses read */

static bool overlaps(const struct pci_bar *a, const struct pci_bar *b)
{
    bool memory = b->kind == PCI_BAR_MEM32 || b->kind == PCI_BAR_MEM64;
    return memory && b->assigned && b->size != 0 && a->address < b->address + b->size &&
           b->address < a->address + a->size;
}

/* A decoder that is off may hold any address. Anybody's BARs, its own too, and ROMs that are on. */
static bool is_taken(const struct pci_facts *facts, const struct pci_function *host)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        for (unsigned b = 0; b < PCI_BARS; b++) {
            if (!f->is_vmd_child && overlaps(&host->rom, &f->bars[b])) {
                return true;
            }
        }
        if (f != host && f->rom_enabled && overlaps(&host->rom, &f->rom)) {
            return true;
        }
    }
    return false;
}

static void read_rom(const struct pci_function *host, uint8_t *to)
{
    uint16_t command = pci_config_read16(host->at, PCI_COMMAND);
    pci_config_write16(host->at, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
    pci_config_write32(host->at, PCI_ROM, (uint32_t)host->rom.address | PCI_ROM_ENABLE);
    for (uint64_t at = 0; at < host->rom.size; at += 4) {
        uint32_t value = mmio_read32(hpa(host->rom.address + at));
        memcpy(to + at, &value, sizeof(value));
    }
    pci_config_write32(host->at, PCI_ROM, (uint32_t)host->rom.address);
    pci_config_write16(host->at, PCI_COMMAND, command);
}

static const char *why_not(const struct pci_facts *facts, const struct pci_function *host)
{
    if (!host->rom.assigned) {
        return "firmware gave it no address";
    }
    if (is_taken(facts, host)) {
        return "a BAR is at its address";
    }
    return mmio_map(hpa(host->rom.address), host->rom.size) != STATUS_OK ? "its address cannot be mapped" : NULL;
}

static void describe(struct guest_rom *rom, struct guest_bar *bar, uint64_t size)
{
    rom->bytes = size;
    bar->kind = PCI_BAR_MEM32;
    bar->size = size;
    bar->trap_start = 0;
    bar->trap_end = size;
}

enum status guest_rom_make(struct guest_rom *rom, struct guest_bar *bar, const struct pci_facts *facts,
                           const struct pci_function *host)
{
    char text[SBDF_TEXT_SIZE];
    uint32_t first = 0;
    *rom = (struct guest_rom){0};
    if (host->rom.kind != PCI_BAR_MEM32 || host->rom.size == 0) {
        return STATUS_OK;
    }
    const char *why = why_not(facts, host);
    if (why != NULL) {
        log_warn("pci: %s: its option ROM is not shown: %s", sbdf_text(host->at, text), why);
        return STATUS_OK;
    }
    enum status status = pages_alloc_block(align_up(host->rom.size, PAGE_SIZE), PAGE_SIZE, UINT64_MAX, &rom->copy);
    if (status != STATUS_OK) {
        return status;
    }
    read_rom(host, phys_to_virt(rom->copy));
    memcpy(&first, phys_to_virt(rom->copy), sizeof(first));
    if (first == NOTHING) {
        pages_free(rom->copy, align_up(host->rom.size, PAGE_SIZE));
        log_info("pci: %s: its option ROM is empty", sbdf_text(host->at, text));
        return STATUS_OK;
    }
    describe(rom, bar, host->rom.size);
    log_info("pci: %s: option ROM copied, %llu KiB", sbdf_text(host->at, text),
             (unsigned long long)(host->rom.size / KIB));
    return STATUS_OK;
}

void guest_rom_free(struct guest_rom *rom)
{
    if (rom->bytes != 0) {
        pages_free(rom->copy, align_up(rom->bytes, PAGE_SIZE));
    }
    *rom = (struct guest_rom){0};
}

uint64_t guest_rom_read(const struct guest_rom *rom, uint64_t offset, unsigned width)
{
    uint64_t value = 0;
    if (offset >= rom->bytes || width > rom->bytes - offset) {
        return UINT64_MAX;
    }
    memcpy(&value, (const uint8_t *)phys_to_virt(rom->copy) + offset, width);
    return value;
}

uint32_t guest_rom_register(const struct guest_rom *rom, const struct guest_bar *bar)
{
    return rom->bytes == 0 ? 0 : (uint32_t)bar->address | (rom->enabled ? (uint32_t)PCI_ROM_ENABLE : 0);
}

void guest_rom_write(struct guest_rom *rom, struct guest_bar *bar, uint32_t value)
{
    if (rom->bytes != 0) {
        rom->enabled = (value & PCI_ROM_ENABLE) != 0;
        guest_bar_write(bar, false, value);
    }
}
