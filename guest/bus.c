/* SPDX-License-Identifier: GPL-2.0-only
 * Sorted ranges, looked up by bisection. */
#include "guest/bus.h"

#include "kernel/lib/bits.h"

#define PORT_SPACE 0x10000

static uint64_t width_mask(unsigned width)
{
    return MASK64(8 * width - 1, 0);
}

void bus_init(struct bus *bus, enum bus_kind kind, struct bus_range *storage, size_t capacity)
{
    *bus = (struct bus){.kind = kind, .ranges = storage, .capacity = capacity};
}

/* Index of the first range whose base is above the address. */
static size_t upper_bound(const struct bus *bus, uint64_t address)
{
    size_t low = 0;
    size_t high = bus->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bus->ranges[middle].base <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct bus_range *bus_find(const struct bus *bus, uint64_t address)
{
    size_t above = upper_bound(bus, address);
    if (above == 0) {
        return NULL;
    }
    const struct bus_range *r = &bus->ranges[above - 1];
    return address - r->base < r->size ? r : NULL;
}

bool bus_is_free(const struct bus *bus, uint64_t base, uint64_t size)
{
    size_t above = upper_bound(bus, base);
    bool hits_lower = bus_find(bus, base) != NULL;
    bool hits_upper = above < bus->count && bus->ranges[above].base - base < size;
    return !hits_lower && !hits_upper;
}

static enum status check_range(const struct bus *bus, const struct bus_range *range)
{
    unsigned known = bus->kind == BUS_PORTS ? 1 | 2 | 4 : 1 | 2 | 4 | 8;
    uint64_t last;
    if (range->size == 0 || __builtin_add_overflow(range->base, range->size - 1, &last)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (bus->kind == BUS_PORTS && last >= PORT_SPACE) {
        return STATUS_OUT_OF_RANGE;
    }
    return range->widths == 0 || (range->widths & ~known) != 0 ? STATUS_OUT_OF_RANGE : STATUS_OK;
}

enum status bus_add(struct bus *bus, const struct bus_range *range)
{
    enum status s = check_range(bus, range);
    if (s != STATUS_OK) {
        return s;
    }
    size_t at = upper_bound(bus, range->base);
    if (!bus_is_free(bus, range->base, range->size)) {
        return STATUS_CONFLICT;
    }
    if (bus->count == bus->capacity) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = bus->count; i > at; i--) {
        bus->ranges[i] = bus->ranges[i - 1];
    }
    bus->ranges[at] = *range;
    bus->count++;
    return STATUS_OK;
}

enum status bus_remove(struct bus *bus, uint64_t base)
{
    size_t above = upper_bound(bus, base);
    if (above == 0 || bus->ranges[above - 1].base != base) {
        return STATUS_NOT_FOUND;
    }
    bus->count--;
    for (size_t i = above - 1; i < bus->count; i++) {
        bus->ranges[i] = bus->ranges[i + 1];
    }
    return STATUS_OK;
}

/* The range that takes the access in one piece, or NULL. */
static const struct bus_range *find_whole(const struct bus *bus, uint64_t address, unsigned width)
{
    const struct bus_range *r = bus_find(bus, address);
    if (r == NULL || (r->widths & width) == 0 || r->size - (address - r->base) < width) {
        return NULL;
    }
    return r;
}

/* r: who takes it whole, or NULL. */
static uint64_t read_one(struct bus *bus, const struct bus_range *r, uint64_t address, unsigned width, uint64_t now_ns)
{
    if (r == NULL || r->read == NULL) {
        bus->unknown++;
        return width_mask(width);
    }
    bus->touched = bus->touched || !r->quiet;
    return r->read(r->context, address - r->base, width, now_ns) & width_mask(width);
}

static void write_one(struct bus *bus, const struct bus_range *r, uint64_t address, unsigned width, uint64_t value,
                      uint64_t now_ns)
{
    if (r == NULL || r->write == NULL) {
        bus->unknown++;
        return;
    }
    bus->touched = bus->touched || !r->quiet;
    r->write(r->context, address - r->base, width, value & width_mask(width), now_ns);
}

/* A wide port access that no device takes whole, but that touches some device, goes byte by byte. */
static bool is_split(const struct bus *bus, uint64_t address, unsigned width)
{
    if (bus->kind != BUS_PORTS || width == 1) {
        return false;
    }
    for (unsigned i = 0; i < width; i++) {
        if (bus_find(bus, address + i) != NULL) {
            return true;
        }
    }
    return false;
}

uint64_t bus_read(struct bus *bus, uint64_t address, unsigned width, uint64_t now_ns)
{
    const struct bus_range *whole = find_whole(bus, address, width);
    if (whole != NULL || !is_split(bus, address, width)) {
        return read_one(bus, whole, address, width, now_ns);
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= read_one(bus, find_whole(bus, address + i, 1), address + i, 1, now_ns) << (8 * i);
    }
    return value;
}

void bus_write(struct bus *bus, uint64_t address, unsigned width, uint64_t value, uint64_t now_ns)
{
    const struct bus_range *whole = find_whole(bus, address, width);
    if (whole != NULL || !is_split(bus, address, width)) {
        write_one(bus, whole, address, width, value, now_ns);
        return;
    }
    for (unsigned i = 0; i < width; i++) {
        write_one(bus, find_whole(bus, address + i, 1), address + i, 1, value >> (8 * i), now_ns);
    }
}

uint64_t bus_unknown_count(const struct bus *bus)
{
    return bus->unknown;
}
