/* SPDX-License-Identifier: GPL-2.0-only
 * Physical interrupt lines. */
#include "kernel/gsi.h"

#include "kernel/core/percpu.h"
#include "vtd/irte.h"
#include "vtd/remap.h"
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

static void write_pin(const struct gsi *gsi, bool masked)
{
    struct vtd_ioapic_pin pin = {.vector = gsi->vector, .masked = masked};
    ioapic_write(gsi->io, gsi->pin, vtd_ioapic_compose(gsi->handle, pin));
}

enum status gsi_route(struct gsi *gsi, struct isolate *iso, const struct machine *m, uint32_t number, unsigned cpu,
                      irq_handler *handler, void *context)
{
    struct scope_bus_view view = machine_bus_view(m);
    size_t index = 0;
    struct sbdf source;
    *gsi = (struct gsi){.io = find_ioapic(iso, number), .cpu = cpu};
    if (gsi->io == NULL ||
        scope_unit_of_id(&m->dmar, &view, DMAR_SCOPE_IOAPIC, gsi->io->id, &index, &source) != STATUS_OK ||
        iso->vtd_index[index] == ISOLATE_NO_UNIT) {
        return STATUS_NOT_FOUND;
    }
    gsi->unit = &iso->vtd.units[iso->vtd_index[index]];
    gsi->pin = number - gsi->io->gsi_base;
    enum status status = irq_alloc(cpu, handler, context, &gsi->vector);
    if (status != STATUS_OK) {
        return status;
    }
    struct vtd_irte_target target = {.vector = gsi->vector, .apic_id = percpu_at(cpu)->apic_id};
    status = vtd_irq_alloc(gsi->unit, vtd_irte_source_function(sbdf_rid(source)), target, &gsi->handle);
    if (status != STATUS_OK) {
        irq_free(cpu, gsi->vector);
        return status;
    }
    write_pin(gsi, false);
    return STATUS_OK;
}

enum status gsi_release(struct gsi *gsi)
{
    write_pin(gsi, true);
    enum status status = vtd_irq_free(gsi->unit, gsi->handle, 1);
    if (status == STATUS_OK) {
        irq_free(gsi->cpu, gsi->vector);
    }
    return status;
}
