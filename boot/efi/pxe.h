/* SPDX-License-Identifier: GPL-2.0-only
 * Files from the PXE boot server that the loader came from, by TFTP over IPv4 (UEFI 2.10 24.3). */
#ifndef BULKHEAD_BOOT_EFI_PXE_H
#define BULKHEAD_BOOT_EFI_PXE_H

#include <efi.h>

#include "boot/efi/files.h"
#include "kernel/lib/status.h"

/* STATUS_NOT_FOUND: the loader did not come by PXE over IPv4. Says which server and folder it is. */
MUST_CHECK enum status pxe_open(EFI_HANDLE device);

/* As files_read. */
MUST_CHECK enum status pxe_read(const char *path, struct file_blob *out);

#endif
