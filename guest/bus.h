/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's port or MMIO space: which emulated device answers which addresses. What nobody registered does not exist:
 * it reads all ones, swallows writes, and is counted. Host ports that a guest must never reach are simply unknown. */
#ifndef BULKHEAD_GUEST_BUS_H
#define BULKHEAD_GUEST_BUS_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* offset is from the range's base, width 1, 2, 4 or 8 bytes, now_ns the guest's time. */
typedef uint64_t bus_read_function(void *context, uint64_t offset, unsigned width, uint64_t now_ns);
typedef void bus_write_function(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns);

struct bus_range {
    uint64_t base;
    uint64_t size;             /* bytes, at least 1 */
    unsigned widths;           /* the widths the device takes: a sum of 1, 2, 4, 8 */
    bus_read_function *read;   /* NULL: reads all ones */
    bus_write_function *write; /* NULL: writes are swallowed */
    void *context;
    bool quiet; /* no access changes what anybody but the device itself has to look at afterwards (bus.touched) */
};

enum bus_kind {
    BUS_PORTS, /* 16-bit addresses; an access no device takes whole is split into bytes, as the ISA bus does */
    BUS_MMIO,  /* 64-bit addresses; an access no device takes whole reads all ones */
};

struct bus {
    enum bus_kind kind;
    struct bus_range *ranges; /* sorted by base */
    size_t capacity;
    size_t count;
    uint64_t unknown; /* accesses nobody answered, wrong widths included */
    bool touched;     /* an access reached a range that is not quiet since the owner cleared this */
};

/* storage: room for `capacity` ranges, owned by the caller, alive as long as the bus. */
void bus_init(struct bus *bus, enum bus_kind kind, struct bus_range *storage, size_t capacity);

/* CONFLICT when it overlaps a registered range, OUT_OF_RANGE when it is empty, leaves the space or names a width that
 * does not exist, NO_MEMORY when the storage is full. */
MUST_CHECK enum status bus_add(struct bus *bus, const struct bus_range *range);

/* No registered range has any of these addresses; size > 0. */
bool bus_is_free(const struct bus *bus, uint64_t base, uint64_t size);

/* The range registered with exactly this base goes away; NOT_FOUND when there is none. */
MUST_CHECK enum status bus_remove(struct bus *bus, uint64_t base);

/* Range that holds the address, or NULL. */
const struct bus_range *bus_find(const struct bus *bus, uint64_t address);

/* width is 1, 2, 4 or 8 (ports: not 8). The value read is cut to the width. */
uint64_t bus_read(struct bus *bus, uint64_t address, unsigned width, uint64_t now_ns);
void bus_write(struct bus *bus, uint64_t address, unsigned width, uint64_t value, uint64_t now_ns);

uint64_t bus_unknown_count(const struct bus *bus);

#endif
