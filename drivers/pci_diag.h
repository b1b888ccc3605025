/* SPDX-License-Identifier: GPL-2.0-only
 * The stable numbers of every diagnostic about PCI (BH02xx). */
#ifndef BULKHEAD_DRIVERS_PCI_DIAG_H
#define BULKHEAD_DRIVERS_PCI_DIAG_H

enum pci_diag_code {
    PCI_DIAG_BRIDGE_BUSES = 201,   /* a bridge's bus numbers make no sense */
    PCI_DIAG_BRIDGE_OVERLAP = 202, /* two bridges claim one bus */
    PCI_DIAG_BRIDGE_PRIMARY = 203, /* a bridge's primary bus number is not the bus it is on */
    PCI_DIAG_BUS_ORPHAN = 204,     /* a function on a bus that no bridge leads to, inside a bridge's range */
    PCI_DIAG_BRIDGE_UNSET = 205,   /* a bridge that firmware did not configure */
    PCI_DIAG_HEADER_TYPE = 206,    /* a header type nobody defined */
    PCI_DIAG_CAP_CHAIN = 210,      /* the capability chain is malformed; its rest is ignored */
    PCI_DIAG_EXT_CHAIN = 211,      /* the extended capability chain is malformed; its rest is ignored */
    PCI_DIAG_CAP_SHORT = 212,      /* a capability does not fit in configuration space */
    PCI_DIAG_BAR_TYPE = 220,       /* a BAR of a reserved type, or a 64-bit BAR without an upper half */
    PCI_DIAG_BAR_SIZE = 221,       /* a BAR whose size is no power of two */
    PCI_DIAG_BAR_ALIGN = 222,      /* a BAR's address is not a multiple of its size, or wraps around */
    PCI_DIAG_BAR_RAM = 223,        /* a BAR overlaps memory */
    PCI_DIAG_BAR_PLATFORM = 224,   /* a BAR overlaps a window of the platform */
    PCI_DIAG_BAR_OVERLAP = 225,    /* two BARs overlap */
    PCI_DIAG_MSIX_TABLE = 230,     /* the MSI-X table or PBA is not inside its BAR */
    PCI_DIAG_BUS_MASTER = 240,     /* bus mastering stays on although it was cleared */
    PCI_DIAG_PENDING = 241,        /* transactions stay pending after bus mastering was cleared */
    PCI_DIAG_ATS = 242,            /* ATS, PRI or PASID stays on although it was cleared */
    PCI_DIAG_USB_HANDOFF = 243,    /* firmware did not give up a USB controller in time; it was taken */
    PCI_DIAG_ACS = 244,            /* an ACS bit did not stay as it was written */
    PCI_DIAG_ACS_CHIPSET = 245,    /* a chipset's root ports cannot be made to isolate: its registers are not there */
};

#endif
