/* SPDX-License-Identifier: GPL-2.0-only
 * What only firmware knows: the ACPI root pointer, the screen, whether Secure Boot is on. */
#ifndef BULKHEAD_BOOT_EFI_FACTS_H
#define BULKHEAD_BOOT_EFI_FACTS_H

#include "boot/efi/info_block.h"
#include "kernel/lib/types.h"

/* Firmware started this loader only after its signature was checked. */
bool facts_secure_boot(void);

/* Tags for the root pointer, the screen and the EFI system table, each if there is one; a line says what. */
void facts_add(struct info_block *block);

#endif
