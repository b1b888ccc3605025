/* SPDX-License-Identifier: GPL-2.0-only
 * The machine's processors and interrupt controllers from the MADT (ACPI 6.5 5.2.12). NMI entries are not kept. */
#ifndef BULKHEAD_DRIVERS_MADT_H
#define BULKHEAD_DRIVERS_MADT_H

#include "drivers/acpi.h"

struct madt_cpu {
    uint32_t apic_id;
    uint32_t acpi_uid;
    bool enabled;        /* usable now */
    bool online_capable; /* not usable now, may be plugged in later */
    bool x2apic;         /* named by an x2APIC entry */
};

struct madt_ioapic {
    uint8_t id; /* the enumeration id that DMAR scopes use */
    struct hpa base;
    uint32_t gsi_base; /* global system interrupt of its pin 0 */
};

enum madt_polarity {
    MADT_POLARITY_BUS = 0, /* as the bus has it: ISA is active high */
    MADT_POLARITY_HIGH = 1,
    MADT_POLARITY_LOW = 3,
};

enum madt_trigger {
    MADT_TRIGGER_BUS = 0, /* as the bus has it: ISA is edge */
    MADT_TRIGGER_EDGE = 1,
    MADT_TRIGGER_LEVEL = 3,
};

struct madt_override {
    uint8_t irq; /* ISA interrupt 0 to 15 */
    uint32_t gsi;
    enum madt_polarity polarity;
    enum madt_trigger trigger;
};

struct madt {
    struct hpa lapic_base; /* the 64-bit override where there is one */
    const struct madt_cpu *cpus;
    size_t cpu_count; /* enabled or not; each APIC id once */
    const struct madt_ioapic *ioapics;
    size_t ioapic_count;
    const struct madt_override *overrides;
    size_t override_count;
};

/* STATUS_BAD_FORMAT: too short, or no enabled processor. A bad entry length ends the reading with an error in diags,
 * and keeps what was read before it. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status madt_parse(struct madt *madt, const struct acpi_view *table, struct arena *arena,
                                  struct diag_list *diags);

#endif
