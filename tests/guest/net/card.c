/* SPDX-License-Identifier: GPL-2.0-only
 * A driver of the virtio network device. */
#include "tests/guest/net/card.h"

#include "kernel/hw/mmio.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"

#define FUNCTION (UINT64_C(0xe0000000) + (29u << 15))
#define ID 0x10411af4u
#define FEATURES 0x10020u /* link state, address */

struct descriptor {
    uint64_t at;
    uint32_t bytes;
    uint16_t flags, next;
};

struct rings {
    struct descriptor descriptors[CARD_QUEUE];
    struct {
        uint16_t flags, index, ring[CARD_QUEUE], event;
    } available;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t head, written;
        } ring[CARD_QUEUE];
        uint16_t event;
    } used __attribute__((aligned(4)));
};

static struct rings rings[2] __attribute__((aligned(4096)));
static uint8_t buffers[CARD_QUEUE][CARD_BUFFER], out[CARD_BUFFER];

static uint32_t pci_read(unsigned offset, unsigned width)
{
    return (uint32_t)mmio_read(hpa(FUNCTION + offset), width);
}

static uint64_t address(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

bool card_find(struct card *c)
{
    memset(c, 0, sizeof(*c));
    if (pci_read(0, 4) != ID) {
        return false;
    }
    mmio_write(hpa(FUNCTION + 4), 2, 6); /* memory, bus mastering */
    uint64_t bar = (pci_read(0x10, 4) & ~0xfu) | (uint64_t)pci_read(0x14, 4) << 32;
    for (unsigned at = pci_read(0x34, 1); at != 0; at = pci_read(at + 1, 1)) {
        uint64_t where = bar + pci_read(at + 8, 4);
        unsigned type = pci_read(at, 1) == 9 ? pci_read(at + 3, 1) : 0;
        c->common = type == 1 ? where : c->common;
        c->notify = type == 2 ? where : c->notify;
        c->config = type == 4 ? where : c->config;
    }
    return true;
}

uint8_t card_status(const struct card *c)
{
    return mmio_read8(hpa(c->common + 0x14));
}

bool card_has_link(const struct card *c)
{
    return (mmio_read8(hpa(c->config + 6)) & 1) != 0;
}

uint8_t card_mac_end(const struct card *c)
{
    return mmio_read8(hpa(c->config + 5));
}

static void set_queue(const struct card *c, unsigned queue)
{
    struct rings *r = &rings[queue];
    memset(r, 0, sizeof(*r));
    mmio_write16(hpa(c->common + 0x16), (uint16_t)queue);
    mmio_write16(hpa(c->common + 0x18), CARD_QUEUE);
    mmio_write64(hpa(c->common + 0x20), address(r->descriptors));
    mmio_write64(hpa(c->common + 0x28), address(&r->available));
    mmio_write64(hpa(c->common + 0x30), address(&r->used));
    mmio_write16(hpa(c->common + 0x1c), 1);
}

static void post(struct card *c, unsigned index)
{
    card_describe(CARD_RECEIVE, index, address(buffers[index]), CARD_BUFFER, CARD_WRITE, 0);
    card_offer(c, CARD_RECEIVE, (uint16_t)index);
}

bool card_start(struct card *c, unsigned count)
{
    mmio_write8(hpa(c->common + 0x14), 0);
    memset(c->next, 0, sizeof(c->next));
    memset(c->seen, 0, sizeof(c->seen));
    mmio_write8(hpa(c->common + 0x14), 3);
    mmio_write32(hpa(c->common + 0x08), 1);
    mmio_write32(hpa(c->common + 0x0c), 1); /* VERSION_1 */
    mmio_write32(hpa(c->common + 0x08), 0);
    mmio_write32(hpa(c->common + 0x0c), FEATURES);
    mmio_write8(hpa(c->common + 0x14), 11);
    bool agreed = (card_status(c) & 8) != 0;
    set_queue(c, CARD_RECEIVE);
    set_queue(c, CARD_TRANSMIT);
    for (unsigned i = 0; i < count; i++) {
        post(c, i);
    }
    mmio_write8(hpa(c->common + 0x14), 15);
    return agreed;
}

void card_describe(unsigned queue, unsigned index, uint64_t at, uint32_t bytes, uint16_t flags, uint16_t next)
{
    volatile struct descriptor *to = &rings[queue].descriptors[index];
    to->at = at;
    to->bytes = bytes;
    to->flags = flags;
    to->next = next;
}

void card_jump(struct card *c, unsigned queue, uint16_t by)
{
    c->next[queue] = (uint16_t)(c->next[queue] + by);
    __atomic_store_n(&rings[queue].available.index, c->next[queue], __ATOMIC_SEQ_CST);
}

void card_offer(struct card *c, unsigned queue, uint16_t head)
{
    rings[queue].available.ring[c->next[queue] % CARD_QUEUE] = head;
    card_jump(c, queue, 1);
}

void card_notify(const struct card *c, unsigned queue)
{
    mmio_write16(hpa(c->notify + 4 * queue), (uint16_t)queue);
}

bool card_done(struct card *c, unsigned queue, uint32_t *head, uint32_t *written)
{
    if (__atomic_load_n(&rings[queue].used.index, __ATOMIC_SEQ_CST) == c->seen[queue]) {
        return false;
    }
    unsigned slot = c->seen[queue]++ % CARD_QUEUE;
    *head = rings[queue].used.ring[slot].head;
    *written = rings[queue].used.ring[slot].written;
    return true;
}

bool card_send(struct card *c, const uint8_t *frame, uint32_t bytes, uint64_t us)
{
    uint32_t head, written;
    memset(out, 0, CARD_HEADER);
    memcpy(out + CARD_HEADER, frame, bytes);
    card_describe(CARD_TRANSMIT, 0, address(out), CARD_HEADER, CARD_NEXT, 1);
    card_describe(CARD_TRANSMIT, 1, address(out) + CARD_HEADER, bytes, 0, 0);
    card_offer(c, CARD_TRANSMIT, 0);
    card_notify(c, CARD_TRANSMIT);
    bool done = card_done(c, CARD_TRANSMIT, &head, &written);
    for (uint64_t waited = 0; !done && waited < us; waited += 100) {
        machine_wait_us(100);
        done = card_done(c, CARD_TRANSMIT, &head, &written);
    }
    return done;
}

uint32_t card_receive(struct card *c, uint8_t *frame)
{
    uint32_t head, written;
    if (!card_done(c, CARD_RECEIVE, &head, &written) || head >= CARD_QUEUE || written < CARD_HEADER ||
        written > CARD_BUFFER) {
        return 0;
    }
    memcpy(frame, buffers[head] + CARD_HEADER, written - CARD_HEADER);
    post(c, head);
    card_notify(c, CARD_RECEIVE);
    return written - CARD_HEADER;
}
