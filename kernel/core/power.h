/* SPDX-License-Identifier: GPL-2.0-only
 * Resetting the machine. */
#ifndef BULKHEAD_CORE_POWER_H
#define BULKHEAD_CORE_POWER_H

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

#endif
