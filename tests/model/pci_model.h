/* SPDX-License-Identifier: GPL-2.0-only
 * The configuration space of a modelled PCI function: bytes, which of their bits software can change, capabilities
 * (PCI 3.0 chapter 6, PCIe 4.0 7.5). */
#ifndef BULKHEAD_MODEL_PCI_MODEL_H
#define BULKHEAD_MODEL_PCI_MODEL_H

#include "kernel/lib/types.h"

#define PCI_MODEL_BYTES 256

struct pci_model {
    uint8_t bytes[PCI_MODEL_BYTES];
    uint8_t writable[PCI_MODEL_BYTES];
    uint8_t last, next; /* capabilities: the last one's offset, the first free byte */
    uint8_t power;      /* its power management capability; 0: none, always awake */
};

/* Everything zero but the ids, the header type and a command register with memory, bus master and INTx disable bits. */
void pci_model_init(struct pci_model *p, uint16_t vendor, uint16_t device, uint32_t class_code, uint8_t header);

/* No side effects. width: 1, 2 or 4; what lies beyond the space or is not aligned reads all ones. Extended space is
 * there and empty (0). */
uint32_t pci_model_read(const struct pci_model *p, uint16_t offset, unsigned width);
/* Through the masks. */
void pci_model_write(struct pci_model *p, uint16_t offset, unsigned width, uint32_t value);
/* Past the masks, for the device itself. */
void pci_model_set(struct pci_model *p, uint16_t offset, unsigned width, uint32_t value);
void pci_model_allow(struct pci_model *p, uint16_t offset, unsigned width, uint32_t mask);

/* A memory BAR of `bytes` (a power of two) with its low type bits; the offset of its register. */
void pci_model_bar(struct pci_model *p, unsigned index, uint64_t bytes, unsigned type);
/* Its address, both halves of a 64-bit one. */
uint64_t pci_model_bar_address(const struct pci_model *p, unsigned index);

/* Capabilities: each returns its offset. */
uint8_t pci_model_add(struct pci_model *p, uint8_t id, unsigned bytes);
uint8_t pci_model_add_express(struct pci_model *p, unsigned type, bool flr);
uint8_t pci_model_add_power(struct pci_model *p, bool no_soft_reset);
uint8_t pci_model_add_msix(struct pci_model *p, unsigned vectors, unsigned bar, uint32_t table, uint32_t pba);

/* By power state and command register. */
bool pci_model_awake(const struct pci_model *p);
bool pci_model_decodes(const struct pci_model *p);
bool pci_model_masters(const struct pci_model *p);

#endif
