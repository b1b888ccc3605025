/* SPDX-License-Identifier: GPL-2.0-only
 * A PCI function's address: segment, bus, device, function; written 0000:3b:00.0.
 * Functions behind an Intel VMD endpoint are on buses of a domain of their own, which firmware knows nothing of. Linux
 * numbers these domains from 0x10000 and writes 10000:e1:00.0; here they are the segments from SBDF_VMD_FIRST on,
 * which firmware must not use for its own, and the text is Linux's. */
#ifndef BULKHEAD_LIB_SBDF_H
#define BULKHEAD_LIB_SBDF_H

#include "kernel/lib/types.h"

struct sbdf {
    uint32_t v; /* segment 31:16, bus 15:8, device 7:3, function 2:0 */
};

#define SBDF_TEXT_SIZE sizeof("10000:e1:00.0")
#define SBDF_VMD_FIRST 0xff00u  /* segment of Linux's domain 0x10000 */
#define SBDF_VMD_LINUX 0x10000u /* Linux's number of it */

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

/* Behind a VMD endpoint: no requester id of a remapping unit. */
static inline bool sbdf_is_vmd(struct sbdf s)
{
    return sbdf_segment(s) >= SBDF_VMD_FIRST;
}

static inline bool sbdf_equal(struct sbdf a, struct sbdf b)
{
    return a.v == b.v;
}

/* Write "0000:3b:00.0", or "10000:e1:00.0" behind a VMD, and its NUL into text; returns text. */
char *sbdf_text(struct sbdf s, char text[SBDF_TEXT_SIZE]);

/* Parse exactly `length` characters "SSSS:BB:DD.F" (hex, lower or upper case) into out, or "100SS:BB:DD.F" for a
 * function behind a VMD; false when malformed. Each address has one way to be written, but for case. */
bool sbdf_parse(const char *text, size_t length, struct sbdf *out);

#endif
