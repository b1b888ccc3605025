/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's PCI over a pretended machine: two endpoints, each behind a root port of its own, two conventional ones
 * behind a PCIe-to-PCI bridge, a remapping unit (the strict model), nested tables, and device registers with a real
 * MSI-X table that the rig sends interrupts from. */
#ifndef BULKHEAD_FAKE_GUEST_PCI_RIG_H
#define BULKHEAD_FAKE_GUEST_PCI_RIG_H

#include "guest/assign.h"
#include "tests/fake/pci.h"
#include "tests/fake/vtd_rig.h"

enum guest_pci_rig_place {
    RIG_RAM = 0x200000,        /* bytes of guest RAM, at RIG_RAM_HOST */
    RIG_RAM_HOST = 0x10000000, /* not in the pretended memory: never touched */
    RIG_BAR = 0x40000000,      /* NVMe-like: 16 KiB, table at 0x2000, pending bits at 0x2800 */
    RIG_BAR_BYTES = 0x4000,
    RIG_TABLE = 0x2000,
    RIG_PENDING = 0x2800,
    RIG_VECTORS = 4,
    RIG_BAR_PLAIN = 0x40100000, /* MSI only, 64 KiB */
    RIG_BAR_PLAIN_BYTES = 0x10000,
    RIG_BAR_PAIR = 0x40200000,  /* of the two behind a bridge, 64 KiB each */
    RIG_BAR_SMALL = 0x40300100, /* in a page of others: 256 bytes, and 1 KiB with an MSI-X table */
    RIG_BAR_SMALL_BYTES = 0x100,
    RIG_BAR_MESSAGES = 0x40300400,
    RIG_BAR_MESSAGES_BYTES = 0x400,
    RIG_MESSAGES_TABLE = 0x80, /* 2 entries; pending bits at 0x100 */
    RIG_ROM = 0x40310000,      /* the small one's: 2 KiB, byte n is n % 251, after the signature */
    RIG_ROM_BYTES = 0x800,
    RIG_SERIAL = 0x11223344, /* of the small one: both halves of it */
    RIG_MANY = 40,           /* functions of 64 KiB each from RIG_BAR_MANY on, if asked for */
    RIG_BAR_MANY = 0x50000000,
    RIG_CPUS = 4, /* vCPU n: APIC id n of the guest, host CPU n, host APIC id 0x10 + n */
};

struct guest_pci_rig {
    struct vtd_rig vtd;
    struct vtd_model *model;
    uint8_t arena_bytes[64 * 1024] __attribute__((aligned(16)));
    struct arena arena;
    struct pci_ecam window;
    struct pci_facts facts;
    struct fake_pci_function *nvme, *plain; /* 01:00.0 and 02:00.0 */
    struct fake_pci_function *pair[2];      /* 04:00.0 and 04:01.0; 04:00.0 is the id of the bridge, 03:00.0, too */
    const struct pci_function *nvme_facts, *plain_facts;
    struct fake_pci_function *small; /* 05:00.0, given by tests that want it */
    const struct pci_function *small_facts;
    /* Of the NVMe-like one (by FLR), the other (by its bus), the pair (likewise), the small one, the many. */
    struct plan_device plans[5 + RIG_MANY];
    struct vm_device nvme_device, plain_device, pair_devices[2], small_device;
    struct vm_device many_devices[RIG_MANY]; /* 06:xx.x, if asked for */
    bool shared;                             /* the domain uses the nested tables */
    struct radix nested;
    struct vtd_domain domain;
    struct guest_memory memory;
    struct bus mmio, ports;
    struct bus_range mmio_ranges[GUEST_PCI_MMIO_RANGES + 1];
    struct bus_range port_ranges[GUEST_PCI_PORT_RANGES + 1];
    struct message_router router;
    unsigned renamed; /* a message's destination means the vCPU so many further */
    struct guest_pci pci;

    uint8_t registers[RIG_BAR_BYTES]; /* of the NVMe-like device */
    uint64_t register_reads, register_writes;
    unsigned flrs_seen;
    uint8_t small_registers[RIG_BAR_SMALL_BYTES];
    uint8_t message_registers[RIG_BAR_MESSAGES_BYTES];
    unsigned small_writes; /* into either of them */
    bool unremapped;       /* the unit remaps no interrupts */
    unsigned bad_messages; /* an unmasked entry was ever not a message of ours */

    unsigned flushes;
    unsigned delivered;
    uint64_t last_address;
    uint32_t last_data;
};

/* Power-on, both devices found and quiet, the unit up, the guest's RAM in both tables, an empty guest bus. */
void guest_pci_rig_start(struct guest_pci_rig *rig);
/* The same with nested tables in EPT format that the unit walks too; it has caching mode and does not snoop. */
void guest_pci_rig_start_shared(struct guest_pci_rig *rig);

/* The first behind a unit that remaps no interrupts. */
void guest_pci_rig_start_unremapped(struct guest_pci_rig *rig);

/* The first with RIG_MANY more functions. */
void guest_pci_rig_start_many(struct guest_pci_rig *rig);

/* The devices reset, and attached when that is over; *failed as of assign_attach_end(). */
MUST_CHECK enum status guest_pci_rig_assign(struct guest_pci *pci, const struct vm_device *devices, size_t count,
                                            size_t *failed);
/* That device alone; aborts when it fails. Returns its function on the bus. */
struct guest_pci_function *guest_pci_rig_attach(struct guest_pci_rig *rig, const struct vm_device *device);
/* assign_detach of it alone. */
enum status guest_pci_rig_detach(struct guest_pci_rig *rig, const struct vm_device *device);
/* All of the guest's devices withdrawn and attached again, as when it starts anew; *failed as above. */
MUST_CHECK enum status guest_pci_rig_anew(struct guest_pci_rig *rig, const struct vm_device *devices, size_t count,
                                          size_t *failed);

/* Config space by ECAM: device number, register. */
uint32_t guest_pci_rig_read(struct guest_pci_rig *rig, unsigned device, uint16_t offset, unsigned width);
void guest_pci_rig_write(struct guest_pci_rig *rig, unsigned device, uint16_t offset, unsigned width, uint32_t value);

/* The NVMe-like device wants to send vector `index`, or the other one its MSI: what its own registers say is sent
 * through the unit to a host vector. False when masked, off, blocked or spurious. */
bool guest_pci_rig_send_msix(struct guest_pci_rig *rig, unsigned index);
bool guest_pci_rig_send_msi(struct guest_pci_rig *rig);

/* First thing wrong with what the tables and the devices hold now, or NULL: mappings outside of RAM and of the host
 * BARs of attached functions, small BARs or the MSI-X page mapped, physical BARs, ROMs, decode or bridges changed, RAM
 * uncached, or registers cached or executable. */
const char *guest_pci_rig_wrong(struct guest_pci_rig *rig);

#endif
