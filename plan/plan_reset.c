/* SPDX-License-Identifier: GPL-2.0-only
 * Choice of resets: FLR, else the whole bus where all behind its bridge is one guest's, else by power states: some
 * devices say that D3hot loses their state and keep it all the same, so that comes last. */
#include "plan/plan_reset.h"

#include "drivers/device_rules.h"
#include "kernel/lib/format.h"

#define TYPE_BRIDGE 1

/* Bridges come before what is behind them, so that one pass from the end is enough. */
void plan_reset_sum_up(const struct pci_facts *pci, plan_reset_owner *owner, const void *context, uint32_t *behind)
{
    for (size_t i = 0; i < pci->count; i++) {
        behind[i] = PLAN_RESET_NOTHING;
    }
    for (uint32_t i = (uint32_t)pci->count; i-- > 0;) {
        const struct pci_function *f = &pci->functions[i];
        uint32_t whose = f->bridge ? behind[i] : owner(context, i);
        if (f->parent == PCI_NO_INDEX || whose == PLAN_RESET_NOTHING) {
            continue;
        }
        uint32_t *sum = &behind[f->parent];
        *sum = *sum == PLAN_RESET_NOTHING || *sum == whose ? whose : PLAN_RESET_SEVERAL;
    }
}

bool plan_reset_bus_alone(const struct pci_facts *pci, const uint32_t *behind, uint32_t function, uint32_t owner)
{
    uint32_t bridge = pci->functions[function].parent;
    return bridge != PCI_NO_INDEX && pci->functions[bridge].header == TYPE_BRIDGE && !pci->functions[function].is_vf &&
           (behind[bridge] == owner || behind[bridge] == PLAN_RESET_NOTHING);
}

static uint32_t guest_of(const void *context, uint32_t function)
{
    return plan_work_owner(context, function);
}

enum pci_reset_kind plan_reset_usual(const struct pci_function *f, bool bus)
{
    if (pci_reset_possible(f, PCI_RESET_FLR)) {
        return PCI_RESET_FLR;
    }
    if (pci_reset_possible(f, PCI_RESET_AF)) {
        return PCI_RESET_AF;
    }
    return bus ? PCI_RESET_BUS : pci_reset_possible(f, PCI_RESET_D3) ? PCI_RESET_D3 : PCI_RESET_NONE;
}

/* What `reset` in the file means for f; false when f cannot. */
static bool choose_forced(const struct pci_function *f, bool bus, uint64_t word, enum pci_reset_kind *kind)
{
    switch ((enum config_reset)word) {
    case CONFIG_RESET_FLR:
        *kind = pci_reset_possible(f, PCI_RESET_FLR) ? PCI_RESET_FLR : PCI_RESET_AF;
        return pci_reset_possible(f, *kind);
    case CONFIG_RESET_D3:
        *kind = PCI_RESET_D3;
        return pci_reset_possible(f, PCI_RESET_D3);
    case CONFIG_RESET_BUS:
        *kind = PCI_RESET_BUS;
        return bus;
    case CONFIG_RESET_NONE:
        break;
    }
    *kind = PCI_RESET_NONE;
    return true;
}

static const char *why_impossible(const struct pci_function *f, enum pci_reset_kind kind)
{
    switch (kind) {
    case PCI_RESET_D3:
        return f->cap.pm == 0 ? "has no power management capability"
                              : "keeps its state from D3hot to D0 (No_Soft_Reset)";
    case PCI_RESET_BUS:
        return f->parent == PCI_NO_INDEX ? "has no bridge above it"
                                         : "is not alone in its guest behind the bridge above";
    case PCI_RESET_NONE:
    case PCI_RESET_FLR:
    case PCI_RESET_AF:
        break;
    }
    return "has no function level reset";
}

static void refuse(struct plan_work *w, const struct plan_claim *c, const struct config_value *reset, bool bus,
                   enum pci_reset_kind kind)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    char fix[DIAG_TEXT_SIZE];
    bool flr = pci_reset_possible(f, PCI_RESET_FLR) || pci_reset_possible(f, PCI_RESET_AF);
    format_text(fix, sizeof(fix), "write one that it can: reset = %s%s%s\"none\"", flr ? "\"flr\" or " : "",
                bus ? "\"bus\" or " : "", pci_reset_possible(f, PCI_RESET_D3) ? "\"d3d0\" or " : "");
    plan_work_refuse_at(w, c, reset->at, PLAN_DEVICES_RESET_FORCED, fix, "%s: reset = \"%s\" is impossible",
                        why_impossible(f, kind), reset->text);
}

static const struct config_value *forced(const struct plan_claim *c)
{
    if (c->own != NULL && c->own->reset.at.line != 0) {
        return &c->own->reset;
    }
    return c->id != NULL && c->id->reset.at.line != 0 ? &c->id->reset : NULL;
}

static void say_none(struct plan_work *w, const struct plan_claim *c, bool forced)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    const char *fix = forced     ? "leave reset out, if it has one"
                      : f->is_vf ? "give it to one guest for good, or choose another device"
                                 : "put it behind a port of its own, which can reset it, or choose another device";
    plan_work_say(w, c, PLAN_DEVICES_NO_RESET, DIAG_WARNING, fix,
                  f->is_vf && device_rules_has(f, DEVICE_RULE_OWNER_RESET)
                      ? "has no function level reset: it keeps what the last user left until its driver asks the PF's "
                        "driver to reset it"
                      : "is not reset: its registers and memory keep what the last user left");
}

static void choose_for(struct plan_work *w, struct plan_claim *c, const uint32_t *behind)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    const struct config_value *reset = forced(c);
    bool bus = plan_reset_bus_alone(w->pci, behind, c->function, c->guest);
    if (reset == NULL) {
        c->reset = plan_reset_usual(f, bus);
    } else if (!choose_forced(f, bus, reset->number, &c->reset)) {
        refuse(w, c, reset, bus, c->reset);
        return;
    }
    if (c->reset == PCI_RESET_NONE) {
        say_none(w, c, reset != NULL);
    }
}

enum status plan_reset_choose(struct plan_work *w)
{
    struct arena scratch = *w->arena;
    uint32_t *behind = arena_array(&scratch, w->pci->count, sizeof(*behind));
    if (behind == NULL) {
        return STATUS_NO_MEMORY;
    }
    plan_reset_sum_up(w->pci, guest_of, w, behind);
    for (size_t i = 0; i < w->claim_count; i++) {
        if (!w->claims[i].gone) {
            choose_for(w, &w->claims[i], behind);
        }
    }
    return STATUS_OK;
}
