/* SPDX-License-Identifier: GPL-2.0-only
 * What the parts of the NVMe model share with each other (NVM Express 1.3). */
#ifndef BULKHEAD_MODEL_NVME_MODEL_INTERNAL_H
#define BULKHEAD_MODEL_NVME_MODEL_INTERNAL_H

#include "tests/model/nvme_model.h"

#define NVME_COMMAND_BYTES 64
#define NVME_COMPLETION_BYTES 16
#define NVME_TRANSFER_MAX (32 * NVME_MODEL_PAGE) /* MDTS 5 */
#define NVME_TRANSFER_LOG 5

/* Status code type 10:8 and code 7:0 (4.6.1); what follows 0 stands for itself. */
enum nvme_status {
    NVME_OK = 0x000,
    NVME_BAD_OPCODE = 0x001,
    NVME_BAD_FIELD = 0x002,
    NVME_TRANSFER_ERROR = 0x004,
    NVME_INTERNAL = 0x006,
    NVME_BAD_NAMESPACE = 0x00b,
    NVME_BAD_PRP = 0x013,
    NVME_BAD_LBA = 0x080,
    NVME_BAD_CQ = 0x100,
    NVME_BAD_QUEUE_ID = 0x101,
    NVME_BAD_QUEUE_SIZE = 0x102,
    NVME_TOO_MANY_EVENTS = 0x105,
    NVME_BAD_VECTOR = 0x108,
    NVME_BAD_LOG = 0x109,
    NVME_BAD_DELETION = 0x10c,
    NVME_WRITE_FAULT = 0x280,
    NVME_READ_ERROR = 0x281,
    NVME_LATER = 0xffff, /* not the hardware's: no completion now */
};

struct nvme_command {
    uint8_t opcode, flags;
    uint16_t cid;
    uint32_t nsid;
    uint64_t prp1, prp2;
    uint32_t dw[6]; /* command dwords 10 to 15 */
    uint32_t result;
};

#define NVME_CSTS_READY 1U
#define NVME_CSTS_FATAL 2U

/* nvme_model.c */
uint16_t nvme_msix_control(const struct nvme_model *m);
/* The controller stops with CSTS.CFS. */
void nvme_fail(struct nvme_model *m);

/* nvme_model_data.c: moves `bytes` by the command's PRPs. write: from the host. at: where on the disk, else in m->page.
 */
enum nvme_status nvme_disk_transfer(struct nvme_model *m, const struct nvme_command *c, bool write, uint64_t at,
                                    uint64_t bytes);
enum nvme_status nvme_page_to_host(struct nvme_model *m, const struct nvme_command *c, uint64_t bytes);

/* nvme_model_admin.c, nvme_model_io.c */
enum nvme_status nvme_admin(struct nvme_model *m, struct nvme_command *c);
enum nvme_status nvme_io(struct nvme_model *m, const struct nvme_command *c);

#endif
