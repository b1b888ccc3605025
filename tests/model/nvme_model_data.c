/* SPDX-License-Identifier: GPL-2.0-only
 * Physical region pages (NVM Express 1.3, 4.3) and reads and writes by them. */
#include <string.h>

#include "kernel/lib/bits.h"
#include "tests/model/nvme_model_internal.h"

enum { READ = 0x02, WRITE = 0x01, FLUSH = 0x00 };

struct cursor {
    struct nvme_model *m;
    uint64_t left;
    uint64_t now;  /* the first piece */
    uint64_t list; /* address of the next entry of a PRP list */
    uint64_t last; /* the second and last piece, when there is no list */
    bool first;
};

static bool read_entry(struct cursor *c, uint64_t *entry)
{
    struct nvme_model *m = c->m;
    return m->io.dma(m->io.context, false, c->list, entry, sizeof(*entry));
}

/* The last entry of a page leads to the next list when more than one page is left. */
static enum nvme_status from_list(struct cursor *c, uint64_t *address)
{
    if (c->list % NVME_MODEL_PAGE == NVME_MODEL_PAGE - sizeof(uint64_t) && c->left > NVME_MODEL_PAGE) {
        uint64_t next = 0;
        if (!read_entry(c, &next)) {
            return NVME_TRANSFER_ERROR;
        }
        if (next % NVME_MODEL_PAGE != 0) {
            return NVME_BAD_PRP;
        }
        c->list = next;
    }
    if (!read_entry(c, address)) {
        return NVME_TRANSFER_ERROR;
    }
    c->list += sizeof(uint64_t);
    return *address % NVME_MODEL_PAGE == 0 ? NVME_OK : NVME_BAD_PRP;
}

static enum nvme_status begin(struct cursor *c, struct nvme_model *m, const struct nvme_command *command,
                              uint64_t bytes)
{
    uint64_t room = NVME_MODEL_PAGE - command->prp1 % NVME_MODEL_PAGE;
    uint64_t rest = bytes > room ? bytes - room : 0;
    *c = (struct cursor){.m = m, .left = bytes, .now = command->prp1, .first = true};
    if (command->prp1 % 4 != 0) {
        return NVME_BAD_PRP;
    }
    if (rest > NVME_MODEL_PAGE) {
        c->list = command->prp2;
        return c->list != 0 && c->list % sizeof(uint64_t) == 0 ? NVME_OK : NVME_BAD_PRP;
    }
    c->last = command->prp2;
    return rest == 0 || c->last % NVME_MODEL_PAGE == 0 ? NVME_OK : NVME_BAD_PRP;
}

/* Where the next piece goes, and how long it is; left > 0. */
static enum nvme_status next(struct cursor *c, uint64_t *address, size_t *bytes)
{
    enum nvme_status status = NVME_OK;
    if (c->first) {
        *address = c->now;
        c->first = false;
    } else if (c->list != 0) {
        status = from_list(c, address);
    } else {
        *address = c->last;
    }
    uint64_t room = NVME_MODEL_PAGE - *address % NVME_MODEL_PAGE;
    *bytes = (size_t)(c->left < room ? c->left : room);
    c->left -= *bytes;
    return status;
}

static enum nvme_status move(struct nvme_model *m, bool write, uint64_t disk, uint64_t address, size_t bytes)
{
    if (!write && !m->io.disk(m->io.context, false, disk, m->page, bytes)) {
        return NVME_READ_ERROR;
    }
    if (!m->io.dma(m->io.context, !write, address, m->page, bytes)) {
        return NVME_TRANSFER_ERROR;
    }
    return !write || m->io.disk(m->io.context, true, disk, m->page, bytes) ? NVME_OK : NVME_WRITE_FAULT;
}

enum nvme_status nvme_disk_transfer(struct nvme_model *m, const struct nvme_command *c, bool write, uint64_t at,
                                    uint64_t bytes)
{
    struct cursor cursor;
    enum nvme_status status = begin(&cursor, m, c, bytes);
    while (status == NVME_OK && cursor.left > 0) {
        uint64_t address = 0;
        size_t piece = 0;
        status = next(&cursor, &address, &piece);
        if (status == NVME_OK) {
            status = move(m, write, at, address, piece);
        }
        at += piece;
    }
    return status;
}

enum nvme_status nvme_page_to_host(struct nvme_model *m, const struct nvme_command *c, uint64_t bytes)
{
    struct cursor cursor;
    enum nvme_status status = begin(&cursor, m, c, bytes);
    for (size_t done = 0, piece = 0; status == NVME_OK && cursor.left > 0; done += piece) {
        uint64_t address = 0;
        status = next(&cursor, &address, &piece);
        if (status == NVME_OK && !m->io.dma(m->io.context, true, address, m->page + done, piece)) {
            status = NVME_TRANSFER_ERROR;
        }
    }
    return status;
}

enum nvme_status nvme_io(struct nvme_model *m, const struct nvme_command *c)
{
    uint64_t first = (uint64_t)c->dw[1] << 32 | c->dw[0];
    uint64_t count = bits_get(c->dw[2], 15, 0) + 1;
    if (c->opcode != READ && c->opcode != WRITE && c->opcode != FLUSH) {
        return NVME_BAD_OPCODE;
    }
    if (c->nsid != 1 && !(c->opcode == FLUSH && c->nsid == UINT32_MAX)) {
        return NVME_BAD_NAMESPACE;
    }
    if (c->opcode == FLUSH) {
        return NVME_OK;
    }
    if (first >= m->blocks || count > m->blocks - first) {
        return NVME_BAD_LBA;
    }
    if (count * NVME_MODEL_BLOCK > NVME_TRANSFER_MAX) {
        return NVME_BAD_FIELD;
    }
    enum nvme_status status =
        nvme_disk_transfer(m, c, c->opcode == WRITE, first * NVME_MODEL_BLOCK, count * NVME_MODEL_BLOCK);
    m->writes += status == NVME_OK && c->opcode == WRITE;
    m->reads += status == NVME_OK && c->opcode == READ;
    return status;
}
