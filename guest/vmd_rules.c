/* SPDX-License-Identifier: GPL-2.0-only
 * The tables for functions behind VMD endpoints (PCI 3.0 6.8, PCI PM 1.2 3.2, PCIe 6.0 7.5). */
#include "guest/vmd_rules.h"

#include "drivers/pci_regs.h"

#define ALL UINT32_MAX

/* No wake-up events: there is nobody to send them to. Bridges stay awake: on their way back from sleep they would lose
 * what the hypervisor set in them, the visibility of retries before all (drivers/vmd_reset_ports.c). */
static const struct pci_rule_register pm[] = {
    {.name = "Capabilities", .offset = 2, .width = 2, .copied = 0x0607},
    {.name = "Control/Status",
     .offset = 4,
     .width = 2,
     .copied = 0x800b,
     .writable = PCI_PM_STATE,
     .not_in_bridges = PCI_PM_STATE,
     .cleared = PCI_PM_PME_STATUS},
};

/* Messages go to the endpoint, which picks one of its own MSI-X entries by the address: these hold ours alone. */
static const struct pci_rule_register msi[] = {
    {.name = "Control", .offset = 2, .width = 2, .copied = 0x01ff, .writable = PCI_MSI_ENABLE | PCI_MSI_MULTIPLE},
    {.name = "Address", .offset = 4, .width = 4, .copied = ALL, .writable = 0xfffffffc},
    {.name = "Data", .offset = 8, .width = 2, .copied = ALL, .writable = 0xffff, .lacks = PCI_MSI_64BIT},
    {.name = "Address, high", .offset = 8, .width = 4, .copied = ALL, .writable = ALL, .needs = PCI_MSI_64BIT},
    {.name = "Data", .offset = 12, .width = 2, .copied = ALL, .writable = 0xffff, .needs = PCI_MSI_64BIT},
    {.name = "Mask",
     .offset = 12,
     .width = 4,
     .copied = ALL,
     .writable = ALL,
     .needs = PCI_MSI_MASKING,
     .lacks = PCI_MSI_64BIT},
    {.name = "Pending", .offset = 16, .width = 4, .copied = ALL, .needs = PCI_MSI_MASKING, .lacks = PCI_MSI_64BIT},
    {.name = "Mask",
     .offset = 16,
     .width = 4,
     .copied = ALL,
     .writable = ALL,
     .needs = PCI_MSI_MASKING | PCI_MSI_64BIT},
    {.name = "Pending", .offset = 20, .width = 4, .copied = ALL, .needs = PCI_MSI_MASKING | PCI_MSI_64BIT},
};

/* The table itself is in a BAR of the function's, which is the guest's. */
static const struct pci_rule_register msix[] = {
    {.name = "Control",
     .offset = 2,
     .width = 2,
     .copied = PCI_MSIX_SIZE | PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL,
     .writable = PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL},
    {.name = "Table", .offset = PCI_MSIX_TABLE, .width = 4, .copied = ALL},
    {.name = "Pending bits", .offset = PCI_MSIX_PBA, .width = 4, .copied = ALL},
};

/* Errors are not reported upwards, phantom functions, no-snoop and what needs the root complex (LTR, OBFF, atomics,
 * ARI, 10-bit tags) are not offered; of slots the lights are the guest's, plugging is not. Links may be retrained and
 * disabled: what is behind them is the guest's too. How long a bridge waits for a function that does not answer is not
 * the guest's: a CPU waits with it. Function level reset only where DevCap says so (guest/vmd_child.c). */
#define EXPRESS_VERSION_2 0x0002
#define SLOT_LIGHTS 0x03c0 /* attention and power indicators */
static const struct pci_rule_register express[] = {
    {.name = "Flags", .offset = PCI_EXP_FLAGS, .width = 2, .copied = ALL},
    {.name = "Device capabilities", .offset = PCI_EXP_DEVCAP, .width = 4, .copied = 0xffffffe7},
    {.name = "Device control",
     .offset = PCI_EXP_DEVCTL,
     .width = 2,
     .copied = ALL,
     .writable = 0xf1f0,
     .not_in_bridges = PCI_DEVCTL_FLR},
    {.name = "Device status", .offset = PCI_EXP_DEVSTA, .width = 2, .copied = ALL, .cleared = 0x000f},
    {.name = "Link capabilities", .offset = PCI_EXP_LNKCAP, .width = 4, .copied = ALL},
    {.name = "Link control", .offset = PCI_EXP_LNKCTL, .width = 2, .copied = ALL, .writable = 0x01fb},
    {.name = "Link status", .offset = PCI_EXP_LNKSTA, .width = 2, .copied = ALL, .cleared = 0xc000},
    {.name = "Slot capabilities", .offset = 0x14, .width = 4, .copied = 0xfff80018},
    {.name = "Slot control", .offset = PCI_EXP_SLTCTL, .width = 2, .copied = SLOT_LIGHTS, .writable = SLOT_LIGHTS},
    {.name = "Slot status", .offset = 0x1a, .width = 2, .copied = 0x0040},
    {.name = "Root control, capabilities", .offset = PCI_EXP_ROOTCTL, .width = 4},
    {.name = "Root status", .offset = 0x20, .width = 4},
    {.name = "Device capabilities 2", .offset = 0x24, .width = 4, .copied = 0x1f, .needs = EXPRESS_VERSION_2},
    {.name = "Device control 2",
     .offset = PCI_EXP_DEVCTL2,
     .width = 2,
     .copied = 0x1f,
     .writable = 0x1f,
     .not_in_bridges = 0x1f,
     .needs = EXPRESS_VERSION_2},
    {.name = "Link capabilities 2", .offset = 0x2c, .width = 4, .copied = ALL, .needs = EXPRESS_VERSION_2},
    {.name = "Link control 2, status 2",
     .offset = PCI_EXP_LNKCTL2,
     .width = 4,
     .copied = ALL,
     .needs = EXPRESS_VERSION_2},
    {.name = "Slot, second part", .offset = 0x34, .width = 4, .needs = EXPRESS_VERSION_2},
};

#define EMULATED(table) .treatment = PCI_EMULATE, .registers = (table), .register_count = ARRAY_LENGTH(table)

static const struct pci_rule legacy[] = {
    {.id = PCI_CAP_PM, .name = "Power management", EMULATED(pm), .why = "the function's own power state"},
    {.id = PCI_CAP_MSI, .name = "MSI", EMULATED(msi), .why = "the endpoint turns it into one of its own messages"},
    {.id = PCI_CAP_BRIDGE_SSID,
     .treatment = PCI_PASS,
     .size = 8,
     .name = "Bridge subsystem",
     .why = "read-only, harmless"},
    {.id = PCI_CAP_EXPRESS, .name = "PCI Express", EMULATED(express), .why = "links and sizes are the domain's own"},
    {.id = PCI_CAP_MSIX, .name = "MSI-X", EMULATED(msix), .why = "the endpoint turns it into one of its own messages"},
};

/* Left out on purpose, beside what nobody knows: ATS, PRI, PASID (translated requests), SR-IOV, resizable BARs (they
 * change what decodes), multicast, ACS, DPC, and enhanced allocation among the others. */
static const struct pci_rule extended[] = {
    {.id = 0x0003, .treatment = PCI_PASS, .size = 12, .name = "Device serial number", .why = "read-only, harmless"},
};

const struct pci_rules guest_vmd_rules_legacy = {legacy, ARRAY_LENGTH(legacy)};
const struct pci_rules guest_vmd_rules_extended = {extended, ARRAY_LENGTH(extended)};

const struct pci_rule *guest_vmd_rule(bool extended_one, uint16_t id)
{
    return pci_rules_find(extended_one ? &guest_vmd_rules_extended : &guest_vmd_rules_legacy, id, 0);
}
