/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended device registers. */
#include "tests/fake/mmio.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/core/mmio_map.h"
#include "kernel/hw/mmio.h"

#define WINDOWS_MAX 64

struct window {
    uint64_t base, size;
    fake_mmio_read *read;
    fake_mmio_write *write;
    void *context;
};

static struct {
    struct window windows[WINDOWS_MAX];
    size_t count;
    uint64_t refused; /* 0: none */
} bus;

void fake_mmio_reset(void)
{
    bus.count = 0;
    bus.refused = 0;
}

void fake_mmio_refuse_map(uint64_t base)
{
    bus.refused = base;
}

void fake_mmio_add(uint64_t base, uint64_t size, fake_mmio_read *read, fake_mmio_write *write, void *context)
{
    if (bus.count == WINDOWS_MAX) {
        abort();
    }
    bus.windows[bus.count++] = (struct window){base, size, read, write, context};
}

static const struct window *find(uint64_t at, unsigned width)
{
    for (size_t i = 0; i < bus.count; i++) {
        const struct window *w = &bus.windows[i];
        if (at >= w->base && at - w->base < w->size && at % width == 0) {
            return w;
        }
    }
    fprintf(stderr, "fake mmio: %u-byte access at 0x%llx hits no register window\n", width, (unsigned long long)at);
    abort();
}

static uint64_t read_at(struct hpa at, unsigned width)
{
    const struct window *w = find(at.v, width);
    return w->read(w->context, at.v - w->base, width);
}

static void write_at(struct hpa at, unsigned width, uint64_t value)
{
    const struct window *w = find(at.v, width);
    w->write(w->context, at.v - w->base, width, value);
}

uint8_t mmio_read8(struct hpa at)
{
    return (uint8_t)read_at(at, 1);
}

uint16_t mmio_read16(struct hpa at)
{
    return (uint16_t)read_at(at, 2);
}

uint32_t mmio_read32(struct hpa at)
{
    return (uint32_t)read_at(at, 4);
}

uint64_t mmio_read64(struct hpa at)
{
    return read_at(at, 8);
}

void mmio_write8(struct hpa at, uint8_t value)
{
    write_at(at, 1, value);
}

void mmio_write16(struct hpa at, uint16_t value)
{
    write_at(at, 2, value);
}

void mmio_write32(struct hpa at, uint32_t value)
{
    write_at(at, 4, value);
}

void mmio_write64(struct hpa at, uint64_t value)
{
    write_at(at, 8, value);
}

enum status mmio_map(struct hpa base, uint64_t size)
{
    (void)size;
    return bus.refused != 0 && base.v == bus.refused ? STATUS_CONFLICT : STATUS_OK;
}
