/* SPDX-License-Identifier: GPL-2.0-only
 * The only way from a host-physical address to a pointer and back. The hypervisor maps physical memory one to one,
 * so this costs nothing there; the host tests put a pretended memory behind it. */
#ifndef BULKHEAD_HW_PHYS_H
#define BULKHEAD_HW_PHYS_H

#include "kernel/lib/types.h"

/* RAM that the hypervisor owns or was given: never NULL. */
void *phys_to_virt(struct hpa at);
struct hpa virt_to_phys(const void *at);

/* Bytes that firmware named: a pointer for reading, or NULL when start..start+bytes is not wholly in memory that the
 * memory map knows (so that a wild pointer in a table is an error, not a page fault). */
const void *phys_view(struct hpa start, size_t bytes);

#endif
