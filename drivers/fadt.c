/* SPDX-License-Identifier: GPL-2.0-only
 * FADT: fixed hardware (ACPI 6.5 5.2.9). */
#include "drivers/fadt.h"

#include "drivers/acpi_diag.h"
#include "kernel/lib/format.h"

#define FADT_SMALLEST 116 /* ACPI 1.0 */

enum fadt_offset {
    FADT_DSDT = 40,
    FADT_SMI_CMD = 48,
    FADT_ACPI_ENABLE = 52,
    FADT_PM1A_CNT_BLK = 64,
    FADT_PM1B_CNT_BLK = 68,
    FADT_PM_TMR_BLK = 76,
    FADT_PM1_CNT_LEN = 89,
    FADT_PM_TMR_LEN = 91,
    FADT_FLAGS = 112,
    FADT_RESET_REG = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_DSDT = 140,
    FADT_X_PM1A_CNT_BLK = 172,
    FADT_X_PM1B_CNT_BLK = 184,
    FADT_X_PM_TMR_BLK = 208,
};

enum fadt_flag {
    FLAG_RESET_REG_SUP = 1 << 10,
    FLAG_HW_REDUCED = 1 << 20,
};

/* A field of 1 to 8 bytes; 0 where this revision's FADT ends before it. */
static uint64_t field(const struct acpi_view *t, size_t offset, size_t bytes)
{
    uint64_t v = 0;
    if (offset + bytes > t->length) {
        return 0;
    }
    for (size_t i = 0; i < bytes; i++) {
        v |= (uint64_t)t->bytes[offset + i] << (8 * i);
    }
    return v;
}

static void report(struct diag_list *diags, size_t offset, const char *what)
{
    char where[DIAG_WHERE_SIZE];
    format_text(where, sizeof(where), "FADT offset 0x%zx", offset);
    diag_add(diags, ACPI_DIAG_FADT_REGISTER, DIAG_WARNING, where, "update the firmware", "%s", what);
}

/* Generic address structure, ACPI 6.5 5.2.3.2: space, width, bit offset, access size, address. */
static struct fadt_register generic(const struct acpi_view *t, size_t offset, struct diag_list *diags)
{
    struct fadt_register r = {.address = field(t, offset + 4, 8)};
    if (r.address == 0) {
        return r;
    }
    uint8_t space = (uint8_t)field(t, offset, 1);
    r.width = (uint8_t)field(t, offset + 1, 1);
    bool port_too_high = space == FADT_SPACE_IO && r.address > UINT16_MAX;
    if (space > FADT_SPACE_PCI || r.width == 0 || field(t, offset + 2, 1) != 0 || port_too_high) {
        report(diags, offset, "the register's space, width, bit offset or address cannot be; it is not used");
        return (struct fadt_register){0};
    }
    r.space = (enum fadt_space)space;
    r.present = true;
    return r;
}

/* The 64-bit field where there is one, else the ACPI 1.0 field, which is always an I/O port. */
static struct fadt_register either(const struct acpi_view *t, size_t extended, size_t legacy, size_t length_field,
                                   struct diag_list *diags)
{
    struct fadt_register x = generic(t, extended, diags);
    uint64_t port = field(t, legacy, 4);
    if (x.present && port != 0 && (x.space != FADT_SPACE_IO || x.address != port)) {
        report(diags, legacy, "the ACPI 1.0 field and the 64-bit one differ; the 64-bit one is used");
    }
    if (x.present || port == 0) {
        return x;
    }
    if (port > UINT16_MAX) {
        report(diags, legacy, "the I/O port is above 0xffff; it is not used");
        return x;
    }
    uint8_t bytes = (uint8_t)field(t, length_field, 1);
    return (struct fadt_register){true, FADT_SPACE_IO, (uint8_t)(bytes <= 8 ? bytes * 8 : 32), port};
}

/* ACPI 6.5 4.8.3.6: the reset register is one byte in I/O, memory or bus 0 configuration space. */
static struct fadt_register reset_register(const struct acpi_view *t, uint64_t flags, struct diag_list *diags)
{
    if ((flags & FLAG_RESET_REG_SUP) == 0 || t->length <= FADT_RESET_VALUE) {
        return (struct fadt_register){0};
    }
    struct fadt_register r = generic(t, FADT_RESET_REG, diags);
    if (r.present && r.width != 8) {
        report(diags, FADT_RESET_REG, "the reset register is not 8 bits wide; it is not used");
        return (struct fadt_register){0};
    }
    return r;
}

static void read_registers(struct fadt *fadt, const struct acpi_view *t, uint64_t flags, struct diag_list *diags)
{
    fadt->reset = reset_register(t, flags, diags);
    fadt->reset_value = (uint8_t)field(t, FADT_RESET_VALUE, 1);
    if (fadt->hardware_reduced) {
        return; /* ACPI 6.5 4.1: the PM fields are to be ignored */
    }
    fadt->pm_timer = either(t, FADT_X_PM_TMR_BLK, FADT_PM_TMR_BLK, FADT_PM_TMR_LEN, diags);
    if (fadt->pm_timer.present && fadt->pm_timer.width != 32) {
        report(diags, FADT_PM_TMR_LEN, "the PM timer is not 32 bits wide; it is not used");
        fadt->pm_timer = (struct fadt_register){0};
    }
    fadt->pm1a_control = either(t, FADT_X_PM1A_CNT_BLK, FADT_PM1A_CNT_BLK, FADT_PM1_CNT_LEN, diags);
    fadt->pm1b_control = either(t, FADT_X_PM1B_CNT_BLK, FADT_PM1B_CNT_BLK, FADT_PM1_CNT_LEN, diags);
}

enum status fadt_parse(struct fadt *fadt, const struct acpi_view *table, struct diag_list *diags)
{
    *fadt = (struct fadt){0};
    if (table->length < FADT_SMALLEST) {
        diag_add(diags, ACPI_DIAG_FADT_SHORT, DIAG_ERROR, "FADT", "update the firmware", "%zu bytes are too few",
                 table->length);
        return STATUS_BAD_FORMAT;
    }
    uint64_t flags = field(table, FADT_FLAGS, 4);
    uint64_t x_dsdt = field(table, FADT_X_DSDT, 8);
    fadt->hardware_reduced = (flags & FLAG_HW_REDUCED) != 0;
    uint64_t smi = field(table, FADT_SMI_CMD, 4);
    fadt->smi_command = smi <= UINT16_MAX ? (uint16_t)smi : 0;
    fadt->acpi_enable = (uint8_t)field(table, FADT_ACPI_ENABLE, 1);
    fadt->dsdt = hpa(x_dsdt != 0 ? x_dsdt : field(table, FADT_DSDT, 4));
    read_registers(fadt, table, flags, diags);
    return STATUS_OK;
}
