/* SPDX-License-Identifier: GPL-2.0-only
 * UEFI's memory map, as a copy to walk through (UEFI 2.10 7.2.3). */
#ifndef BULKHEAD_BOOT_EFI_MEMORY_H
#define BULKHEAD_BOOT_EFI_MEMORY_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct memory_list {
    uint8_t *entries; /* EFI_MEMORY_DESCRIPTOR, entry_size bytes apart */
    size_t bytes, entry_size;
};

/* STATUS_NO_MEMORY; STATUS_HARDWARE: firmware refuses, or its entries are too small. */
MUST_CHECK enum status memory_list_get(struct memory_list *out);
void memory_list_free(struct memory_list *list);

/* Bytes that the map takes now, with room for what allocating and leaving add to it. */
size_t memory_list_room(void);

#endif
