/* SPDX-License-Identifier: GPL-2.0-only
 * Facts about the PCI functions of this machine, read once at boot (PCI 3.0 6, PCIe 6.0 7).
 * Reading them changes nothing; BAR sizes are added by drivers/pci_bars.h. */
#ifndef BULKHEAD_DRIVERS_PCI_H
#define BULKHEAD_DRIVERS_PCI_H

#include "kernel/hw/pci_config.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/sbdf.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct pci_reader;

enum pci_bar_kind {
    PCI_BAR_NONE,
    PCI_BAR_IO,
    PCI_BAR_MEM32,
    PCI_BAR_MEM64,
    PCI_BAR_UPPER, /* the upper half of the 64-bit BAR before it */
};

struct pci_bar {
    enum pci_bar_kind kind;
    bool prefetchable;
    bool assigned;    /* firmware gave it a usable address */
    uint64_t address; /* host-physical, or a port for PCI_BAR_IO */
    uint64_t size;    /* bytes, a power of two; 0 until pci_bars_size(), and when not implemented */
};

#define PCI_BARS 6
#define PCI_NO_INDEX UINT32_MAX

/* PCIe Device/Port Type (PCIe 6.0 7.5.3.2). */
enum pci_express_type {
    PCI_EXPRESS_ENDPOINT = 0x0,
    PCI_EXPRESS_LEGACY_ENDPOINT = 0x1,
    PCI_EXPRESS_ROOT_PORT = 0x4,
    PCI_EXPRESS_UPSTREAM = 0x5,
    PCI_EXPRESS_DOWNSTREAM = 0x6,
    PCI_EXPRESS_TO_PCI = 0x7,
    PCI_EXPRESS_FROM_PCI = 0x8,
    PCI_EXPRESS_RC_ENDPOINT = 0x9,
    PCI_EXPRESS_RC_COLLECTOR = 0xa,
    PCI_EXPRESS_NONE = 0xff, /* conventional PCI: no PCI Express capability */
};

/* Offsets of capabilities in configuration space; 0 means not there. Each one's fixed part fits. */
struct pci_cap_offsets {
    uint16_t pm, msi, msix, express, af, bridge_ssid;
    uint16_t vendor; /* the first vendor-specific one; more by pci_caps_next() */
    uint16_t aer, acs, ari, ats, pri, pasid, sriov;
};

/* Reasons why a function can be given to no guest, as bits of pci_function.blocked. */
enum pci_blocked {
    PCI_BLOCKED_BRIDGE_PATH = 1 << 0, /* behind a bridge with nonsense bus numbers, or that bridge itself */
    PCI_BLOCKED_BARS = 1 << 1,        /* a BAR clashes with memory, the platform or another BAR */
    PCI_BLOCKED_HEADER = 1 << 2,      /* an undefined header type: BARs and bus numbers are unknown */
    PCI_BLOCKED_UNIT = 1 << 3,        /* no usable remapping unit translates for it */
};

struct pci_function {
    struct sbdf at;
    uint16_t vendor, device;
    uint16_t subsystem_vendor, subsystem; /* 0 when not given */
    uint32_t class_code;                  /* 24 bits: base class, sub-class, interface */
    uint8_t revision;
    uint8_t header;     /* header type without the multifunction bit: 0 device, 1 bridge, 2 CardBus */
    bool multifunction; /* as function 0 of the device says */
    bool bridge;        /* header 1 or 2: the bus numbers below count */
    uint8_t primary, secondary, subordinate;
    uint32_t parent;  /* index of the bridge above, always below this one's own index; PCI_NO_INDEX on a root bus */
    uint16_t command; /* command register as firmware left it */
    uint8_t interrupt_pin;  /* 0 none, 1..4 INTA..INTD */
    uint8_t interrupt_line; /* as firmware left it */
    enum pci_express_type express;
    struct pci_cap_offsets cap;
    bool has_flr;         /* DevCap.FLR */
    bool has_af_flr;      /* AF capability with FLR and TP */
    bool no_soft_reset;   /* PMCSR.No_Soft_Reset: D3hot to D0 keeps the state */
    bool is_pf;           /* has SR-IOV */
    bool is_vf;           /* a virtual function ... */
    uint32_t pf;          /* ... of the function with this index; it has its remapping unit */
    bool is_vmd_child;    /* behind an Intel VMD endpoint ... */
    uint32_t vmd;         /* ... with this index, whose requester id its requests have */
    uint8_t phantom_bits; /* DevCap.Phantom Functions Supported: high bits of the function number it may use, 0..3 */
    uint16_t acs_cap, acs_control; /* 0 without ACS */
    bool acs_emulated;   /* an Intel chipset's root port without ACS, switched to do the same: drivers/pci_acs.h */
    uint16_t msix_count; /* table entries, 0 without MSI-X */
    uint8_t msi_count;   /* vectors it can ask for: 1..32, 0 without MSI */
    struct pci_bar bars[PCI_BARS];
    struct pci_bar rom; /* PCI_BAR_MEM32 when there may be one; size 0 until pci_bars_size() */
    bool rom_enabled;   /* as firmware left it */
    uint32_t blocked;   /* enum pci_blocked */
} __attribute__((aligned(16)));

/* All functions of all segments, sorted by address. Index is stable for the life of the facts. */
struct pci_facts {
    struct pci_function *functions;
    size_t count;
    const struct pci_ecam *windows; /* as given to pci_enumerate; one segment 0, buses 0-255 when there was none */
    size_t window_count;
};

/* Find every function on every bus of the windows (MCFG's; none: the legacy ports reach segment 0), read what they
 * say about themselves and link the bridge tree. The array grows at the end of arena, which nobody else may use
 * meanwhile. windows must live on. STATUS_NO_MEMORY when the arena is full. */
MUST_CHECK enum status pci_enumerate(const struct pci_ecam *windows, size_t count, struct arena *arena,
                                     struct pci_facts *facts, struct diag_list *diag);

/* One bus more, segment << 8 | bus, above all that the facts hold; with the arena as pci_enumerate() left it. To be
 * linked afterwards. */
MUST_CHECK enum status pci_enumerate_bus(uint32_t bus, struct arena *arena, struct pci_facts *facts,
                                         struct diag_list *diag);

/* Fill out from a function's configuration space: all but parent and BAR sizes; multifunction is its own header's.
 * STATUS_NOT_FOUND when nothing answers. Touches no hardware but through reader, so that tools run it over saved
 * bytes. */
MUST_CHECK enum status pci_function_read(const struct pci_reader *reader, struct sbdf at, struct pci_function *out,
                                         struct diag_list *diag);

/* The same of a VF, whose ids read all ones and whose BARs read 0: both are left 0, for drivers/sriov_functions.h. */
void pci_function_read_vf(const struct pci_reader *reader, struct sbdf at, struct pci_function *out,
                          struct diag_list *diag);

/* Set parent of every function, check the bridges' bus numbers, and mark what lies behind nonsense as blocked.
 * facts->functions must be sorted. Pure. (drivers/pci_tree.c) */
void pci_tree_link(struct pci_facts *facts, struct diag_list *diag);
/* The same for those from index `first` on, which begins a segment. */
void pci_tree_link_from(struct pci_facts *facts, size_t first, struct diag_list *diag);

/* By binary search; NULL or PCI_NO_INDEX when there is none. */
struct pci_function *pci_find(const struct pci_facts *facts, struct sbdf at);
uint32_t pci_find_index(const struct pci_facts *facts, struct sbdf at);

/* The bridge above f, or NULL on a root bus. */
struct pci_function *pci_parent(const struct pci_facts *facts, const struct pci_function *f);

/* Base class and sub-class: 0x0604 is a PCI-to-PCI bridge. */
static inline uint16_t pci_class(const struct pci_function *f)
{
    return (uint16_t)(f->class_code >> 8);
}

/* One log line a function, stable key=value style (drivers/pci_inventory.c):
 * "0000:00:03.0 8086:0d57 class=060400 rev=00 type=root-port bus=01-01 caps=msi,acs bar0=mem32:febd0000+1000" */
size_t pci_inventory_line(const struct pci_function *f, char *out, size_t size);

#endif
