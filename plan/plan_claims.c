/* SPDX-License-Identifier: GPL-2.0-only
 * Who asks for what. */
#include "plan/plan_claims.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/plan_function.h"
#include "plan/plan_units.h"
#include "plan/plan_vmd.h"

#define NO_GUESTS "block"

static const struct pci_function *function_of(const struct plan_work *w, const struct plan_claim *c)
{
    return &w->pci->functions[c->function];
}

static void find_tables(const struct plan_work *w, struct plan_claim *c)
{
    const struct pci_function *f = function_of(w, c);
    if (w->config->device_count != 0) {
        c->own = config_find_device(w->config, f->at);
        c->id = config_find_device_id(w->config, f->vendor, f->device);
    }
}

static void claim(struct plan_work *w, const struct plan_claim *asked)
{
    struct plan_claim *c = &w->claims[w->claim_count];
    const struct plan_claim *first = plan_work_claim(w, asked->function);
    if (first != NULL) {
        char where[CONFIG_WHERE_SIZE];
        plan_work_refuse(w, asked, PLAN_DEVICES_TWICE, "name each device once", "is given already, at %s",
                         config_where(w->file, first->at, where));
        return;
    }
    *c = *asked;
    c->gsi = PLAN_NO_GSI;
    find_tables(w, c);
    w->claim_of[asked->function] = (uint32_t)w->claim_count++;
}

/* What to name instead: the devices behind it. */
static void refuse_bridge(struct plan_work *w, const struct plan_claim *asked)
{
    char fix[DIAG_TEXT_SIZE];
    const struct pci_function *bridge = function_of(w, asked);
    struct plan_list list = plan_list_make(fix, sizeof(fix), "name the device behind it: ");
    uint32_t begin = 0, end = 0;
    bool any = false;
    if (bridge->bridge && bridge->secondary != 0) {
        plan_units_on_buses(w->pci, sbdf_segment(bridge->at), bridge->secondary, bridge->subordinate, &begin, &end);
    }
    for (uint32_t i = begin; i < end; i++) {
        if (!w->pci->functions[i].bridge) {
            plan_list_add(&list, w->pci->functions[i].at, true);
            any = true;
        }
    }
    plan_list_end(&list, "");
    plan_work_refuse(w, asked, PLAN_DEVICES_BRIDGE, any ? fix : "leave it out: it stays with the hypervisor", "%s",
                     "is a bridge");
}

/* What can be claimed at all: no bridge of any kind, and nothing that goes with another. */
static bool is_claimable(const struct plan_work *w, uint32_t function)
{
    struct plan_fault faults[PLAN_FAULTS_MAX];
    size_t count = plan_function_faults(w->facts, function, true, faults);
    return count == 0 || (faults[0].code != PLAN_DEVICES_BRIDGE && faults[0].code != PLAN_DEVICES_CHILD);
}

static void claim_one(struct plan_work *w, const struct plan_claim *asked)
{
    if (is_claimable(w, asked->function)) {
        claim(w, asked);
    } else if (function_of(w, asked)->is_vmd_child) {
        plan_vmd_refuse_child(w, asked);
    } else {
        refuse_bridge(w, asked);
    }
}

/* True when there was any function to claim. */
static bool claim_group(struct plan_work *w, const struct plan_claim *asked, uint32_t group)
{
    bool any = false;
    for (uint32_t i = w->groups->first[group]; i < w->groups->first[group + 1]; i++) {
        struct plan_claim member = *asked;
        member.function = w->groups->members[i];
        if (is_claimable(w, member.function)) {
            claim(w, &member);
            any = true;
        }
    }
    return any;
}

/* A PF that a VF of that address could be of: the nearest one before it, on its bus or the one before. */
static const struct pci_function *likely_pf(const struct plan_work *w, struct sbdf at)
{
    const struct pci_function *best = NULL;
    for (size_t i = 0; i < w->pci->count && w->pci->functions[i].at.v < at.v; i++) {
        const struct pci_function *f = &w->pci->functions[i];
        bool near = f->cap.sriov != 0 && f->at.v >> 16 == at.v >> 16 && (at.v >> 8) - (f->at.v >> 8) <= 1;
        best = near ? f : best;
    }
    return best;
}

static void refuse_absent(struct plan_work *w, const struct config_value *item, struct sbdf at)
{
    char where[CONFIG_WHERE_SIZE], text[SBDF_TEXT_SIZE], fix[DIAG_TEXT_SIZE], pf_text[SBDF_TEXT_SIZE];
    const struct pci_function *pf = likely_pf(w, at);
    format_text(fix, sizeof(fix), "take an address from the inventory in the log");
    if (pf != NULL) {
        const struct config_device *table = config_find_device(w->config, pf->at);
        format_text(fix, sizeof(fix),
                    "take an address from the inventory in the log; if it is to be a VF of %s, %s [device.\"%s\"]: "
                    "vfs = 8, or as many as you need",
                    sbdf_text(pf->at, pf_text), table != NULL ? "write into" : "add", pf_text);
    }
    diag_add(w->diags, PLAN_DEVICES_ABSENT, DIAG_ERROR, config_where(w->file, item->at, where), fix,
             "%s is not in this machine", sbdf_text(at, text));
}

static void claim_item(struct plan_work *w, uint32_t guest, const struct config_value *item)
{
    const struct sbdf at = {(uint32_t)item->number};
    uint32_t function = pci_find_index(w->pci, at);
    struct plan_claim asked = {.function = function, .guest = guest, .at = item->at};
    if (function == PCI_NO_INDEX) {
        refuse_absent(w, item, at);
    } else if ((item->number & CONFIG_DEVICE_GROUP) == 0) {
        claim_one(w, &asked);
    } else if (!claim_group(w, &asked, w->groups->of[function].group)) {
        claim_one(w, &asked); /* says why not */
    }
}

void plan_claims_make(struct plan_work *w)
{
    for (uint32_t g = 0; g < w->config->guest_count; g++) {
        const struct config_list *devices = &w->config->guests[g].devices;
        for (size_t i = 0; i < devices->count; i++) {
            claim_item(w, g, &devices->items[i]);
        }
    }
}

static uint32_t leftover_guest(const struct plan_work *w)
{
    const struct config_value *name = &w->config->system.unassigned;
    if (name->at.line == 0 || strcmp(name->text, NO_GUESTS) == 0) {
        return PLAN_NO_GUEST;
    }
    const struct config_guest *guest = config_find_guest(w->config, name->text);
    return guest == NULL ? PLAN_NO_GUEST : (uint32_t)(guest - w->config->guests);
}

static bool has_fault(const struct plan_work *w, uint32_t function, struct plan_fault faults[PLAN_FAULTS_MAX])
{
    return plan_function_faults(w->facts, function, w->unit_of[function] != PLAN_NO_UNIT, faults) != 0;
}

/* Does nobody have any of it, and is there more in it than bridges? */
static bool is_left_over(const struct plan_work *w, uint32_t group)
{
    bool any = false;
    for (uint32_t i = w->groups->first[group]; i < w->groups->first[group + 1]; i++) {
        uint32_t function = w->groups->members[i];
        if (w->claim_of[function] != PLAN_NO_CLAIM) {
            return false;
        }
        any = any || is_claimable(w, function);
    }
    return any;
}

static void throw_out(struct plan_work *w, uint32_t group, uint32_t function, const char *what)
{
    char text[SBDF_TEXT_SIZE];
    struct plan_left *left = &w->left[group];
    left->out = true;
    format_text(left->why, sizeof(left->why), "%s %s", sbdf_text(w->pci->functions[function].at, text), what);
}

static void claim_left_over(struct plan_work *w, uint32_t group, uint32_t guest)
{
    struct plan_claim asked = {.guest = guest, .at = w->config->system.unassigned.at, .left_over = true};
    for (uint32_t i = w->groups->first[group]; i < w->groups->first[group + 1]; i++) {
        struct plan_fault faults[PLAN_FAULTS_MAX];
        uint32_t function = w->groups->members[i];
        if (!plan_function_is_free(&w->pci->functions[function]) && has_fault(w, function, faults)) {
            throw_out(w, group, function, faults[0].what);
            return;
        }
    }
    (void)claim_group(w, &asked, group);
    w->leftovers = true;
}

void plan_claims_leftovers(struct plan_work *w)
{
    uint32_t guest = leftover_guest(w);
    for (uint32_t group = 0; guest != PLAN_NO_GUEST && group < w->groups->count; group++) {
        if (is_left_over(w, group)) {
            claim_left_over(w, group, guest);
        }
    }
}

void plan_claims_drop(struct plan_work *w)
{
    for (size_t i = 0; w->leftovers && i < w->claim_count; i++) {
        struct plan_claim *c = &w->claims[i];
        if (c->left_over && !c->gone && w->left[w->groups->of[c->function].group].out) {
            c->gone = true;
            w->claim_of[c->function] = PLAN_NO_CLAIM;
        }
    }
}

void plan_claims_say_left(struct plan_work *w)
{
    char where[CONFIG_WHERE_SIZE], text[SBDF_TEXT_SIZE];
    for (uint32_t group = 0; group < w->groups->count; group++) {
        const struct plan_left *left = &w->left[group];
        if (left->out) {
            uint32_t first = w->groups->members[w->groups->first[group]];
            diag_add(w->diags, PLAN_DEVICES_LEFT, DIAG_NOTE,
                     config_where(w->file, w->config->system.unassigned.at, where), "",
                     "the group of %s stays blocked: %s", sbdf_text(w->pci->functions[first].at, text), left->why);
        }
    }
}

static void check_expected(struct plan_work *w, const struct plan_claim *c)
{
    const struct pci_function *f = function_of(w, c);
    char fix[DIAG_TEXT_SIZE];
    if (c->own == NULL || c->own->expect.at.line == 0 ||
        c->own->expect.number == ((uint64_t)f->vendor << 16 | f->device)) {
        return;
    }
    format_text(fix, sizeof(fix),
                "correct the address, or write expect = \"%04x:%04x\" if this is the one that you mean", f->vendor,
                f->device);
    plan_work_refuse_at(w, c, c->own->expect.at, PLAN_DEVICES_EXPECT, fix, "is %04x:%04x, not %s as expected",
                        f->vendor, f->device, c->own->expect.text);
}

void plan_claims_check(struct plan_work *w)
{
    for (size_t i = 0; i < w->claim_count; i++) {
        struct plan_fault faults[PLAN_FAULTS_MAX];
        const struct plan_claim *c = &w->claims[i];
        bool has_unit = w->unit_of[c->function] != PLAN_NO_UNIT;
        size_t count = c->gone ? 0 : plan_function_faults(w->facts, c->function, has_unit, faults);
        for (size_t k = 0; k < count; k++) {
            plan_work_refuse(w, c, faults[k].code, faults[k].fix, "%s", faults[k].what);
        }
        if (!c->gone) {
            check_expected(w, c);
        }
    }
}

/* Of a PF as well, when it says how many VFs there are (plan/vf_wishes.h has checked that), or holds for one of them.
 */
static bool is_used(const struct plan_work *w, const struct config_device *table)
{
    const struct sbdf at = {(uint32_t)table->address.number};
    uint32_t function = table->by_id ? PCI_NO_INDEX : pci_find_index(w->pci, at);
    bool used = table->vfs.at.line != 0;
    for (size_t i = 0; !used && i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        const struct pci_function *f = function_of(w, c);
        const struct pci_function *pf = f->is_vf && f->pf < w->pci->count ? &w->pci->functions[f->pf] : f;
        bool of_id = table->by_id && ((uint64_t)pf->vendor << 16 | pf->device) == table->address.number;
        used = !c->gone && (c->own == table || c->id == table || of_id || (!table->by_id && sbdf_equal(pf->at, at)));
    }
    return used || (function != PCI_NO_INDEX && w->claim_of[function] != PLAN_NO_CLAIM);
}

/* A table of a device that nobody gets would do nothing: probably a wrong address. One of an id may wait for a machine
 * that has such a device. */
void plan_claims_check_tables(struct plan_work *w)
{
    char where[CONFIG_WHERE_SIZE];
    for (size_t i = 0; i < w->config->device_count; i++) {
        const struct config_device *table = &w->config->devices[i];
        if (is_used(w, table)) {
            continue;
        }
        config_where(w->file, table->address.at, where);
        if (table->by_id) {
            diag_add(w->diags, PLAN_DEVICES_TABLE_UNUSED, DIAG_WARNING, where, "correct the id, or remove the table",
                     "no guest gets a device %s", table->address.text);
        } else {
            diag_add(w->diags, PLAN_DEVICES_TABLE_NOBODY, DIAG_ERROR, where, "correct the address, or remove the table",
                     "no guest gets device %s", table->address.text);
        }
    }
}
