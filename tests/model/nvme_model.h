/* SPDX-License-Identifier: GPL-2.0-only
 * A small NVMe controller (NVM Express 1.3): one namespace of 512-byte blocks, an admin queue, a few I/O queues, PRP
 * lists, MSI-X in its BAR. Whatever software gives it is checked as the specification says, and ends in a status. */
#ifndef BULKHEAD_MODEL_NVME_MODEL_H
#define BULKHEAD_MODEL_NVME_MODEL_H

#include "tests/model/msix_model.h"
#include "tests/model/pci_model.h"

#define NVME_MODEL_VENDOR 0x1b36
#define NVME_MODEL_DEVICE 0x0010
#define NVME_MODEL_WINDOW 0x4000 /* BAR 0: registers, doorbells at 0x1000, MSI-X table at 0x2000, PBA at 0x3000 */
#define NVME_MODEL_QUEUES 4      /* pairs of I/O queues */
#define NVME_MODEL_DEPTH 64      /* entries of a queue, at most */
#define NVME_MODEL_VECTORS (NVME_MODEL_QUEUES + 1)
#define NVME_MODEL_BLOCK 512
#define NVME_MODEL_PAGE 4096
#define NVME_MODEL_EVENTS 4 /* asynchronous event requests that are kept */

struct nvme_model_io {
    void *context;
    /* The controller's memory requests, messages included (writes of 4 bytes to 0xFEExxxxx). false: blocked. */
    bool (*dma)(void *context, bool write, uint64_t address, void *data, size_t bytes);
    bool (*disk)(void *context, bool write, uint64_t offset, void *data, size_t bytes);
};

struct nvme_model_queue {
    bool live;
    uint64_t base;
    uint16_t size; /* entries */
    uint16_t head, tail;
    uint16_t cq;     /* of a submission queue: where its completions go */
    uint16_t vector; /* of a completion queue */
    bool interrupts, phase;
};

struct nvme_model {
    struct nvme_model_io io;
    struct pci_model space;
    struct msix_model msix;
    uint64_t blocks;
    unsigned number; /* in its serial number */
    uint8_t msix_at, express_at;
    uint32_t cc, csts, aqa, intms;
    uint64_t asq, acq;
    struct nvme_model_queue sq[NVME_MODEL_QUEUES + 1], cq[NVME_MODEL_QUEUES + 1]; /* 0: admin */
    unsigned events;
    uint8_t page[NVME_MODEL_PAGE];
    uint64_t reads, writes, errors, bad_doorbells; /* commands that went well, that failed */
};

/* Power-on state; bytes is the disk's size. */
void nvme_model_init(struct nvme_model *m, unsigned number, uint64_t bytes, const struct nvme_model_io *io);
/* What a secondary bus reset does. */
void nvme_model_reset(struct nvme_model *m);

uint32_t nvme_model_config_read(const struct nvme_model *m, uint16_t offset, unsigned width);
void nvme_model_config_write(struct nvme_model *m, uint16_t offset, unsigned width, uint32_t value);
/* Is that a write after which it is to be left alone: a function level reset, another power state? */
bool nvme_model_falls_silent(const struct nvme_model *m, uint16_t offset, unsigned width, uint32_t value);
/* BAR 0; all ones for what is not there. Whether the function decodes is the caller's question. */
uint64_t nvme_model_read(const struct nvme_model *m, uint64_t offset, unsigned width);
void nvme_model_write(struct nvme_model *m, uint64_t offset, unsigned width, uint64_t value);
/* Does some of the queues' work; true: something was done. */
bool nvme_model_tick(struct nvme_model *m);

#endif
