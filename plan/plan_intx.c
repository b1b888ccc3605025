/* SPDX-License-Identifier: GPL-2.0-only
 * Lines: a pin of an I/O APIC leads to one device alone (vtd/line.h has one handler for it, and the guest's end of
 * interrupt opens it again), so that two of one guest cannot share one either. */
#include "plan/plan_intx.h"

#include "kernel/lib/format.h"
#include "plan/plan_function.h"
#include "vtd/scope.h"

#define PINS_MAX 240 /* of an I/O APIC: its version register has 8 bits, vectors are fewer */

/* A line that a claim would like to have. */
struct wish {
    uint32_t gsi, claim;
    bool needed; /* the file says so, or the device has no MSI */
};

static const struct config_value *written(const struct plan_claim *c)
{
    return c->own != NULL && c->own->gsi.at.line != 0 ? &c->own->gsi : NULL;
}

/* The I/O APIC that has the line, as far as tables tell. */
static const struct madt_ioapic *find_ioapic(const struct plan_facts *facts, uint32_t gsi)
{
    const struct madt *madt = &facts->machine->madt;
    const struct madt_ioapic *found = NULL;
    for (size_t i = 0; i < madt->ioapic_count; i++) {
        const struct madt_ioapic *io = &madt->ioapics[i];
        uint32_t pins = facts->pins != NULL ? facts->pins[i] : PINS_MAX;
        bool within = gsi >= io->gsi_base && gsi - io->gsi_base < pins;
        if (within && (found == NULL || io->gsi_base > found->gsi_base)) {
            found = io;
        }
    }
    return found;
}

/* Where interrupts are not remapped, firmware need not say behind which unit an I/O APIC is. */
static bool is_reachable(const struct plan_facts *facts, uint32_t gsi)
{
    const struct machine *m = facts->machine;
    const struct madt_ioapic *io = find_ioapic(facts, gsi);
    struct scope_bus_view view = machine_bus_view(m);
    struct sbdf source;
    size_t unit = 0;
    if (io == NULL || !m->has_dmar) {
        return false;
    }
    return !facts->remapping ||
           scope_unit_of_id(&m->dmar, &view, DMAR_SCOPE_IOAPIC, io->id, &unit, &source) == STATUS_OK;
}

static void refuse_console(struct plan_work *w, const struct plan_claim *c, struct config_position at, uint32_t gsi)
{
    plan_work_refuse_at(w, c, at, PLAN_DEVICES_LINE_SHARED,
                        "move the console to another port, or choose another device",
                        "has GSI %u, which is the line of the hypervisor's own console", gsi);
}

/* What the file says. False: nothing good. */
static bool wish_written(struct plan_work *w, const struct plan_claim *c, const struct config_value *gsi,
                         struct wish *wish)
{
    if (w->pci->functions[c->function].interrupt_pin == 0) {
        plan_work_refuse_at(w, c, gsi->at, PLAN_DEVICES_NO_PIN, "leave gsi out", "has no INTx#, but gsi = %u is given",
                            (unsigned)gsi->number);
    } else if (gsi->number == w->facts->console_gsi) {
        refuse_console(w, c, gsi->at, (uint32_t)gsi->number);
    } else if (!is_reachable(w->facts, (uint32_t)gsi->number)) {
        plan_work_refuse_at(w, c, gsi->at, PLAN_DEVICES_NO_LINE,
                            "write the line that Linux on this machine shows in /proc/interrupts",
                            "has GSI %u, which is on no I/O APIC%s", (unsigned)gsi->number,
                            w->facts->remapping ? " whose interrupts are remapped" : "");
    } else {
        *wish = (struct wish){.gsi = (uint32_t)gsi->number, .needed = true};
        return true;
    }
    return false;
}

/* What the machine says. False: nothing, or nothing of use. */
static bool wish_known(struct plan_work *w, const struct plan_claim *c, struct wish *wish)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    uint32_t gsi = w->facts->gsis == NULL ? PLAN_NO_GSI : w->facts->gsis[c->function];
    bool needed = !plan_function_has_messages(f);
    if (f->interrupt_pin == 0 || gsi == PLAN_NO_GSI || !is_reachable(w->facts, gsi)) {
        return false;
    }
    if (gsi == w->facts->console_gsi) {
        if (needed) {
            refuse_console(w, c, c->at, gsi);
        }
        return false;
    }
    *wish = (struct wish){.gsi = gsi, .needed = needed};
    return true;
}

static bool before(const struct wish *a, const struct wish *b)
{
    if (a->gsi != b->gsi) {
        return a->gsi < b->gsi;
    }
    return a->needed != b->needed ? a->needed : a->claim < b->claim;
}

static void sort(struct wish *items, size_t count)
{
    size_t gap = 1;
    while (gap < count / 3) {
        gap = 3 * gap + 1;
    }
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            struct wish moving = items[i];
            size_t j = i;
            for (; j >= gap && before(&moving, &items[j - gap]); j -= gap) {
                items[j] = items[j - gap];
            }
            items[j] = moving;
        }
    }
}

static void refuse_second(struct plan_work *w, const struct plan_claim *first, const struct plan_claim *c, uint32_t gsi)
{
    char text[SBDF_TEXT_SIZE];
    const struct config_value *word = written(c);
    bool messages = plan_function_has_messages(&w->pci->functions[c->function]);
    plan_work_refuse_at(w, c, word != NULL ? word->at : c->at, PLAN_DEVICES_LINE_SHARED,
                        messages ? "leave gsi out: it has MSI" : "assign only one of the two",
                        "has GSI %u, which is the line of %s of guest '%s' already", gsi,
                        sbdf_text(w->pci->functions[first->function].at, text), plan_work_guest_name(w, first->guest));
}

/* Wishes for one line, those that need it first. Where nobody needs it and several would like it, nobody gets it. */
static void grant(struct plan_work *w, const struct wish *wishes, size_t count)
{
    struct plan_claim *first = &w->claims[wishes[0].claim];
    if (count == 1 || wishes[0].needed) {
        first->gsi = wishes[0].gsi;
    }
    for (size_t i = 1; i < count && wishes[i].needed; i++) {
        const struct plan_claim *c = &w->claims[wishes[i].claim];
        if (c->guest != first->guest || written(c) != NULL) {
            refuse_second(w, first, c, wishes[i].gsi);
        }
    }
}

static void warn_without(struct plan_work *w, const struct plan_claim *c)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    uint32_t hint = w->facts->hints == NULL ? PLAN_NO_GSI : w->facts->hints[c->function];
    char text[SBDF_TEXT_SIZE], fix[DIAG_TEXT_SIZE];
    if (c->gsi != PLAN_NO_GSI || f->interrupt_pin == 0 || plan_function_has_messages(f) || written(c) != NULL) {
        return;
    }
    if (hint == PLAN_NO_GSI) {
        format_text(fix, sizeof(fix),
                    "add [device.\"%s\"] and gsi = N; Linux on this machine shows N in "
                    "/proc/interrupts",
                    sbdf_text(f->at, text));
    } else {
        format_text(fix, sizeof(fix), "add [device.\"%s\"] and gsi = %u, as Linux on this machine had it",
                    sbdf_text(f->at, text), hint);
    }
    plan_work_say(w, c, PLAN_DEVICES_NO_INTERRUPT, DIAG_WARNING, fix,
                  "has no MSI: its guest gets no interrupt from it");
}

static size_t collect(struct plan_work *w, struct wish *wishes)
{
    size_t count = 0;
    for (uint32_t i = 0; i < w->claim_count; i++) {
        struct plan_claim *c = &w->claims[i];
        const struct config_value *word = written(c);
        c->gsi = PLAN_NO_GSI;
        if (!c->gone && (word != NULL ? wish_written(w, c, word, &wishes[count]) : wish_known(w, c, &wishes[count]))) {
            wishes[count++].claim = i;
        }
    }
    return count;
}

enum status plan_intx_choose(struct plan_work *w)
{
    struct arena scratch = *w->arena;
    struct wish *wishes = arena_array(&scratch, w->claim_count, sizeof(*wishes));
    if (wishes == NULL) {
        return STATUS_NO_MEMORY;
    }
    size_t count = collect(w, wishes);
    sort(wishes, count);
    for (size_t i = 0, end = 0; i < count; i = end) {
        while (end < count && wishes[end].gsi == wishes[i].gsi) {
            end++;
        }
        grant(w, &wishes[i], end - i);
    }
    for (size_t i = 0; i < w->claim_count; i++) {
        if (!w->claims[i].gone) {
            warn_without(w, &w->claims[i]);
        }
    }
    return STATUS_OK;
}
