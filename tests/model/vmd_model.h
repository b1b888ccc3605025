/* SPDX-License-Identifier: GPL-2.0-only
 * A model of Intel's VMD (sources: facts in Linux drivers/pci/controller/vmd.c and QEMU hw/vfio/pci-quirks.c): the
 * endpoint, two root ports at devices 1 and 2 of the first child bus, an NVMe controller at device 0 behind each.
 *
 * What it insists on as hardware does: children are reached by host-physical addresses, through an open window of
 * their root port and then their BAR, else all ones; their DMA and their messages leave as the endpoint's, and only
 * while the endpoint, the port and the child may master the bus; a child's message picks an entry of the endpoint's
 * own MSI-X table unless remapping is switched off (28c0 alone). */
#ifndef BULKHEAD_MODEL_VMD_MODEL_H
#define BULKHEAD_MODEL_VMD_MODEL_H

#include "tests/model/msix_model.h"
#include "tests/model/nvme_model.h"
#include "tests/model/pci_model.h"

#define VMD_MODEL_VENDOR 0x8086
#define VMD_MODEL_CLIENT 0x201d /* no shadow registers: a hypervisor says SHDW in a vendor capability */
#define VMD_MODEL_SERVER 0x28c0 /* shadow registers in MEMBAR2, bus restriction, can bypass */
#define VMD_MODEL_PORT_DEVICE 0x2030
#define VMD_MODEL_CLASS 0x010400

#define VMD_MODEL_DISKS 2
#define VMD_MODEL_BUSES 32
/* BARs by the number of their register; VMD_MODEL_BAR(n) / 2 counts them. */
#define VMD_MODEL_CFGBAR 0
#define VMD_MODEL_MEMBAR1 2
#define VMD_MODEL_MEMBAR2 4
#define VMD_MODEL_CFGBAR_BYTES UINT64_C(0x2000000)
#define VMD_MODEL_MEMBAR1_BYTES UINT64_C(0x2000000)
#define VMD_MODEL_MEMBAR2_BYTES UINT64_C(0x100000)
#define VMD_MODEL_VECTORS 32
/* In MEMBAR2. */
#define VMD_MODEL_MSIX_TABLE 0x0000
#define VMD_MODEL_MSIX_PENDING 0x1000
#define VMD_MODEL_SHADOW 0x2000      /* two u64: the host addresses of MEMBAR1 and MEMBAR2 */
#define VMD_MODEL_CHILD_FIRST 0x2000 /* children decode from here (0x3000 with the shadow) */

/* Configuration registers of the endpoint. */
#define VMD_MODEL_VMCAP 0x40    /* bit 0: bus restriction supported */
#define VMD_MODEL_VMCONFIG 0x44 /* bit 1: no remapping of messages; bits 9:8: first bus 0, 128, 224, reserved */
#define VMD_MODEL_VMLOCK 0x70   /* bit 1: shadow in MEMBAR2 */

struct vmd_model_config {
    uint16_t device;                      /* VMD_MODEL_CLIENT or VMD_MODEL_SERVER */
    uint8_t bus_mode;                     /* VMCONFIG 9:8; the client part has mode 0 alone */
    bool lock_shadow;                     /* VMLOCK bit 1; the server part alone */
    bool flr;                             /* DevCap bit 28 */
    bool numbered;                        /* firmware gave the root ports bus numbers; else they are 0 */
    uint64_t bar[3];                      /* where firmware put CFGBAR, MEMBAR1 (32 bits), MEMBAR2; 0: nowhere */
    uint64_t disk_bytes[VMD_MODEL_DISKS]; /* 0: nothing behind that root port */
};

struct vmd_model_io {
    void *context;
    /* With the endpoint's requester id; false: blocked. */
    bool (*dma)(void *context, bool write, uint64_t address, void *data, size_t bytes);
    /* Likewise a message: a write of 4 bytes to 0xFEExxxxx. */
    void (*message)(void *context, uint64_t address, uint32_t data);
    bool (*disk)(void *context, unsigned disk, bool write, uint64_t offset, void *data, size_t bytes);
};

/* What happened so far; nothing here changes what the model does. */
struct vmd_model_counts {
    uint64_t concurrent; /* a CFGBAR access while another one was under way */
    uint64_t unread;     /* a CFGBAR write that something else followed before it was read back: they are posted */
    uint64_t strays;     /* a root port began to decode addresses outside MEMBAR1 and MEMBAR2's children part */
    uint64_t conflicts;  /* an address that two root ports claimed */
    uint64_t lost;       /* MEMBAR accesses that hit nothing */
    uint64_t absent;     /* CFGBAR accesses to functions that are not there */
    uint64_t blocked;    /* children's DMA: a bus master bit was off, or io.dma said so */
    uint64_t messages;   /* of children, which became the endpoint's */
    uint64_t dropped;    /* of children: no such entry, or MSI-X off */
    uint64_t bypassed;   /* forwarded unchanged */
    uint64_t resets;     /* of the endpoint: FLR, D3hot to D0 */
    uint64_t bus_resets; /* secondary bus resets */
};

struct vmd_model;

struct vmd_model_port {
    struct vmd_model *owner;
    unsigned number;
    struct pci_model space;
    bool present; /* a disk is behind it: false is a port with an empty slot */
    bool strays;  /* decodes outside the MEMBARs just now */
    struct nvme_model nvme;
};

struct vmd_model {
    struct vmd_model_config config;
    struct vmd_model_io io;
    struct vmd_model_counts counts;
    struct pci_model space;
    struct msix_model msix;
    uint8_t express_at, power_at, msix_at;
    struct vmd_model_port port[VMD_MODEL_DISKS];
    bool in_config; /* a CFGBAR access is under way */
    bool posted;    /* the last CFGBAR access was a write to posted_at */
    uint64_t posted_at;
    bool posted_reset; /* ... after which that function is to be left alone */
};

void vmd_model_init(struct vmd_model *m, const struct vmd_model_config *config, const struct vmd_model_io *io);

/* The endpoint's configuration space; width 1, 2, 4. */
uint32_t vmd_model_config_read(struct vmd_model *m, uint16_t offset, unsigned width);
void vmd_model_config_write(struct vmd_model *m, uint16_t offset, unsigned width, uint32_t value);

/* An access to a BAR (VMD_MODEL_CFGBAR, _MEMBAR1, _MEMBAR2), offset from its start; all ones when nothing answers,
 * the endpoint's memory decode being off included. width 1, 2, 4, 8. */
uint64_t vmd_model_read(struct vmd_model *m, unsigned bar, uint64_t offset, unsigned width);
void vmd_model_write(struct vmd_model *m, unsigned bar, uint64_t offset, unsigned width, uint64_t value);

/* Time passes: does some of the NVMe queues' work; true: something was done. */
bool vmd_model_tick(struct vmd_model *m);

uint64_t vmd_model_bar(const struct vmd_model *m, unsigned bar); /* host address of a BAR, as it is now */
uint8_t vmd_model_first_bus(const struct vmd_model *m);
/* A root port would take an access of the CPU to that host address. */
bool vmd_model_claims(const struct vmd_model *m, uint64_t address);

#endif
