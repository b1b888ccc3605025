/* SPDX-License-Identifier: GPL-2.0-only
 * Leaving firmware: its last memory map into the information block, ExitBootServices, the hypervisor. */
#ifndef BULKHEAD_BOOT_EFI_LEAVE_H
#define BULKHEAD_BOOT_EFI_LEAVE_H

#include "boot/efi/files.h"
#include "boot/efi/info_block.h"
#include "boot/efi/kernel_image.h"
#include "kernel/lib/status.h"

/* block has every tag but the memory map. Comes back only while firmware still runs: STATUS_NO_MEMORY, refused aloud;
 * where firmware cannot be left at all the machine is reset. */
MUST_CHECK enum status leave_and_enter(struct info_block *block, const struct kernel_image *image,
                                       const struct file_blob *file);

#endif
