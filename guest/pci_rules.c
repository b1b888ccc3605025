/* SPDX-License-Identifier: GPL-2.0-only
 * The tables of configuration space for guests (PCI 3.0 6.1, 6.8, appendix H; PCI PM 1.2 3.2; PCIe 6.0 7.5 to 7.9). */
#include "guest/pci_rules.h"

#include "drivers/pci.h"
#include "drivers/pci_regs.h"

#define VENDOR_VIRTIO 0x1af4

/* Memory decode, bus master, parity, SERR, INTx disable. Bus mastering and INTx disable reach the device. */
#define COMMAND_WRITABLE 0x0546

const struct pci_rule_register pci_rules_header[] = {
    {.name = "Command", .offset = PCI_COMMAND, .width = 2, .writable = COMMAND_WRITABLE},
    {.name = "Cache line size", .offset = PCI_CACHE_LINE, .width = 1, .writable = 0xff},
    {.name = "Interrupt line", .offset = PCI_INTERRUPT_LINE, .width = 1, .writable = 0xff},
};
const size_t pci_rules_header_count = ARRAY_LENGTH(pci_rules_header);

/* No D1, D2 or PME; D3hot is kept, so "no soft reset" is true. */
static const struct pci_rule_register pm[] = {
    {.name = "Capabilities", .offset = 2, .width = 2, .copied = 0x0007},
    {.name = "Control/Status", .offset = 4, .width = 2, .set = PCI_PM_NO_SOFT_RESET, .writable = PCI_PM_STATE},
    {.name = "Bridge extensions, data", .offset = 6, .width = 2},
};

/* One vector; a 64-bit address and masks as the device has them. */
static const struct pci_rule_register msi[] = {
    {.name = "Control", .offset = 2, .width = 2, .copied = 0x0180, .writable = PCI_MSI_ENABLE},
    {.name = "Address", .offset = 4, .width = 4, .writable = 0xfffffffc},
    {.name = "Data", .offset = 8, .width = 2, .writable = 0xffff, .lacks = PCI_MSI_64BIT},
    {.name = "Address, high", .offset = 8, .width = 4, .writable = 0xffffffff, .needs = PCI_MSI_64BIT},
    {.name = "Data", .offset = 12, .width = 2, .writable = 0xffff, .needs = PCI_MSI_64BIT},
    {.name = "Mask", .offset = 12, .width = 4, .writable = 1, .needs = PCI_MSI_MASKING, .lacks = PCI_MSI_64BIT},
    {.name = "Pending", .offset = 16, .width = 4, .needs = PCI_MSI_MASKING, .lacks = PCI_MSI_64BIT},
    {.name = "Mask", .offset = 16, .width = 4, .writable = 1, .needs = PCI_MSI_MASKING | PCI_MSI_64BIT},
    {.name = "Pending", .offset = 20, .width = 4, .needs = PCI_MSI_MASKING | PCI_MSI_64BIT},
};

static const struct pci_rule_register msix[] = {
    {.name = "Control",
     .offset = 2,
     .width = 2,
     .copied = PCI_MSIX_SIZE,
     .writable = PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL},
    {.name = "Table", .offset = PCI_MSIX_TABLE, .width = 4, .copied = 0xffffffff},
    {.name = "Pending bits", .offset = PCI_MSIX_PBA, .width = 4, .copied = 0xffffffff},
};

/* Shown as an integrated endpoint: a guest's bus has no ports and no links. Version 1 ends after the device's
 * registers in an endpoint (PCIe 1.1 7.8); what follows may be another's. Phantom functions, function level reset, LTR,
 * OBFF, atomics, TPH and 10-bit tags are not offered. */
#define EXPRESS_VERSION_2 0x0002
static const struct pci_rule_register express[] = {
    {.name = "Flags", .offset = PCI_EXP_FLAGS, .width = 2, .copied = 0x3e0f, .set = PCI_EXPRESS_RC_ENDPOINT << 4},
    {.name = "Device capabilities", .offset = PCI_EXP_DEVCAP, .width = 4, .copied = 0x00008fe7},
    {.name = "Device control", .offset = PCI_EXP_DEVCTL, .width = 2, .copied = 0x79f0, .writable = 0x79ff},
    {.name = "Device status", .offset = PCI_EXP_DEVSTA, .width = 2},
    {.name = "Link", .offset = 0x0c, .width = 4},
    {.name = "Link control, status", .offset = PCI_EXP_LNKCTL, .width = 4},
    {.name = "Device capabilities 2", .offset = 0x24, .width = 4, .copied = 0x1f, .needs = EXPRESS_VERSION_2},
    {.name = "Device control 2",
     .offset = PCI_EXP_DEVCTL2,
     .width = 2,
     .copied = 0x1f,
     .writable = 0x1f,
     .needs = EXPRESS_VERSION_2},
    {.name = "Slot status 2", .offset = 0x3a, .width = 2, .needs = EXPRESS_VERSION_2},
};

#define EMULATED(table) .treatment = PCI_EMULATE, .registers = (table), .register_count = ARRAY_LENGTH(table)

static const struct pci_rule legacy[] = {
    {.id = PCI_CAP_PM, .name = "Power management", EMULATED(pm), .why = "power states stay in the view"},
    {.id = 0x02, .name = "AGP", .why = "reaches the chipset"},
    {.id = 0x03, .name = "Vital product data", .why = "writes the device's own storage"},
    {.id = 0x04, .name = "Slot identification", .why = "of bridges"},
    {.id = PCI_CAP_MSI, .name = "MSI", EMULATED(msi), .why = "the device gets a remappable message of ours"},
    {.id = 0x06, .name = "CompactPCI hot swap", .why = "drives the slot"},
    {.id = 0x07, .name = "PCI-X", .why = "sets how the bus is used"},
    {.id = 0x08, .name = "HyperTransport", .why = "maps interrupts by itself"},
    {.id = PCI_CAP_VENDOR,
     .vendor = VENDOR_VIRTIO,
     .treatment = PCI_PASS,
     .name = "Vendor-specific, virtio",
     .why = "only says where in the BARs the registers are; the window it has into them is read-only"},
    {.id = PCI_CAP_VENDOR, .name = "Vendor-specific", .why = "nobody knows what it does"},
    {.id = 0x0a, .name = "Debug port", .why = "a port into a host controller"},
    {.id = 0x0b, .name = "CompactPCI resources", .why = "of the chassis"},
    {.id = 0x0c, .name = "Hot plug", .why = "of bridges"},
    {.id = PCI_CAP_BRIDGE_SSID, .name = "Bridge subsystem", .why = "of bridges"},
    {.id = 0x0e, .name = "AGP 8x", .why = "reaches the chipset"},
    {.id = 0x0f, .name = "Secure device", .why = "reaches the chipset"},
    {.id = PCI_CAP_EXPRESS,
     .name = "PCI Express",
     EMULATED(express),
     .why = "an integrated endpoint; payload sizes up to what the path is set to"},
    {.id = PCI_CAP_MSIX, .name = "MSI-X", EMULATED(msix), .why = "the device's table holds messages of ours alone"},
    {.id = 0x12, .treatment = PCI_PASS, .size = 8, .name = "SATA", .why = "only says where registers are"},
    {.id = PCI_CAP_AF, .name = "Advanced features", .why = "resets are the hypervisor's"},
    {.id = 0x14, .name = "Enhanced allocation", .why = "addresses that cannot move are not given"},
    {.id = 0x15, .name = "Flattening portal", .why = "of bridges"},
};

static const struct pci_rule extended[] = {
    {.id = PCI_EXT_AER, .name = "Advanced error reporting", .why = "errors are the hypervisor's"},
    {.id = 0x0002, .name = "Virtual channel", .why = "the path's, not the device's alone"},
    {.id = 0x0003, .treatment = PCI_PASS, .size = 12, .name = "Device serial number", .why = "read-only, harmless"},
    {.id = 0x0004, .name = "Power budgeting", .why = "the machine's power"},
    {.id = 0x0005, .name = "Root complex link declaration", .why = "of the root complex"},
    {.id = 0x0006, .name = "Root complex internal link", .why = "of the root complex"},
    {.id = 0x0007, .name = "Root complex event collector", .why = "of the root complex"},
    {.id = 0x0008, .name = "Multifunction virtual channel", .why = "the path's, not the device's alone"},
    {.id = 0x0009, .name = "Virtual channel", .why = "the path's, not the device's alone"},
    {.id = 0x000a, .name = "Root complex register block", .why = "of the root complex"},
    {.id = 0x000b, .name = "Vendor-specific", .why = "nobody knows what it does"},
    {.id = PCI_EXT_ACS, .name = "Access control services", .why = "isolation is the hypervisor's"},
    {.id = PCI_EXT_ARI, .name = "Alternative routing-ID", .why = "function numbers are the guest's bus's"},
    {.id = PCI_EXT_ATS, .name = "Address translation services", .why = "translated requests are not checked"},
    {.id = PCI_EXT_SRIOV, .name = "SR-IOV", .why = "makes further requester ids"},
    {.id = 0x0011, .name = "Multi-root I/O virtualization", .why = "makes further requester ids"},
    {.id = 0x0012, .name = "Multicast", .why = "writes go to several devices"},
    {.id = PCI_EXT_PRI, .name = "Page requests", .why = "pages of guests are always there"},
    {.id = 0x0015, .name = "Resizable BAR", .why = "real BARs never change"},
    {.id = 0x0016, .name = "Dynamic power allocation", .why = "the machine's power"},
    {.id = 0x0017, .name = "TPH requester", .why = "names CPUs of the machine"},
    {.id = 0x0018, .name = "Latency tolerance", .why = "the machine's power"},
    {.id = 0x0019, .name = "Secondary PCI Express", .why = "there is no link"},
    {.id = 0x001a, .name = "Protocol multiplexing", .why = "there is no link"},
    {.id = PCI_EXT_PASID, .name = "Process address spaces", .why = "tables are by requester id alone"},
    {.id = 0x001c, .name = "LN requester", .why = "messages from the root complex"},
    {.id = 0x001d, .name = "Downstream port containment", .why = "of ports"},
    {.id = 0x001e, .name = "L1 substates", .why = "there is no link"},
    {.id = 0x001f, .name = "Precision time", .why = "the path's, not the device's alone"},
    {.id = 0x0023, .name = "Designated vendor-specific", .why = "nobody knows what it does"},
    {.id = 0x0024, .name = "VF resizable BAR", .why = "real BARs never change"},
    {.id = 0x0025, .name = "Data link feature", .why = "there is no link"},
    {.id = 0x0026, .name = "Physical layer 16 GT/s", .why = "there is no link"},
    {.id = 0x0027, .name = "Lane margining", .why = "there is no link"},
    {.id = 0x0029, .name = "Native enclosure management", .why = "drives the enclosure"},
    {.id = 0x002a, .name = "Physical layer 32 GT/s", .why = "there is no link"},
    {.id = 0x002e, .name = "Data object exchange", .why = "a mailbox into the device's firmware"},
    {.id = 0x0030, .name = "Integrity and encryption", .why = "there is no link"},
};

const struct pci_rules pci_rules_legacy = {legacy, ARRAY_LENGTH(legacy)};
const struct pci_rules pci_rules_extended = {extended, ARRAY_LENGTH(extended)};

const struct pci_rule *pci_rules_find(const struct pci_rules *rules, uint16_t id, uint16_t vendor)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct pci_rule *rule = &rules->rules[i];
        if (rule->id == id && (rule->vendor == 0 || rule->vendor == vendor)) {
            return rule;
        }
    }
    return NULL;
}

unsigned pci_rule_size(const struct pci_rule *rule, uint16_t flags)
{
    if (rule->treatment == PCI_PASS) {
        return rule->size != 0 ? rule->size : flags & 0xff;
    }
    unsigned size = 0;
    for (size_t i = 0; i < rule->register_count; i++) {
        const struct pci_rule_register *r = &rule->registers[i];
        unsigned end = r->offset + r->width;
        size = pci_rule_applies(r, flags) && end > size ? end : size;
    }
    return size;
}
