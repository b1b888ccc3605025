/* SPDX-License-Identifier: GPL-2.0-only
 * Windows and BARs behind VMD endpoints, judged. */
#include "guest/vmd_window.h"

#include "kernel/lib/bits.h"

static bool is_inside(const struct vmd_domain *d, struct vmd_bridge_span span)
{
    return span.size == 0 || vmd_owns(d, span.start, span.size);
}

struct vmd_bridge_windows guest_vmd_windows_allowed(const struct vmd_domain *d, const struct vmd_bridge_windows *asked)
{
    struct vmd_bridge_windows out = vmd_bridge_nothing;
    struct vmd_bridge_span memory = vmd_bridge_memory(asked);
    struct vmd_bridge_span prefetch = vmd_bridge_prefetch(asked);
    if (memory.size != 0 && is_inside(d, memory)) {
        out.memory = asked->memory & VMD_BRIDGE_ADDRESSES;
    }
    if (prefetch.size != 0 && is_inside(d, prefetch)) {
        out.prefetch = asked->prefetch & VMD_BRIDGE_ADDRESSES;
        out.prefetch_base = asked->prefetch_base;
        out.prefetch_limit = asked->prefetch_limit;
    }
    return out;
}

bool guest_vmd_windows_inside(const struct vmd_domain *d, const struct vmd_bridge_windows *w, bool prefetch)
{
    return is_inside(d, vmd_bridge_memory(w)) && (!prefetch || is_inside(d, vmd_bridge_prefetch(w)));
}

bool guest_vmd_bar_inside(const struct vmd_domain *d, uint64_t address, uint64_t size)
{
    return size != 0 && is_aligned(address, size) && vmd_owns(d, address, size);
}
