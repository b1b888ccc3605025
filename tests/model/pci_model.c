/* SPDX-License-Identifier: GPL-2.0-only
 * Bytes and masks of a configuration space. */
#include "tests/model/pci_model.h"

#include <string.h>

#include "kernel/lib/bits.h"

enum {
    IDS = 0x00,
    COMMAND = 0x04,
    STATUS = 0x06,
    REVISION = 0x08,
    CACHE_LINE = 0x0c,
    HEADER = 0x0e,
    BARS = 0x10,
    CAPABILITIES = 0x34,
    LINE = 0x3c,
    CAPABILITIES_FIRST = 0x80, /* below are the registers of a device's own */
    SPACE = 0x1000,
};
#define COMMAND_MEMORY 0x0002
#define COMMAND_MASTER 0x0004
#define COMMAND_WRITABLE 0x0546 /* memory, bus master, parity, SERR, INTx off */
#define STATUS_CAPABILITIES 0x0010

enum { CAP_POWER = 0x01, CAP_EXPRESS = 0x10, CAP_MSIX = 0x11 };
#define INTEGRATED 9 /* a root complex integrated endpoint has no link */
enum { POWER_BYTES = 8, EXPRESS_BYTES = 0x3c, MSIX_BYTES = 12 };

static bool inside(uint16_t offset, unsigned width)
{
    return (width == 1 || width == 2 || width == 4) && offset % width == 0 && offset + width <= PCI_MODEL_BYTES;
}

uint32_t pci_model_read(const struct pci_model *p, uint16_t offset, unsigned width)
{
    uint32_t value = 0;
    if (!inside(offset, width)) {
        bool empty = (width == 1 || width == 2 || width == 4) && offset % width == 0 && offset < SPACE;
        return empty ? 0 : (uint32_t)~0U;
    }
    memcpy(&value, &p->bytes[offset], width);
    return value;
}

void pci_model_write(struct pci_model *p, uint16_t offset, unsigned width, uint32_t value)
{
    if (!inside(offset, width)) {
        return;
    }
    for (unsigned i = 0; i < width; i++) {
        uint8_t mask = p->writable[offset + i];
        p->bytes[offset + i] = (uint8_t)((p->bytes[offset + i] & ~mask) | (value >> (8 * i) & mask));
    }
}

void pci_model_set(struct pci_model *p, uint16_t offset, unsigned width, uint32_t value)
{
    if (inside(offset, width)) {
        memcpy(&p->bytes[offset], &value, width);
    }
}

void pci_model_allow(struct pci_model *p, uint16_t offset, unsigned width, uint32_t mask)
{
    if (inside(offset, width)) {
        memcpy(&p->writable[offset], &mask, width);
    }
}

void pci_model_init(struct pci_model *p, uint16_t vendor, uint16_t device, uint32_t class_code, uint8_t header)
{
    memset(p, 0, sizeof(*p));
    p->next = CAPABILITIES_FIRST;
    pci_model_set(p, IDS, 4, (uint32_t)device << 16 | vendor);
    pci_model_set(p, REVISION, 4, class_code << 8 | 1);
    pci_model_set(p, HEADER, 1, header);
    pci_model_allow(p, COMMAND, 2, COMMAND_WRITABLE);
    pci_model_allow(p, CACHE_LINE, 1, 0xff);
    pci_model_allow(p, LINE, 1, 0xff);
}

void pci_model_bar(struct pci_model *p, unsigned index, uint64_t bytes, unsigned type)
{
    uint16_t at = (uint16_t)(BARS + 4 * index);
    pci_model_set(p, at, 4, type);
    pci_model_allow(p, at, 4, (uint32_t) ~(bytes - 1) & ~UINT32_C(0xf));
    if ((type & 4) != 0) {
        pci_model_allow(p, (uint16_t)(at + 4), 4, (uint32_t)(~(bytes - 1) >> 32));
    }
}

uint64_t pci_model_bar_address(const struct pci_model *p, unsigned index)
{
    uint16_t at = (uint16_t)(BARS + 4 * index);
    uint64_t low = pci_model_read(p, at, 4);
    uint64_t high = (low & 4) != 0 ? pci_model_read(p, (uint16_t)(at + 4), 4) : 0;
    return high << 32 | (low & ~UINT64_C(0xf));
}

uint8_t pci_model_add(struct pci_model *p, uint8_t id, unsigned bytes)
{
    uint8_t at = p->next;
    pci_model_set(p, p->last == 0 ? CAPABILITIES : (uint16_t)(p->last + 1), 1, at);
    pci_model_set(p, STATUS, 2, pci_model_read(p, STATUS, 2) | STATUS_CAPABILITIES);
    pci_model_set(p, at, 1, id);
    p->last = at;
    p->next = (uint8_t)align_up(at + bytes, 4);
    return at;
}

/* Version 2; a link of 4 lanes at 8 GT/s that is up (PCIe 4.0 7.5.3). */
uint8_t pci_model_add_express(struct pci_model *p, unsigned type, bool flr)
{
    uint8_t at = pci_model_add(p, CAP_EXPRESS, EXPRESS_BYTES);
    pci_model_set(p, (uint16_t)(at + 2), 2, type << 4 | 2);
    pci_model_set(p, (uint16_t)(at + 4), 4, (flr ? BIT32(28) : 0) | BIT32(15));
    pci_model_allow(p, (uint16_t)(at + 8), 2, 0x7fff);
    if (type != INTEGRATED) {
        pci_model_set(p, (uint16_t)(at + 0x0c), 4, 0x43);
        pci_model_set(p, (uint16_t)(at + 0x12), 2, 0x2043);
    }
    return at;
}

uint8_t pci_model_add_power(struct pci_model *p, bool no_soft_reset)
{
    uint8_t at = pci_model_add(p, CAP_POWER, POWER_BYTES);
    pci_model_set(p, (uint16_t)(at + 2), 2, 3);
    pci_model_set(p, (uint16_t)(at + 4), 2, no_soft_reset ? 8 : 0);
    pci_model_allow(p, (uint16_t)(at + 4), 2, 3);
    p->power = at;
    return at;
}

uint8_t pci_model_add_msix(struct pci_model *p, unsigned vectors, unsigned bar, uint32_t table, uint32_t pba)
{
    uint8_t at = pci_model_add(p, CAP_MSIX, MSIX_BYTES);
    pci_model_set(p, (uint16_t)(at + 2), 2, vectors - 1);
    pci_model_allow(p, (uint16_t)(at + 2), 2, 0xc000);
    pci_model_set(p, (uint16_t)(at + 4), 4, table | bar);
    pci_model_set(p, (uint16_t)(at + 8), 4, pba | bar);
    return at;
}

bool pci_model_awake(const struct pci_model *p)
{
    return p->power == 0 || (pci_model_read(p, (uint16_t)(p->power + 4), 2) & 3) == 0;
}

bool pci_model_decodes(const struct pci_model *p)
{
    return pci_model_awake(p) && (pci_model_read(p, COMMAND, 2) & COMMAND_MEMORY) != 0;
}

bool pci_model_masters(const struct pci_model *p)
{
    return pci_model_awake(p) && (pci_model_read(p, COMMAND, 2) & COMMAND_MASTER) != 0;
}
