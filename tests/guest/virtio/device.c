/* SPDX-License-Identifier: GPL-2.0-only
 * A driver of the virtio console. */
#include "tests/guest/virtio/device.h"

#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"

#define FUNCTION (UINT64_C(0xe0000000) + (31u << 15))
#define ID 0x10431af4u
#define MESSAGES 5u
#define GUARD 0x5a

struct descriptor {
    uint64_t at;
    uint32_t bytes;
    uint16_t flags, next;
};

struct available {
    uint16_t flags, index, ring[QUEUE_SIZE];
};

struct used {
    uint16_t flags, index;
    struct {
        uint32_t head, written;
    } ring[QUEUE_SIZE];
};

/* Each on a page, with guards after the used rings. */
struct rings {
    struct descriptor descriptors[QUEUE_SIZE];
    struct available available;
    uint8_t guard_before[64];
    struct used used __attribute__((aligned(4)));
    uint16_t event;
    uint8_t guard_after[64];
};

static struct rings rings[QUEUES] __attribute__((aligned(4096)));

uint32_t device_pci_read(unsigned offset, unsigned width)
{
    return (uint32_t)mmio_read(hpa(FUNCTION + offset), width);
}

void device_pci_write(unsigned offset, unsigned width, uint32_t value)
{
    mmio_write(hpa(FUNCTION + offset), width, value);
}

static uint64_t bar_at(unsigned index)
{
    uint64_t low = device_pci_read(0x10 + 4 * index, 4) & ~0xfu;
    return low | (uint64_t)device_pci_read(0x14 + 4 * index, 4) << 32;
}

static void take_capability(struct device *d, unsigned at)
{
    uint64_t where = bar_at(device_pci_read(at + 4, 1)) + device_pci_read(at + 8, 4);
    switch (device_pci_read(at + 3, 1)) {
    case 1:
        d->common = where;
        break;
    case 2:
        d->notify = where;
        break;
    case 3:
        d->isr = where;
        break;
    case 4:
        d->config = where;
        break;
    default:
        break;
    }
}

static unsigned find_capability(uint8_t id)
{
    unsigned at = device_pci_read(0x34, 1);
    while (at != 0 && device_pci_read(at, 1) != id) {
        at = device_pci_read(at + 1, 1);
    }
    return at;
}

bool device_find(struct device *d)
{
    memset(d, 0, sizeof(*d));
    if (device_pci_read(0, 4) != ID) {
        return false;
    }
    device_pci_write(4, 2, 6); /* memory, bus mastering */
    for (unsigned at = device_pci_read(0x34, 1); at != 0; at = device_pci_read(at + 1, 1)) {
        if (device_pci_read(at, 1) == 9) {
            take_capability(d, at);
        }
    }
    uint32_t table = device_pci_read(find_capability(0x11) + 4, 4);
    d->table = bar_at(table & 7) + (table & ~7u);
    return true;
}

void device_messages(const struct device *d, uint8_t first)
{
    device_pci_write(find_capability(0x11) + 2, 2, 0x8000);
    for (unsigned i = 0; i < MESSAGES; i++) {
        mmio_write32(hpa(d->table + 16 * i), 0xfee00000u | apic_id() << 12);
        mmio_write32(hpa(d->table + 16 * i + 4), 0);
        mmio_write32(hpa(d->table + 16 * i + 8), first + i);
        mmio_write32(hpa(d->table + 16 * i + 12), 0);
    }
}

void device_messages_off(void)
{
    device_pci_write(find_capability(0x11) + 2, 2, 0);
}

uint8_t device_status(const struct device *d)
{
    return mmio_read8(hpa(d->common + 0x14));
}

void device_reset(struct device *d)
{
    mmio_write8(hpa(d->common + 0x14), 0);
    memset(d->next, 0, sizeof(d->next));
    memset(d->seen, 0, sizeof(d->seen));
}

static bool negotiate(struct device *d)
{
    device_reset(d);
    mmio_write8(hpa(d->common + 0x14), 3);
    mmio_write32(hpa(d->common + 0x08), 1);
    mmio_write32(hpa(d->common + 0x0c), 1); /* VERSION_1 */
    mmio_write32(hpa(d->common + 0x08), 0);
    mmio_write32(hpa(d->common + 0x0c), 2); /* several ports */
    mmio_write8(hpa(d->common + 0x14), 11);
    return (device_status(d) & 8) != 0;
}

static void set_queue(const struct device *d, unsigned queue, uint64_t descriptors, uint64_t available, uint64_t used)
{
    struct rings *r = &rings[queue];
    memset(r, 0, sizeof(*r));
    memset(r->guard_before, GUARD, sizeof(r->guard_before));
    memset(r->guard_after, GUARD, sizeof(r->guard_after));
    mmio_write16(hpa(d->common + 0x16), (uint16_t)queue);
    mmio_write16(hpa(d->common + 0x18), QUEUE_SIZE);
    mmio_write16(hpa(d->common + 0x1a), (uint16_t)queue);
    mmio_write64(hpa(d->common + 0x20), descriptors);
    mmio_write64(hpa(d->common + 0x28), available);
    mmio_write64(hpa(d->common + 0x30), used);
    mmio_write16(hpa(d->common + 0x1c), 1);
}

bool device_start_at(struct device *d, uint64_t descriptors, uint64_t available, uint64_t used)
{
    bool agreed = negotiate(d);
    for (unsigned i = 0; i < QUEUES; i++) {
        bool own = i != 1;
        set_queue(d, i, own ? (uint64_t)(uintptr_t)rings[i].descriptors : descriptors,
                  own ? (uint64_t)(uintptr_t)&rings[i].available : available,
                  own ? (uint64_t)(uintptr_t)&rings[i].used : used);
    }
    mmio_write16(hpa(d->common + 0x10), MESSAGES - 1); /* the configuration's vector */
    mmio_write8(hpa(d->common + 0x14), 15);
    return agreed;
}

bool device_start(struct device *d)
{
    return device_start_at(d, (uint64_t)(uintptr_t)rings[1].descriptors, (uint64_t)(uintptr_t)&rings[1].available,
                           (uint64_t)(uintptr_t)&rings[1].used);
}

void device_describe(unsigned queue, unsigned index, uint64_t at, uint32_t bytes, uint16_t flags, uint16_t next)
{
    volatile struct descriptor *to = &rings[queue].descriptors[index];
    to->at = at;
    to->bytes = bytes;
    to->flags = flags;
    to->next = next;
}

void device_index(struct device *d, unsigned queue, uint16_t index)
{
    d->next[queue] = index;
    __atomic_store_n(&rings[queue].available.index, index, __ATOMIC_SEQ_CST);
}

void device_offer(struct device *d, unsigned queue, uint16_t head)
{
    rings[queue].available.ring[d->next[queue] % QUEUE_SIZE] = head;
    device_index(d, queue, (uint16_t)(d->next[queue] + 1));
}

void device_notify(const struct device *d, unsigned queue)
{
    mmio_write16(hpa(d->notify + 4 * queue), (uint16_t)queue);
}

unsigned device_done(struct device *d, unsigned queue)
{
    uint16_t index = __atomic_load_n(&rings[queue].used.index, __ATOMIC_SEQ_CST);
    unsigned done = (uint16_t)(index - d->seen[queue]);
    d->seen[queue] = index;
    return done;
}

bool device_print(struct device *d, const char *text, uint64_t us)
{
    device_describe(1, 0, (uint64_t)(uintptr_t)text, (uint32_t)strlen(text), 0, 0);
    device_offer(d, 1, 0);
    device_notify(d, 1);
    unsigned done = device_done(d, 1);
    for (uint64_t waited = 0; done == 0 && waited < us; waited += 100) {
        machine_wait_us(100);
        done = device_done(d, 1);
    }
    return done == 1;
}

bool device_guards_hold(void)
{
    bool hold = true;
    for (unsigned i = 0; i < QUEUES; i++) {
        for (unsigned k = 0; k < sizeof(rings[i].guard_after); k++) {
            hold = hold && rings[i].guard_before[k] == GUARD && rings[i].guard_after[k] == GUARD;
        }
    }
    return hold;
}
