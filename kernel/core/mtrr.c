/* SPDX-License-Identifier: GPL-2.0-only
 * What the MTRRs say about a range (SDM 3A 12.11.2 to 12.11.4). */
#include "kernel/core/mtrr.h"

#include "kernel/lib/bits.h"

#define DEF_FIXED BIT64(10)
#define DEF_ON BIT64(11)
#define MASK_VALID BIT64(11)
#define FIXED_END MIB
#define REGISTER_PHYSBASE0 0x200u
#define REGISTER_DEF_TYPE 0x2ffu
#define REGISTER_FIXED0 0x250u

/* A type and where it ends at the latest: the next byte may be of the same. */
struct piece {
    enum mtrr_type type;
    uint64_t end;
};

static enum mtrr_type sound_type(uint64_t encoding)
{
    switch (encoding) {
    case MTRR_WRITE_COMBINING:
    case MTRR_WRITE_THROUGH:
    case MTRR_WRITE_PROTECTED:
    case MTRR_WRITE_BACK:
        return (enum mtrr_type)encoding;
    default:
        return MTRR_UNCACHED;
    }
}

/* Below 1 MiB: eight ranges of 64 KiB, sixteen of 16 KiB, sixty-four of 4 KiB; a byte each, in this order. */
static struct piece fixed_piece(const struct mtrr *m, uint64_t at)
{
    unsigned shift = at < 0x80000 ? 16 : at < 0xc0000 ? 14 : 12;
    uint64_t first = at < 0x80000 ? 0 : at < 0xc0000 ? 0x80000 : 0xc0000;
    unsigned index = at < 0x80000 ? 0 : at < 0xc0000 ? 8 : 24;
    index += (unsigned)((at - first) >> shift);
    unsigned low = 8 * (index % 8);
    return (struct piece){sound_type(bits_get(m->fixed[index / 8], low + 7, low)),
                          align_down(at, BIT64(shift)) + BIT64(shift)};
}

static bool is_contiguous(uint64_t mask, uint64_t reach)
{
    uint64_t low = mask & -mask;
    return mask == (~(low - 1) & (reach - 1));
}

/* Where variable range i begins or ends next after `at`: a mask with holes may say something new at every multiple of
 * its lowest bit. */
static uint64_t next_border(uint64_t base, uint64_t mask, uint64_t at, uint64_t reach)
{
    uint64_t block = mask & -mask;
    if (!is_contiguous(mask, reach)) {
        return align_down(at, block) + block;
    }
    uint64_t start = base & mask;
    if (at < start) {
        return start;
    }
    return at - start < block ? start + block : UINT64_MAX;
}

static enum mtrr_type combine(enum mtrr_type a, enum mtrr_type b)
{
    if (a == b) {
        return a;
    }
    bool through =
        (a == MTRR_WRITE_THROUGH && b == MTRR_WRITE_BACK) || (a == MTRR_WRITE_BACK && b == MTRR_WRITE_THROUGH);
    return through ? MTRR_WRITE_THROUGH : MTRR_UNCACHED;
}

static struct piece variable_piece(const struct mtrr *m, uint64_t at)
{
    uint64_t reach = BIT64(m->address_bits);
    struct piece p = {.type = sound_type(bits_get(m->default_type, 7, 0)), .end = UINT64_MAX};
    bool matched = false;
    for (unsigned i = 0; i < m->count; i++) {
        uint64_t base = m->variable[i].base;
        uint64_t mask = m->variable[i].mask & MASK64(51, 12) & (reach - 1);
        if ((m->variable[i].mask & MASK_VALID) == 0) {
            continue;
        }
        if ((at & mask) == (base & mask)) {
            enum mtrr_type type = sound_type(bits_get(base, 7, 0));
            p.type = matched ? combine(p.type, type) : type;
            matched = true;
        }
        uint64_t border = mask == 0 ? UINT64_MAX : next_border(base, mask, at, reach);
        p.end = border < p.end ? border : p.end;
    }
    return p;
}

bool mtrr_is_on(const struct mtrr *m)
{
    return !m->present || (m->default_type & DEF_ON) != 0;
}

static struct piece piece_at(const struct mtrr *m, uint64_t at)
{
    if (!m->present) {
        return (struct piece){MTRR_WRITE_BACK, UINT64_MAX};
    }
    if (!mtrr_is_on(m)) {
        return (struct piece){MTRR_UNCACHED, UINT64_MAX};
    }
    bool fixed = m->has_fixed && (m->default_type & DEF_FIXED) != 0;
    return fixed && at < FIXED_END ? fixed_piece(m, at) : variable_piece(m, at);
}

enum mtrr_type mtrr_type_of(const struct mtrr *m, uint64_t start, uint64_t size, uint64_t *uniform)
{
    uint64_t end = start + size;
    struct piece first = piece_at(m, start);
    uint64_t at = first.end;
    while (at < end) {
        struct piece next = piece_at(m, at);
        if (next.type != first.type) {
            break;
        }
        at = next.end;
    }
    *uniform = (at < end ? at : end) - start;
    return first.type;
}

static bool same_variable(const struct mtrr *a, const struct mtrr *b, unsigned i)
{
    if (((a->variable[i].mask | b->variable[i].mask) & MASK_VALID) == 0) {
        return true;
    }
    return a->variable[i].mask == b->variable[i].mask && a->variable[i].base == b->variable[i].base;
}

/* Registers are not numbered without gaps: 64 KiB, 16 KiB twice, 4 KiB eight times. */
static uint32_t fixed_register(unsigned i)
{
    return i == 0 ? REGISTER_FIXED0 : i < 3 ? 0x257 + i : 0x265 + i;
}

uint32_t mtrr_difference(const struct mtrr *a, const struct mtrr *b)
{
    if (a->present != b->present || a->count != b->count || a->has_fixed != b->has_fixed) {
        return UINT32_MAX;
    }
    if (a->default_type != b->default_type) {
        return REGISTER_DEF_TYPE;
    }
    for (unsigned i = 0; i < MTRR_FIXED; i++) {
        if (a->fixed[i] != b->fixed[i]) {
            return fixed_register(i);
        }
    }
    for (unsigned i = 0; i < a->count; i++) {
        if (!same_variable(a, b, i)) {
            return REGISTER_PHYSBASE0 + 2 * i;
        }
    }
    return 0;
}

/* The first part of RAM at or behind `from` that is not write-back; false when there is none. */
static bool find_lost(const struct mtrr *m, const struct memory_map *map, uint64_t from, struct memory_range *out,
                      enum mtrr_type *type)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct memory_range *r = &map->ranges[i];
        uint64_t at = r->start > from ? r->start : from;
        while (r->kind == MEMORY_RAM && at < r->end) {
            uint64_t uniform = 0;
            *type = mtrr_type_of(m, at, r->end - at, &uniform);
            if (*type != MTRR_WRITE_BACK) {
                *out = (struct memory_range){.start = at, .end = at + uniform};
                return true;
            }
            at += uniform;
        }
    }
    return false;
}

enum status mtrr_restrict(const struct mtrr *m, struct memory_map *map, mtrr_lost *each)
{
    struct memory_range lost = {.end = FIXED_END};
    enum mtrr_type type = MTRR_WRITE_BACK;
    while (find_lost(m, map, lost.end, &lost, &type)) {
        enum status status = memory_map_add(map, lost.start, lost.end - lost.start, MEMORY_UNUSABLE);
        if (status != STATUS_OK) {
            return status;
        }
        each(lost.start, lost.end, type);
    }
    return STATUS_OK;
}

const char *mtrr_type_text(enum mtrr_type type)
{
    switch (type) {
    case MTRR_WRITE_COMBINING:
        return "write-combining";
    case MTRR_WRITE_THROUGH:
        return "write-through";
    case MTRR_WRITE_PROTECTED:
        return "write-protected";
    case MTRR_WRITE_BACK:
        return "write-back";
    default:
        return "uncached";
    }
}
