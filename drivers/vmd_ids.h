/* SPDX-License-Identifier: GPL-2.0-only
 * Which PCI devices are Intel VMD (Volume Management Device) endpoints, and what each of them can do (Linux,
 * drivers/pci/controller/vmd.c). */
#ifndef BULKHEAD_DRIVERS_VMD_IDS_H
#define BULKHEAD_DRIVERS_VMD_IDS_H

#include "kernel/lib/types.h"

enum vmd_flag {
    VMD_NATIVE_SHADOW = 1 << 0,   /* with VMLOCK bit 1, MEMBAR2 + 0x2000 holds the MEMBARs' host addresses */
    VMD_CAP_SHADOW = 1 << 1,      /* a driver looks for these in a vendor capability that the hypervisor adds */
    VMD_BUS_RESTRICTION = 1 << 2, /* its buses need not start at 0: VMCAP and VMCONFIG say where */
    VMD_CAN_BYPASS = 1 << 3,      /* VMCONFIG bit 1 sends its children's messages on unchanged */
    VMD_VECTOR0_UNUSED = 1 << 4,  /* no child's message uses MSI-X entry 0 */
};

/* Bits of enum vmd_flag, 0 for a device that is no VMD endpoint: none of these has no bit. Pure. */
uint32_t vmd_ids_flags(uint16_t vendor, uint16_t device);

#endif
