/* SPDX-License-Identifier: GPL-2.0-only
 * Lines of assigned functions. */
#include "guest/pci_intx.h"

#include "drivers/pci_quiesce.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"

void guest_intx_init(struct guest_intx *x, const struct pci_function *host, const struct guest_intx_target *target,
                     uint64_t bit)
{
    *x = (struct guest_intx){
        .host = host, .asserted = target->asserted, .bit = bit, .notify = target->notify, .context = target->context};
}

static void arrived(void *context)
{
    struct guest_intx *x = context;
    vtd_line_mask(&x->line, true);
    x->again = time_now_ns() - x->ended_ns < GUEST_INTX_AT_ONCE_NS ? x->again + 1 : 0;
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
    x->ended_ns = time_now_ns();
    vtd_line_mask(&x->line, false);
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
    __atomic_fetch_and(x->asserted, ~x->bit, __ATOMIC_SEQ_CST);
    if (status != STATUS_OK) {
        x->stuck = true;
        log_warn("pci: %s: its interrupt line cannot be given back: %s", sbdf_text(x->host->at, text),
                 status_text(status));
    }
}
