/* SPDX-License-Identifier: GPL-2.0-only
 * Facts about Intel VMD endpoints (Linux, drivers/pci/controller/vmd.c): a PCI domain behind each one, whose
 * configuration space is the endpoint's BAR 0, whose BARs lie inside BAR 2 and BAR 4, and whose requests and messages
 * all have the endpoint's requester id. What firmware and devices say here is checked once, in these functions. */
#ifndef BULKHEAD_DRIVERS_VMD_H
#define BULKHEAD_DRIVERS_VMD_H

#include "drivers/pci.h"
#include "drivers/vmd_ids.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"

struct pci_reader;

#define VMD_DOMAINS_MAX 16
#define VMD_BUSES_MAX 32     /* of a domain: 32 MiB of configuration space */
#define VMD_CHILDREN_MAX 512 /* functions of all domains together */

/* The endpoint's own configuration space. */
enum vmd_register {
    VMD_CAP = 0x40,    /* bit 0: bus restriction supported */
    VMD_CONFIG = 0x44, /* bit 1: messages bypass its MSI-X table; 9:8: first bus */
    VMD_LOCK = 0x70,   /* bit 1: MEMBAR2's shadow page works */
};

#define VMD_CAP_RESTRICTS 0x0001u
#define VMD_CONFIG_BYPASS 0x0002u
#define VMD_LOCK_SHADOW 0x0002u

/* Its BARs, by register. */
enum vmd_bar {
    VMD_CFGBAR = 0,
    VMD_MEMBAR1 = 2,
    VMD_MEMBAR2 = 4,
};

#define VMD_MSIX_BYTES 0x2000u    /* of MEMBAR2: the MSI-X table and its pending bits are in there */
#define VMD_SHADOW_OFFSET 0x2000u /* of MEMBAR2: host addresses of MEMBAR1 and MEMBAR2, 8 bytes each */
#define VMD_SHADOW_BYTES 16u

/* Why a domain is of no use; VMD_FAULT_NONE: it is. vmd_fault_text and vmd_fault_fix say it to the user. */
enum vmd_fault {
    VMD_FAULT_NONE,
    VMD_FAULT_BLOCKED,      /* the endpoint's header or BARs cannot be trusted: another diagnostic said why */
    VMD_FAULT_BARS,         /* firmware gave CFGBAR, MEMBAR1 or MEMBAR2 no address, or they are no memory BARs */
    VMD_FAULT_CONFIG_SMALL, /* CFGBAR is below 1 MiB, one bus */
    VMD_FAULT_BUS_MODE,     /* VMCONFIG 9:8 is 3, which means nothing */
    VMD_FAULT_MSIX,         /* no MSI-X, or its table is not at the start of MEMBAR2 */
    VMD_FAULT_BYPASS,       /* VMCONFIG bit 1 stays set */
    VMD_FAULT_SILENT,       /* CFGBAR cannot be reached: it lies in RAM, or memory decode stays off */
    VMD_FAULT_CROWDED,      /* more functions behind it, or more endpoints, than this software has room for */
};

struct vmd_window {
    uint64_t start, size; /* host-physical, whole pages; size 0: none */
};

#define VMD_PORTS_MAX 32 /* root ports of a domain: one bus has room for no more devices */
#define VMD_PORT_REGISTERS 4

/* A root port's registers as firmware left them (drivers/vmd_ports.h). */
struct vmd_port {
    struct sbdf at;
    uint16_t express; /* capability */
    uint16_t values[VMD_PORT_REGISTERS];
};

struct vmd_domain {
    uint32_t endpoint;           /* index in pci_facts.functions */
    uint16_t segment;            /* SBDF_VMD_FIRST + n, n in the order of the endpoints' addresses */
    uint8_t first_bus, last_bus; /* by VMCONFIG 9:8, and CFGBAR's size: 1 MiB a bus, VMD_BUSES_MAX at most */
    uint64_t config;             /* CFGBAR, host-physical: first_bus's configuration space is at its start */
    struct vmd_window memory[2]; /* what children may decode: MEMBAR1; MEMBAR2 behind its MSI-X and shadow pages */
    uint32_t flags;              /* enum vmd_flag */
    bool restricts;              /* VMCAP bit 0 */
    bool bypass;                 /* VMCONFIG bit 1 as firmware left it; it is cleared before anything else */
    bool lock_shadow;            /* VMLOCK bit 1 as firmware left it */
    bool usable;                 /* fault is VMD_FAULT_NONE */
    bool hidden;                 /* its functions are not known: a dump that an operating system hid them from */
    struct vmd_port ports[VMD_PORTS_MAX];
    size_t port_count;
    enum vmd_fault fault; /* not VMD_FAULT_NONE: members above may be 0 */
};

struct vmd_facts {
    struct vmd_domain domains[VMD_DOMAINS_MAX];
    size_t count;
    size_t left_out;                          /* endpoints beyond VMD_DOMAINS_MAX: they have no domain */
    struct pci_ecam windows[VMD_DOMAINS_MAX]; /* of usable domains, for pci_config_use_vmd() */
    size_t window_count;
};

/* Any function with an id of the table. */
bool vmd_is_endpoint(const struct pci_function *f);

/* The domain behind the function with that index, usable or not; NULL when that is no VMD endpoint. */
const struct vmd_domain *vmd_of(const struct vmd_facts *facts, uint32_t endpoint);

/* The domain with that segment; NULL: none. */
const struct vmd_domain *vmd_of_segment(const struct vmd_facts *facts, uint16_t segment);

/* Are all bytes of start..start+size (size not 0) inside one of the domain's memory windows? Host-physical. */
bool vmd_owns(const struct vmd_domain *d, uint64_t start, uint64_t size);

/* The first bus behind it, by VMCONFIG and d's flags and `restricts`; false: it names none. Pure. */
MUST_CHECK bool vmd_first_bus(const struct vmd_domain *d, uint16_t config, uint8_t *bus);

/* A place on the domain's first bus other than `at`, most likely an empty one: what is read after a write that begins
 * a reset (pci_config_write_reset). Pure. */
struct sbdf vmd_elsewhere(const struct vmd_domain *d, struct sbdf at);

/* Pure: add the domain of an endpoint, whose configuration space reader reads and whose BARs have been sized; call it
 * in the order of addresses. What is wrong with it is a warning in diag (never NULL). */
void vmd_add(struct vmd_facts *facts, const struct pci_facts *pci, uint32_t endpoint, const struct pci_reader *reader,
             struct diag_list *diag);

/* Set the domain's fault and say it; `at` is the endpoint's. */
void vmd_refuse(struct vmd_domain *d, enum vmd_fault fault, struct sbdf at, struct diag_list *diag);

/* Pure, for functions that are in pci already, linked and sized: mark those of domains' segments as children, and those
 * that stray (a BAR outside the domain's memory, a bus that no bridge leads to) as blocked. None may be in pci whose
 * domain cannot be used. */
void vmd_take_children(const struct vmd_facts *facts, struct pci_facts *pci, struct diag_list *diag);

/* Hardware, once at boot, after pci_enumerate() and pci_bars_size() and with the arena as these left it: find every
 * endpoint, stop MSI bypass, map CFGBARs and reach them by pci_config_*, give bridges bus numbers where firmware left
 * none or nonsense, append the children to pci (sized and linked), and close every child's decoder or bridge window
 * that is not inside its domain's memory. A domain that cannot be used stays closed, with a warning; that is no error.
 * facts must live on. STATUS_NO_MEMORY. */
MUST_CHECK enum status vmd_open(struct vmd_facts *facts, struct pci_facts *pci, struct arena *arena,
                                struct diag_list *diag);

/* What is wrong, after "its domain cannot be used: "; and what to change. */
const char *vmd_fault_text(enum vmd_fault fault);
const char *vmd_fault_fix(enum vmd_fault fault);

#endif
