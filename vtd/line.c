/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt lines. */
#include "vtd/line.h"

#include "vtd/compat.h"
#include "vtd/irte.h"
#include "vtd/remap.h"

static bool is_remapped(const struct vtd_line_place *place)
{
    return place->unit != NULL && place->unit->remapping;
}

void vtd_line_mask(struct vtd_line *line, bool masked)
{
    bool level = line->kind == VTD_LINE_LEVEL;
    struct vtd_ioapic_pin pin = {
        .vector = line->vector, .level = level, .active_low = level && !line->place.active_high, .masked = masked};
    uint64_t entry =
        is_remapped(&line->place) ? vtd_ioapic_compose(line->handle, pin) : vtd_compat_ioapic(line->apic_id, pin);
    ioapic_write(line->place.io, line->place.pin, entry);
}

static enum status remap(struct vtd_line *line)
{
    const struct vtd_line_place *place = &line->place;
    if (!is_remapped(place)) {
        return vtd_compat_reaches(line->apic_id) ? STATUS_OK : STATUS_OUT_OF_RANGE;
    }
    struct vtd_irte_target target = {
        .vector = line->vector, .apic_id = line->apic_id, .level = line->kind == VTD_LINE_LEVEL};
    return vtd_irq_alloc(place->unit, vtd_irte_source_function(place->source), target, &line->handle);
}

enum status vtd_line_route(struct vtd_line *line, const struct vtd_line_place *place, enum vtd_line_kind kind,
                           unsigned cpu, uint32_t apic_id, irq_handler *handler, void *context)
{
    *line = (struct vtd_line){.place = *place, .kind = kind, .cpu = cpu, .apic_id = apic_id};
    if (place->io == NULL) {
        return STATUS_NOT_FOUND;
    }
    enum status status = irq_alloc(cpu, handler, context, &line->vector);
    if (status != STATUS_OK) {
        return status;
    }
    status = remap(line);
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
    enum status status = is_remapped(&line->place) ? vtd_irq_free(line->place.unit, line->handle, 1) : STATUS_OK;
    if (status == STATUS_OK) {
        irq_free(line->cpu, line->vector);
    }
    return status;
}
