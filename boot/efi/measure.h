/* SPDX-License-Identifier: GPL-2.0-only
 * What is loaded goes into the TPM's registers and its event log, and the log to the hypervisor (TCG EFI Protocol
 * Specification, family 2.0). As GRUB does: command lines in PCR 8, files in PCR 9. Without a TPM nothing happens. */
#ifndef BULKHEAD_BOOT_EFI_MEASURE_H
#define BULKHEAD_BOOT_EFI_MEASURE_H

#include "boot/efi/files.h"
#include "kernel/lib/types.h"

/* Says whether there is a TPM. */
void measure_start(void);

void measure_text(const char *what, const char *text);
void measure_file(const char *what, const struct file_blob *file);

/* A copy of the event log as it is now; false: there is none. */
bool measure_log(struct file_blob *out);

#endif
