/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt messages of assigned devices. */
#include "guest/device_irq.h"

#include "kernel/core/irq.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/lib/sbdf.h"
#include "vtd/compat.h"

void device_irq_init(struct device_irq *irq, const struct vm_device *device, const struct message_router *router)
{
    *irq = (struct device_irq){.device = device, .router = router};
}

static void deliver(struct device_irq *irq)
{
    uint64_t flags = lock_take(&irq->lock);
    uint64_t address = irq->address;
    uint32_t data = irq->data;
    lock_release(&irq->lock, flags);
    irq->router->deliver(irq->router->context, address, data);
}

bool device_storm_begins(struct device_storm *storm, struct rate_limit limit, uint64_t now_ns)
{
    if (storm->held_until_ns != 0 || !rate_exceeded(&storm->window, limit, now_ns, 1)) {
        return false;
    }
    uint64_t ns = DEVICE_STORM_NS << (storm->holds < 5 ? storm->holds : 5);
    storm->holds++;
    storm->held_until_ns = now_ns + ns;
    return true;
}

/* The entry is its own as long as it is routed. */
static bool hold(struct device_irq *irq)
{
    uint64_t flags = lock_take(&irq->lock);
    bool begins = irq->routed && device_storm_begins(&irq->storm, irq->device->irq_limit, time_now_ns());
    enum status status = begins ? vtd_irq_hold(irq->device->unit, irq->handle, true) : STATUS_OK;
    lock_release(&irq->lock, flags);
    if (status != STATUS_OK) {
        log_warn("vtd: interrupt entry %u of unit %u may not be held: %s", irq->handle, irq->device->unit->index,
                 status_text(status));
    }
    return begins;
}

/* Runs on the vCPU's own host CPU: the exit that brought us here is the one that delivers. */
static void arrived(void *context)
{
    struct device_irq *irq = context;
    __atomic_fetch_add(&irq->count, 1, __ATOMIC_RELAXED);
    bool holds = irq->device->irq_limit.period_ns != 0 && irq->device->unit->remapping;
    if (holds && hold(irq) && irq->router->held != NULL) {
        irq->router->held(irq->router->context, irq->device, irq->storm.held_until_ns);
    }
    deliver(irq);
}

uint64_t device_irq_resume(struct device_irq *irq, uint64_t now_ns)
{
    uint64_t flags = lock_take(&irq->lock);
    uint64_t until = irq->routed ? irq->storm.held_until_ns : 0;
    bool due = until != 0 && now_ns >= until;
    enum status status = due ? vtd_irq_hold(irq->device->unit, irq->handle, false) : STATUS_OK;
    irq->storm.held_until_ns = due ? 0 : irq->storm.held_until_ns;
    lock_release(&irq->lock, flags);
    if (due && status == STATUS_OK) {
        deliver(irq);
    }
    return due ? 0 : until;
}

static bool is_remapped(const struct device_irq *irq)
{
    return irq->device->unit->remapping;
}

static enum status first_entry(struct device_irq *irq, uint32_t apic_id)
{
    if (!is_remapped(irq)) {
        return vtd_compat_reaches(apic_id) ? STATUS_OK : STATUS_OUT_OF_RANGE;
    }
    struct vtd_irte_target target = {.vector = irq->vector, .apic_id = apic_id};
    return vtd_irq_alloc(irq->device->unit, vm_device_messages(irq->device), target, &irq->handle);
}

static enum status first_route(struct device_irq *irq, unsigned cpu, uint32_t apic_id)
{
    enum status status = irq_alloc(cpu, arrived, irq, &irq->vector);
    if (status != STATUS_OK) {
        return status;
    }
    status = first_entry(irq, apic_id);
    if (status != STATUS_OK) {
        irq_free(cpu, irq->vector);
        return status;
    }
    irq->cpu = cpu;
    irq->apic_id = apic_id;
    irq->routed = true;
    return STATUS_OK;
}

/* The new vector is ready before the entry names it, and the old one is given back only after the unit sends nothing
 * there any more. One may still wait in the old CPU's LAPIC and is lost with the vector: so the guest gets one too many
 * rather than one too few. What was posted before is in its descriptor and is not lost. */
static enum status move_route(struct device_irq *irq, unsigned cpu, uint32_t apic_id)
{
    uint8_t vector = 0;
    enum status status = irq_alloc(cpu, arrived, irq, &vector);
    if (status != STATUS_OK) {
        return status;
    }
    struct vtd_irte_target target = {.vector = vector, .apic_id = apic_id};
    status = vtd_irq_update(irq->device->unit, irq->handle, target);
    if (status != STATUS_OK) {
        irq_free(cpu, vector);
        return status;
    }
    if (!irq->posted) {
        irq_free(irq->cpu, irq->vector);
        deliver(irq);
    }
    irq->posted = false;
    irq->cpu = cpu;
    irq->vector = vector;
    return STATUS_OK;
}

static void free_old(struct device_irq *irq)
{
    if (irq->moving) {
        irq->moving = false;
        irq_free(irq->old_cpu, irq->old_vector);
    }
}

/* No entry stands between: the device itself must be told, and until then it names the old vector. */
static enum status move_message(struct device_irq *irq, unsigned cpu, uint32_t apic_id)
{
    uint8_t vector = 0;
    if (!vtd_compat_reaches(apic_id)) {
        return STATUS_OUT_OF_RANGE;
    }
    enum status status = irq_alloc(cpu, arrived, irq, &vector);
    if (status != STATUS_OK) {
        return status;
    }
    free_old(irq);
    irq->moving = true;
    irq->old_cpu = irq->cpu;
    irq->old_vector = irq->vector;
    irq->cpu = cpu;
    irq->apic_id = apic_id;
    irq->vector = vector;
    return STATUS_OK;
}

/* As above, one that waits in the old CPU's LAPIC is lost with the vector. */
void device_irq_settle(struct device_irq *irq)
{
    if (irq->moving) {
        free_old(irq);
        deliver(irq);
    }
}

static enum status remap(struct device_irq *irq, unsigned cpu, uint32_t apic_id)
{
    if (!irq->routed) {
        return first_route(irq, cpu, apic_id);
    }
    if (!is_remapped(irq)) {
        return irq->cpu != cpu ? move_message(irq, cpu, apic_id) : STATUS_OK;
    }
    return irq->posted || irq->cpu != cpu ? move_route(irq, cpu, apic_id) : STATUS_OK;
}

static enum status first_posting(struct device_irq *irq, struct vtd_irte_posted to)
{
    enum status status = vtd_irq_alloc_block(irq->device->unit, vm_device_messages(irq->device), 1, &irq->handle);
    if (status != STATUS_OK) {
        return status;
    }
    status = vtd_irq_post(irq->device->unit, irq->handle, to);
    if (status != STATUS_OK) {
        enum status undo = vtd_irq_free(irq->device->unit, irq->handle, 1);
        return undo == STATUS_OK ? status : undo;
    }
    irq->routed = true;
    return STATUS_OK;
}

static bool is_same(struct vtd_irte_posted a, struct vtd_irte_posted b)
{
    return a.vector == b.vector && a.urgent == b.urgent && a.descriptor.v == b.descriptor.v;
}

/* As above, one that waits in the LAPIC is lost with the host vector. */
static enum status post(struct device_irq *irq, struct vtd_irte_posted to)
{
    enum status status = STATUS_OK;
    if (!irq->routed) {
        status = first_posting(irq, to);
    } else if (!irq->posted || !is_same(irq->to, to)) {
        status = vtd_irq_post(irq->device->unit, irq->handle, to);
        if (status == STATUS_OK && !irq->posted) {
            irq_free(irq->cpu, irq->vector);
            deliver(irq);
        }
    }
    if (status == STATUS_OK) {
        irq->posted = true;
        irq->to = to;
    }
    return status;
}

static bool may_post(const struct device_irq *irq, uint64_t address, uint32_t data, struct vtd_irte_posted *to)
{
    const struct message_router *r = irq->router;
    bool counted = irq->device->irq_limit.period_ns != 0; /* which a unit that posts by itself does not do */
    return !counted && vtd_unit_posts(irq->device->unit) && r->post != NULL && r->post(r->context, address, data, to);
}

static void set_message(struct device_irq *irq, uint64_t address, uint32_t data)
{
    uint64_t flags = lock_take(&irq->lock);
    irq->address = address;
    irq->data = data;
    lock_release(&irq->lock, flags);
}

static void warn_once(struct device_irq *irq, enum status status)
{
    char text[SBDF_TEXT_SIZE];
    if (!irq->warned) {
        irq->warned = true;
        log_warn("pci: %s: an interrupt of it has no route: %s", sbdf_text(irq->device->function->at, text),
                 status_text(status));
    }
}

enum status device_irq_route(struct device_irq *irq, uint64_t address, uint32_t data, struct vtd_msi *message)
{
    unsigned cpu = 0;
    uint32_t apic_id = 0;
    if (!irq->router->target(irq->router->context, address, data, &cpu, &apic_id)) {
        return STATUS_NOT_FOUND;
    }
    set_message(irq, address, data);
    struct vtd_irte_posted to;
    enum status status = may_post(irq, address, data, &to) ? post(irq, to) : remap(irq, cpu, apic_id);
    if (status != STATUS_OK) {
        warn_once(irq, status);
        return status;
    }
    *message = is_remapped(irq) ? vtd_msi_compose(irq->handle) : vtd_compat_msi(irq->vector, irq->apic_id);
    return STATUS_OK;
}

static enum status free_entry(struct device_irq *irq)
{
    return is_remapped(irq) ? vtd_irq_free(irq->device->unit, irq->handle, 1) : STATUS_OK;
}

enum status device_irq_release(struct device_irq *irq)
{
    if (!irq->routed) {
        return STATUS_OK;
    }
    uint64_t flags = lock_take(&irq->lock); /* from here on the handler leaves the entry alone */
    irq->routed = false;
    irq->storm = (struct device_storm){.holds = irq->storm.holds};
    lock_release(&irq->lock, flags);
    free_old(irq);
    enum status status = free_entry(irq);
    if (status != STATUS_OK) {
        log_warn("vtd: interrupt entry %u of unit %u is quarantined: %s", irq->handle, irq->device->unit->index,
                 status_text(status));
        return status;
    }
    if (!irq->posted) {
        irq_free(irq->cpu, irq->vector);
    }
    irq->posted = false;
    return STATUS_OK;
}
