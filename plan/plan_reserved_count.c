/* SPDX-License-Identifier: GPL-2.0-only
 * How many places of a guest's address space reserved regions take. */
#include "plan/plan_reserved.h"

static const struct dmar_rmrr *rmrr_of(const struct plan_work *w, uint32_t rmrr)
{
    return &w->m->dmar.rmrrs[rmrr];
}

static bool has_region(const struct plan_work *w, uint32_t rmrr, uint32_t guest)
{
    return w->reserved->regions[rmrr].guest == guest && w->reserved->regions[rmrr].why_bad == NULL;
}

/* Does another region of the guest begin before this one, or with it, and reach it? Then it begins no place. */
static bool continues(const struct plan_work *w, uint32_t rmrr, uint32_t guest)
{
    const struct dmar_rmrr *r = rmrr_of(w, rmrr);
    for (uint32_t q = 0; q < w->m->dmar.rmrr_count; q++) {
        const struct dmar_rmrr *other = rmrr_of(w, q);
        bool before = other->start != r->start ? other->start < r->start : q < rmrr;
        if (has_region(w, q, guest) && before && other->start + other->size >= r->start) {
            return true;
        }
    }
    return false;
}

/* As guest/reserved.c puts them together. */
static size_t count_places(const struct plan_work *w, uint32_t guest)
{
    size_t count = 0;
    for (uint32_t r = 0; r < w->m->dmar.rmrr_count; r++) {
        count += has_region(w, r, guest) && !continues(w, r, guest);
    }
    return count;
}

/* The guest's last claim that has a region: by the order of the file, what was left over last of all. */
static uint32_t last_user(const struct plan_work *w, uint32_t guest)
{
    const struct plan_reserved_uses *uses = w->reserved;
    uint32_t last = PLAN_NO_CLAIM;
    for (size_t i = 0; i < uses->count; i++) {
        uint32_t claim = w->claim_of[uses->by_region[i].function];
        bool its = has_region(w, uses->by_region[i].rmrr, guest) && claim != PLAN_NO_CLAIM &&
                   w->claims[claim].guest == guest && !w->claims[claim].gone;
        if (its && (last == PLAN_NO_CLAIM || claim > last)) {
            last = claim;
        }
    }
    return last;
}

void plan_reserved_check_count(struct plan_work *w)
{
    size_t counts[CONFIG_GUESTS_MAX] = {0};
    size_t most = w->facts->limits.reserved_max;
    for (uint32_t r = 0; w->m->has_dmar && r < w->m->dmar.rmrr_count; r++) {
        uint32_t guest = w->reserved->regions[r].guest;
        if (guest != PLAN_NO_GUEST) {
            counts[guest]++;
        }
    }
    for (uint32_t guest = 0; guest < w->config->guest_count; guest++) {
        size_t places = counts[guest] > most ? count_places(w, guest) : 0;
        uint32_t claim = places > most ? last_user(w, guest) : PLAN_NO_CLAIM;
        if (claim != PLAN_NO_CLAIM) {
            plan_work_refuse(w, &w->claims[claim], PLAN_DEVICES_RESERVED_MANY,
                             "give the guest fewer devices that firmware reserves memory for",
                             "is one too many with firmware's memory (RMRR): guest '%s' would have that in %zu places, "
                             "and %zu is the most",
                             plan_work_guest_name(w, guest), places, most);
        }
    }
}
