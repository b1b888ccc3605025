/* SPDX-License-Identifier: GPL-2.0-only
 * Registers of the NVMe model (NVM Express 1.3, chapter 3). */
#include "tests/model/nvme_model.h"

#include <string.h>

#include "kernel/lib/bits.h"
#include "tests/model/nvme_model_internal.h"

#define CLASS_NVME 0x010802
#define EXPRESS_ENDPOINT 0
enum {
    REG_CAP = 0x00,
    REG_CAP_HIGH = 0x04,
    REG_VS = 0x08,
    REG_INTMS = 0x0c,
    REG_INTMC = 0x10,
    REG_CC = 0x14,
    REG_CSTS = 0x1c,
    REG_AQA = 0x24,
    REG_ASQ = 0x28,
    REG_ACQ = 0x30,
    DOORBELLS = 0x1000,
    TABLE = 0x2000,
    PENDING = 0x3000,
};
#define CAP_LOW (BIT32(16) | BIT32(24) | BIT32(25) | (NVME_MODEL_DEPTH - 1)) /* contiguous queues; 1.5 s; depth */
#define CAP_HIGH BIT32(5)                                                    /* the NVM command set */
#define VERSION 0x00010300
#define CC_ENABLE BIT32(0)
#define CC_WRITABLE 0x00fffff1
#define CSTS_SHUT_DOWN (2U << 2)

uint16_t nvme_msix_control(const struct nvme_model *m)
{
    return (uint16_t)pci_model_read(&m->space, (uint16_t)(m->msix_at + 2), 2);
}

static void send(void *context, uint64_t address, uint32_t data)
{
    struct nvme_model *m = context;
    m->io.dma(m->io.context, true, address, &data, sizeof(data));
}

static void stop(struct nvme_model *m)
{
    memset(m->sq, 0, sizeof(m->sq));
    memset(m->cq, 0, sizeof(m->cq));
    m->events = 0;
    m->csts = 0;
}

static void power_on(struct nvme_model *m)
{
    pci_model_init(&m->space, NVME_MODEL_VENDOR, NVME_MODEL_DEVICE, CLASS_NVME, 0);
    pci_model_bar(&m->space, 0, NVME_MODEL_WINDOW, 4);
    m->express_at = pci_model_add_express(&m->space, EXPRESS_ENDPOINT, true);
    pci_model_add_power(&m->space, true);
    m->msix_at = pci_model_add_msix(&m->space, NVME_MODEL_VECTORS, 0, TABLE, PENDING);
    msix_model_reset(&m->msix, NVME_MODEL_VECTORS);
    m->cc = m->aqa = m->intms = 0;
    m->asq = m->acq = 0;
    stop(m);
}

void nvme_model_init(struct nvme_model *m, unsigned number, uint64_t bytes, const struct nvme_model_io *io)
{
    memset(m, 0, sizeof(*m));
    m->io = *io;
    m->number = number;
    m->blocks = bytes / NVME_MODEL_BLOCK;
    m->msix.context = m;
    m->msix.send = send;
    power_on(m);
}

void nvme_model_reset(struct nvme_model *m)
{
    power_on(m);
}

uint32_t nvme_model_config_read(const struct nvme_model *m, uint16_t offset, unsigned width)
{
    return pci_model_read(&m->space, offset, width);
}

static bool covers(uint16_t offset, unsigned width, unsigned at)
{
    return at >= offset && at < offset + width;
}

static bool begins_reset(const struct nvme_model *m, uint16_t offset, unsigned width, uint32_t value)
{
    unsigned upper = m->express_at + 9U; /* device control, upper byte: bit 7 starts a function level reset */
    return offset % width == 0 && covers(offset, width, upper) && (value >> (8 * (upper - offset)) & 0x80) != 0;
}

bool nvme_model_falls_silent(const struct nvme_model *m, uint16_t offset, unsigned width, uint32_t value)
{
    unsigned power = m->space.power + 4U; /* power management control: state in 1:0 */
    bool other = offset % width == 0 && covers(offset, width, power) &&
                 ((value >> (8 * (power - offset)) ^ pci_model_read(&m->space, (uint16_t)power, 1)) & 3) != 0;
    return other || begins_reset(m, offset, width, value);
}

void nvme_model_config_write(struct nvme_model *m, uint16_t offset, unsigned width, uint32_t value)
{
    if (begins_reset(m, offset, width, value)) {
        power_on(m);
        return;
    }
    pci_model_write(&m->space, offset, width, value);
    if (covers(offset, width, m->msix_at + 3U)) {
        msix_model_control(&m->msix, nvme_msix_control(m));
    }
}

static uint32_t read_word(const struct nvme_model *m, uint64_t offset)
{
    switch (offset) {
    case REG_CAP:
        return CAP_LOW;
    case REG_CAP_HIGH:
        return CAP_HIGH;
    case REG_VS:
        return VERSION;
    case REG_INTMS:
    case REG_INTMC:
        return m->intms;
    case REG_CC:
        return m->cc;
    case REG_CSTS:
        return m->csts;
    case REG_AQA:
        return m->aqa;
    case REG_ASQ:
    case REG_ASQ + 4:
        return (uint32_t)(m->asq >> (8 * (offset - REG_ASQ)));
    case REG_ACQ:
    case REG_ACQ + 4:
        return (uint32_t)(m->acq >> (8 * (offset - REG_ACQ)));
    default:
        return 0;
    }
}

static uint32_t part_of(uint32_t word, uint64_t offset, unsigned width)
{
    return (uint32_t)(word >> (8 * (offset % 4)) & MASK64(8 * width - 1, 0));
}

uint64_t nvme_model_read(const struct nvme_model *m, uint64_t offset, unsigned width)
{
    if (width == 0 || width > 8 || (width & (width - 1)) != 0 || offset % width != 0 || offset >= NVME_MODEL_WINDOW) {
        return ~UINT64_C(0);
    }
    if (offset >= PENDING) {
        return msix_model_pending(&m->msix, offset - PENDING, width);
    }
    if (offset >= TABLE) {
        return msix_model_read(&m->msix, offset - TABLE, width);
    }
    if (width == 8) {
        return (uint64_t)read_word(m, offset + 4) << 32 | read_word(m, offset);
    }
    return part_of(read_word(m, offset & ~UINT64_C(3)), offset, width);
}

void nvme_fail(struct nvme_model *m)
{
    stop(m);
    m->csts = NVME_CSTS_FATAL;
}

/* Page size, command set, arbitration: the only ones there are; entry sizes may be given later, but not others. */
static bool good_configuration(const struct nvme_model *m)
{
    uint64_t sq = bits_get(m->cc, 19, 16);
    uint64_t cq = bits_get(m->cc, 23, 20);
    return bits_get(m->cc, 13, 4) == 0 && (sq == 6 || sq == 0) && (cq == 4 || cq == 0) &&
           bits_get(m->aqa, 11, 0) != 0 && bits_get(m->aqa, 27, 16) != 0;
}

static void start(struct nvme_model *m)
{
    if (!good_configuration(m)) {
        nvme_fail(m);
        return;
    }
    stop(m);
    m->sq[0] = (struct nvme_model_queue){.live = true, .base = m->asq, .size = (uint16_t)(bits_get(m->aqa, 11, 0) + 1)};
    m->cq[0] = (struct nvme_model_queue){.live = true,
                                         .base = m->acq,
                                         .size = (uint16_t)(bits_get(m->aqa, 27, 16) + 1),
                                         .interrupts = true,
                                         .phase = true};
    m->csts = NVME_CSTS_READY;
}

static void write_cc(struct nvme_model *m, uint32_t value)
{
    uint32_t before = m->cc;
    m->cc = value & CC_WRITABLE;
    if ((before & CC_ENABLE) == 0 && (m->cc & CC_ENABLE) != 0) {
        start(m);
    } else if ((m->cc & CC_ENABLE) == 0) {
        stop(m);
    }
    if (bits_get(m->cc, 15, 14) != 0) {
        m->csts |= CSTS_SHUT_DOWN;
    }
}

static uint64_t half(uint64_t whole, uint64_t offset, uint32_t value)
{
    uint64_t both = offset % 8 == 0 ? bits_set(whole, 31, 0, value) : bits_set(whole, 63, 32, value);
    return align_down(both, NVME_MODEL_PAGE);
}

static void write_word(struct nvme_model *m, uint64_t offset, uint32_t value)
{
    bool running = (m->cc & CC_ENABLE) != 0;
    switch (offset) {
    case REG_INTMS:
        m->intms |= value;
        break;
    case REG_INTMC:
        m->intms &= ~value;
        break;
    case REG_CC:
        write_cc(m, value);
        break;
    case REG_AQA:
        m->aqa = running ? m->aqa : value & 0x0fff0fff;
        break;
    case REG_ASQ:
    case REG_ASQ + 4:
        m->asq = running ? m->asq : half(m->asq, offset, value);
        break;
    case REG_ACQ:
    case REG_ACQ + 4:
        m->acq = running ? m->acq : half(m->acq, offset, value);
        break;
    default:
        break;
    }
}

static void doorbell(struct nvme_model *m, uint64_t offset, uint32_t value)
{
    uint64_t number = offset / 8;
    bool completion = offset % 8 != 0;
    struct nvme_model_queue *q = completion ? &m->cq[0] : &m->sq[0];
    if (number > NVME_MODEL_QUEUES || !q[number].live || value >= q[number].size) {
        m->bad_doorbells++;
        return;
    }
    if (completion) {
        q[number].head = (uint16_t)value;
    } else {
        q[number].tail = (uint16_t)value;
    }
}

static void write_dword(struct nvme_model *m, uint64_t offset, uint32_t value)
{
    if (offset >= DOORBELLS) {
        doorbell(m, offset - DOORBELLS, value);
    } else {
        write_word(m, offset, value);
    }
}

void nvme_model_write(struct nvme_model *m, uint64_t offset, unsigned width, uint64_t value)
{
    if ((width != 4 && width != 8) || offset % width != 0 || offset >= PENDING) {
        return;
    }
    if (offset >= TABLE) {
        msix_model_write(&m->msix, nvme_msix_control(m), offset - TABLE, width, value);
        return;
    }
    write_dword(m, offset, (uint32_t)value);
    if (width == 8) {
        write_dword(m, offset + 4, (uint32_t)(value >> 32));
    }
}
