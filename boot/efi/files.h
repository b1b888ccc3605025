/* SPDX-License-Identifier: GPL-2.0-only
 * Files from where the loader itself came: an EFI system partition (or a CD's), or a PXE boot server by TFTP. */
#ifndef BULKHEAD_BOOT_EFI_FILES_H
#define BULKHEAD_BOOT_EFI_FILES_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct file_blob {
    uint8_t *bytes; /* whole pages below 4 GiB; the last page's rest is zeros */
    size_t size;    /* of the file */
};

/* Find out where the loader came from; says so. STATUS_UNSUPPORTED: neither a file system nor PXE, refused aloud. */
MUST_CHECK enum status files_open(void);

/* path as boot.cfg writes it, below BOOT_CFG_PATH_MAX characters. STATUS_NOT_FOUND: no such file; STATUS_NO_MEMORY;
 * STATUS_BAD_FORMAT: an empty file; STATUS_OUT_OF_RANGE: one above 2 GiB; STATUS_CONFLICT: a folder;
 * STATUS_UNSUPPORTED: a PXE that cannot tell sizes; STATUS_HARDWARE: the medium or the server failed. Says nothing. */
MUST_CHECK enum status files_read(const char *path, struct file_blob *out);

#endif
