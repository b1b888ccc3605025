/* SPDX-License-Identifier: GPL-2.0-only
 * A hostile guest with a VMD endpoint and two NVMe disks behind it: what it shares. */
#ifndef BULKHEAD_TESTS_GUEST_VMD_H
#define BULKHEAD_TESTS_GUEST_VMD_H

#include "kernel/lib/types.h"

#define ONES UINT32_MAX

/* Registers of children (PCI 3.0 6.1, PCI-to-PCI Bridge 1.2 3.2). */
enum child_register {
    CHILD_ID = 0x00,
    CHILD_COMMAND = 0x04,
    CHILD_BAR = 0x10,
    CHILD_BUSES = 0x18,
    CHILD_IO = 0x1c,
    CHILD_MEMORY = 0x20,
    CHILD_PREFETCH = 0x24,
    CHILD_PREFETCH_BASE = 0x28,
    CHILD_PREFETCH_LIMIT = 0x2c,
    CHILD_ROM = 0x30,
    CHILD_CONTROL = 0x3e,
};

#define ACTIVE 6u /* memory decode and bus mastering */
#define PORTS 2u  /* root ports at devices 1 and 2, a disk behind each */

struct vmd {
    unsigned device;                   /* on bus 0 */
    bool native;                       /* shadow registers; else the capability */
    uint32_t first;                    /* bus */
    uint64_t config, memory, messages; /* CFGBAR, MEMBAR1, MEMBAR2, where the guest has them */
    uint64_t host_memory;              /* MEMBAR1's address on the machine's bus: what children decode */
};

/* The endpoint's own registers. */
uint32_t endpoint_read(const struct vmd *v, unsigned offset);
void endpoint_write(const struct vmd *v, unsigned offset, uint32_t value);

/* Find and enable it, and learn the host's addresses. */
bool vmd_find(struct vmd *v);

/* A child's configuration space; bus counts from the domain's first. */
uint64_t child_at(const struct vmd *v, unsigned bus, unsigned device, unsigned offset);
uint32_t child_read(const struct vmd *v, unsigned bus, unsigned device, unsigned offset, unsigned width);
void child_write(const struct vmd *v, unsigned bus, unsigned device, unsigned offset, unsigned width, uint32_t value);

/* Both disks in MEMBAR1, a MiB each. */
void bring_up(const struct vmd *v);
/* What the disk's version register reads, through the window of its port and its BAR: all ones when either is shut. */
uint32_t disk_version(const struct vmd *v, unsigned disk);

/* The parts. */
void vmd_windows(const struct vmd *v);
void vmd_sizes(const struct vmd *v);
void vmd_messages(const struct vmd *v);
void vmd_two_cpus(const struct vmd *v);

#endif
