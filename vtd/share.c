/* SPDX-License-Identifier: GPL-2.0-only
 * A unit's widths, page sizes and snooping against those of EPT (VT-d 4.1 11.4.2, 11.4.3). */
#include "vtd/share.h"

#include "kernel/lib/bits.h"

const char *vtd_share_refusal(const struct vtd_caps *caps, const struct vtd_share *tables)
{
    if ((caps->level_mask & BIT32(tables->levels - 2)) == 0) {
        return "does not walk tables of as many levels";
    }
    if (vtd_caps_limit(caps, tables->levels) < tables->end) {
        return "cannot address the end of its RAM";
    }
    if (vtd_caps_max_leaf(caps) < tables->max_leaf) {
        return "does not walk pages as large";
    }
    if (!caps->coherent && !tables->flush) {
        return "does not snoop the CPUs' caches when it walks";
    }
    if (!caps->snoop_control && tables->snoop) {
        return "has no snoop control";
    }
    return NULL;
}
