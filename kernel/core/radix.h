/* SPDX-License-Identifier: GPL-2.0-only
 * One radix page table for four formats: host, EPT, NPT and VT-d second level. The format is passed in; the walk,
 * the choice of the largest page, splitting and freeing are here.
 * Intermediate states are safe: a table is filled (and flushed where the walker does not snoop) before the entry
 * that points to it is written, and every entry is written by one 64-bit store. */
#ifndef BULKHEAD_CORE_RADIX_H
#define BULKHEAD_CORE_RADIX_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Access rights and memory type of a leaf, in no format's own bits. */
enum radix_right {
    RADIX_READ = 1 << 0,
    RADIX_WRITE = 1 << 1,
    RADIX_EXECUTE = 1 << 2,
    RADIX_USER = 1 << 3,     /* host format only: reachable from ring 3 (NPT needs it set: nested walks are user) */
    RADIX_UNCACHED = 1 << 4, /* device memory */
    RADIX_SNOOP = 1 << 5,    /* VT-d, and EPT that VT-d walks too: force snooping; legal only with ECAP.SC */
};

/* How one format writes and reads its entries. All functions are pure. */
struct radix_format {
    const char *name;                         /* "host", "ept", "npt", "vt-d" */
    uint64_t (*make_table)(struct hpa table); /* entry that points to a next-level table */
    uint64_t (*make_leaf)(struct hpa page, unsigned level, unsigned rights); /* level 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB */
    bool (*is_present)(uint64_t entry);
    bool (*is_leaf)(uint64_t entry, unsigned level);    /* of a present entry */
    struct hpa (*address)(uint64_t entry);              /* of a present entry: table or page */
    unsigned (*rights)(uint64_t entry, unsigned level); /* of a present leaf */
};

extern const struct radix_format radix_host;
extern const struct radix_format radix_ept;
extern const struct radix_format radix_npt;
extern const struct radix_format radix_vtd;

struct radix {
    const struct radix_format *format;
    struct hpa root;      /* one page, always present */
    unsigned levels;      /* 3, 4 or 5 */
    unsigned max_leaf;    /* largest leaf level allowed: 1, 2 or 3 */
    bool flush;           /* write every changed line back: the walker does not snoop */
    unsigned always;      /* rights that every leaf gets besides its own; 0 after radix_init */
    uint64_t table_pages; /* pages it holds, root included */
    uint64_t map_left;    /* pages that radix_map may still add to these; UINT64_MAX, as after radix_init: any */
};

/* Allocate the root. levels 3..5, max_leaf 1..3. */
MUST_CHECK enum status radix_init(struct radix *r, const struct radix_format *format, unsigned levels,
                                  unsigned max_leaf, bool flush);

/* Map [from, from+size) to [to, to+size), largest pages first. All three 4 KiB aligned, size > 0, no overflow, and
 * `from` within the table's reach, else STATUS_OUT_OF_RANGE. A page already mapped is STATUS_CONFLICT and nothing
 * changes; when tables run out, or map_left does, STATUS_NO_MEMORY, and what this call had mapped is unmapped again
 * (a walker may have seen it: invalidate). Rights without RADIX_READ are STATUS_UNSUPPORTED: not every format can say
 * them. */
MUST_CHECK enum status radix_map(struct radix *r, uint64_t from, struct hpa to, uint64_t size, unsigned rights);

/* Unmap [from, from+size), splitting larger pages at the edges; unmapped parts are skipped. Empty tables are kept
 * until radix_free (their reuse would need an invalidation first); the caller invalidates the TLBs.
 * STATUS_NO_MEMORY when a table for a split is missing: then nothing is unmapped. */
MUST_CHECK enum status radix_unmap(struct radix *r, uint64_t from, uint64_t size);

/* Change the rights of a wholly mapped [from, from+size), splitting at the edges. STATUS_NOT_FOUND if any page is not
 * mapped, STATUS_NO_MEMORY when a table for a split is missing: then no rights have changed. */
MUST_CHECK enum status radix_protect(struct radix *r, uint64_t from, uint64_t size, unsigned rights);

struct radix_mapping {
    struct hpa to;  /* of the address asked for, not of the page's start */
    unsigned level; /* 1, 2 or 3 */
    unsigned rights;
};

/* Where does `from` lead? STATUS_NOT_FOUND when it is not mapped. */
MUST_CHECK enum status radix_lookup(const struct radix *r, uint64_t from, struct radix_mapping *out);

/* Is any page of [from, from+size) mapped? size > 0; what lies beyond the table's reach is not. */
bool radix_any_mapped(const struct radix *r, uint64_t from, uint64_t size);

/* Call visit for every leaf, in rising order of `from`, the leaf's first address; mapping->to is its start. */
typedef void radix_visit(void *context, uint64_t from, const struct radix_mapping *mapping);
void radix_for_each_leaf(const struct radix *r, radix_visit *visit, void *context);

/* Bytes that one entry of a level spans: 4 KiB for level 1, times 512 a level. level 1..6. */
static inline uint64_t radix_span(unsigned level)
{
    return PAGE_SIZE << (9 * (level - 1));
}

/* Give every table page back. Only after no walker can reach the root any more. */
void radix_free(struct radix *r);

#endif
