/* SPDX-License-Identifier: GPL-2.0-only
 * A guest that has a VMD endpoint with its domain: the model of tests/fake/vmd.h at 0000:00:0e.0 of the machine of
 * tests/fake/guest_pci_rig.h, its children in the facts. */
#ifndef BULKHEAD_FAKE_GUEST_VMD_RIG_H
#define BULKHEAD_FAKE_GUEST_VMD_RIG_H

#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/vmd.h"

#define GUEST_VMD_RIG_FUNCTIONS 64

struct guest_vmd_rig {
    struct guest_pci_rig pci;
    struct fake_vmd vmd;
    struct pci_function functions[GUEST_VMD_RIG_FUNCTIONS];
    struct vmd_domain made;
    struct pci_ecam window; /* of its CFGBAR */
    struct plan_device plan;
    struct vm_device device;
    const struct vmd_domain *domain;
    struct guest_pci_function *f; /* once attached */
};

/* Machine, model and facts; config.numbered is set. */
void guest_vmd_rig_start(struct guest_vmd_rig *rig, struct vmd_model_config config, const struct vmd_model_io *io);

/* The endpoint reset and attached; aborts when it fails. */
void guest_vmd_rig_attach(struct guest_vmd_rig *rig);

/* Accesses of the guest: the endpoint's configuration space, a BAR of it by its register's number (MEMBARs as mapped or
 * trapped for it), and a child's configuration space in CFGBAR; bus counts from the domain's first. */
uint32_t guest_vmd_rig_endpoint_read(struct guest_vmd_rig *rig, uint16_t offset, unsigned width);
void guest_vmd_rig_endpoint_write(struct guest_vmd_rig *rig, uint16_t offset, unsigned width, uint32_t value);
uint64_t guest_vmd_rig_read(struct guest_vmd_rig *rig, unsigned bar, uint64_t offset, unsigned width);
void guest_vmd_rig_write(struct guest_vmd_rig *rig, unsigned bar, uint64_t offset, unsigned width, uint64_t value);
uint64_t guest_vmd_rig_child(unsigned bus, unsigned device, unsigned offset);
uint32_t guest_vmd_rig_child_read(struct guest_vmd_rig *rig, unsigned bus, unsigned device, unsigned offset,
                                  unsigned width);
void guest_vmd_rig_child_write(struct guest_vmd_rig *rig, unsigned bus, unsigned device, unsigned offset,
                               unsigned width, uint32_t value);

/* First thing wrong in the hardware now, or NULL: a window or BAR that decodes outside the MEMBARs, bypass on, accesses
 * of CFGBAR at the same time, writes that were not read back. */
const char *guest_vmd_rig_wrong(const struct guest_vmd_rig *rig);

#endif
