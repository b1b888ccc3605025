/* SPDX-License-Identifier: GPL-2.0-only
 * Paging entries of the three formats. */
#include "audit/entry.h"

#include "kernel/lib/bits.h"

#define ADDRESS_MASK MASK64(51, 12)
#define LEAF_BIT BIT64(7) /* in all three, at levels 2 and 3 */

/* Bits of an entry's address field that a leaf of that level leaves 0; from `low` on. */
static uint64_t leaf_low_bits(unsigned level, unsigned low)
{
    unsigned shift = 12 + 9 * (level - 1);
    return shift > low ? MASK64(shift - 1, low) : 0;
}

static bool is_leaf(uint64_t raw, unsigned level)
{
    return level == 1 || (level <= 3 && (raw & LEAF_BIT) != 0);
}

static uint64_t too_wide(const struct audit_walker *w)
{
    return w->address_bits < 52 ? MASK64(51, w->address_bits) : 0;
}

/* SDM 3C 29.3.2, tables 29-1 to 29-7; 29.3.3.1: write without read, and the types 2, 3 and 7, are misconfigurations. */
enum {
    EPT_READ = 1,
    EPT_WRITE = 2,
    EPT_EXECUTE = 4,
};

static uint64_t ept_reserved(uint64_t raw, unsigned level)
{
    if (is_leaf(raw, level)) {
        return leaf_low_bits(level, 12);
    }
    return level >= 4 ? MASK64(7, 3) : MASK64(6, 3);
}

static bool ept_type_exists(uint8_t type)
{
    return type == AUDIT_UC || type == AUDIT_WC || type == AUDIT_WT || type == AUDIT_WP || type == AUDIT_WB;
}

static void decode_ept(const struct audit_walker *w, uint64_t raw, unsigned level, struct audit_entry *e)
{
    e->present = bits_get(raw, 2, 0) != 0;
    e->leaf = is_leaf(raw, level);
    e->rights = (uint8_t)((raw & EPT_READ ? AUDIT_READ : 0) | (raw & EPT_WRITE ? AUDIT_WRITE : 0) |
                          (raw & EPT_EXECUTE ? AUDIT_EXECUTE : 0));
    e->type = e->leaf ? (uint8_t)bits_get(raw, 5, 3) : AUDIT_NO_TYPE;
    bool odd = (raw & EPT_READ) == 0 || (e->leaf && !ept_type_exists(e->type));
    if (odd || (raw & (ept_reserved(raw, level) | too_wide(w))) != 0) {
        e->wrong = AUDIT_ENTRY_RESERVED;
    }
}

/* APM 2 5.3.3, figures 5-20 to 5-25; 15.25.5: every access of a guest is a user access there. */
#define NPT_PRESENT BIT64(0)
#define NPT_WRITE BIT64(1)
#define NPT_USER BIT64(2)
#define NPT_PWT BIT64(3)
#define NPT_PCD BIT64(4)
#define NPT_PAT_SMALL BIT64(7)  /* of a 4 KiB leaf */
#define NPT_PAT_LARGE BIT64(12) /* of a larger one */
#define NPT_NO_EXECUTE BIT64(63)

static uint8_t npt_type(const struct audit_walker *w, uint64_t raw, unsigned level)
{
    bool high = (raw & (level == 1 ? NPT_PAT_SMALL : NPT_PAT_LARGE)) != 0;
    unsigned index = (high ? 4u : 0) + (raw & NPT_PCD ? 2u : 0) + (raw & NPT_PWT ? 1u : 0);
    return (uint8_t)((w->pat >> (8 * index)) & 7);
}

static uint64_t npt_reserved(uint64_t raw, unsigned level)
{
    if (is_leaf(raw, level)) {
        return level == 1 ? 0 : leaf_low_bits(level, 13);
    }
    return level >= 4 ? MASK64(8, 7) : 0;
}

static void decode_npt(const struct audit_walker *w, uint64_t raw, unsigned level, struct audit_entry *e)
{
    e->present = (raw & NPT_PRESENT) != 0;
    e->leaf = is_leaf(raw, level);
    if ((raw & NPT_USER) != 0) {
        e->rights =
            (uint8_t)(AUDIT_READ | (raw & NPT_WRITE ? AUDIT_WRITE : 0) | (raw & NPT_NO_EXECUTE ? 0 : AUDIT_EXECUTE));
    }
    e->type = e->leaf ? npt_type(w, raw, level) : AUDIT_NO_TYPE;
    if ((raw & (npt_reserved(raw, level) | too_wide(w))) != 0) {
        e->wrong = AUDIT_ENTRY_RESERVED;
    }
    if (e->leaf && level > 1) {
        e->address &= ~NPT_PAT_LARGE;
    }
}

/* VT-d 4.1 9.8: no present bit, an entry without both rights is skipped; bits 6:2 and 10:8 mean nothing in legacy mode;
 * bit 11 is SNP in leaves of units with snoop control, 62 TM in leaves of units with device TLBs; 61:52, 63 ignored. */
#define SL_READ BIT64(0)
#define SL_WRITE BIT64(1)
#define SL_SNOOP BIT64(11)
#define SL_TRANSIENT BIT64(62)

static uint64_t second_reserved(const struct audit_walker *w, uint64_t raw, unsigned level)
{
    bool leaf = is_leaf(raw, level);
    uint64_t reserved = leaf ? leaf_low_bits(level, 12) : 0;
    reserved |= leaf && w->snoop ? 0 : SL_SNOOP;
    reserved |= leaf && w->transient ? 0 : SL_TRANSIENT;
    return reserved | (level >= 4 ? LEAF_BIT : 0);
}

static void decode_second(const struct audit_walker *w, uint64_t raw, unsigned level, struct audit_entry *e)
{
    e->present = (raw & (SL_READ | SL_WRITE)) != 0;
    e->leaf = is_leaf(raw, level);
    e->rights = (uint8_t)((raw & SL_READ ? AUDIT_READ : 0) | (raw & SL_WRITE ? AUDIT_WRITE : 0));
    e->type = AUDIT_NO_TYPE;
    bool size = e->leaf && ((level == 2 && !w->leaf2) || (level == 3 && !w->leaf3));
    if (size || (raw & (second_reserved(w, raw, level) | too_wide(w))) != 0) {
        e->wrong = AUDIT_ENTRY_RESERVED;
    }
}

struct audit_entry audit_entry_decode(const struct audit_walker *walker, uint64_t raw, unsigned level)
{
    struct audit_entry e = {.address = raw & ADDRESS_MASK};
    switch (walker->format) {
    case AUDIT_EPT:
        decode_ept(walker, raw, level, &e);
        break;
    case AUDIT_NPT:
        decode_npt(walker, raw, level, &e);
        break;
    default:
        decode_second(walker, raw, level, &e);
        break;
    }
    if (e.present && e.leaf && e.wrong == AUDIT_OK && level > walker->max_leaf) {
        e.wrong = AUDIT_LEAF_SIZE;
    }
    if (!e.present) {
        return (struct audit_entry){.type = AUDIT_NO_TYPE};
    }
    return e;
}
