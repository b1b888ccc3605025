/* SPDX-License-Identifier: GPL-2.0-only
 * Lines of assigned functions. */
#include "guest/pci_intx.h"

#include "drivers/pci_quiesce.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"

void guest_intx_init(struct guest_intx *x, const struct vm_device *device, const struct message_router *router,
                     const struct guest_intx_target *target, uint64_t bit)
{
    *x = (struct guest_intx){.host = device->function,
                             .device = device,
                             .router = router,
                             .asserted = target->asserted,
                             .bit = bit,
                             .notify = target->notify,
                             .context = target->context};
}

static void arrived(void *context)
{
    struct guest_intx *x = context;
    vtd_line_mask(&x->line, true);
    x->again = time_now_ns() - x->ended_ns < GUEST_INTX_AT_ONCE_NS ? x->again + 1 : 0;
    if (device_storm_begins(&x->storm, x->device->irq_limit, time_now_ns()) && x->router->held != NULL) {
        x->router->held(x->router->context, x->device, x->storm.held_until_ns);
    }
    __atomic_fetch_or(x->asserted, x->bit, __ATOMIC_SEQ_CST);
    x->notify(x->context);
}

enum status guest_intx_route(struct guest_intx *x, const struct guest_intx_target *target,
                             const struct vtd_line_place *place)
{
    enum status status = vtd_line_route(&x->line, place, VTD_LINE_LEVEL, target->cpu, target->apic_id, arrived, x);
    x->routed = status == STATUS_OK;
    return status;
}

void guest_intx_enable(struct guest_intx *x, bool on)
{
    if (x->routed) {
        pci_intx_set(x->host, on);
        x->again = 0;
        if (x->held) {
            x->held = false;
            vtd_line_mask(&x->line, false);
        }
    }
}

static void hold(struct guest_intx *x)
{
    char text[SBDF_TEXT_SIZE];
    x->held = true;
    if (x->storms++ == 0) {
        log_warn("pci: %s: its interrupt line stays asserted whatever its guest does: it is masked",
                 sbdf_text(x->host->at, text));
    }
}

void guest_intx_end(struct guest_intx *x)
{
    if (!x->routed || (__atomic_fetch_and(x->asserted, ~x->bit, __ATOMIC_SEQ_CST) & x->bit) == 0) {
        return;
    }
    if (x->again >= GUEST_INTX_STORM) {
        hold(x);
        return;
    }
    if (x->storm.held_until_ns != 0) {
        return; /* stays masked until guest_intx_resume() */
    }
    x->ended_ns = time_now_ns();
    vtd_line_mask(&x->line, false);
}

uint64_t guest_intx_resume(struct guest_intx *x, uint64_t now_ns)
{
    uint64_t until = x->routed ? x->storm.held_until_ns : 0;
    if (until == 0 || now_ns < until) {
        return until;
    }
    bool waits = (__atomic_load_n(x->asserted, __ATOMIC_SEQ_CST) & x->bit) != 0;
    x->storm.held_until_ns = 0;
    if (!waits && !x->held) { /* its guest ended the last one long ago */
        x->ended_ns = now_ns;
        vtd_line_mask(&x->line, false);
    }
    return 0;
}

void guest_intx_release(struct guest_intx *x)
{
    if (!x->routed) {
        return;
    }
    char text[SBDF_TEXT_SIZE];
    x->routed = false;
    pci_intx_set(x->host, false);
    enum status status = vtd_line_release(&x->line);
    if ((__atomic_fetch_and(x->asserted, ~x->bit, __ATOMIC_SEQ_CST) & x->bit) != 0) {
        x->notify(x->context); /* the pin falls */
    }
    if (status != STATUS_OK) {
        x->stuck = true;
        log_warn("pci: %s: its interrupt line cannot be given back: %s", sbdf_text(x->host->at, text),
                 status_text(status));
    }
}
