/* SPDX-License-Identifier: GPL-2.0-only
 * Memory types that firmware gave to physical memory (SDM 3A 12.11). EPT does not look at them for guests' accesses
 * (SDM 3C 29.3.7), so what EPT maps write-back must be write-back here too.
 * All but mtrr_read() is pure. */
#ifndef BULKHEAD_CORE_MTRR_H
#define BULKHEAD_CORE_MTRR_H

#include "kernel/lib/memory_map.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* As the registers encode them; 2, 3 and 7 to 255 are reserved. */
enum mtrr_type {
    MTRR_UNCACHED = 0,
    MTRR_WRITE_COMBINING = 1,
    MTRR_WRITE_THROUGH = 4,
    MTRR_WRITE_PROTECTED = 5,
    MTRR_WRITE_BACK = 6,
};

#define MTRR_FIXED 11u        /* 88 ranges below 1 MiB, eight in a register */
#define MTRR_VARIABLE_MAX 32u /* CPUs have 8 to 10; what is beyond is not looked at, see mtrr_read() */

/* One CPU's registers, as read. */
struct mtrr {
    bool present;          /* CPUID.1:EDX.MTRR; without it everything is write-back */
    uint64_t default_type; /* MTRR_DEF_TYPE: type 7:0, fixed ranges on 10, on at all 11 */
    bool has_fixed;        /* MTRRCAP.FIX */
    uint64_t fixed[MTRR_FIXED];
    struct {
        uint64_t base, mask; /* MTRR_PHYSBASEn: type 7:0; MTRR_PHYSMASKn: valid 11 */
    } variable[MTRR_VARIABLE_MAX];
    unsigned count;        /* of variable ranges: MTRRCAP.VCNT */
    unsigned address_bits; /* physical, MAXPHYADDR */
};

/* The calling CPU's. STATUS_UNSUPPORTED: more variable ranges than fit. */
MUST_CHECK enum status mtrr_read(struct mtrr *out);

/* The type at `start`, and in *uniform how many of the `size` > 0 bytes from there have it (the whole range is uniform
 * when that is `size`). start + size must not overflow. Where ranges overlap: uncached before all, write-through before
 * write-back; what the manual leaves undefined (other mixtures, reserved types) is uncached. */
enum mtrr_type mtrr_type_of(const struct mtrr *m, uint64_t start, uint64_t size, uint64_t *uniform);

/* Are they on? Off, all memory is uncached. */
bool mtrr_is_on(const struct mtrr *m);

/* The first register in which two CPUs differ as far as it matters (variable ranges that are not valid do not), 0 when
 * they agree, UINT32_MAX when only one has any or they have different numbers of them. */
uint32_t mtrr_difference(const struct mtrr *a, const struct mtrr *b);

/* Take RAM above 1 MiB that is not write-back out of the map: it becomes MEMORY_UNUSABLE. each() hears of every such
 * part. STATUS_NO_MEMORY: the map is full. */
typedef void mtrr_lost(uint64_t start, uint64_t end, enum mtrr_type type);
MUST_CHECK enum status mtrr_restrict(const struct mtrr *m, struct memory_map *map, mtrr_lost *each);

/* "uncached", "write-combining", ... */
const char *mtrr_type_text(enum mtrr_type type);

#endif
