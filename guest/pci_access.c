/* SPDX-License-Identifier: GPL-2.0-only
 * Reads and writes of configuration space by a guest. */
#include "guest/pci_access.h"

#include "drivers/pci_regs.h"
#include "guest/platform.h"
#include "kernel/lib/bits.h"

#define ADDRESS_ENABLE BIT32(31)
#define ADDRESS_WRITABLE UINT32_C(0x80fffffc) /* enable, bus, device, function, register */
#define ADDRESS_BYTES 4u
#define DATA_BYTES 4u
#define RESET_OFFSET (PLATFORM_RESET_PORT - PLATFORM_PCI_ADDRESS_PORT)

static struct guest_pci_function *function_at(struct guest_pci *pci, uint64_t bus, uint64_t devfn)
{
    unsigned device = (unsigned)(devfn >> 3);
    unsigned function = (unsigned)(devfn & 7);
    if (bus != 0 || (device == 0 && function != 0)) {
        return NULL;
    }
    return guest_pci_at(pci, device + GUEST_PCI_DEVICES * function);
}

/* The emulated function that answers there, or NULL. */
static struct pci_emulated *emulated_at(const struct guest_pci *pci, uint64_t bus, uint64_t devfn)
{
    return bus == 0 && (devfn & 7) == 0 ? pci->emulated[devfn >> 3] : NULL;
}

static bool has_more_functions(const struct guest_pci *pci, unsigned device)
{
    for (unsigned place = device + GUEST_PCI_DEVICES; device != 0 && place < GUEST_PCI_SLOTS;
         place += GUEST_PCI_DEVICES) {
        if (guest_pci_at(pci, place) != NULL) {
            return true;
        }
    }
    return false;
}

/* Which functions there are changes as they come and go: the header's bit for that is made when it is read. */
static uint32_t config_read(struct guest_pci *pci, uint64_t bus, uint64_t devfn, uint16_t offset, unsigned width)
{
    struct pci_emulated *emulated = emulated_at(pci, bus, devfn);
    struct guest_pci_function *f = function_at(pci, bus, devfn);
    if (f == NULL && emulated == NULL) {
        return UINT32_MAX;
    }
    uint32_t value =
        emulated != NULL ? pci_emulated_read(emulated, offset, width) : guest_pci_function_read(f, offset, width);
    bool header = offset <= PCI_HEADER_TYPE && offset + width > PCI_HEADER_TYPE;
    return header && has_more_functions(pci, (unsigned)(devfn >> 3))
               ? value | (uint32_t)PCI_HEADER_MULTIFUNCTION << (8 * (PCI_HEADER_TYPE - offset))
               : value;
}

static void emulated_write(struct guest_pci *pci, struct pci_emulated *f, uint16_t offset, unsigned width,
                           uint32_t value)
{
    pci_emulated_write(f, offset, width, value);
    if (f->left) {
        f->left = false;
        guest_pci_fill_places(pci);
    }
}

static void config_write(struct guest_pci *pci, uint64_t bus, uint64_t devfn, uint16_t offset, unsigned width,
                         uint32_t value)
{
    struct pci_emulated *emulated = emulated_at(pci, bus, devfn);
    struct guest_pci_function *f = function_at(pci, bus, devfn);
    if (emulated != NULL) {
        emulated_write(pci, emulated, offset, width, value);
        return;
    }
    if (f == NULL) {
        return;
    }
    guest_pci_function_write(f, offset, width, value);
    if (f->left) {
        f->left = false;
        guest_pci_fill_places(pci);
    }
}

/* --- ports */

/* Only dwords reach the address register; bytes next to it belong to whoever else is there. */
static uint64_t address_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    const struct bus_range *reset = &pci->config.reset_port;
    if (offset == 0 && width == ADDRESS_BYTES) {
        return pci->address;
    }
    if (offset == RESET_OFFSET && width == 1 && reset->read != NULL) {
        return reset->read(reset->context, 0, 1, now_ns);
    }
    return UINT64_MAX;
}

static void address_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    const struct bus_range *reset = &pci->config.reset_port;
    if (offset == 0 && width == ADDRESS_BYTES) {
        pci->address = (uint32_t)value & ADDRESS_WRITABLE;
    } else if (offset == RESET_OFFSET && width == 1 && reset->write != NULL) {
        reset->write(reset->context, 0, 1, value, now_ns);
    }
}

static uint16_t data_offset(const struct guest_pci *pci, uint64_t lane)
{
    return (uint16_t)(bits_get(pci->address, 7, 2) * 4 + lane);
}

static uint64_t data_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    (void)now_ns;
    if ((pci->address & ADDRESS_ENABLE) == 0) {
        return UINT64_MAX;
    }
    return config_read(pci, bits_get(pci->address, 23, 16), bits_get(pci->address, 15, 8), data_offset(pci, offset),
                       width);
}

static void data_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    (void)now_ns;
    if ((pci->address & ADDRESS_ENABLE) != 0) {
        config_write(pci, bits_get(pci->address, 23, 16), bits_get(pci->address, 15, 8), data_offset(pci, offset),
                     width, (uint32_t)value);
    }
}

/* --- ECAM: bus 27:20, device and function 19:12, register 11:0 (PCIe 6.0 7.2.2) */

static uint32_t ecam_read_part(struct guest_pci *pci, uint64_t at, unsigned width)
{
    return config_read(pci, at >> 20, bits_get(at, 19, 12), (uint16_t)bits_get(at, 11, 0), width);
}

static void ecam_write_part(struct guest_pci *pci, uint64_t at, unsigned width, uint32_t value)
{
    config_write(pci, at >> 20, bits_get(at, 19, 12), (uint16_t)bits_get(at, 11, 0), width, value);
}

static bool crosses_function(uint64_t offset, unsigned width)
{
    return bits_get(offset, 11, 0) + width > PCI_VIEW_SIZE;
}

static uint64_t ecam_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    (void)now_ns;
    if (crosses_function(offset, width)) {
        return UINT64_MAX;
    }
    if (width <= 4) {
        return ecam_read_part(pci, offset, width);
    }
    return ecam_read_part(pci, offset, 4) | (uint64_t)ecam_read_part(pci, offset + 4, 4) << 32;
}

static void ecam_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct guest_pci *pci = context;
    (void)now_ns;
    if (crosses_function(offset, width)) {
        return;
    }
    ecam_write_part(pci, offset, width <= 4 ? width : 4, (uint32_t)value);
    if (width > 4) {
        ecam_write_part(pci, offset + 4, 4, (uint32_t)(value >> 32));
    }
}

enum status guest_pci_access_add(struct guest_pci *pci)
{
    const struct bus_range address = {.base = PLATFORM_PCI_ADDRESS_PORT,
                                      .size = ADDRESS_BYTES,
                                      .widths = 1 | 2 | 4,
                                      .read = address_read,
                                      .write = address_write,
                                      .context = pci};
    const struct bus_range data = {.base = PLATFORM_PCI_DATA_PORT,
                                   .size = DATA_BYTES,
                                   .widths = 1 | 2 | 4,
                                   .read = data_read,
                                   .write = data_write,
                                   .context = pci};
    const struct bus_range ecam = {.base = GUEST_ECAM_START,
                                   .size = GUEST_ECAM_SIZE,
                                   .widths = 1 | 2 | 4 | 8,
                                   .read = ecam_read,
                                   .write = ecam_write,
                                   .context = pci};
    enum status status = bus_add(pci->config.ports, &address);
    if (status == STATUS_OK) {
        status = bus_add(pci->config.ports, &data);
    }
    return status == STATUS_OK ? bus_add(pci->config.mmio, &ecam) : status;
}

/* What was never registered is not there: nothing to do about it. */
static void remove_range(struct bus *bus, uint64_t base)
{
    enum status status = bus_remove(bus, base);
    (void)status;
}

void guest_pci_access_remove(struct guest_pci *pci)
{
    remove_range(pci->config.ports, PLATFORM_PCI_ADDRESS_PORT);
    remove_range(pci->config.ports, PLATFORM_PCI_DATA_PORT);
    remove_range(pci->config.mmio, GUEST_ECAM_START);
}
