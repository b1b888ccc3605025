/* SPDX-License-Identifier: GPL-2.0-only
 * One line a function. */
#include "plan/inventory.h"

#include "kernel/lib/format.h"
#include "plan/plan_devices.h"
#include "plan/plan_units.h"

struct line {
    char *out;
    size_t size;
    size_t length; /* of the whole text, even where it did not fit */
};

static void put(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *line, const char *fmt, ...)
{
    size_t used = line->length < line->size ? line->length : line->size;
    va_list args;
    va_start(args, fmt);
    line->length += format_text_v(line->out + used, line->size - used, fmt, args);
    va_end(args);
}

static void put_unit(struct line *line, const struct machine *m, uint32_t function)
{
    size_t unit = 0;
    if (m->has_dmar && plan_units_find(m, function, &unit) == STATUS_OK) {
        put(line, " unit=%zu", unit);
    } else {
        put(line, " unit=none");
    }
}

/* With all of its group in one guest. */
static bool can_reset(const struct machine *m, uint32_t function, enum pci_reset_kind kind)
{
    const struct pci_function *f = &m->pci.functions[function];
    const struct groups *groups = &m->groups;
    uint32_t group = groups->of[function].group;
    uint32_t first = groups->first[group];
    return kind == PCI_RESET_BUS
               ? pci_reset_bus_alone(&m->pci, f, &groups->members[first], groups->first[group + 1] - first)
               : pci_reset_possible(f, kind);
}

/* The one that would be used, and all that there are. */
static void put_resets(struct line *line, const struct plan_facts *facts, uint32_t function)
{
    static const enum pci_reset_kind kinds[] = {PCI_RESET_FLR, PCI_RESET_AF, PCI_RESET_D3, PCI_RESET_BUS};
    bool any = false;
    put(line, " reset=%s resets=", pci_reset_text(plan_devices_reset_of(facts, function)));
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (can_reset(facts->machine, function, kinds[i])) {
            put(line, "%s%s", any ? "," : "", pci_reset_text(kinds[i]));
            any = true;
        }
    }
    put(line, "%s", any ? "" : "none");
}

static void put_kin(struct line *line, const struct machine *m, const struct pci_function *f)
{
    char text[SBDF_TEXT_SIZE];
    if (f->is_vmd_child) {
        put(line, " vmd=%s", sbdf_text(m->pci.functions[f->vmd].at, text));
    }
    if (f->is_pf) {
        put(line, " sriov=pf");
    }
    if (f->is_vf) {
        put(line, " sriov=vf pf=%s", sbdf_text(m->pci.functions[f->pf].at, text));
    }
    if (m->has_dmar && machine_has_reserved_memory(m, f->at)) {
        put(line, " rmrr=yes");
    }
}

size_t inventory_line(const struct plan_facts *facts, uint32_t function, char *out, size_t size)
{
    const struct machine *m = facts->machine;
    const struct pci_function *f = &m->pci.functions[function];
    struct line line = {.out = out, .size = size};
    char at[SBDF_TEXT_SIZE], why[DIAG_TEXT_SIZE];
    put(&line, "device=%s id=%04x:%04x class=%06x", sbdf_text(f->at, at), f->vendor, f->device, f->class_code);
    put_unit(&line, m, function);
    put(&line, " group=%u", m->groups.of[function].group);
    if (!f->bridge) {
        put_resets(&line, facts, function);
    }
    put_kin(&line, m, f);
    const char *reason = plan_devices_why_not(facts, function, why, sizeof(why));
    if (reason == NULL) {
        put(&line, " assignable=yes");
    } else {
        put(&line, " assignable=no why=\"%s\"", reason);
    }
    return line.length;
}
