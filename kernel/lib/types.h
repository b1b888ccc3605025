/* SPDX-License-Identifier: GPL-2.0-only
 * Fixed-width types and the distinct address types; converted only by named functions. */
#ifndef BULKHEAD_LIB_TYPES_H
#define BULKHEAD_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host-physical address: what the CPU's page tables and the remapping tables hold. */
struct hpa {
    uint64_t v;
};

/* Guest-physical address: what a guest believes is physical. */
struct gpa {
    uint64_t v;
};

/* I/O virtual address: what a device puts on the bus. */
struct iova {
    uint64_t v;
};

static inline struct hpa hpa(uint64_t v)
{
    return (struct hpa){v};
}

static inline struct gpa gpa(uint64_t v)
{
    return (struct gpa){v};
}

static inline struct iova iova(uint64_t v)
{
    return (struct iova){v};
}

static inline struct hpa hpa_add(struct hpa a, uint64_t bytes)
{
    return (struct hpa){a.v + bytes};
}

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define PAGE_SIZE UINT64_C(4096)

#endif
