/* SPDX-License-Identifier: GPL-2.0-only
 * Windows of a bridge behind a VMD endpoint (PCI-to-PCI Bridge 1.2 3.2.5): what they let through, and how they are
 * closed and opened so that at no moment they let through more than before or after. These bridges decode
 * host-physical addresses: one that is open too far would answer for the machine's own registers. */
#ifndef BULKHEAD_DRIVERS_VMD_BRIDGE_H
#define BULKHEAD_DRIVERS_VMD_BRIDGE_H

#include "kernel/lib/sbdf.h"
#include "kernel/lib/types.h"

enum vmd_bridge_register {
    VMD_BRIDGE_IO = 0x1c,               /* base 7:0, limit 15:8 */
    VMD_BRIDGE_SECONDARY_STATUS = 0x1e, /* a written 1 clears */
    VMD_BRIDGE_MEMORY = 0x20,           /* base 15:4, limit 31:20, of address bits 31:20 */
    VMD_BRIDGE_PREFETCH = 0x24,         /* likewise; 3:0 and 19:16: 1 when the upper halves are there */
    VMD_BRIDGE_PREFETCH_BASE = 0x28,    /* address bits 63:32 */
    VMD_BRIDGE_PREFETCH_LIMIT = 0x2c,
    VMD_BRIDGE_IO_UPPER = 0x30,
};

#define VMD_BRIDGE_ADDRESSES UINT32_C(0xfff0fff0) /* of a window's dword: its base and its limit */
#define VMD_BRIDGE_WIDE UINT32_C(0x00010001)      /* of the prefetchable one's: it has upper halves */
#define VMD_BRIDGE_CLOSED UINT32_C(0x0000fff0)    /* base above limit */

struct vmd_bridge_windows {
    uint32_t memory, prefetch, prefetch_base, prefetch_limit; /* the registers */
};

/* Nothing at all. */
extern const struct vmd_bridge_windows vmd_bridge_nothing;

struct vmd_bridge_span {
    uint64_t start, size; /* host-physical; size 0: closed */
};

/* What the registers let through. A bridge has no prefetchable window when that register stays 0 whatever is written:
 * the caller knows. Pure. */
struct vmd_bridge_span vmd_bridge_memory(const struct vmd_bridge_windows *w);
struct vmd_bridge_span vmd_bridge_prefetch(const struct vmd_bridge_windows *w);

/* The registers as they are. */
struct vmd_bridge_windows vmd_bridge_read(struct sbdf at);

/* Both memory windows and the I/O window closed, in an order that never opens one wider. */
void vmd_bridge_close(struct sbdf at);

/* The prefetchable one alone. */
void vmd_bridge_close_prefetch(struct sbdf at);

/* Close, then show these: the memory window in one write, the prefetchable one by its upper base last. */
void vmd_bridge_set(struct sbdf at, const struct vmd_bridge_windows *w);

/* Do the registers let nothing through? They were closed before: a prefetchable window that reads 0 is not there. */
bool vmd_bridge_is_closed(struct sbdf at);

#endif
