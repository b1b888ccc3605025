/* SPDX-License-Identifier: GPL-2.0-only
 * An MSI-X table with its pending bits (PCI 3.0 6.8.2). The table is at offset 0 of what the owner calls its table
 * window, the pending bits are at offset 0 of another. */
#ifndef BULKHEAD_MODEL_MSIX_MODEL_H
#define BULKHEAD_MODEL_MSIX_MODEL_H

#include "kernel/lib/types.h"

#define MSIX_MODEL_VECTORS 64

struct msix_model_entry {
    uint32_t word[4]; /* address, upper address, data, vector control */
};

struct msix_model {
    unsigned vectors;
    struct msix_model_entry entry[MSIX_MODEL_VECTORS];
    uint64_t pending;
    void *context;
    void (*send)(void *context, uint64_t address, uint32_t data);
};

/* All entries masked; at most MSIX_MODEL_VECTORS. */
void msix_model_reset(struct msix_model *m, unsigned vectors);
/* width: 4 or 8, aligned; others and what lies beyond the table read all ones and are not written. control: the
 * capability's message control word, for what unmasking sends. */
uint64_t msix_model_read(const struct msix_model *m, uint64_t offset, unsigned width);
void msix_model_write(struct msix_model *m, uint16_t control, uint64_t offset, unsigned width, uint64_t value);
uint64_t msix_model_pending(const struct msix_model *m, uint64_t offset, unsigned width);
/* The device wants vector `index` sent: sent, or kept pending while masked, or lost (false) when MSI-X is off or there
 * is no such entry. */
bool msix_model_raise(struct msix_model *m, uint16_t control, unsigned index);
/* The control word was written: what is pending and no more masked is sent. */
void msix_model_control(struct msix_model *m, uint16_t control);

#endif
