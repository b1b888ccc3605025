/* SPDX-License-Identifier: GPL-2.0-only
 * A pretended SR-IOV device. Stricter than hardware. These fail the test: writing NumVFs, page size, ARI or a VF BAR
 * while VFs are on; switching on without NumVFs, without a page size of 4 KiB, without VF Memory Space Enable, or
 * sooner than a second after they went off; touching a VF in the 100 ms after. Offset and stride read 0xeeee until
 * NumVFs was written. */
#ifndef BULKHEAD_FAKE_SRIOV_H
#define BULKHEAD_FAKE_SRIOV_H

#include "tests/fake/pci.h"

#define FAKE_SRIOV_VFS_MAX 64

struct fake_sriov {
    struct fake_pci_function *pf;
    uint16_t cap;
    uint16_t total, vf_device;
    uint16_t offset, stride;         /* of VFs' ids ... */
    uint16_t ari_offset, ari_stride; /* ... and when ARI Capable Hierarchy is set; 0: the same */
    /* Knobs. */
    bool stuck_num, stuck_enable; /* the register does not change */
    bool vf_flr;
    uint64_t slow_us; /* VFs are silent for so long beyond the 100 ms */
    /* What happened. */
    unsigned enables, disables;
    /* private */
    struct fake_pci_function *vfs[FAKE_SRIOV_VFS_MAX];
    unsigned vf_count;
    uint16_t control, num;
    uint32_t page, bars[6];
    uint64_t off_ns;
};

/* Give pf (with PCI Express, maybe ARI) the capability; s lives on. VFs appear, with class, FLR, MSI-X and AER, where
 * `make_vfs` says: those are the ids that they answer at, whatever offset and stride say. */
void fake_sriov_add(struct fake_sriov *s, struct fake_pci_function *pf, uint16_t total, uint16_t vf_device,
                    uint16_t offset, uint16_t stride);
void fake_sriov_add_bar(struct fake_sriov *s, unsigned index, enum fake_bar type, uint64_t address, uint64_t size);
void fake_sriov_make_vfs(struct fake_sriov *s, unsigned count, uint16_t offset, uint16_t stride);
struct fake_pci_function *fake_sriov_vf(const struct fake_sriov *s, unsigned i);

#endif
