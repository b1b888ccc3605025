/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt lines. */
#include "vtd/line.h"

#include "vtd/irte.h"
#include "vtd/remap.h"

void vtd_line_mask(struct vtd_line *line, bool masked)
{
    bool level = line->kind == VTD_LINE_LEVEL;
    struct vtd_ioapic_pin pin = {
        .vector = line->vector, .level = level, .active_low = level && !line->place.active_high, .masked = masked};
    ioapic_write(line->place.io, line->place.pin, vtd_ioapic_compose(line->handle, pin));
}

enum status vtd_line_route(struct vtd_line *line, const struct vtd_line_place *place, enum vtd_line_kind kind,
                           unsigned cpu, uint32_t apic_id, irq_handler *handler, void *context)
{
    *line = (struct vtd_line){.place = *place, .kind = kind, .cpu = cpu};
    if (place->io == NULL) {
        return STATUS_NOT_FOUND;
    }
    enum status status = irq_alloc(cpu, handler, context, &line->vector);
    if (status != STATUS_OK) {
        return status;
    }
    struct vtd_irte_target target = {.vector = line->vector, .apic_id = apic_id, .level = kind == VTD_LINE_LEVEL};
    status = vtd_irq_alloc(place->unit, vtd_irte_source_function(place->source), target, &line->handle);
    if (status != STATUS_OK) {
        irq_free(cpu, line->vector);
        return status;
    }
    vtd_line_mask(line, false);
    return STATUS_OK;
}

enum status vtd_line_release(struct vtd_line *line)
{
    vtd_line_mask(line, true);
    enum status status = vtd_irq_free(line->place.unit, line->handle, 1);
    if (status == STATUS_OK) {
        irq_free(line->cpu, line->vector);
    }
    return status;
}
