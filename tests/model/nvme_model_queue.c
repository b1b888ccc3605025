/* SPDX-License-Identifier: GPL-2.0-only
 * Queues of the NVMe model: commands fetched, completions posted (NVM Express 1.3, chapter 4). */
#include <string.h>

#include "kernel/lib/bits.h"
#include "tests/model/nvme_model_internal.h"

#define BURST 8 /* commands of one queue at a time */
#define DNR BIT32(14)
#define FLAGS_PLAIN 0 /* neither fused nor by SGL */

static uint64_t load(const uint8_t *bytes, size_t at, size_t width)
{
    uint64_t value = 0;
    memcpy(&value, bytes + at, width);
    return value;
}

static struct nvme_command decode(const uint8_t *bytes)
{
    struct nvme_command c = {.opcode = bytes[0],
                             .flags = bytes[1],
                             .cid = (uint16_t)load(bytes, 2, 2),
                             .nsid = (uint32_t)load(bytes, 4, 4),
                             .prp1 = load(bytes, 24, 8),
                             .prp2 = load(bytes, 32, 8)};
    for (size_t i = 0; i < ARRAY_LENGTH(c.dw); i++) {
        c.dw[i] = (uint32_t)load(bytes, 40 + 4 * i, 4);
    }
    return c;
}

static bool full(const struct nvme_model_queue *cq)
{
    return (cq->tail + 1) % cq->size == cq->head;
}

static bool complete(struct nvme_model *m, unsigned number, const struct nvme_command *c, enum nvme_status status)
{
    struct nvme_model_queue *cq = &m->cq[m->sq[number].cq];
    uint32_t field = status == NVME_OK ? 0 : (uint32_t)status | DNR;
    uint32_t entry[4] = {c->result, 0, number << 16 | m->sq[number].head,
                         field << 17 | (cq->phase ? BIT32(16) : 0) | c->cid};
    m->errors += status != NVME_OK;
    if (!m->io.dma(m->io.context, true, cq->base + cq->tail * UINT64_C(16), entry, sizeof(entry))) {
        return false;
    }
    cq->tail = (uint16_t)((cq->tail + 1) % cq->size);
    cq->phase = cq->tail == 0 ? !cq->phase : cq->phase;
    return true;
}

/* One command of that submission queue; false: the controller cannot go on. */
static bool execute(struct nvme_model *m, unsigned number)
{
    struct nvme_model_queue *sq = &m->sq[number];
    uint8_t bytes[NVME_COMMAND_BYTES];
    if (!m->io.dma(m->io.context, false, sq->base + sq->head * UINT64_C(64), bytes, sizeof(bytes))) {
        return false;
    }
    sq->head = (uint16_t)((sq->head + 1) % sq->size);
    struct nvme_command c = decode(bytes);
    enum nvme_status status = NVME_BAD_FIELD;
    if (c.flags == FLAGS_PLAIN) {
        status = number == 0 ? nvme_admin(m, &c) : nvme_io(m, &c);
    }
    return status == NVME_LATER || complete(m, number, &c, status);
}

static void notify(struct nvme_model *m, const struct nvme_model_queue *cq)
{
    if (cq->interrupts) {
        msix_model_raise(&m->msix, nvme_msix_control(m), cq->vector);
    }
}

static bool serve(struct nvme_model *m, unsigned number)
{
    struct nvme_model_queue *sq = &m->sq[number];
    struct nvme_model_queue *cq = &m->cq[sq->cq];
    uint16_t before = cq->tail;
    unsigned done = 0;
    while (done < BURST && sq->live && cq->live && sq->head != sq->tail && !full(cq)) {
        if (!execute(m, number)) {
            nvme_fail(m);
            return true;
        }
        done++;
    }
    if (cq->live && cq->tail != before) {
        notify(m, cq);
    }
    return done != 0;
}

bool nvme_model_tick(struct nvme_model *m)
{
    bool busy = false;
    for (unsigned i = 0; i <= NVME_MODEL_QUEUES && (m->csts & NVME_CSTS_READY) != 0; i++) {
        busy = serve(m, i) || busy;
    }
    return busy;
}
