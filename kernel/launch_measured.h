/* SPDX-License-Identifier: GPL-2.0-only
 * The TPM's event log, from the loader or found by the ACPI tables, and kept. */
#ifndef BULKHEAD_KERNEL_LAUNCH_MEASURED_H
#define BULKHEAD_KERNEL_LAUNCH_MEASURED_H

#include "boot/boot_info.h"
#include "plan/machine.h"

/* The module that Bulkhead's EFI loader brings the log in: UEFI's is not where ACPI would say. */
#define LAUNCH_MEASURED_MODULE "tpm-event-log"

/* Before guests are made: a private copy for service/measured.h. One line in the log says what was found, or why there
 * is none. */
void launch_measured_find(const struct boot_info *boot, const struct machine *machine);

#endif
