/* SPDX-License-Identifier: GPL-2.0-only
 * Switching the machine off: the two numbers of its S5 state (ACPI 6.5 7.4.2.6 and 16.1), which stand in the DSDT. No
 * AML is run: firmware writes \_S5 as a package of plain numbers, and only that form is taken. */
#ifndef BULKHEAD_DRIVERS_ACPI_SLEEP_H
#define BULKHEAD_DRIVERS_ACPI_SLEEP_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* SLP_TYP of PM1a and PM1b control, 0 to 7. */
struct acpi_sleep {
    uint8_t type_a, type_b;
};

/* aml: a definition block behind its header. STATUS_NOT_FOUND: no _S5 of that form. STATUS_CONFLICT: several that
 * differ, so that which one counts depends on AML. */
MUST_CHECK enum status acpi_sleep_s5(const uint8_t *aml, size_t length, struct acpi_sleep *out);

#endif
