/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt remapping of the model (VT-d 4.1 chapter 5, 9.9, 9.10); posting is in vtd_model_post.c. */
#include "tests/model/vtd_model_internal.h"

struct request {
    uint16_t sid;
    uint32_t index;
};

static bool block(struct vtd_model *m, struct request q, unsigned reason, bool silent)
{
    if (!silent) {
        model_fault_record(m, q.sid, (uint64_t)q.index << 48, reason, false);
    }
    return false;
}

/* Compatibility format: VT-d 4.1 5.1.2.1, SDM 3A 11.11. */
static void decode_compatibility(uint32_t address, uint32_t data, struct vtd_model_message *out)
{
    out->vector = (uint8_t)data;
    out->delivery = (uint8_t)bits_get(data, 10, 8);
    out->level = bits_get(data, 15, 15) != 0;
    out->dest = (uint32_t)bits_get(address, 19, 12);
    out->redirect = bits_get(address, 3, 3) != 0;
    out->logical = bits_get(address, 2, 2) != 0;
}

static bool source_matches(struct vtd_model_pair e, uint16_t sid)
{
    static const uint16_t ignored[] = {0, 4, 6, 7};
    uint16_t named = (uint16_t)bits_get(e.high, 15, 0);
    uint16_t mask = (uint16_t)~ignored[bits_get(e.high, 17, 16)];
    switch (bits_get(e.high, 19, 18)) {
    case 0:
        return true;
    case 1:
        return (named & mask) == (sid & mask);
    default:
        return (sid >> 8) >= (named >> 8) && (sid >> 8) <= (named & 0xff);
    }
}

static bool extended(const struct vtd_model *m)
{
    return (m->irta & BIT64(11)) != 0;
}

static uint64_t reserved_low(const struct vtd_model *m, struct vtd_model_pair e)
{
    if (bits_get(e.low, 15, 15)) { /* posted: IM = 1 */
        return e.low & (MASK64(7, 2) | MASK64(13, 12) | MASK64(37, 24));
    }
    uint64_t dest = extended(m) ? 0 : MASK64(63, 48) | MASK64(39, 32);
    return e.low & (MASK64(14, 12) | MASK64(31, 24) | dest);
}

static bool entry_reserved(struct vtd_model *m, struct vtd_model_pair e)
{
    bool posted = bits_get(e.low, 15, 15) != 0;
    uint64_t high = e.high & (posted ? MASK64(31, 20) : MASK64(63, 20));
    unsigned delivery = (unsigned)bits_get(e.low, 7, 5);
    bool bad = reserved_low(m, e) != 0 || high != 0 || bits_get(e.high, 19, 18) == 3;
    bad = bad || (posted ? !CAP_PI(m->config.cap) : delivery == 3 || delivery == 6);
    if (bad) {
        model_violation(m, "interrupt entry with reserved bits: 0x%llx 0x%llx", (unsigned long long)e.low,
                        (unsigned long long)e.high);
    }
    return bad;
}

static void decode_entry(const struct vtd_model *m, struct vtd_model_pair e, struct vtd_model_message *out)
{
    out->vector = (uint8_t)bits_get(e.low, 23, 16);
    out->posted = bits_get(e.low, 15, 15) != 0;
    if (out->posted) {
        out->urgent = bits_get(e.low, 14, 14) != 0;
        out->descriptor = bits_get(e.high, 63, 32) << 32 | bits_get(e.low, 63, 38) << 6;
        return;
    }
    out->logical = bits_get(e.low, 2, 2) != 0;
    out->redirect = bits_get(e.low, 3, 3) != 0;
    out->level = bits_get(e.low, 4, 4) != 0;
    out->delivery = (uint8_t)bits_get(e.low, 7, 5);
    out->dest = (uint32_t)(extended(m) ? bits_get(e.low, 63, 32) : bits_get(e.low, 47, 40));
}

static bool load_entry(struct vtd_model *m, uint32_t index, struct vtd_model_pair *out)
{
    struct vtd_model_irte_entry *cached = model_irte_find(m, (uint16_t)index);
    if (cached != NULL) {
        *out = cached->entry;
        return true;
    }
    uint64_t raw[2];
    if (!model_read_table(m, (m->irta & MASK64(63, 12)) + (uint64_t)index * 16, raw, sizeof(raw))) {
        return false;
    }
    *out = (struct vtd_model_pair){raw[0], raw[1]};
    if ((out->low & 1) != 0 || CAP_CM(m->config.cap)) {
        model_irte_fill(m, &(struct vtd_model_irte_entry){.index = (uint16_t)index, .entry = *out});
    }
    return true;
}

static bool remap(struct vtd_model *m, struct request q, struct vtd_model_message *out)
{
    struct vtd_model_pair e;
    if (q.index >= UINT32_C(1) << (bits_get(m->irta, 3, 0) + 1)) {
        return block(m, q, FAULT_INDEX_BEYOND, false);
    }
    if (!load_entry(m, q.index, &e)) {
        return block(m, q, FAULT_IRTE_ACCESS, false);
    }
    bool silent = bits_get(e.low, 1, 1) != 0; /* FPD */
    if ((e.low & 1) == 0) {
        return block(m, q, FAULT_IRTE_ABSENT, silent);
    }
    if (entry_reserved(m, e)) {
        return block(m, q, FAULT_IRTE_RESERVED, silent);
    }
    if (!source_matches(e, q.sid)) {
        return block(m, q, FAULT_SOURCE, silent);
    }
    decode_entry(m, e, out);
    unsigned reason = out->posted ? model_post(m, out, extended(m)) : 0;
    return reason == 0 || block(m, q, reason, silent);
}

bool vtd_model_interrupt(struct vtd_model *m, uint16_t sid, uint32_t address, uint32_t data,
                         struct vtd_model_message *out)
{
    *out = (struct vtd_model_message){0};
    struct request q = {.sid = sid};
    if ((model_gsts(m) & GC_IRE) == 0) {
        decode_compatibility(address, data, out);
        return true;
    }
    if ((address & BIT32(4)) == 0) {
        if (extended(m) || (model_gsts(m) & GC_CFI) == 0) {
            return block(m, q, FAULT_COMPATIBILITY, false);
        }
        decode_compatibility(address, data, out);
        return true;
    }
    bool subhandle = (address & BIT32(3)) != 0;
    q.index = (uint32_t)(bits_get(address, 19, 5) | bits_get(address, 2, 2) << 15);
    if (subhandle && bits_get(data, 31, 16) != 0) {
        return block(m, q, FAULT_REQUEST_RESERVED, false);
    }
    q.index += subhandle ? (data & 0xffff) : 0;
    return remap(m, q, out);
}
