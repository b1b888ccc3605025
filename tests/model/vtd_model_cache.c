/* SPDX-License-Identifier: GPL-2.0-only
 * The caches of the model (VT-d 4.1 chapter 6): entries stay until an invalidation that covers them, so that a missing
 * or too narrow invalidation shows as a stale answer. */
#include "tests/model/vtd_model_internal.h"

#include <string.h>

struct vtd_model_iotlb_entry *model_iotlb_find(struct vtd_model *m, uint16_t did, uint64_t iova)
{
    for (size_t i = 0; i < VTD_MODEL_IOTLB; i++) {
        struct vtd_model_iotlb_entry *e = &m->iotlb[i];
        if (e->valid && e->did == did && (iova >> e->shift) == (e->iova >> e->shift)) {
            return e;
        }
    }
    return NULL;
}

void model_iotlb_fill(struct vtd_model *m, const struct vtd_model_iotlb_entry *e)
{
    size_t at = m->iotlb_turn++ % VTD_MODEL_IOTLB;
    m->iotlb[at] = *e;
    m->iotlb[at].valid = true;
}

static uint64_t span_of_level(unsigned level)
{
    return UINT64_C(1) << (12 + 9 * (level - 1));
}

struct vtd_model_paging_entry *model_paging_find(struct vtd_model *m, uint16_t did, uint64_t iova, unsigned level)
{
    for (size_t i = 0; i < VTD_MODEL_PAGING; i++) {
        struct vtd_model_paging_entry *e = &m->paging[i];
        if (e->valid && e->did == did && e->level == level && e->iova == (iova & ~(span_of_level(level) - 1))) {
            return e;
        }
    }
    return NULL;
}

void model_paging_fill(struct vtd_model *m, const struct vtd_model_paging_entry *e)
{
    size_t at = m->paging_turn++ % VTD_MODEL_PAGING;
    m->paging[at] = *e;
    m->paging[at].valid = true;
}

struct vtd_model_context_entry *model_context_find(struct vtd_model *m, uint16_t sid)
{
    for (size_t i = 0; i < VTD_MODEL_CONTEXTS; i++) {
        if (m->contexts[i].valid && m->contexts[i].sid == sid) {
            return &m->contexts[i];
        }
    }
    return NULL;
}

void model_context_fill(struct vtd_model *m, const struct vtd_model_context_entry *e)
{
    size_t at = m->context_turn++ % VTD_MODEL_CONTEXTS;
    m->contexts[at] = *e;
    m->contexts[at].valid = true;
}

struct vtd_model_irte_entry *model_irte_find(struct vtd_model *m, uint16_t index)
{
    for (size_t i = 0; i < VTD_MODEL_IRTES; i++) {
        if (m->irtes[i].valid && m->irtes[i].index == index) {
            return &m->irtes[i];
        }
    }
    return NULL;
}

void model_irte_fill(struct vtd_model *m, const struct vtd_model_irte_entry *e)
{
    size_t at = m->irte_turn++ % VTD_MODEL_IRTES;
    m->irtes[at] = *e;
    m->irtes[at].valid = true;
}

/* FM masks function bits of the source id: none, 2, 2:1, 2:0 (VT-d 4.1 6.5.2.1). */
static uint16_t function_mask(unsigned fm)
{
    static const uint16_t ignored[] = {0, 4, 6, 7};
    return (uint16_t)~ignored[fm & 3];
}

/* A device-selective request must name the domain the entry was cached under, too: hardware may index by it. */
static bool context_covered(const struct vtd_model_context_entry *e, unsigned grain, uint16_t did, uint16_t sid,
                            unsigned fm)
{
    if (grain == GRAIN_GLOBAL) {
        return true;
    }
    if (e->did != did) {
        return false;
    }
    uint16_t mask = function_mask(fm);
    return grain == GRAIN_DOMAIN || (e->sid & mask) == (sid & mask);
}

void model_context_flush(struct vtd_model *m, unsigned grain, uint16_t did, uint16_t sid, unsigned fm)
{
    model_drain(m);
    for (size_t i = 0; i < VTD_MODEL_CONTEXTS; i++) {
        if (context_covered(&m->contexts[i], grain, did, sid, fm)) {
            m->contexts[i].valid = false;
        }
    }
    if (grain == GRAIN_GLOBAL) {
        m->needs_context_flush = false;
    }
}

static bool overlaps(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a <= b + (b_bytes - 1) && b <= a + (a_bytes - 1);
}

static void paging_flush(struct vtd_model *m, unsigned grain, uint16_t did, uint64_t iova, uint64_t bytes)
{
    for (size_t i = 0; i < VTD_MODEL_PAGING; i++) {
        struct vtd_model_paging_entry *e = &m->paging[i];
        bool here = e->valid && overlaps(e->iova, span_of_level(e->level), iova, bytes);
        if (grain == GRAIN_GLOBAL || (e->did == did && (grain == GRAIN_DOMAIN || here))) {
            e->valid = false;
        }
    }
}

void model_iotlb_flush(struct vtd_model *m, unsigned grain, uint16_t did, uint64_t iova, unsigned am, bool hint)
{
    uint64_t bytes = UINT64_C(1) << (12 + (am <= 51 ? am : 51)); /* of no account unless narrow */
    iova &= ~(bytes - 1);
    model_drain(m);
    for (size_t i = 0; i < VTD_MODEL_IOTLB; i++) {
        struct vtd_model_iotlb_entry *e = &m->iotlb[i];
        bool here = e->valid && overlaps(e->iova, UINT64_C(1) << e->shift, iova, bytes);
        if (grain == GRAIN_GLOBAL || (e->did == did && (grain == GRAIN_DOMAIN || here))) {
            e->valid = false;
        }
    }
    if (grain != GRAIN_NARROW || !hint) {
        paging_flush(m, grain, did, iova, bytes);
    }
    /* Stale contexts may tag new IOTLB entries: after SRTP only the order context cache, then IOTLB, counts. */
    if (grain == GRAIN_GLOBAL && !m->needs_context_flush) {
        m->needs_iotlb_flush = false;
    }
}

void model_irte_flush(struct vtd_model *m, bool everything, uint16_t index, unsigned mask)
{
    model_drain(m);
    for (size_t i = 0; i < VTD_MODEL_IRTES; i++) {
        if (everything || (m->irtes[i].index >> mask) == (index >> mask)) {
            m->irtes[i].valid = false;
        }
    }
    if (everything) {
        m->needs_irte_flush = false;
    }
}

void model_caches_clear(struct vtd_model *m)
{
    memset(m->iotlb, 0, sizeof(m->iotlb));
    memset(m->paging, 0, sizeof(m->paging));
    memset(m->contexts, 0, sizeof(m->contexts));
    memset(m->irtes, 0, sizeof(m->irtes));
}
