/* SPDX-License-Identifier: GPL-2.0-only
 * Bit ranges named high bit first, as the manuals write them. */
#ifndef BULKHEAD_LIB_BITS_H
#define BULKHEAD_LIB_BITS_H

#include "kernel/lib/types.h"

#define BIT32(n) (UINT32_C(1) << (n))
#define BIT64(n) (UINT64_C(1) << (n))
/* All ones in bits high..low, both included. */
#define MASK64(high, low) ((~UINT64_C(0) >> (63 - (high))) & (~UINT64_C(0) << (low)))
#define MASK32(high, low) ((uint32_t)MASK64(high, low))

/* The value in bits high..low of v, shifted down. */
static inline uint64_t bits_get(uint64_t v, unsigned high, unsigned low)
{
    return (v & MASK64(high, low)) >> low;
}

/* field placed at bits high..low; bits of field that do not fit are dropped. */
static inline uint64_t bits_make(uint64_t field, unsigned high, unsigned low)
{
    return (field << low) & MASK64(high, low);
}

/* v with bits high..low replaced by field. */
static inline uint64_t bits_set(uint64_t v, unsigned high, unsigned low, uint64_t field)
{
    return (v & ~MASK64(high, low)) | bits_make(field, high, low);
}

/* align must be a power of two. */
static inline uint64_t align_down(uint64_t v, uint64_t align)
{
    return v & ~(align - 1);
}

/* align must be a power of two and v + align - 1 must not overflow. */
static inline uint64_t align_up(uint64_t v, uint64_t align)
{
    return (v + align - 1) & ~(align - 1);
}

static inline bool is_aligned(uint64_t v, uint64_t align)
{
    return (v & (align - 1)) == 0;
}

#endif
