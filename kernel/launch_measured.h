/* SPDX-License-Identifier: GPL-2.0-only
 * The TPM's event log, found by the ACPI tables and kept. */
#ifndef BULKHEAD_KERNEL_LAUNCH_MEASURED_H
#define BULKHEAD_KERNEL_LAUNCH_MEASURED_H

#include "plan/machine.h"

/* Before guests are made: a private copy for service/measured.h. One line in the log says what was found, or why there
 * is none. */
void launch_measured_find(const struct machine *machine);

#endif
