/* SPDX-License-Identifier: GPL-2.0-only
 * One line a function. */
#include "plan/inventory.h"

#include "kernel/lib/format.h"

static void put_unit(struct format_line *line, const struct plan_survey *s, uint32_t function)
{
    size_t unit = 0;
    if (plan_survey_unit(s, function, &unit)) {
        format_line_put(line, " unit=%zu", unit);
    } else {
        format_line_put(line, " unit=none");
    }
}

/* With all of its group in one guest. */
static bool can_reset(const struct plan_survey *s, uint32_t function, enum pci_reset_kind kind)
{
    const struct pci_function *f = &s->facts->machine->pci.functions[function];
    return kind == PCI_RESET_BUS ? plan_survey_bus_alone(s, function) : pci_reset_possible(f, kind);
}

/* The one that would be used, and all that there are. */
static void put_resets(struct format_line *line, const struct plan_survey *s, uint32_t function)
{
    static const enum pci_reset_kind kinds[] = {PCI_RESET_FLR, PCI_RESET_AF, PCI_RESET_D3, PCI_RESET_BUS};
    bool any = false;
    format_line_put(line, " reset=%s resets=", pci_reset_text(plan_survey_reset(s, function)));
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (can_reset(s, function, kinds[i])) {
            format_line_put(line, "%s%s", any ? "," : "", pci_reset_text(kinds[i]));
            any = true;
        }
    }
    format_line_put(line, "%s", any ? "" : "none");
}

static void put_kin(struct format_line *line, const struct plan_survey *s, uint32_t function)
{
    const struct machine *m = s->facts->machine;
    const struct pci_function *f = &m->pci.functions[function];
    char text[SBDF_TEXT_SIZE];
    if (f->is_vmd_child) {
        format_line_put(line, " vmd=%s", sbdf_text(m->pci.functions[f->vmd].at, text));
    }
    if (f->is_pf) {
        format_line_put(line, " sriov=pf");
    }
    if (f->is_vf) {
        format_line_put(line, " sriov=vf vf-of=%s", sbdf_text(m->pci.functions[f->pf].at, text));
    }
    if (s->reserved[function]) {
        format_line_put(line, " rmrr=yes");
    }
}

size_t inventory_line(const struct plan_survey *survey, uint32_t function, char *out, size_t size)
{
    const struct machine *m = survey->facts->machine;
    const struct pci_function *f = &m->pci.functions[function];
    struct format_line line = {.out = out, .size = size};
    char at[SBDF_TEXT_SIZE], why[DIAG_TEXT_SIZE];
    format_line_put(&line, "device=%s id=%04x:%04x class=%06x", sbdf_text(f->at, at), f->vendor, f->device,
                    f->class_code);
    put_unit(&line, survey, function);
    format_line_put(&line, " group=%u", m->groups.of[function].group);
    if (!f->bridge) {
        put_resets(&line, survey, function);
    }
    put_kin(&line, survey, function);
    const char *reason = plan_survey_why_not(survey, function, why, sizeof(why));
    if (reason == NULL) {
        format_line_put(&line, " assignable=yes");
    } else {
        format_line_put(&line, " assignable=no why=\"%s\"", reason);
    }
    return line.length;
}
