/* SPDX-License-Identifier: GPL-2.0-only
 * A PCI function's address: segment, bus, device, function; written 0000:3b:00.0. */
#ifndef BULKHEAD_LIB_SBDF_H
#define BULKHEAD_LIB_SBDF_H

#include "kernel/lib/types.h"

struct sbdf {
    uint32_t v; /* segment 31:16, bus 15:8, device 7:3, function 2:0 */
};

#define SBDF_TEXT_SIZE sizeof("0000:3b:00.0")

static inline struct sbdf sbdf_make(unsigned segment, unsigned bus, unsigned device, unsigned function)
{
    return (struct sbdf){segment << 16 | (bus & 0xff) << 8 | (device & 0x1f) << 3 | (function & 7)};
}

/* rid: the 16-bit requester (source) id, bus 15:8, devfn 7:0. */
static inline struct sbdf sbdf_from_rid(unsigned segment, uint16_t rid)
{
    return (struct sbdf){segment << 16 | rid};
}

static inline uint16_t sbdf_segment(struct sbdf s)
{
    return (uint16_t)(s.v >> 16);
}

static inline uint8_t sbdf_bus(struct sbdf s)
{
    return (uint8_t)(s.v >> 8);
}

static inline uint8_t sbdf_device(struct sbdf s)
{
    return (s.v >> 3) & 0x1f;
}

static inline uint8_t sbdf_function(struct sbdf s)
{
    return s.v & 7;
}

static inline uint8_t sbdf_devfn(struct sbdf s)
{
    return (uint8_t)s.v;
}

static inline uint16_t sbdf_rid(struct sbdf s)
{
    return (uint16_t)s.v;
}

static inline bool sbdf_equal(struct sbdf a, struct sbdf b)
{
    return a.v == b.v;
}

/* Write "0000:3b:00.0" and its NUL into text; returns text. */
char *sbdf_text(struct sbdf s, char text[SBDF_TEXT_SIZE]);

/* Parse exactly `length` characters "SSSS:BB:DD.F" (hex, lower or upper case) into out; false when malformed. */
bool sbdf_parse(const char *text, size_t length, struct sbdf *out);

#endif
