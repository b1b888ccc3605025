/* SPDX-License-Identifier: GPL-2.0-only
 * Capability chains (PCI 3.0 6.7, PCIe 6.0 7.6.3) of a live function or of saved bytes.
 * A walk always ends: offsets must be aligned and in range, and none is visited twice. */
#ifndef BULKHEAD_DRIVERS_PCI_CAPS_H
#define BULKHEAD_DRIVERS_PCI_CAPS_H

#include "drivers/pci.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/sbdf.h"
#include "kernel/lib/types.h"

#define PCI_CONFIG_BYTES 256
#define PCI_CONFIG_BYTES_EXT 4096

/* Where configuration bytes come from. read32 returns the dword at offset (a multiple of 4, below 4096) and all ones
 * where nothing is. */
struct pci_reader {
    uint32_t (*read32)(const void *context, uint16_t offset);
    const void *context;
};

/* The hardware's own; *at must outlive the reader. */
struct pci_reader pci_reader_live(const struct sbdf *at);

/* Saved bytes, as /sys gives them: 64, 256 or 4096 of them; what is beyond reads all ones. */
struct pci_image {
    const uint8_t *bytes;
    size_t length;
};
struct pci_reader pci_reader_image(const struct pci_image *image);

/* Naturally aligned reads, made of one dword read each. offset < 4096. */
uint8_t pci_reader_u8(const struct pci_reader *reader, uint16_t offset);
uint16_t pci_reader_u16(const struct pci_reader *reader, uint16_t offset);
uint32_t pci_reader_u32(const struct pci_reader *reader, uint16_t offset);

/* A walk over one chain; make it by pci_caps_start or pci_ext_caps_start, then call pci_caps_next until false. */
struct pci_cap_walk {
    const struct pci_reader *reader;
    struct sbdf at;         /* for diagnostics */
    struct diag_list *diag; /* may be NULL */
    bool extended;
    uint16_t next;        /* offset of the next one, 0 at the end */
    uint64_t visited[16]; /* one bit a dword of configuration space */
};

struct pci_cap {
    uint16_t id;
    uint16_t offset;
    uint8_t version; /* extended ones only */
};

struct pci_cap_walk pci_caps_start(const struct pci_reader *reader, struct sbdf at, struct diag_list *diag);
struct pci_cap_walk pci_ext_caps_start(const struct pci_reader *reader, struct sbdf at, struct diag_list *diag);
bool pci_caps_next(struct pci_cap_walk *walk, struct pci_cap *out);

/* The offsets of the capabilities this software knows: the first of each kind whose fixed part fits. */
struct pci_cap_offsets pci_caps_find(const struct pci_reader *reader, struct sbdf at, struct diag_list *diag);

#endif
