/* SPDX-License-Identifier: GPL-2.0-only
 * Physical interrupt lines. */
#include "kernel/gsi.h"

#include "vtd/scope.h"

uint32_t gsi_of_isa(const struct machine *m, uint8_t irq)
{
    for (size_t i = 0; i < m->madt.override_count; i++) {
        if (m->madt.overrides[i].irq == irq) {
            return m->madt.overrides[i].gsi;
        }
    }
    return irq;
}

/* Chipsets route PCI's lines to ISA interrupts the other way round, and say so. */
static bool is_high_level(const struct machine *m, uint32_t number)
{
    for (size_t i = 0; i < m->madt.override_count; i++) {
        const struct madt_override *o = &m->madt.overrides[i];
        if (o->gsi == number) {
            return o->trigger == MADT_TRIGGER_LEVEL && o->polarity == MADT_POLARITY_HIGH;
        }
    }
    return false;
}

static struct ioapic *find_ioapic(struct isolate *iso, uint32_t number)
{
    for (size_t i = 0; i < iso->ioapic_count; i++) {
        struct ioapic *io = &iso->ioapics[i];
        if (number >= io->gsi_base && number - io->gsi_base < io->pins) {
            return io;
        }
    }
    return NULL;
}

/* Where not every unit remaps interrupts, firmware need not say behind which an I/O APIC is: then it is behind none. */
struct vtd_line_place gsi_place(struct isolate *iso, const struct machine *m, uint32_t number)
{
    struct scope_bus_view view = machine_bus_view(m);
    size_t index = 0;
    struct sbdf source = {0};
    struct vtd_line_place place = {.io = find_ioapic(iso, number), .active_high = is_high_level(m, number)};
    if (place.io == NULL) {
        return place;
    }
    place.pin = number - place.io->gsi_base;
    bool named = scope_unit_of_id(&m->dmar, &view, DMAR_SCOPE_IOAPIC, place.io->id, &index, &source) == STATUS_OK &&
                 iso->vtd_index[index] != ISOLATE_NO_UNIT;
    if (named) {
        place.unit = &iso->vtd.units[iso->vtd_index[index]];
        place.source = sbdf_rid(source);
    } else if (iso->vtd.remapping) {
        place.io = NULL;
    }
    return place;
}
