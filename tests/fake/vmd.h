/* SPDX-License-Identifier: GPL-2.0-only
 * The model of VMD in the pretended machine: its endpoint is a function of fake_pci, its children are reached through
 * pci_config_* once the code under test has declared the CFGBAR as a window of their segment, its BARs by mmio_*. */
#ifndef BULKHEAD_FAKE_VMD_H
#define BULKHEAD_FAKE_VMD_H

#include "kernel/lib/sbdf.h"
#include "tests/fake/pci.h"
#include "tests/model/vmd_model.h"

struct fake_vmd {
    struct vmd_model model;
    struct sbdf endpoint;
    uint16_t segment; /* of the children */
    struct fake_pci_foreign foreign;
    /* Without an io of the test's: DMA is blocked and remembered, messages are remembered, disks read zeros. */
    unsigned dmas, messages;
    bool dma_write;
    uint64_t dma_address, message_address;
    uint32_t message_data;
};

/* Call it after fake_pci_reset() and fake_mmio_reset(). config->bar must be where the BARs stay; io may be NULL. One
 * at a time; it must live on and must not move. */
void fake_vmd_add(struct fake_vmd *v, struct sbdf endpoint, uint16_t segment, const struct vmd_model_config *config,
                  const struct vmd_model_io *io);

/* 28c0 at bus mode 1 with shadow, no FLR, two disks of 64 KiB; BARs at 0x2000000000, 0xf0000000, 0x2010000000. */
struct vmd_model_config fake_vmd_server(void);
/* 201d, likewise but bus mode 0 and no shadow. */
struct vmd_model_config fake_vmd_client(void);

#endif
