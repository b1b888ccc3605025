/* SPDX-License-Identifier: GPL-2.0-only
 * Walking capability chains that cannot be trusted to be well formed (PCI 3.0 6.7, PCIe 6.0 7.6.3). */
#include "drivers/pci_caps.h"

#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"

static uint32_t image_read32(const void *context, uint16_t offset)
{
    const struct pci_image *image = context;
    if (offset + 4u > image->length) {
        return UINT32_MAX;
    }
    const uint8_t *b = image->bytes + offset;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

struct pci_reader pci_reader_image(const struct pci_image *image)
{
    return (struct pci_reader){image_read32, image};
}

static uint32_t live_read32(const void *context, uint16_t offset)
{
    const struct sbdf *at = context;
    return pci_config_read32(*at, offset);
}

struct pci_reader pci_reader_live(const struct sbdf *at)
{
    return (struct pci_reader){live_read32, at};
}

uint32_t pci_reader_u32(const struct pci_reader *reader, uint16_t offset)
{
    return reader->read32(reader->context, offset & 0xffc);
}

uint16_t pci_reader_u16(const struct pci_reader *reader, uint16_t offset)
{
    return (uint16_t)(pci_reader_u32(reader, offset) >> (8 * (offset & 2)));
}

uint8_t pci_reader_u8(const struct pci_reader *reader, uint16_t offset)
{
    return (uint8_t)(pci_reader_u32(reader, offset) >> (8 * (offset & 3)));
}

static uint16_t chain_head(const struct pci_reader *reader)
{
    uint16_t status = pci_reader_u16(reader, PCI_STATUS);
    if ((status & PCI_STATUS_CAPABILITIES) == 0 || status == UINT16_MAX) {
        return 0;
    }
    bool cardbus = (pci_reader_u8(reader, PCI_HEADER_TYPE) & ~PCI_HEADER_MULTIFUNCTION) == 2;
    return pci_reader_u8(reader, cardbus ? PCI_CAPABILITIES_CARDBUS : PCI_CAPABILITIES);
}

struct pci_cap_walk pci_caps_start(const struct pci_reader *reader, struct sbdf at, struct diag_list *diag)
{
    return (struct pci_cap_walk){.reader = reader, .at = at, .diag = diag, .next = chain_head(reader)};
}

struct pci_cap_walk pci_ext_caps_start(const struct pci_reader *reader, struct sbdf at, struct diag_list *diag)
{
    uint32_t first = pci_reader_u32(reader, PCI_EXT_FIRST);
    bool any = first != 0 && first != UINT32_MAX;
    return (struct pci_cap_walk){
        .reader = reader, .at = at, .diag = diag, .extended = true, .next = any ? PCI_EXT_FIRST : 0};
}

static void complain(const struct pci_cap_walk *walk, uint16_t offset, const char *what)
{
    if (walk->diag == NULL) {
        return;
    }
    char where[SBDF_TEXT_SIZE];
    diag_add(walk->diag, walk->extended ? PCI_DIAG_EXT_CHAIN : PCI_DIAG_CAP_CHAIN, DIAG_WARNING,
             sbdf_text(walk->at, where), "update the device's firmware; what follows in the chain is not used",
             "%s chain %s at offset 0x%x", walk->extended ? "extended capability" : "capability", what, offset);
}

/* Ends the walk unless `offset` may hold a capability not seen before. */
static bool visit(struct pci_cap_walk *walk, uint16_t offset)
{
    uint16_t first = walk->extended ? PCI_EXT_FIRST : PCI_CAPS_FIRST;
    uint16_t end = walk->extended ? PCI_CONFIG_BYTES_EXT : PCI_CONFIG_BYTES;
    unsigned dword = offset / 4;
    if (offset < first || offset >= end) {
        complain(walk, offset, "leaves its range");
        return false;
    }
    if ((walk->visited[dword / 64] & BIT64(dword % 64)) != 0) {
        complain(walk, offset, "loops");
        return false;
    }
    walk->visited[dword / 64] |= BIT64(dword % 64);
    return true;
}

/* The low two bits of a pointer are reserved and masked by software (PCI 3.0 6.7, PCIe 6.0 7.6.3). */
static uint16_t aligned(const struct pci_cap_walk *walk, uint16_t pointer)
{
    if ((pointer & 3) != 0) {
        complain(walk, pointer, "has reserved pointer bits set");
    }
    return pointer & 0xffc;
}

static bool next_plain(struct pci_cap_walk *walk, uint16_t offset, struct pci_cap *out)
{
    uint16_t header = pci_reader_u16(walk->reader, offset);
    if (header == UINT16_MAX) {
        complain(walk, offset, "leads to nothing");
        return false;
    }
    *out = (struct pci_cap){.id = header & 0xff, .offset = offset};
    walk->next = header >> 8;
    return true;
}

static bool next_extended(struct pci_cap_walk *walk, uint16_t offset, struct pci_cap *out)
{
    uint32_t header = pci_reader_u32(walk->reader, offset);
    if (header == UINT32_MAX) {
        complain(walk, offset, "leads to nothing");
        return false;
    }
    *out = (struct pci_cap){.id = header & 0xffff, .offset = offset, .version = (uint8_t)bits_get(header, 19, 16)};
    walk->next = (uint16_t)bits_get(header, 31, 20);
    return true;
}

bool pci_caps_next(struct pci_cap_walk *walk, struct pci_cap *out)
{
    if (walk->next == 0) {
        return false;
    }
    uint16_t offset = aligned(walk, walk->next);
    walk->next = 0;
    if (offset == 0 || !visit(walk, offset)) {
        return false;
    }
    return walk->extended ? next_extended(walk, offset, out) : next_plain(walk, offset, out);
}

/* Bytes of a capability's fixed part, 0 for kinds this software does not use. */
static unsigned fixed_bytes(bool extended, uint16_t id)
{
    static const struct {
        bool extended;
        uint8_t id;
        uint8_t bytes;
    } table[] = {
        {false, PCI_CAP_PM, 8},          {false, PCI_CAP_MSI, 10},  {false, PCI_CAP_VENDOR, 3},
        {false, PCI_CAP_EXPRESS, 20},    {false, PCI_CAP_MSIX, 12}, {false, PCI_CAP_AF, 6},
        {false, PCI_CAP_BRIDGE_SSID, 8}, {true, PCI_EXT_AER, 0x2c}, {true, PCI_EXT_ACS, 8},
        {true, PCI_EXT_ARI, 8},          {true, PCI_EXT_ATS, 8},    {true, PCI_EXT_SRIOV, 0x40},
        {true, PCI_EXT_PRI, 0x10},       {true, PCI_EXT_PASID, 8},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        if (table[i].extended == extended && table[i].id == id) {
            return table[i].bytes;
        }
    }
    return 0;
}

/* MSI grows with its flags (PCI 3.0 6.8.1), PCI Express with its version and port type (PCIe 6.0 7.5.3). */
static unsigned bytes_needed(const struct pci_cap_walk *walk, const struct pci_cap *cap)
{
    unsigned bytes = fixed_bytes(walk->extended, cap->id);
    uint16_t flags = (uint16_t)(pci_reader_u32(walk->reader, cap->offset) >> 16);
    if (!walk->extended && cap->id == PCI_CAP_MSI) {
        bytes += (flags & PCI_MSI_64BIT) != 0 ? 4 : 0;
        bytes += (flags & PCI_MSI_MASKING) != 0 ? 10 : 0;
    }
    if (!walk->extended && cap->id == PCI_CAP_EXPRESS) {
        bool has_root = bits_get(flags, 7, 4) == PCI_EXPRESS_ROOT_PORT;
        bytes = bits_get(flags, 3, 0) >= 2 ? 0x3c : has_root ? 0x24 : bytes;
    }
    return bytes;
}

static uint16_t *slot_plain(struct pci_cap_offsets *offsets, uint16_t id)
{
    switch (id) {
    case PCI_CAP_PM:
        return &offsets->pm;
    case PCI_CAP_MSI:
        return &offsets->msi;
    case PCI_CAP_VENDOR:
        return &offsets->vendor;
    case PCI_CAP_BRIDGE_SSID:
        return &offsets->bridge_ssid;
    case PCI_CAP_EXPRESS:
        return &offsets->express;
    case PCI_CAP_MSIX:
        return &offsets->msix;
    case PCI_CAP_AF:
        return &offsets->af;
    default:
        return NULL;
    }
}

static uint16_t *slot_extended(struct pci_cap_offsets *offsets, uint16_t id)
{
    switch (id) {
    case PCI_EXT_AER:
        return &offsets->aer;
    case PCI_EXT_ACS:
        return &offsets->acs;
    case PCI_EXT_ARI:
        return &offsets->ari;
    case PCI_EXT_ATS:
        return &offsets->ats;
    case PCI_EXT_PRI:
        return &offsets->pri;
    case PCI_EXT_PASID:
        return &offsets->pasid;
    case PCI_EXT_SRIOV:
        return &offsets->sriov;
    default:
        return NULL;
    }
}

static void note(const struct pci_cap_walk *walk, const struct pci_cap *cap, struct pci_cap_offsets *offsets)
{
    uint16_t *slot = walk->extended ? slot_extended(offsets, cap->id) : slot_plain(offsets, cap->id);
    if (slot == NULL || *slot != 0) {
        return;
    }
    unsigned end = walk->extended ? PCI_CONFIG_BYTES_EXT : PCI_CONFIG_BYTES;
    unsigned bytes = bytes_needed(walk, cap);
    if (cap->offset + bytes <= end) {
        *slot = cap->offset;
        return;
    }
    if (walk->diag != NULL) {
        char where[SBDF_TEXT_SIZE];
        diag_add(walk->diag, PCI_DIAG_CAP_SHORT, DIAG_WARNING, sbdf_text(walk->at, where),
                 "update the device's firmware; the capability is not used",
                 "capability 0x%x at offset 0x%x needs %u bytes and does not fit", cap->id, cap->offset, bytes);
    }
}

struct pci_cap_offsets pci_caps_find(const struct pci_reader *reader, struct sbdf at, struct diag_list *diag)
{
    struct pci_cap_offsets offsets = {0};
    struct pci_cap cap;
    struct pci_cap_walk walk = pci_caps_start(reader, at, diag);
    while (pci_caps_next(&walk, &cap)) {
        note(&walk, &cap, &offsets);
    }
    if (offsets.express == 0) {
        return offsets; /* no more than 256 bytes: what lies beyond may be anything */
    }
    walk = pci_ext_caps_start(reader, at, diag);
    while (pci_caps_next(&walk, &cap)) {
        note(&walk, &cap, &offsets);
    }
    return offsets;
}
