/* SPDX-License-Identifier: GPL-2.0-only
 * The device half of the plan: all rules over all claims, then what comes out of them. */
#include "plan/plan_devices.h"

#include "kernel/lib/format.h"
#include "plan/plan_ats.h"
#include "plan/plan_bars.h"
#include "plan/plan_claims.h"
#include "plan/plan_intx.h"
#include "plan/plan_members.h"
#include "plan/plan_order.h"
#include "plan/plan_reserved.h"
#include "plan/plan_reset.h"
#include "plan/plan_rules.h"
#include "plan/plan_units.h"
#include "plan/plan_vfs.h"
#include "plan/plan_vmd.h"
#include "plan/plan_work.h"
#include "vtd/compat.h"

#define REMAPPING_ON "turn on interrupt remapping in the firmware's setup"

static enum status prepare(struct plan_work *w)
{
    size_t functions = w->pci->count;
    w->claims = arena_array(w->arena, functions, sizeof(*w->claims));
    w->claim_of = arena_array(w->arena, functions, sizeof(*w->claim_of));
    w->left = arena_array(w->arena, w->config->system.unassigned.at.line == 0 ? 0 : w->groups->count, sizeof(*w->left));
    if (w->claims == NULL || w->claim_of == NULL || w->left == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < functions; i++) {
        w->claim_of[i] = PLAN_NO_CLAIM;
    }
    enum status status = plan_units_make(w->m, w->arena, &w->unit_of);
    status = status == STATUS_OK ? plan_extents_make(w->pci, w->arena, &w->extents) : status;
    return status == STATUS_OK ? plan_reserved_make(w) : status;
}

static const struct config_guest *guest_of(const struct plan_work *w, const struct plan_claim *c)
{
    return &w->config->guests[c->guest];
}

static bool is_unsafe(const struct plan_work *w, const struct plan_claim *c)
{
    return !w->facts->remapping && guest_of(w, c)->unsafe_interrupts.number != 0;
}

static void refuse_unsafe(struct plan_work *w, const struct plan_claim *c)
{
    char fix[DIAG_TEXT_SIZE];
    format_text(fix, sizeof(fix), REMAPPING_ON ", or write unsafe-interrupts = true in [guest.%s]",
                guest_of(w, c)->name.text);
    plan_work_refuse(w, c, PLAN_DEVICES_NO_REMAPPING, fix,
                     "cannot be given away: interrupts are not remapped, so it could send any interrupt to any CPU");
}

static void warn_unsafe(struct plan_work *w, const struct plan_claim *c)
{
    plan_work_say(
        w, c, PLAN_DEVICES_UNSAFE, DIAG_WARNING, REMAPPING_ON,
        "is given away although interrupts are not remapped: guest '%s' can send any interrupt to any CPU, and "
        "so stop or take over the machine",
        guest_of(w, c)->name.text);
}

/* An interrupt that is not remapped has 8 bits for its CPU. */
static void check_reach(struct plan_work *w, const struct plan_claim *c)
{
    const struct config_list *cpus = &guest_of(w, c)->cpus;
    for (size_t i = 0; i < cpus->count; i++) {
        uint64_t cpu = cpus->items[i].number;
        uint32_t apic_id = cpu < w->facts->cpu_count ? w->facts->cpus[cpu].apic_id : 0;
        if (!vtd_compat_reaches(apic_id)) {
            plan_work_refuse(w, c, PLAN_DEVICES_FAR_CPU, REMAPPING_ON ", or give the guest other CPUs",
                             "cannot be given away: interrupts are not remapped, and none can name CPU %llu of guest "
                             "'%s', whose APIC id is 0x%x",
                             (unsigned long long)cpu, guest_of(w, c)->name.text, apic_id);
            return;
        }
    }
}

/* Once a guest: at its first device. VMD endpoints have a rule of their own. */
static void check_remapping(struct plan_work *w)
{
    uint32_t last = PLAN_NO_GUEST;
    for (size_t i = 0; !w->facts->remapping && i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        if (c->gone || (c->guest == last && !c->left_over) || vmd_of(&w->m->vmd, c->function) != NULL) {
            continue;
        }
        if (!is_unsafe(w, c)) {
            refuse_unsafe(w, c);
        } else {
            if (c->guest != last) {
                warn_unsafe(w, c);
            }
            check_reach(w, c);
        }
        last = c->guest;
    }
}

/* Once a guest: at the first device too many; of what is left over each one. */
static void check_count(struct plan_work *w)
{
    size_t counts[CONFIG_GUESTS_MAX] = {0};
    size_t most = w->facts->limits.devices_max;
    for (size_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        if (!c->gone && ++counts[c->guest] > most && (counts[c->guest] == most + 1 || c->left_over)) {
            plan_work_refuse(w, c, PLAN_DEVICES_TOO_MANY, "give the guest fewer devices",
                             "is one more than the %zu that a guest's PCI bus has places for", most);
        }
    }
}

/* Every rule that depends on who else gets what. */
static enum status check_together(struct plan_work *w)
{
    check_remapping(w);
    plan_vmd_check(w);
    check_count(w);
    plan_rules_check(w);
    plan_vfs_check(w);
    plan_ats_check(w);
    plan_reserved_check(w);
    plan_reserved_check_count(w);
    plan_bars_check_pages(w);
    enum status status = plan_intx_choose(w);
    if (status != STATUS_OK) {
        return status;
    }
    status = plan_reset_choose(w);
    if (status != STATUS_OK) {
        return status;
    }
    plan_bars_choose_roms(w);
    return plan_bars_place(w);
}

/* Throw out left-over groups that break a rule until none does; what then goes may be another's neighbour. */
static enum status settle_leftovers(struct plan_work *w)
{
    plan_claims_leftovers(w);
    w->quiet = true;
    w->changed = w->leftovers;
    while (w->changed) {
        w->changed = false;
        enum status status = check_together(w);
        if (status != STATUS_OK) {
            return status;
        }
        plan_claims_drop(w);
    }
    w->quiet = false;
    return STATUS_OK;
}

static enum status check_all(struct plan_work *w)
{
    plan_claims_make(w);
    enum status status = settle_leftovers(w);
    status = status == STATUS_OK ? plan_members_check(w) : status;
    if (status != STATUS_OK) {
        return status;
    }
    plan_claims_check(w);
    status = check_together(w);
    plan_claims_check_tables(w);
    if (w->config->system.unassigned.at.line != 0) {
        plan_claims_say_left(w);
    }
    return status;
}

static struct plan_device device_of(const struct plan_work *w, const struct plan_claim *c)
{
    struct plan_device d = {
        .function = c->function,
        .guest = c->guest,
        .group = w->groups->of[c->function].group,
        .unit = w->unit_of[c->function],
        .reset = c->reset,
        .rom = c->rom,
        .rom_at = c->rom ? c->rom_at : 0,
        .gsi = c->gsi,
        .unsafe_interrupts = is_unsafe(w, c),
        .ats = c->ats,
        .ats_twice = c->ats && plan_ats_is_twice(&w->pci->functions[c->function]),
    };
    for (unsigned i = 0; i < PCI_BARS; i++) {
        d.bars[i] = c->bars[i];
    }
    d.source_count = group_sources(w->pci, c->function, d.sources);
    d.message_source = group_interrupt_source(w->pci, c->function);
    d.bus_interrupts = group_interrupt_buses(w->pci, c->function, &d.first_bus, &d.last_bus);
    return d;
}

/* A function behind a VMD endpoint is whose the endpoint is. */
static uint32_t owner_of(const struct plan_work *w, uint32_t function)
{
    const struct pci_function *f = &w->pci->functions[function];
    return plan_work_owner(w, f->is_vmd_child && !f->bridge && f->vmd < w->pci->count ? f->vmd : function);
}

/* Guest by guest: claims are, but for what was left over, which is at their end. */
static void list_devices(const struct plan_work *w, struct plan *out)
{
    size_t first[CONFIG_GUESTS_MAX + 1] = {0};
    for (size_t i = 0; i < w->claim_count; i++) {
        first[w->claims[i].guest + 1] += !w->claims[i].gone;
    }
    for (size_t g = 0; g < w->config->guest_count; g++) {
        first[g + 1] += first[g];
        out->guests[g].devices = &out->devices[first[g]];
        out->guests[g].device_count = 0;
    }
    for (size_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        struct plan_guest *guest = &out->guests[c->guest];
        if (!c->gone) {
            out->devices[first[c->guest] + guest->device_count++] = device_of(w, c);
            out->device_count++;
        }
    }
}

static void list_reserved(const struct plan_work *w, struct plan *out, struct plan_reserved *all)
{
    size_t regions = w->m->has_dmar ? w->m->dmar.rmrr_count : 0;
    size_t next = 0;
    for (uint32_t g = 0; g < w->config->guest_count; g++) {
        out->guests[g].reserved = &all[next];
        size_t begin = next;
        for (size_t r = 0; r < regions; r++) {
            if (w->reserved->regions[r].guest == g) {
                all[next++] = (struct plan_reserved){g, r};
            }
        }
        out->guests[g].reserved_count = next - begin;
    }
}

static enum status write_out(const struct plan_work *w, struct plan *out)
{
    size_t regions = w->m->has_dmar ? w->m->dmar.rmrr_count : 0;
    struct plan_reserved *reserved = arena_array(w->arena, regions, sizeof(*reserved));
    out->devices = arena_array(w->arena, w->claim_count, sizeof(*out->devices));
    out->owner = arena_array(w->arena, w->pci->count, sizeof(*out->owner));
    out->device_count = 0;
    if (reserved == NULL || out->devices == NULL || out->owner == NULL) {
        return STATUS_NO_MEMORY;
    }
    list_devices(w, out);
    list_reserved(w, out, reserved);
    for (uint32_t i = 0; i < w->pci->count; i++) {
        out->owner[i] = owner_of(w, i);
    }
    return STATUS_OK;
}

enum status plan_devices(const struct plan_facts *facts, const struct config *config, const char *file,
                         struct arena *arena, struct plan *out, struct diag_list *diags)
{
    struct plan_work w = {
        .facts = facts,
        .m = facts->machine,
        .pci = &facts->machine->pci,
        .groups = &facts->machine->groups,
        .config = config,
        .file = file,
        .arena = arena,
        .diags = diags,
    };
    size_t errors = diags->errors, first = diags->count;
    enum status status = prepare(&w);
    status = status == STATUS_OK ? check_all(&w) : status;
    if (status != STATUS_OK) {
        return status;
    }
    plan_order_diags(diags, first);
    return diags->errors == errors ? write_out(&w, out) : STATUS_UNSUPPORTED;
}
