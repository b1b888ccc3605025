/* SPDX-License-Identifier: GPL-2.0-only
 * What the hypervisor uses of the FADT: power-management timer, reset register, PM1 control (ACPI 6.5 5.2.9). */
#ifndef BULKHEAD_DRIVERS_FADT_H
#define BULKHEAD_DRIVERS_FADT_H

#include "drivers/acpi.h"

enum fadt_space {
    FADT_SPACE_MEMORY = 0,
    FADT_SPACE_IO = 1,
    FADT_SPACE_PCI = 2, /* bus 0; address: device 47:32, function 31:16, offset 15:0 */
};

/* One register; present false: the machine has none, or what the table says of it contradicts itself. */
struct fadt_register {
    bool present;
    enum fadt_space space;
    uint8_t width; /* in bits */
    uint64_t address;
};

struct fadt {
    struct fadt_register pm_timer;     /* counts at 3579545 Hz */
    struct fadt_register pm1a_control; /* SLP_TYP and SLP_EN are in it, ACPI 6.5 4.8.3.2.1 */
    struct fadt_register pm1b_control;
    struct fadt_register reset; /* present only with RESET_REG_SUP; 8 bits wide */
    uint8_t reset_value;
    uint16_t smi_command;  /* I/O port, 0: none */
    uint8_t acpi_enable;   /* written to smi_command to turn ACPI mode on */
    bool hardware_reduced; /* no PM registers at all */
    struct hpa dsdt;       /* 0: none */
};

/* STATUS_BAD_FORMAT: shorter than the ACPI 1.0 FADT (116 bytes). */
MUST_CHECK enum status fadt_parse(struct fadt *fadt, const struct acpi_view *table, struct diag_list *diags);

#endif
