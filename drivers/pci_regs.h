/* SPDX-License-Identifier: GPL-2.0-only
 * Configuration space registers (PCI 3.0 6.1, PCI-to-PCI Bridge 1.2 3.2, PCIe 6.0 7.5). */
#ifndef BULKHEAD_DRIVERS_PCI_REGS_H
#define BULKHEAD_DRIVERS_PCI_REGS_H

#include "kernel/lib/bits.h"

enum pci_header_register {
    PCI_VENDOR = 0x00,
    PCI_DEVICE = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08, /* revision 7:0, class code 31:8 */
    PCI_CACHE_LINE = 0x0c,
    PCI_LATENCY = 0x0d,
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_BUS_NUMBERS = 0x18, /* bridges: primary 7:0, secondary 15:8, subordinate 23:16 */
    PCI_SUBSYSTEM = 0x2c,   /* header 0: vendor 15:0, id 31:16 */
    PCI_ROM = 0x30,         /* header 0 */
    PCI_CAPABILITIES = 0x34,
    PCI_ROM_BRIDGE = 0x38,           /* header 1 */
    PCI_CAPABILITIES_CARDBUS = 0x14, /* header 2 */
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d, /* 1..4: INTA#..INTD# */
    PCI_BRIDGE_CONTROL = 0x3e,
    PCI_BRIDGE_MEMORY = 0x20,         /* header 1: base 31:20 in 15:4, limit 31:20 in 31:20 */
    PCI_BRIDGE_PREFETCH = 0x24,       /* likewise; bits 3:0 and 19:16 are 1 where there are the upper halves: */
    PCI_BRIDGE_PREFETCH_BASE = 0x28,  /* base 63:32 */
    PCI_BRIDGE_PREFETCH_LIMIT = 0x2c, /* limit 63:32 */
    PCI_CAPS_FIRST = 0x40,            /* capabilities may start here */
    PCI_EXT_FIRST = 0x100,            /* extended capabilities start here */
};

enum pci_command_bit {
    PCI_COMMAND_IO = 1 << 0,
    PCI_COMMAND_MEMORY = 1 << 1,
    PCI_COMMAND_BUS_MASTER = 1 << 2,
    PCI_COMMAND_SERR = 1 << 8,
    PCI_COMMAND_INTX_OFF = 1 << 10,
};

enum pci_bridge_control_bit {
    PCI_BRIDGE_SERR = 1 << 1,
    PCI_BRIDGE_RESET = 1 << 6, /* Secondary Bus Reset */
};

#define PCI_STATUS_CAPABILITIES BIT32(4)
#define PCI_HEADER_MULTIFUNCTION 0x80
#define PCI_ROM_ENABLE BIT32(0)

enum pci_cap_id {
    PCI_CAP_PM = 0x01,
    PCI_CAP_MSI = 0x05,
    PCI_CAP_VENDOR = 0x09,
    PCI_CAP_BRIDGE_SSID = 0x0d,
    PCI_CAP_EXPRESS = 0x10,
    PCI_CAP_MSIX = 0x11,
    PCI_CAP_AF = 0x13,
};

enum pci_ext_cap_id {
    PCI_EXT_AER = 0x0001,
    PCI_EXT_ACS = 0x000d,
    PCI_EXT_ARI = 0x000e,
    PCI_EXT_ATS = 0x000f,
    PCI_EXT_SRIOV = 0x0010,
    PCI_EXT_PRI = 0x0013,
    PCI_EXT_PASID = 0x001b,
};

/* PCI Express capability, offsets from its start (PCIe 6.0 7.5.3). */
enum pci_express_register {
    PCI_EXP_FLAGS = 0x02,
    PCI_EXP_DEVCAP = 0x04,
    PCI_EXP_DEVCTL = 0x08,
    PCI_EXP_DEVSTA = 0x0a,
    PCI_EXP_LNKCAP = 0x0c,
    PCI_EXP_LNKCTL = 0x10,
    PCI_EXP_LNKSTA = 0x12,
    PCI_EXP_SLTCTL = 0x18,
    PCI_EXP_ROOTCTL = 0x1c,
    PCI_EXP_ROOTCAP = 0x1e,
    PCI_EXP_DEVCAP2 = 0x24,
    PCI_EXP_DEVCTL2 = 0x28,
    PCI_EXP_LNKCTL2 = 0x30,
    PCI_EXP_SLTCTL2 = 0x38,
};

#define PCI_DEVCAP_FLR BIT32(28)
#define PCI_DEVCTL_ERRORS 0x000f /* correctable, non-fatal, fatal, unsupported request reporting */
#define PCI_DEVCTL_FLR 0x8000
#define PCI_DEVSTA_PENDING 0x0020
#define PCI_DEVCAP2_ARI BIT32(5)          /* ARI Forwarding Supported */
#define PCI_DEVCTL2_ARI 0x0020            /* ARI Forwarding Enable */
#define PCI_LNKCAP_TELLS_ACTIVE BIT32(20) /* Data Link Layer Link Active Reporting Capable */
#define PCI_LNKCTL_DISABLE 0x0010
#define PCI_LNKSTA_ACTIVE 0x2000
#define PCI_ROOTCTL_SYSTEM_ERRORS 0x0007
#define PCI_ROOTCTL_PME 0x0008
#define PCI_ROOTCTL_RETRY 0x0010 /* Configuration RRS Software Visibility Enable */
#define PCI_ROOTCAP_RETRY 0x0001

/* Power management capability (PCI PM 1.2 3.2). */
enum pci_pm_register {
    PCI_PM_CONTROL = 0x04,
};

#define PCI_PM_STATE 0x0003
#define PCI_PM_D3HOT 0x0003
#define PCI_PM_NO_SOFT_RESET 0x0008
#define PCI_PM_PME_STATUS 0x8000

/* Advanced Features (PCI AF ECN 2006). */
enum pci_af_register {
    PCI_AF_CAP = 0x03,
    PCI_AF_CONTROL = 0x04,
    PCI_AF_STATUS = 0x05,
};

#define PCI_AF_CAP_TP 0x01
#define PCI_AF_CAP_FLR 0x02
#define PCI_AF_FLR 0x01
#define PCI_AF_PENDING 0x01

/* MSI (PCI 3.0 6.8.1) and MSI-X (6.8.2). */
enum pci_msi_register {
    PCI_MSI_CONTROL = 0x02,
    PCI_MSI_ADDRESS = 0x04,
    PCI_MSI_ADDRESS_HIGH = 0x08, /* with 64-bit addresses only; data and masks move up by 4 then */
    PCI_MSI_DATA = 0x08,
    PCI_MSI_MASK = 0x0c,
};

#define PCI_MSI_ENABLE 0x0001
#define PCI_MSI_MULTIPLE 0x0070
#define PCI_MSI_64BIT 0x0080
#define PCI_MSI_MASKING 0x0100

enum pci_msix_register {
    PCI_MSIX_CONTROL = 0x02,
    PCI_MSIX_TABLE = 0x04, /* BIR 2:0, offset 31:3 */
    PCI_MSIX_PBA = 0x08,
};

#define PCI_MSIX_SIZE 0x07ff
#define PCI_MSIX_MASK_ALL 0x4000
#define PCI_MSIX_ENABLE 0x8000

/* ACS, ATS, PRI and PASID (PCIe 6.0 7.7.11, 10.5). */
enum pci_ext_register {
    PCI_ACS_CAP = 0x04,
    PCI_ACS_CONTROL = 0x06,
    PCI_ACS_CONTROL_DWORD = 0x08, /* of ports with dword registers: drivers/pci_acs.h */
    PCI_ATS_CAP = 0x04,
    PCI_ATS_CONTROL = 0x06,
    PCI_PRI_CONTROL = 0x04,
    PCI_PASID_CONTROL = 0x06,
    PCI_AER_UNCORRECTABLE_MASK = 0x08,
    PCI_AER_UNCORRECTABLE_SEVERITY = 0x0c,
    PCI_AER_CORRECTABLE_MASK = 0x14,
    PCI_AER_ROOT_COMMAND = 0x2c,
};

/* SR-IOV (PCIe 6.0 9.3.3). */
enum pci_sriov_register {
    PCI_SRIOV_CAP = 0x04,
    PCI_SRIOV_CONTROL = 0x08,
    PCI_SRIOV_INITIAL = 0x0c,
    PCI_SRIOV_TOTAL = 0x0e,
    PCI_SRIOV_NUM = 0x10,
    PCI_SRIOV_LINK = 0x12, /* Function Dependency Link */
    PCI_SRIOV_OFFSET = 0x14,
    PCI_SRIOV_STRIDE = 0x16,
    PCI_SRIOV_VF_DEVICE = 0x1a,
    PCI_SRIOV_PAGES = 0x1c, /* supported */
    PCI_SRIOV_PAGE = 0x20,  /* used */
    PCI_SRIOV_BAR0 = 0x24,
};

#define PCI_SRIOV_VFE 0x0001 /* VF Enable */
#define PCI_SRIOV_MSE 0x0008 /* VF Memory Space Enable */
#define PCI_SRIOV_ARI 0x0010 /* ARI Capable Hierarchy */

#define PCI_ATS_DEPTH 0x001f /* of PCI_ATS_CAP: invalidations taken at once, 0 is 32 */
#define PCI_ATS_ENABLE 0x8000
#define PCI_ATS_STU 0x001f /* of PCI_ATS_CONTROL: translations are of 4 KiB << this at least */
#define PCI_PRI_ENABLE 0x0001
#define PCI_PASID_ENABLE 0x0001

#endif
