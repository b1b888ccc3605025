/* SPDX-License-Identifier: GPL-2.0-only
 * Resetting the machine, and switching it off. */
#ifndef BULKHEAD_CORE_POWER_H
#define BULKHEAD_CORE_POWER_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* FADT's RESET_REG and RESET_VALUE (ACPI 6.5 4.8.3.6). */
enum power_space {
    POWER_NONE, /* FADT names no reset register */
    POWER_PORT,
    POWER_MMIO, /* must have been mapped by mmio_map() */
    POWER_PCI,  /* configuration space of bus 0: address is device 47:32, function 31:16, offset 15:0 */
};

struct power_reset_register {
    enum power_space space;
    uint64_t address;
    uint8_t value;
};

void power_use_reset_register(struct power_reset_register reset);

/* Try, one after another, FADT's register, port 0xcf9, the keyboard controller, a triple fault. Takes no locks. */
_Noreturn void power_reset(void);

/* S5 by the PM1 control registers (ACPI 6.5 4.8.3.2 and 16.1.7): I/O ports, 0 for none, and what goes into SLP_TYP.
 * acpi_enable is written to smi_command when the machine is not in ACPI mode yet; smi_command 0: it always is. */
struct power_off_way {
    uint16_t pm1a, pm1b;
    uint8_t type_a, type_b;
    uint16_t smi_command;
    uint8_t acpi_enable;
};

void power_use_off(struct power_off_way way);
/* It cannot be switched off, and why; the text lives on. */
void power_refuse_off(const char *why);
/* NULL: it can be. */
const char *power_why_not_off(void);

/* Switch it off. Returns STATUS_UNSUPPORTED after power_refuse_off(), STATUS_TIMEOUT when it is still on. */
MUST_CHECK enum status power_off(void);

#endif
