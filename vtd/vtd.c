/* SPDX-License-Identifier: GPL-2.0-only
 * What all units have in common. */
#include "vtd/vtd.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static unsigned common_levels(const struct vtd_unit *units, unsigned count)
{
    unsigned mask = ~0u;
    for (unsigned i = 0; i < count; i++) {
        mask &= units[i].caps.level_mask;
    }
    return vtd_caps_levels(mask);
}

enum status vtd_make(struct vtd_unit *units, unsigned count, struct vtd *out)
{
    if (count == 0 || count > VTD_UNITS_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    *out = (struct vtd){.units = units, .count = count, .max_leaf = 3, .snoop = true, .remapping = true};
    out->levels = common_levels(units, count);
    out->address_limit = UINT64_MAX;
    if (out->levels == 0) {
        return STATUS_UNSUPPORTED;
    }
    for (unsigned i = 0; i < count; i++) {
        const struct vtd_caps *c = &units[i].caps;
        out->max_leaf = (unsigned)smaller(out->max_leaf, vtd_caps_max_leaf(c));
        out->flush = out->flush || !c->coherent;
        out->snoop = out->snoop && c->snoop_control;
        out->address_limit = smaller(out->address_limit, vtd_caps_limit(c, out->levels));
        out->remapping = out->remapping && units[i].remapping;
    }
    return STATUS_OK;
}
