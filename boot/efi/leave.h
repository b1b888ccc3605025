/* SPDX-License-Identifier: GPL-2.0-only
 * Leaving firmware: its last memory map into the information block, ExitBootServices, the hypervisor. */
#ifndef BULKHEAD_BOOT_EFI_LEAVE_H
#define BULKHEAD_BOOT_EFI_LEAVE_H

#include "boot/efi/files.h"
#include "boot/efi/info_block.h"
#include "boot/efi/kernel_image.h"
#include "kernel/lib/status.h"

/* block has every tag but the memory map. Comes back only while ExitBootServices was not tried: STATUS_NO_MEMORY or
 * STATUS_HARDWARE (no memory map), refused aloud. Where firmware then cannot be left the machine is reset, in silence:
 * nothing may be printed any more. */
MUST_CHECK enum status leave_and_enter(struct info_block *block, const struct kernel_image *image,
                                       const struct file_blob *file);

#endif
