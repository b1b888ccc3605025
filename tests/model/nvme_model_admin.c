/* SPDX-License-Identifier: GPL-2.0-only
 * Admin commands (NVM Express 1.3, chapter 5). */
#include <string.h>

#include "kernel/lib/bits.h"
#include "tests/model/nvme_model_internal.h"

enum {
    DELETE_SQ = 0x00,
    CREATE_SQ = 0x01,
    GET_LOG = 0x02,
    DELETE_CQ = 0x04,
    CREATE_CQ = 0x05,
    IDENTIFY = 0x06,
    ABORT = 0x08,
    SET_FEATURES = 0x09,
    GET_FEATURES = 0x0a,
    ASYNC_EVENT = 0x0c,
};
enum { CNS_NAMESPACE = 0, CNS_CONTROLLER = 1, CNS_ACTIVE = 2, CNS_DESCRIPTORS = 3 };
enum { LOG_ERRORS = 1, LOG_HEALTH = 2, LOG_FIRMWARE = 3 };
enum {
    FEATURE_ARBITRATION = 1,
    FEATURE_POWER = 2,
    FEATURE_RECOVERY = 5,
    FEATURE_CACHE = 6,
    FEATURE_QUEUES = 7,
    FEATURE_COALESCING = 8,
    FEATURE_ATOMICITY = 10,
    FEATURE_EVENTS = 11,
};
#define NQN "nqn.2014.08.org.nvmexpress:bulkhead-vmd-model-"
#define KELVIN 300

static void put(uint8_t *page, size_t at, uint64_t value, size_t bytes)
{
    memcpy(page + at, &value, bytes);
}

static void put_text(uint8_t *page, size_t at, const char *text, size_t bytes)
{
    size_t length = strlen(text);
    memset(page + at, ' ', bytes);
    memcpy(page + at, text, length < bytes ? length : bytes);
}

/* 5.15, figure 109. */
static void identify_controller(struct nvme_model *m)
{
    uint8_t *p = m->page;
    char serial[] = "BHVMD000";
    serial[sizeof(serial) - 2] = (char)('0' + m->number % 10);
    put(p, 0, NVME_MODEL_VENDOR, 2);
    put(p, 2, NVME_MODEL_VENDOR, 2);
    put_text(p, 4, serial, 20);
    put_text(p, 24, "Bulkhead NVMe model", 40);
    put_text(p, 64, "1", 8);
    p[77] = NVME_TRANSFER_LOG;
    put(p, 78, m->number + 1, 2);
    put(p, 80, 0x00010300, 4);
    p[258] = 3;                     /* abort command limit */
    p[259] = NVME_MODEL_EVENTS - 1; /* asynchronous event request limit */
    p[260] = 3;                     /* one firmware slot, read-only */
    put(p, 266, KELVIN + 60, 2);
    put(p, 268, KELVIN + 70, 2);
    p[512] = 0x66; /* entries of 64 bytes */
    p[513] = 0x44; /* and of 16 */
    put(p, 516, 1, 4);
    memcpy(p + 768, NQN, sizeof(NQN) - 1);
    p[768 + sizeof(NQN) - 1] = (uint8_t)serial[sizeof(serial) - 2];
}

static void identify_namespace(struct nvme_model *m)
{
    put(m->page, 0, m->blocks, 8);
    put(m->page, 8, m->blocks, 8);
    put(m->page, 16, m->blocks, 8);
    m->page[130] = 9; /* format 0: blocks of 2^9 bytes */
}

/* One descriptor: a UUID (5.15, figure 116). */
static void identify_descriptors(struct nvme_model *m)
{
    m->page[0] = 3;
    m->page[1] = 16;
    memcpy(m->page + 4, "BHVMD-namespace", 15);
    m->page[19] = (uint8_t)m->number;
}

static enum nvme_status identify(struct nvme_model *m, const struct nvme_command *c)
{
    unsigned what = (unsigned)bits_get(c->dw[0], 7, 0);
    memset(m->page, 0, sizeof(m->page));
    if ((what == CNS_NAMESPACE || what == CNS_DESCRIPTORS) && c->nsid != 1) {
        return NVME_BAD_NAMESPACE;
    }
    switch (what) {
    case CNS_NAMESPACE:
        identify_namespace(m);
        break;
    case CNS_CONTROLLER:
        identify_controller(m);
        break;
    case CNS_ACTIVE:
        put(m->page, 0, c->nsid == 0 ? 1 : 0, 4);
        break;
    case CNS_DESCRIPTORS:
        identify_descriptors(m);
        break;
    default:
        return NVME_BAD_FIELD;
    }
    return nvme_page_to_host(m, c, NVME_MODEL_PAGE);
}

static enum nvme_status get_log(struct nvme_model *m, const struct nvme_command *c)
{
    unsigned which = (unsigned)bits_get(c->dw[0], 7, 0);
    uint64_t bytes = ((bits_get(c->dw[1], 15, 0) << 16 | bits_get(c->dw[0], 31, 16)) + 1) * 4;
    if (which < LOG_ERRORS || which > LOG_FIRMWARE) {
        return NVME_BAD_LOG;
    }
    if (bytes > NVME_MODEL_PAGE || c->dw[2] != 0 || c->dw[3] != 0) {
        return NVME_BAD_FIELD;
    }
    memset(m->page, 0, sizeof(m->page));
    if (which == LOG_HEALTH) {
        put(m->page, 1, KELVIN, 2);
        m->page[3] = 100; /* spare blocks, % */
        put(m->page, 32, m->reads, 8);
        put(m->page, 48, m->writes, 8);
    } else if (which == LOG_FIRMWARE) {
        m->page[0] = 1;
        put_text(m->page, 8, "1", 8);
    }
    return nvme_page_to_host(m, c, bytes);
}

static enum nvme_status features(struct nvme_command *c)
{
    switch (bits_get(c->dw[0], 7, 0)) {
    case FEATURE_QUEUES:
        if (c->opcode == SET_FEATURES && ((c->dw[1] & 0xffff) == 0xffff || c->dw[1] >> 16 == 0xffff)) {
            return NVME_BAD_FIELD;
        }
        c->result = (NVME_MODEL_QUEUES - 1) << 16 | (NVME_MODEL_QUEUES - 1);
        return NVME_OK;
    case FEATURE_ARBITRATION:
    case FEATURE_POWER:
    case FEATURE_RECOVERY:
    case FEATURE_CACHE:
    case FEATURE_COALESCING:
    case FEATURE_ATOMICITY:
    case FEATURE_EVENTS:
        return NVME_OK;
    default:
        return NVME_BAD_FIELD;
    }
}

static enum nvme_status check_queue(const struct nvme_command *c, const struct nvme_model_queue *queues)
{
    uint64_t id = bits_get(c->dw[0], 15, 0);
    uint64_t entries = bits_get(c->dw[0], 31, 16) + 1;
    if (id == 0 || id > NVME_MODEL_QUEUES || queues[id].live) {
        return NVME_BAD_QUEUE_ID;
    }
    if (entries < 2 || entries > NVME_MODEL_DEPTH) {
        return NVME_BAD_QUEUE_SIZE;
    }
    if ((c->dw[1] & 1) == 0) { /* CAP.CQR: physically contiguous */
        return NVME_BAD_FIELD;
    }
    return c->prp1 % NVME_MODEL_PAGE == 0 ? NVME_OK : NVME_BAD_PRP;
}

static struct nvme_model_queue new_queue(const struct nvme_command *c)
{
    return (struct nvme_model_queue){
        .live = true, .base = c->prp1, .size = (uint16_t)(bits_get(c->dw[0], 31, 16) + 1), .phase = true};
}

static enum nvme_status create_cq(struct nvme_model *m, const struct nvme_command *c)
{
    uint64_t vector = bits_get(c->dw[1], 31, 16);
    enum nvme_status status = check_queue(c, m->cq);
    if (status != NVME_OK) {
        return status;
    }
    if (vector >= NVME_MODEL_VECTORS) {
        return NVME_BAD_VECTOR;
    }
    struct nvme_model_queue *q = &m->cq[c->dw[0] & 0xffff];
    *q = new_queue(c);
    q->interrupts = bits_get(c->dw[1], 1, 1) != 0;
    q->vector = (uint16_t)vector;
    return NVME_OK;
}

static enum nvme_status create_sq(struct nvme_model *m, const struct nvme_command *c)
{
    uint64_t cq = bits_get(c->dw[1], 31, 16);
    enum nvme_status status = check_queue(c, m->sq);
    if (status != NVME_OK) {
        return status;
    }
    if (cq == 0 || cq > NVME_MODEL_QUEUES || !m->cq[cq].live) {
        return NVME_BAD_CQ;
    }
    struct nvme_model_queue *q = &m->sq[c->dw[0] & 0xffff];
    *q = new_queue(c);
    q->cq = (uint16_t)cq;
    return NVME_OK;
}

static bool in_use(const struct nvme_model *m, uint64_t cq)
{
    for (unsigned i = 1; i <= NVME_MODEL_QUEUES; i++) {
        if (m->sq[i].live && m->sq[i].cq == cq) {
            return true;
        }
    }
    return false;
}

static enum nvme_status delete_queue(struct nvme_model *m, const struct nvme_command *c)
{
    uint64_t id = bits_get(c->dw[0], 15, 0);
    struct nvme_model_queue *queues = c->opcode == DELETE_SQ ? m->sq : m->cq;
    if (id == 0 || id > NVME_MODEL_QUEUES || !queues[id].live) {
        return NVME_BAD_QUEUE_ID;
    }
    if (c->opcode == DELETE_CQ && in_use(m, id)) {
        return NVME_BAD_DELETION;
    }
    queues[id].live = false;
    return NVME_OK;
}

enum nvme_status nvme_admin(struct nvme_model *m, struct nvme_command *c)
{
    switch (c->opcode) {
    case DELETE_SQ:
    case DELETE_CQ:
        return delete_queue(m, c);
    case CREATE_SQ:
        return create_sq(m, c);
    case CREATE_CQ:
        return create_cq(m, c);
    case GET_LOG:
        return get_log(m, c);
    case IDENTIFY:
        return identify(m, c);
    case ABORT:
        c->result = 1; /* not aborted: it is done before anyone can ask */
        return NVME_OK;
    case SET_FEATURES:
    case GET_FEATURES:
        return features(c);
    case ASYNC_EVENT:
        if (m->events == NVME_MODEL_EVENTS) {
            return NVME_TOO_MANY_EVENTS;
        }
        m->events++;
        return NVME_LATER;
    default:
        return NVME_BAD_OPCODE;
    }
}
