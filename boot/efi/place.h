/* SPDX-License-Identifier: GPL-2.0-only
 * The hypervisor's place in memory: it is linked to one address, where firmware may still have something of its own. */
#ifndef BULKHEAD_BOOT_EFI_PLACE_H
#define BULKHEAD_BOOT_EFI_PLACE_H

#include "boot/efi/kernel_image.h"
#include "kernel/lib/status.h"

enum place_use {
    PLACE_FREE,    /* to be taken */
    PLACE_PASSING, /* firmware's until it has been left, then free */
    PLACE_TAKEN,   /* for good */
};

/* For a type of memory in UEFI's map (UEFI 2.10 table 7.10). */
enum place_use place_use_of(uint32_t type);

/* Take everything free between the image's start and end, so that nothing that is allocated afterwards lies there.
 * STATUS_CONFLICT: firmware keeps a part of it for good, or there is no memory; STATUS_NO_MEMORY. Refused aloud. */
MUST_CHECK enum status place_reserve(const struct kernel_image *image);

#endif
