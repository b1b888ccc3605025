/* SPDX-License-Identifier: GPL-2.0-only
 * Two partitions of one machine's functions, and the cause of each difference. */
#include "tools/bulkhead/groups_compare.h"

#include <stdio.h>

#include "drivers/pci_acs.h"

#define INTEL 0x8086

static uint32_t linux_of(const struct lspci *l, uint32_t i)
{
    return l->functions[i].linux_group;
}

static bool differ_under_linux_rules(const struct groups *linux_rules, uint32_t a, uint32_t b)
{
    return linux_rules->of[a].group != linux_rules->of[b].group;
}

/* A bit that Linux switches on wherever it is, and that reads off. */
static bool acs_is_off(const struct pci_function *f)
{
    uint16_t wanted = f->acs_cap & PCI_ACS_ISOLATION;
    return f->cap.acs != 0 && (f->acs_control & wanted) != wanted;
}

/* The first on the way from `from` to the root, itself included, for which the test holds; else PCI_NO_INDEX. */
static uint32_t find_upwards(const struct lspci *l, uint32_t from, bool (*test)(const struct lspci *, uint32_t))
{
    for (uint32_t i = from; i != PCI_NO_INDEX; i = l->facts.functions[i].parent) {
        if (test(l, i)) {
            return i;
        }
    }
    return PCI_NO_INDEX;
}

static bool has_acs_off(const struct lspci *l, uint32_t i)
{
    return acs_is_off(&l->facts.functions[i]);
}

/* An id would say whether its control is where lspci does not look (pci_acs_has_dwords). */
static bool may_have_dwords(const struct lspci *l, uint32_t i)
{
    const struct pci_function *f = &l->facts.functions[i];
    return f->vendor == INTEL && f->device == 0 && f->express == PCI_EXPRESS_ROOT_PORT && acs_is_off(f) &&
           f->acs_control == 0;
}

static bool has_no_id(const struct lspci *l, uint32_t i)
{
    return l->facts.functions[i].device == 0;
}

static bool is_unreadable(const struct lspci *l, uint32_t i)
{
    return l->functions[i].unreadable || l->functions[i].denied;
}

/* Only bridges lead to functions of these types. */
static bool misses_bridge(const struct lspci *l, uint32_t i)
{
    const struct pci_function *f = &l->facts.functions[i];
    return f->parent == PCI_NO_INDEX && !f->is_vmd_child &&
           (f->express == PCI_EXPRESS_UPSTREAM || f->express == PCI_EXPRESS_DOWNSTREAM ||
            (sbdf_bus(f->at) != 0 &&
             (f->express == PCI_EXPRESS_ENDPOINT || f->express == PCI_EXPRESS_LEGACY_ENDPOINT)));
}

static bool blame(struct groups_difference *d, enum groups_cause cause, uint32_t witness)
{
    if (witness != PCI_NO_INDEX) {
        d->cause = cause;
        d->witness = witness;
    }
    return witness != PCI_NO_INDEX;
}

/* The nearest to b or a, on the way up. */
static uint32_t find_either(const struct lspci *l, const struct groups_difference *d,
                            bool (*test)(const struct lspci *, uint32_t))
{
    uint32_t found = find_upwards(l, d->b, test);
    return found != PCI_NO_INDEX ? found : find_upwards(l, d->a, test);
}

static uint32_t find_quirk(const struct lspci *l, const struct groups *ours, const struct groups_difference *d)
{
    const uint32_t ends[] = {d->b, d->a};
    for (size_t k = 0; k < ARRAY_LENGTH(ends); k++) {
        for (uint32_t i = ends[k]; i != PCI_NO_INDEX; i = l->facts.functions[i].parent) {
            if (ours->of[i].quirk != NULL) {
                return i;
            }
        }
    }
    return PCI_NO_INDEX;
}

static void explain(const struct lspci *l, const struct groups *ours, const struct groups *linux_rules,
                    struct groups_difference *d)
{
    d->cause = GROUPS_UNEXPLAINED;
    if (d->together_here && differ_under_linux_rules(linux_rules, d->a, d->b)) {
        blame(d, GROUPS_SAFE_RULE, d->b);
        return;
    }
    if (blame(d, GROUPS_UNREADABLE, find_either(l, d, is_unreadable))) {
        return;
    }
    if (d->together_here && blame(d, GROUPS_QUIRK, find_either(l, d, may_have_dwords))) {
        d->quirk = "pci_quirk_intel_spt_pch_acs";
        return;
    }
    if (d->together_here && blame(d, GROUPS_ACS_CHANGED, find_either(l, d, has_acs_off))) {
        return;
    }
    if (blame(d, GROUPS_QUIRK, find_quirk(l, ours, d))) {
        d->quirk = ours->of[d->witness].quirk;
        return;
    }
    if (!d->together_here && blame(d, GROUPS_LEFT_OUT, find_either(l, d, misses_bridge))) {
        return;
    }
    blame(d, GROUPS_NO_ID, find_either(l, d, has_no_id));
}

/* For each member of a part, the first member of its part: parts are functions alike in both numbers. */
static uint32_t *find_parts(const struct lspci *l, const struct groups *ours, struct arena *arena)
{
    uint32_t *part = arena_array(arena, l->facts.count, sizeof(*part));
    for (uint32_t i = 0; part != NULL && i < l->facts.count; i++) {
        const uint32_t *first = &ours->members[ours->first[ours->of[i].group]];
        while (*first != i && linux_of(l, *first) != linux_of(l, i)) {
            first++;
        }
        part[i] = *first;
    }
    return part;
}

static void add(struct groups_comparison *c, const struct lspci *l, const struct groups *ours,
                const struct groups *linux_rules, struct groups_difference d)
{
    explain(l, ours, linux_rules, &d);
    c->unexplained += d.cause == GROUPS_UNEXPLAINED;
    c->items[c->count++] = d;
}

/* The first function of that one's group here, or in Linux, that Linux has a group for. */
static uint32_t first_here(const struct lspci *l, const struct groups *ours, uint32_t i)
{
    uint32_t at = ours->first[ours->of[i].group];
    while (linux_of(l, ours->members[at]) == LSPCI_NO_GROUP) {
        at++;
    }
    return ours->members[at];
}

static uint32_t first_in_linux(const struct lspci *l, uint32_t i)
{
    uint32_t first = 0;
    while (linux_of(l, first) != linux_of(l, i)) {
        first++;
    }
    return first;
}

enum status groups_compare(const struct lspci *l, const struct groups *ours, const struct groups *linux_rules,
                           struct arena *arena, struct groups_comparison *out)
{
    *out = (struct groups_comparison){.items = arena_array(arena, 2 * l->facts.count, sizeof(*out->items))};
    const uint32_t *part = find_parts(l, ours, arena);
    if (out->items == NULL || part == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (uint32_t i = 0; i < l->facts.count; i++) {
        if (linux_of(l, i) == LSPCI_NO_GROUP) {
            continue;
        }
        out->compared++;
        if (part[i] != i) {
            continue;
        }
        uint32_t here = first_here(l, ours, i);
        uint32_t there = first_in_linux(l, i);
        if (here != i) {
            add(out, l, ours, linux_rules, (struct groups_difference){.a = here, .b = i, .together_here = true});
        }
        if (there != i) {
            add(out, l, ours, linux_rules, (struct groups_difference){.a = there, .b = i});
        }
    }
    return STATUS_OK;
}

const char *groups_cause_text(enum groups_cause cause)
{
    static const char *const texts[] = {"safe-rule", "quirk",    "acs-changed", "unreadable",
                                        "no-id",     "left-out", "unexplained"};
    return (unsigned)cause < ARRAY_LENGTH(texts) ? texts[cause] : "unexplained";
}

char *groups_difference_say(const struct lspci *l, const struct groups *ours, const struct groups_difference *d,
                            char *out, size_t size)
{
    char at[SBDF_TEXT_SIZE];
    char why[200];
    sbdf_text(l->facts.functions[d->witness].at, at);
    switch (d->cause) {
    case GROUPS_SAFE_RULE:
        snprintf(out, size, "safe rule: %s", group_reason_say(&l->facts, ours, d->b, why, sizeof(why)));
        break;
    case GROUPS_QUIRK:
        snprintf(out, size, "quirk %s, of %s, counts on one side alone", d->quirk, at);
        break;
    case GROUPS_ACS_CHANGED:
        snprintf(out, size, "ACS of %s reads off, which Linux switches on before it makes groups", at);
        break;
    case GROUPS_UNREADABLE:
        snprintf(out, size, "the registers of %s could not be read", at);
        break;
    case GROUPS_NO_ID:
        snprintf(out, size, "the device id of %s is not known, a quirk may be about it: use lspci -nn", at);
        break;
    case GROUPS_LEFT_OUT:
        snprintf(out, size, "the bridge above %s is not in the text", at);
        break;
    case GROUPS_UNEXPLAINED:
        snprintf(out, size, "unexplained");
        break;
    }
    return out;
}
