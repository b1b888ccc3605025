/* SPDX-License-Identifier: GPL-2.0-only
 * Whether a guest's devices use its nested tables. */
#include "guest/share_tables.h"

#include "kernel/core/log.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "vtd/share.h"

unsigned share_tables_leaf_of(const struct guest_memory *memory)
{
    for (size_t i = 0; i < memory->count; i++) {
        const struct guest_slot *s = &memory->slots[i];
        uint64_t first = align_up(s->base.v, GIB);
        if (is_aligned(s->base.v ^ s->backing.v, GIB) && first + GIB <= s->base.v + s->size) {
            return 3;
        }
    }
    return 2;
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Why not, whatever the units can do; empty: nothing against it. */
static void refuse_generally(const struct share_facts *f, char why[SHARE_WHY_SIZE])
{
    const char *text = "";
    if (f->off) {
        text = "switched off by system.without";
    } else if (f->unit_count == 0) {
        text = "the guest has no devices";
    } else if (f->reserved) {
        text = "its devices reach memory that firmware reserved (RMRR), its CPUs do not";
    } else if (f->format == &radix_ept && f->apic_page) {
        text = "the APIC-access page is in the nested tables";
    }
    format_text(why, SHARE_WHY_SIZE, "%s", text);
    if (*text == 0 && f->format != &radix_ept) {
        format_text(why, SHARE_WHY_SIZE, "entries in %s format are not VT-d's", f->format->name);
    }
}

/* What all units together ask of the tables. Leaves larger than a unit walks are left out where RAM has no use for them
 * (a large BAR then takes more entries). */
static struct share_decision fit_units(const struct share_facts *f)
{
    struct share_decision d = {
        .max_leaf = f->max_leaf, .always = RADIX_SNOOP, .address_limit = radix_span(f->levels + 1)};
    unsigned needed = smaller(f->max_leaf, share_tables_leaf_of(f->memory));
    for (unsigned i = 0; i < f->unit_count; i++) {
        const struct vtd_caps *caps = &f->units[i]->caps;
        unsigned leaf = vtd_caps_max_leaf(caps);
        uint64_t limit = vtd_caps_limit(caps, f->levels);
        d.max_leaf = leaf >= needed ? smaller(d.max_leaf, leaf) : d.max_leaf;
        d.flush = d.flush || !caps->coherent;
        d.always = caps->snoop_control ? d.always : 0;
        d.address_limit = limit < d.address_limit ? limit : d.address_limit;
    }
    return d;
}

static void check_units(const struct share_facts *f, struct share_decision *d)
{
    const struct vtd_share tables = {.levels = f->levels,
                                     .max_leaf = d->max_leaf,
                                     .flush = d->flush,
                                     .snoop = d->always != 0,
                                     .end = guest_memory_top(f->memory)};
    for (unsigned i = 0; i < f->unit_count; i++) {
        const char *why = vtd_share_refusal(&f->units[i]->caps, &tables);
        if (why != NULL) {
            format_text(d->why, sizeof(d->why), "unit %u %s", f->units[i]->index, why);
            return;
        }
    }
    d->shared = true;
}

struct share_decision share_tables_decide(const struct share_facts *f)
{
    struct share_decision own = {.max_leaf = f->max_leaf};
    refuse_generally(f, own.why);
    if (own.why[0] != 0) {
        return own;
    }
    struct share_decision shared = fit_units(f);
    check_units(f, &shared);
    if (shared.shared) {
        return shared;
    }
    format_text(own.why, sizeof(own.why), "%s", shared.why);
    return own;
}

void share_tables_log(const char *guest, const struct share_decision *d)
{
    if (d->shared) {
        log_info("memory: guest=%s nested tables shared with VT-d", guest);
    } else {
        log_info("memory: guest=%s nested tables not shared: %s", guest, d->why);
    }
}
