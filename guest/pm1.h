/* SPDX-License-Identifier: GPL-2.0-only
 * The ACPI PM1a event and control blocks: power button, SCI, and the way off (ACPI 6.4 4.8.3). */
#ifndef BULKHEAD_GUEST_PM1_H
#define BULKHEAD_GUEST_PM1_H

#include "kernel/lib/types.h"

/* Offsets in one block of ports: status and enable are the event block, control follows it. */
enum pm1_register {
    PM1_STATUS = 0,
    PM1_ENABLE = 2,
    PM1_CONTROL = 4,
    PM1_SIZE = 6,
};

enum pm1_bits {
    PM1_GLOBAL = 1 << 5,         /* status, enable */
    PM1_POWER_BUTTON = 1 << 8,   /* status, enable */
    PM1_SLEEP_BUTTON = 1 << 9,   /* status, enable */
    PM1_RTC = 1 << 10,           /* status, enable */
    PM1_CONTROL_SCI = 1 << 0,    /* always on: there is no legacy mode to leave */
    PM1_CONTROL_SLEEP = 1 << 13, /* write-only */
};

struct pm1 {
    uint16_t status, enable, control;
    uint8_t off_type; /* SLP_TYP of S5, as the DSDT tells the guest */
    bool off;
};

void pm1_init(struct pm1 *p, uint8_t off_type);

/* offset and width inside PM1_SIZE, width 1, 2 or 4; beyond it reads are all ones, writes ignored. */
uint32_t pm1_read(const struct pm1 *p, unsigned offset, unsigned width);
void pm1_write(struct pm1 *p, unsigned offset, unsigned width, uint32_t value);

/* The guest's system wants to hear of the power button. Any CPU, without the guest's lock. */
bool pm1_hears_power_button(const struct pm1 *p);
void pm1_press_power_button(struct pm1 *p);
/* The SCI line (level). */
bool pm1_sci(const struct pm1 *p);
/* The guest asked to be switched off (SLP_EN with S5's SLP_TYP). Other sleep states are ignored. */
bool pm1_is_off(const struct pm1 *p);

#endif
