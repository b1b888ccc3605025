/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's view of configuration space (PCI 3.0 6.1, 6.7; PCIe 6.0 7.5). */
#include "guest/pci_view.h"

#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "kernel/core/pages.h"
#include "kernel/hw/pci_config.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

enum treatment {
    TREAT_PM,       /* power state is kept, never passed on */
    TREAT_MSI,      /* emulated */
    TREAT_MSIX,     /* emulated */
    TREAT_EXPRESS,  /* shown as an integrated endpoint, control registers are kept */
    TREAT_READ_ONLY /* the device answers, writes vanish */
};

/* Capabilities a guest gets. All others (VPD, vendor-specific, AF, debug port, unknown ones) are hidden, and so is
 * every extended capability. */
struct capability_rule {
    uint8_t id;
    uint8_t size; /* bytes shown; 0: as the device's registers say */
    enum treatment treatment;
};
static const struct capability_rule capability_rules[] = {
    {PCI_CAP_PM, 8, TREAT_PM},      {PCI_CAP_MSI, 0, TREAT_MSI}, {PCI_CAP_EXPRESS, 0, TREAT_EXPRESS},
    {PCI_CAP_MSIX, 12, TREAT_MSIX}, {0x12, 8, TREAT_READ_ONLY}, /* SATA */
};

/* Bits of the header that a guest may write: command (memory, bus master, parity, SERR, INTx disable), cache line
 * size, interrupt line. BARs are handled by guest/pci_bar.h. */
#define COMMAND_WRITABLE 0x0546

/* Express capability, offsets and fields. */
#define DEVCAP_FLR BIT32(28)
#define DEVCTL_WRITABLE 0x7fff /* all but the reset bit: kept, not passed on */
#define EXPRESS_LINK_FIRST 0x0c
#define EXPRESS_LINK2_FIRST 0x2c
#define DEVCTL2_WRITABLE 0x001f

enum status pci_view_init(struct pci_view *view)
{
    uint8_t **parts[] = {&view->value, &view->writable, &view->hardware};
    *view = (struct pci_view){0};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        struct hpa page;
        enum status status = pages_alloc(&page);
        if (status != STATUS_OK) {
            pci_view_free(view);
            return status;
        }
        *parts[i] = phys_to_virt(page);
    }
    return STATUS_OK;
}

void pci_view_free(struct pci_view *view)
{
    uint8_t *parts[] = {view->value, view->writable, view->hardware};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        if (parts[i] != NULL) {
            pages_free(virt_to_phys(parts[i]), PAGE_SIZE);
        }
    }
    *view = (struct pci_view){0};
}

uint32_t pci_view_get(const struct pci_view *view, uint16_t offset, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)view->value[offset + i] << (8 * i);
    }
    return value;
}

void pci_view_set(struct pci_view *view, uint16_t offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        view->value[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

static void set_writable(struct pci_view *view, uint16_t offset, unsigned width, uint32_t bits)
{
    for (unsigned i = 0; i < width; i++) {
        view->writable[offset + i] = (uint8_t)(bits >> (8 * i));
    }
}

static uint32_t hardware_read(struct sbdf at, uint16_t offset, unsigned width)
{
    return width == 4   ? pci_config_read32(at, offset)
           : width == 2 ? pci_config_read16(at, offset)
                        : pci_config_read8(at, offset);
}

uint32_t pci_view_read(const struct pci_view *view, struct sbdf at, uint16_t offset, unsigned width)
{
    uint32_t value = pci_view_get(view, offset, width);
    uint32_t mask = 0;
    for (unsigned i = 0; i < width; i++) {
        mask |= (uint32_t)view->hardware[offset + i] << (8 * i);
    }
    return mask == 0 ? value : (value & ~mask) | (hardware_read(at, offset, width) & mask);
}

void pci_view_write(struct pci_view *view, uint16_t offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t bits = view->writable[offset + i];
        uint8_t byte = (uint8_t)(value >> (8 * i));
        view->value[offset + i] = (uint8_t)((view->value[offset + i] & ~bits) | (byte & bits));
    }
}

static const struct capability_rule *find_rule(uint8_t id)
{
    for (size_t i = 0; i < ARRAY_LENGTH(capability_rules); i++) {
        if (capability_rules[i].id == id) {
            return &capability_rules[i];
        }
    }
    return NULL;
}

static void copy_bytes(struct pci_view *view, struct sbdf at, uint16_t offset, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        view->value[offset + i] = pci_config_read8(at, (uint16_t)(offset + i));
    }
}

/* MSI: one vector; 64-bit address and masks as the device has them (PCI 3.0 6.8.1). */
static void show_msi(struct pci_view *view, struct sbdf at, uint16_t offset)
{
    uint16_t control = pci_config_read16(at, offset + 2);
    bool wide = (control & BIT32(7)) != 0;
    bool masks = (control & BIT32(8)) != 0;
    uint16_t data = (uint16_t)(offset + (wide ? 12 : 8));
    pci_view_set(view, offset + 2, 2, control & 0x0180);
    set_writable(view, offset + 2, 2, 0x0001);
    set_writable(view, offset + 4, 4, 0xfffffffc);
    if (wide) {
        set_writable(view, offset + 8, 4, 0xffffffff);
    }
    set_writable(view, data, 2, 0xffff);
    if (masks) {
        set_writable(view, data + 4, 4, 0x00000001);
    }
    view->msi = offset;
}

static void show_msix(struct pci_view *view, struct sbdf at, uint16_t offset)
{
    copy_bytes(view, at, offset + 2, 10);
    pci_view_set(view, offset + 2, 2, pci_config_read16(at, offset + 2) & 0x07ff);
    set_writable(view, offset + 2, 2, 0xc000); /* enable, function mask */
    view->msix = offset;
}

/* Version 1 ends after the device's registers in an endpoint; what follows may be another's (PCIe 1.1 7.8). */
static unsigned express_size(struct sbdf at, uint16_t offset)
{
    return bits_get(pci_config_read16(at, offset + PCI_EXP_FLAGS), 3, 0) >= 2 ? 0x3c : 0x14;
}

static void show_express(struct pci_view *view, struct sbdf at, uint16_t offset)
{
    uint32_t flags = pci_config_read16(at, offset + PCI_EXP_FLAGS);
    copy_bytes(view, at, offset + 2, express_size(at, offset) - 2);
    pci_view_set(view, offset + PCI_EXP_FLAGS, 2, (uint32_t)bits_set(flags, 7, 4, PCI_EXPRESS_RC_ENDPOINT));
    uint32_t devcap = pci_view_get(view, offset + PCI_EXP_DEVCAP, 4);
    pci_view_set(view, offset + PCI_EXP_DEVCAP, 4, devcap & ~DEVCAP_FLR);
    set_writable(view, offset + PCI_EXP_DEVCTL, 2, DEVCTL_WRITABLE);
    pci_view_set(view, offset + PCI_EXP_DEVCTL + 2, 2, 0);                           /* status: no errors seen */
    memset(view->value + offset + EXPRESS_LINK_FIRST, 0, 0x14 - EXPRESS_LINK_FIRST); /* integrated: no link */
    if (express_size(at, offset) > 0x14) {
        memset(view->value + offset + 0x14, 0, 0x24 - 0x14);
        memset(view->value + offset + EXPRESS_LINK2_FIRST, 0, 0x3c - EXPRESS_LINK2_FIRST);
        set_writable(view, offset + PCI_EXP_DEVCTL2, 2, DEVCTL2_WRITABLE);
    }
    view->express = offset;
}

static void show_pm(struct pci_view *view, struct sbdf at, uint16_t offset)
{
    pci_view_set(view, offset + 2, 2, pci_config_read16(at, offset + 2) & 0x0007); /* version; no PME, no D1, D2 */
    pci_view_set(view, offset + 4, 2, 0x0008);                                     /* D0, no soft reset */
    set_writable(view, offset + 4, 2, 0x0003);
    view->pm = offset;
}

static void show_capability(struct pci_view *view, struct sbdf at, const struct capability_rule *rule, uint16_t offset)
{
    switch (rule->treatment) {
    case TREAT_PM:
        show_pm(view, at, offset);
        break;
    case TREAT_MSI:
        show_msi(view, at, offset);
        break;
    case TREAT_MSIX:
        show_msix(view, at, offset);
        break;
    case TREAT_EXPRESS:
        show_express(view, at, offset);
        break;
    case TREAT_READ_ONLY:
        memset(view->hardware + offset + 2, 0xff, rule->size - 2u);
        break;
    }
}

/* PCI 3.0 6.8.1: 10 bytes, 4 more with a 64-bit address, 10 more with masks. */
static unsigned msi_size(struct sbdf at, uint16_t offset)
{
    uint16_t control = pci_config_read16(at, offset + PCI_MSI_CONTROL);
    return 10 + ((control & PCI_MSI_64BIT) != 0 ? 4 : 0) + ((control & PCI_MSI_MASKING) != 0 ? 10 : 0);
}

static unsigned rule_size(const struct capability_rule *rule, struct sbdf at, uint16_t offset)
{
    if (rule->size != 0) {
        return rule->size;
    }
    return rule->treatment == TREAT_MSI ? msi_size(at, offset) : express_size(at, offset);
}

/* Take the bytes for one capability. False: they are not all in config space, or a broken device lets two
 * capabilities overlap; the second one is hidden, so that no byte has two meanings. */
static bool claim(uint64_t claimed[4], uint16_t offset, unsigned size)
{
    if (offset + size > PCI_CONFIG_BYTES) {
        return false;
    }
    for (unsigned i = offset; i < offset + size; i++) {
        if ((claimed[i / 64] & BIT64(i % 64)) != 0) {
            return false;
        }
    }
    for (unsigned i = offset; i < offset + size; i++) {
        claimed[i / 64] |= BIT64(i % 64);
    }
    return true;
}

/* Chain the capabilities that are shown, in the device's order, the first of each kind. The pointer to the next one is
 * written when it is known, so that the chain never leads to a hidden one. */
static void show_capabilities(struct pci_view *view, const struct pci_function *host)
{
    struct pci_reader reader = pci_reader_live(&host->at);
    struct pci_cap_walk walk = pci_caps_start(&reader, host->at, NULL);
    struct pci_cap cap;
    uint64_t claimed[4] = {0};
    unsigned seen = 0;
    uint16_t link = PCI_CAPABILITIES;
    while (pci_caps_next(&walk, &cap)) {
        const struct capability_rule *rule = find_rule((uint8_t)cap.id);
        if (rule == NULL || (seen & 1u << rule->treatment) != 0 ||
            !claim(claimed, cap.offset, rule_size(rule, host->at, cap.offset))) {
            continue;
        }
        seen |= 1u << rule->treatment;
        view->value[link] = (uint8_t)cap.offset;
        view->value[cap.offset] = (uint8_t)cap.id;
        link = (uint16_t)(cap.offset + 1);
        show_capability(view, host->at, rule, cap.offset);
    }
    if (link != PCI_CAPABILITIES) {
        view->value[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    }
}

void pci_view_of_function(struct pci_view *view, const struct pci_function *host)
{
    memset(view->value, 0, PCI_VIEW_SIZE);
    memset(view->writable, 0, PCI_VIEW_SIZE);
    memset(view->hardware, 0, PCI_VIEW_SIZE);
    view->msi = view->msix = view->express = view->pm = 0;
    pci_view_set(view, PCI_VENDOR, 2, host->vendor);
    pci_view_set(view, PCI_DEVICE, 2, host->device);
    pci_view_set(view, PCI_REVISION, 4, host->class_code << 8 | host->revision);
    pci_view_set(view, PCI_SUBSYSTEM, 2, host->subsystem_vendor);
    pci_view_set(view, PCI_SUBSYSTEM + 2, 2, host->subsystem);
    set_writable(view, PCI_COMMAND, 2, COMMAND_WRITABLE);
    set_writable(view, PCI_CACHE_LINE, 1, 0xff);
    set_writable(view, PCI_INTERRUPT_LINE, 1, 0xff);
    show_capabilities(view, host);
}

void pci_view_of_host_bridge(struct pci_view *view)
{
    pci_view_set(view, PCI_VENDOR, 2, 0x1b36); /* Red Hat's "QEMU PCIe Host bridge": no driver binds to it */
    pci_view_set(view, PCI_DEVICE, 2, 0x0008);
    pci_view_set(view, PCI_REVISION, 4, 0x06000000);
}
