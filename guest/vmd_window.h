/* SPDX-License-Identifier: GPL-2.0-only
 * What a function behind a VMD endpoint may decode: windows and BARs that lie wholly inside the endpoint's MEMBARs, all
 * halves of an address taken together, and nothing else. Pure. */
#ifndef BULKHEAD_GUEST_VMD_WINDOW_H
#define BULKHEAD_GUEST_VMD_WINDOW_H

#include "drivers/vmd.h"
#include "drivers/vmd_bridge.h"

/* What the hardware gets of the windows that a guest asks for: each one as it is, or closed. */
struct vmd_bridge_windows guest_vmd_windows_allowed(const struct vmd_domain *d, const struct vmd_bridge_windows *asked);

/* Is every window of these closed, or inside? prefetch: whether the bridge has that window. */
bool guest_vmd_windows_inside(const struct vmd_domain *d, const struct vmd_bridge_windows *w, bool prefetch);

/* May a BAR of that size (a power of two) be there? */
bool guest_vmd_bar_inside(const struct vmd_domain *d, uint64_t address, uint64_t size);

#endif
