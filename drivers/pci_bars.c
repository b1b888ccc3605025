/* SPDX-License-Identifier: GPL-2.0-only
 * Reading and sizing base address registers (PCI 3.0 6.2.5.1-2). */
#include "drivers/pci_bars.h"

#include "drivers/pci_caps.h"
#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"

#define BAR_IO BIT64(0)
#define BAR_PREFETCHABLE BIT64(3)
#define BAR_IO_ADDRESS MASK64(31, 2)
#define BAR_MEMORY_ADDRESS MASK64(63, 4)
#define ROM_ADDRESS MASK64(31, 11)
#define CLASS_HOST_BRIDGE 0x0600
#define ROM_INDEX PCI_BARS

unsigned pci_bars_of_header(uint8_t header)
{
    static const uint8_t bars[] = {6, 2, 1};
    return header < ARRAY_LENGTH(bars) ? bars[header] : 0;
}

/* Memory types (bits 2:1): 32 bits, below 1 MiB (old, treated as 32), 64 bits, reserved. */
static enum pci_bar_kind kind_of(uint32_t low)
{
    if ((low & BAR_IO) != 0) {
        return PCI_BAR_IO;
    }
    switch (bits_get(low, 2, 1)) {
    case 0:
    case 1:
        return PCI_BAR_MEM32;
    case 2:
        return PCI_BAR_MEM64;
    default:
        return PCI_BAR_NONE;
    }
}

/* The address bits of a kind, within its own width. */
static uint64_t address_mask(enum pci_bar_kind kind)
{
    if (kind == PCI_BAR_IO) {
        return BAR_IO_ADDRESS;
    }
    return kind == PCI_BAR_MEM64 ? BAR_MEMORY_ADDRESS : MASK64(31, 4);
}

/* Ends inside what its kind can address; the very end of 64 bits is left out, so that ends never wrap to 0. */
static bool fits(const struct pci_bar *bar)
{
    uint64_t limit = bar->kind == PCI_BAR_MEM64 ? UINT64_MAX : BIT64(32);
    uint64_t end = 0;
    return is_aligned(bar->address, bar->size) && !__builtin_add_overflow(bar->address, bar->size, &end) &&
           end <= limit;
}

enum status pci_bar_decode(uint64_t value, uint64_t mask, struct pci_bar *out)
{
    enum pci_bar_kind kind = kind_of((uint32_t)mask);
    *out = (struct pci_bar){0};
    if (kind == PCI_BAR_NONE) {
        return STATUS_BAD_FORMAT;
    }
    uint64_t bits = mask & address_mask(kind);
    if (bits == 0) {
        return mask == 0 ? STATUS_OK : STATUS_BAD_FORMAT;
    }
    /* A BAR of less than its full width (16 port bits, a 64-bit BAR of 4 GiB at most) reads 0 above: only the lowest
     * writable bit says the size, and all between it and the highest must be writable. */
    uint64_t size = bits & -bits;
    uint64_t top = bits + size;
    if ((top & (top - 1)) != 0) {
        return STATUS_BAD_FORMAT;
    }
    *out = (struct pci_bar){.kind = kind, .size = size, .address = value & address_mask(kind)};
    out->prefetchable = kind != PCI_BAR_IO && (mask & BAR_PREFETCHABLE) != 0;
    out->assigned = out->address != 0 && fits(out);
    return STATUS_OK;
}

/* From the value alone: an address without a size. Returns the registers used. */
static unsigned read_bar(const struct pci_reader *reader, struct pci_function *f, unsigned i, unsigned bars)
{
    uint32_t low = pci_reader_u32(reader, (uint16_t)(PCI_BAR0 + 4 * i));
    struct pci_bar *bar = &f->bars[i];
    bar->kind = low == 0 ? PCI_BAR_NONE : kind_of(low);
    if (bar->kind == PCI_BAR_NONE) {
        return 1;
    }
    uint64_t value = low;
    bool wide = bar->kind == PCI_BAR_MEM64;
    if (wide && i + 1 == bars) {
        *bar = (struct pci_bar){0};
        return 1;
    }
    if (wide) {
        value |= (uint64_t)pci_reader_u32(reader, (uint16_t)(PCI_BAR0 + 4 * (i + 1))) << 32;
        f->bars[i + 1] = (struct pci_bar){.kind = PCI_BAR_UPPER};
    }
    bar->address = value & address_mask(bar->kind);
    bar->assigned = bar->address != 0;
    bar->prefetchable = bar->kind != PCI_BAR_IO && (low & BAR_PREFETCHABLE) != 0;
    return wide ? 2 : 1;
}

static uint16_t rom_register(uint8_t header)
{
    return header == 0 ? PCI_ROM : header == 1 ? PCI_ROM_BRIDGE : 0;
}

static void complain(const struct pci_function *f, unsigned i, uint16_t code, const char *what, struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE];
    diag_add(diag, code, DIAG_WARNING, sbdf_text(f->at, where),
             "update the device's firmware; the register is hidden from guests", "BAR %u %s", i, what);
}

void pci_bars_read(const struct pci_reader *reader, struct pci_function *f, struct diag_list *diag)
{
    unsigned bars = pci_bars_of_header(f->header);
    for (unsigned i = 0; i < bars;) {
        unsigned used = read_bar(reader, f, i, bars);
        uint32_t low = pci_reader_u32(reader, (uint16_t)(PCI_BAR0 + 4 * i));
        if (low != 0 && f->bars[i].kind == PCI_BAR_NONE) {
            complain(f, i, PCI_DIAG_BAR_TYPE, "has a reserved type or lacks its upper half", diag);
        }
        i += used;
    }
    uint16_t rom = rom_register(f->header);
    uint32_t value = rom != 0 ? pci_reader_u32(reader, rom) : 0;
    if (value != 0 && value != UINT32_MAX) {
        f->rom = (struct pci_bar){.kind = PCI_BAR_MEM32, .address = value & ROM_ADDRESS};
        f->rom.assigned = f->rom.address != 0;
        f->rom_enabled = (value & PCI_ROM_ENABLE) != 0;
    }
}

/* Write ones, look, put the old value back. */
static uint32_t probe(struct sbdf at, uint16_t offset, uint32_t ones, uint32_t *value)
{
    *value = pci_config_read32(at, offset);
    pci_config_write32(at, offset, ones);
    uint32_t mask = pci_config_read32(at, offset);
    pci_config_write32(at, offset, *value);
    return mask;
}

/* BAR i from its value and its mask, high halves included where it is wide. */
static void put_bar(struct pci_function *f, unsigned i, uint64_t value, uint64_t mask, struct diag_list *diag)
{
    if (pci_bar_decode(value, mask, &f->bars[i]) != STATUS_OK) {
        complain(f, i, PCI_DIAG_BAR_SIZE, "is malformed: its size is no power of two, or its type reserved", diag);
    } else if (f->bars[i].address != 0 && !f->bars[i].assigned) {
        complain(f, i, PCI_DIAG_BAR_ALIGN, "holds an address that wraps around; it counts as unassigned", diag);
    }
}

/* Returns the registers used. */
static unsigned size_bar(struct pci_function *f, unsigned i, unsigned bars, struct diag_list *diag)
{
    uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * i);
    uint32_t low = 0;
    uint32_t high = 0;
    uint64_t mask = probe(f->at, offset, UINT32_MAX, &low);
    bool wide = kind_of((uint32_t)mask) == PCI_BAR_MEM64;
    f->bars[i] = (struct pci_bar){0};
    if (mask == UINT32_MAX || (wide && i + 1 == bars)) {
        complain(f, i, PCI_DIAG_BAR_TYPE, "has a reserved type or lacks its upper half", diag);
        return 1;
    }
    if (wide) {
        mask |= (uint64_t)probe(f->at, offset + 4, UINT32_MAX, &high) << 32;
        f->bars[i + 1] = (struct pci_bar){.kind = PCI_BAR_UPPER};
    }
    put_bar(f, i, (uint64_t)high << 32 | low, mask, diag);
    return wide ? 2 : 1;
}

/* The mask that hardware would read back: all ones above the size, and the type bits, which are read-only. */
static uint64_t mask_of(uint32_t low, uint64_t size)
{
    uint64_t type = low & ((low & BAR_IO) != 0 ? 3 : 0xf);
    bool wide = kind_of(low) == PCI_BAR_MEM64;
    return size == 0 ? 0 : (((0 - size) & (wide ? UINT64_MAX : UINT32_MAX)) | type);
}

/* Returns the registers used. */
static unsigned take_bar(struct pci_function *f, const struct pci_reader *reader, unsigned i, uint64_t size,
                         struct diag_list *diag)
{
    uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * i);
    uint32_t low = pci_reader_u32(reader, offset);
    bool wide = kind_of(low) == PCI_BAR_MEM64;
    f->bars[i] = (struct pci_bar){0};
    if (wide && i + 1 == pci_bars_of_header(f->header)) {
        complain(f, i, PCI_DIAG_BAR_TYPE, "has a reserved type or lacks its upper half", diag);
        return 1;
    }
    uint64_t value = low;
    if (wide) {
        value |= (uint64_t)pci_reader_u32(reader, offset + 4) << 32;
        f->bars[i + 1] = (struct pci_bar){.kind = PCI_BAR_UPPER};
    }
    put_bar(f, i, value, mask_of(low, size), diag);
    return wide ? 2 : 1;
}

static void put_rom(struct pci_function *f, uint32_t value, uint32_t size)
{
    f->rom = (struct pci_bar){.kind = PCI_BAR_MEM32, .size = size, .address = value & ROM_ADDRESS};
    f->rom.assigned = f->rom.address != 0 && fits(&f->rom);
}

static void size_rom(struct pci_function *f)
{
    uint16_t offset = rom_register(f->header);
    if (offset == 0) {
        return;
    }
    uint32_t value = 0;
    uint32_t bits = probe(f->at, offset, (uint32_t)ROM_ADDRESS, &value) & (uint32_t)ROM_ADDRESS;
    uint32_t size = bits & -bits;
    f->rom = (struct pci_bar){0};
    if (bits == 0 || (uint32_t)(bits + size) != 0) {
        return; /* no ROM: the other bits stuck at 0, or only some of them writable */
    }
    put_rom(f, value, size);
}

/* Host bridges decode what this code runs from; a bridge that decodes nothing cuts off what is behind it, so it is
 * asked only when it seems to have BARs of its own. */
static bool should_size(const struct pci_function *f)
{
    if ((f->blocked & PCI_BLOCKED_HEADER) != 0 || pci_class(f) == CLASS_HOST_BRIDGE) {
        return false;
    }
    return !f->bridge || f->bars[0].kind != PCI_BAR_NONE || f->bars[1].kind != PCI_BAR_NONE;
}

void pci_bars_size_function(struct pci_function *f, struct diag_list *diag)
{
    if (!should_size(f)) {
        return;
    }
    uint16_t command = pci_config_read16(f->at, PCI_COMMAND);
    pci_config_write16(f->at, PCI_COMMAND, (uint16_t)(command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)));
    unsigned bars = pci_bars_of_header(f->header);
    for (unsigned i = 0; i < bars;) {
        i += size_bar(f, i, bars, diag);
    }
    size_rom(f);
    pci_config_write16(f->at, PCI_COMMAND, command);
}

void pci_bars_take_sizes(struct pci_function *f, const struct pci_reader *reader, const uint64_t sizes[PCI_BARS + 1],
                         struct diag_list *diag)
{
    if (!should_size(f)) {
        return;
    }
    unsigned bars = pci_bars_of_header(f->header);
    for (unsigned i = 0; i < bars;) {
        i += take_bar(f, reader, i, sizes[i], diag);
    }
    uint64_t rom = sizes[ROM_INDEX];
    f->rom = (struct pci_bar){0};
    if (rom_register(f->header) != 0 && rom != 0 && rom <= ROM_ADDRESS && (rom & (rom - 1)) == 0) {
        uint32_t value = pci_reader_u32(reader, rom_register(f->header));
        put_rom(f, value, (uint32_t)rom);
    }
}

void pci_bars_size(struct pci_facts *facts, struct diag_list *diag)
{
    for (size_t i = 0; i < facts->count; i++) {
        pci_bars_size_function(&facts->functions[i], diag);
    }
}
