/* SPDX-License-Identifier: GPL-2.0-only
 * NVMe by its registers: CAP 0x00, CC 0x14, CSTS 0x1c, AQA 0x24, ASQ 0x28, ACQ 0x30, doorbells from 0x1000 on
 * (NVM Express 1.4 3.1, 4.2, 4.6, 5). */
#include "guest/platform.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/vf/vf.h"

#define CLASS_NVME 0x010802u
#define MEMORY_AND_MASTER 6u
#define ENTRIES 8u                                    /* of each queue */
#define ENABLE ((uint32_t)(6u << 16 | 4u << 20 | 1u)) /* entries of 64 and 16 bytes */
#define READY 1u
#define FATAL 2u
#define SECOND_MS 1000u
#define QUEUES 2u

enum { IDENTIFY = 6, CREATE_SQ = 1, CREATE_CQ = 5, READ = 2 };

static uint8_t queues[QUEUES][2][4096] __attribute__((aligned(4096)));

static uint32_t config_read(unsigned devfn, unsigned offset)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000 | devfn << 8 | offset);
    return port_read32(PLATFORM_PCI_DATA_PORT);
}

static void config_write(unsigned devfn, unsigned offset, uint32_t value)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000 | devfn << 8 | offset);
    port_write32(PLATFORM_PCI_DATA_PORT, value);
}

static uint32_t get(const struct vf *vf, unsigned offset)
{
    return mmio_read32(hpa(vf->base + offset));
}

static void put(const struct vf *vf, unsigned offset, uint32_t value)
{
    mmio_write32(hpa(vf->base + offset), value);
}

static void put64(const struct vf *vf, unsigned offset, uint64_t value)
{
    put(vf, offset, (uint32_t)value);
    put(vf, offset + 4, (uint32_t)(value >> 32));
}

bool vf_find(struct vf *vf)
{
    for (unsigned devfn = vf->devfn; devfn < 256; devfn++) {
        if (config_read(devfn, 0) != UINT32_MAX && config_read(devfn, 8) >> 8 == CLASS_NVME) {
            uint64_t base = (config_read(devfn, 0x10) & ~0xfu) | (uint64_t)config_read(devfn, 0x14) << 32;
            *vf = (struct vf){.devfn = devfn, .base = base};
            config_write(devfn, 4, MEMORY_AND_MASTER);
            return true;
        }
    }
    return false;
}

bool vf_is_online(const struct vf *vf)
{
    return (get(vf, 0x1c) & FATAL) == 0;
}

static bool wait_ready(const struct vf *vf, uint32_t wanted)
{
    for (unsigned ms = 0; ms < SECOND_MS; ms++) {
        if ((get(vf, 0x1c) & READY) == wanted) {
            return true;
        }
        machine_wait_us(1000);
    }
    return false;
}

bool vf_start(struct vf *vf, uint64_t submission, uint64_t completion)
{
    put(vf, 0x14, 0);
    if (!wait_ready(vf, 0)) {
        return false;
    }
    memset(queues, 0, sizeof(queues));
    memset(vf->tail, 0, sizeof(vf->tail));
    memset(vf->head, 0, sizeof(vf->head));
    vf->stride = 4u << bits_get(get(vf, 4), 3, 0);
    put(vf, 0x24, (ENTRIES - 1) << 16 | (ENTRIES - 1));
    put64(vf, 0x28, submission != 0 ? submission : (uintptr_t)queues[0][0]);
    put64(vf, 0x30, completion != 0 ? completion : (uintptr_t)queues[0][1]);
    put(vf, 0x14, ENABLE);
    return wait_ready(vf, READY);
}

static void doorbell(const struct vf *vf, unsigned queue, bool completions, unsigned value)
{
    put(vf, 0x1000 + (2 * queue + completions) * vf->stride, value);
}

/* The low bit of the last word of an entry alternates with each turn of the queue. */
static uint32_t wait_completion(struct vf *vf, unsigned queue)
{
    const volatile uint32_t *entry = (const volatile uint32_t *)queues[queue][1] + 4 * (vf->head[queue] % ENTRIES);
    uint32_t phase = (vf->head[queue] / ENTRIES & 1) == 0 ? 1 : 0;
    for (unsigned ms = 0; ms < SECOND_MS; ms++) {
        if ((entry[3] >> 16 & 1) == phase) {
            vf->head[queue]++;
            doorbell(vf, queue, true, vf->head[queue] % ENTRIES);
            return entry[3] >> 17;
        }
        machine_wait_us(1000);
    }
    return UINT32_MAX;
}

struct command {
    unsigned queue, opcode, space;
    uint64_t data;
    uint32_t words[3]; /* 10 to 12 */
};

static uint32_t run(struct vf *vf, const struct command *c)
{
    uint32_t *entry = (uint32_t *)queues[c->queue][0] + 16 * (vf->tail[c->queue] % ENTRIES);
    memset(entry, 0, 64);
    entry[0] = c->opcode | vf->tail[c->queue] << 16;
    entry[1] = c->space;
    entry[6] = (uint32_t)c->data;
    entry[7] = (uint32_t)(c->data >> 32);
    memcpy(&entry[10], c->words, sizeof(c->words));
    vf->tail[c->queue]++;
    doorbell(vf, c->queue, false, vf->tail[c->queue] % ENTRIES);
    return wait_completion(vf, c->queue);
}

uint32_t vf_identify(struct vf *vf, unsigned cns, uint64_t to)
{
    return run(vf, &(struct command){.opcode = IDENTIFY, .space = cns == 0, .data = to, .words = {cns}});
}

uint32_t vf_read_first(struct vf *vf, uint64_t to)
{
    const uint32_t size = (ENTRIES - 1) << 16 | 1;
    const struct command steps[] = {
        {.opcode = CREATE_CQ, .data = (uintptr_t)queues[1][1], .words = {size, 1}},
        {.opcode = CREATE_SQ, .data = (uintptr_t)queues[1][0], .words = {size, 1 << 16 | 1}},
        {.queue = 1, .opcode = READ, .space = 1, .data = to},
    };
    uint32_t status = 0;
    for (size_t i = 0; status == 0 && i < ARRAY_LENGTH(steps); i++) {
        status = run(vf, &steps[i]);
    }
    return status;
}

bool vf_ring(struct vf *vf)
{
    doorbell(vf, 0, false, 1);
    for (unsigned ms = 0; ms < SECOND_MS; ms++) {
        if ((get(vf, 0x1c) & FATAL) != 0) {
            return true;
        }
        machine_wait_us(1000);
    }
    return false;
}
