/* SPDX-License-Identifier: GPL-2.0-only
 * Software walk of a guest's page tables. */
#include "guest/page_walk.h"

#include "kernel/lib/bits.h"

#define CR0_WP BIT64(16)
#define CR0_PG BIT64(31)
#define CR4_PSE BIT64(4)
#define CR4_PAE BIT64(5)
#define CR4_LA57 BIT64(12)
#define CR4_SMEP BIT64(20)
#define EFER_LMA BIT64(10)
#define EFER_NXE BIT64(11)
#define ENTRY_PRESENT BIT64(0)
#define ENTRY_WRITABLE BIT64(1)
#define ENTRY_USER BIT64(2)
#define ENTRY_LARGE BIT64(7)
#define ENTRY_NO_EXECUTE BIT64(63)

/* How one format cuts an address up. */
struct shape {
    unsigned levels;
    unsigned entry_bytes; /* 4 or 8 */
    unsigned index_bits;  /* 9 or 10 */
    unsigned largest;     /* highest level that may hold a page */
};

static struct shape shape_of(const struct page_walk_mode *mode)
{
    if ((mode->efer & EFER_LMA) != 0) {
        return (struct shape){(mode->cr4 & CR4_LA57) != 0 ? 5 : 4, 8, 9, 3};
    }
    if ((mode->cr4 & CR4_PAE) != 0) {
        return (struct shape){3, 8, 9, 2};
    }
    return (struct shape){2, 4, 10, (mode->cr4 & CR4_PSE) != 0 ? 2 : 1};
}

static enum status read_entry(const struct guest_memory *memory, uint64_t at, unsigned bytes, uint64_t *entry,
                              struct page_walk_trace *trace)
{
    const void *from = guest_memory_at(memory, gpa(at), bytes);
    if (from == NULL) {
        return STATUS_OUT_OF_RANGE;
    }
    if (bytes == sizeof(uint32_t)) {
        *entry = __atomic_load_n((const uint32_t *)from, __ATOMIC_RELAXED);
        trace->whole = false;
        return STATUS_OK;
    }
    *entry = __atomic_load_n((const uint64_t *)from, __ATOMIC_RELAXED);
    trace->steps[trace->count].at = from;
    trace->steps[trace->count].value = *entry;
    trace->count++;
    return STATUS_OK;
}

/* The third level of PAE has four entries, without rights; everything else takes part in the decision. */
static bool counts_rights(const struct shape *shape, unsigned level)
{
    return !(shape->levels == 3 && level == 3);
}

static bool allowed(const struct page_walk_mode *mode, uint64_t rights, bool no_execute, enum page_walk_access access)
{
    bool user_page = (rights & ENTRY_USER) != 0;
    if (mode->user && !user_page) {
        return false;
    }
    if (access == PAGE_WALK_WRITE && (rights & ENTRY_WRITABLE) == 0) {
        return !mode->user && (mode->cr0 & CR0_WP) == 0;
    }
    if (access == PAGE_WALK_FETCH) {
        bool smep = !mode->user && user_page && (mode->cr4 & CR4_SMEP) != 0;
        return !smep && !(no_execute && (mode->efer & EFER_NXE) != 0);
    }
    return true;
}

static uint32_t fault_code(const struct page_walk_mode *mode, enum page_walk_access access, bool present)
{
    return (present ? PAGE_WALK_PRESENT : 0) | (access == PAGE_WALK_WRITE ? PAGE_WALK_WRITTEN : 0) |
           (mode->user ? PAGE_WALK_USER : 0) | (access == PAGE_WALK_FETCH ? PAGE_WALK_FETCHED : 0);
}

/* 4 MiB pages keep address bits 39:32 in entry bits 20:13 (PSE-36). */
static uint64_t page_base(const struct shape *shape, uint64_t entry, unsigned shift)
{
    if (shape->entry_bytes == 4) {
        return shift == 22 ? bits_make(bits_get(entry, 31, 22), 31, 22) | bits_make(bits_get(entry, 20, 13), 39, 32)
                           : entry & MASK64(31, 12);
    }
    return entry & MASK64(51, 12) & ~(BIT64(shift) - 1);
}

enum status page_walk_traced(const struct guest_memory *memory, const struct page_walk_mode *mode, uint64_t linear,
                             enum page_walk_access access, struct gpa *out, uint32_t *error,
                             struct page_walk_trace *trace)
{
    trace->whole = true;
    trace->count = 0;
    bool long_mode = (mode->efer & EFER_LMA) != 0;
    linear = long_mode ? linear : linear & UINT32_MAX;
    if ((mode->cr0 & CR0_PG) == 0) {
        *out = gpa(linear);
        return STATUS_OK;
    }
    struct shape shape = shape_of(mode);
    uint64_t table = mode->cr3 & (shape.levels == 3 ? MASK64(31, 5) : MASK64(51, 12));
    uint64_t rights = ENTRY_WRITABLE | ENTRY_USER;
    bool no_execute = false;
    for (unsigned level = shape.levels; level >= 1; level--) {
        unsigned shift = 12 + shape.index_bits * (level - 1);
        uint64_t index = bits_get(linear, shift + shape.index_bits - 1, shift);
        uint64_t entry = 0;
        enum status status = read_entry(memory, table + index * shape.entry_bytes, shape.entry_bytes, &entry, trace);
        if (status != STATUS_OK) {
            return status;
        }
        if ((entry & ENTRY_PRESENT) == 0) {
            *error = fault_code(mode, access, false);
            return STATUS_NOT_FOUND;
        }
        if (counts_rights(&shape, level)) {
            rights &= entry;
            no_execute = no_execute || (entry & ENTRY_NO_EXECUTE) != 0;
        }
        bool leaf = level == 1 || (level <= shape.largest && (entry & ENTRY_LARGE) != 0);
        if (leaf) {
            if (!allowed(mode, rights, no_execute, access)) {
                *error = fault_code(mode, access, true);
                return STATUS_NOT_FOUND;
            }
            *out = gpa(page_base(&shape, entry, shift) | (linear & (BIT64(shift) - 1)));
            return STATUS_OK;
        }
        table = shape.entry_bytes == 4 ? entry & MASK64(31, 12) : entry & MASK64(51, 12);
    }
    return STATUS_OUT_OF_RANGE;
}

enum status page_walk(const struct guest_memory *memory, const struct page_walk_mode *mode, uint64_t linear,
                      enum page_walk_access access, struct gpa *out, uint32_t *error)
{
    struct page_walk_trace trace;
    return page_walk_traced(memory, mode, linear, access, out, error, &trace);
}
