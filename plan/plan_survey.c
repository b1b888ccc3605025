/* SPDX-License-Identifier: GPL-2.0-only
 * Facts of functions, all at once. */
#include "plan/plan_survey.h"

#include "kernel/lib/format.h"
#include "plan/plan_function.h"
#include "plan/plan_reset.h"
#include "plan/plan_units.h"

#define ARRAYS 8           /* a guess from above: arrays here and in what is called, ... */
#define ARRAY_ROUNDING 16u /* ... each aligned so */
#define FUNCTION_BYTES 32u /* of all arrays, a function; groups are not more */

size_t plan_survey_bytes(const struct plan_facts *facts)
{
    return ARRAYS * ARRAY_ROUNDING + (facts->machine->pci.count + 1) * FUNCTION_BYTES;
}

/* NULL, or what speaks against the function as far as it goes by itself. */
static const char *own_fault(const struct plan_survey *s, uint32_t function)
{
    struct plan_fault faults[PLAN_FAULTS_MAX];
    bool has_unit = s->unit_of[function] != PLAN_NO_UNIT;
    return plan_function_faults(s->facts, function, has_unit, faults) != 0 ? faults[0].what : NULL;
}

/* A group goes whole or not at all. */
static void find_stuck(const struct plan_survey *s, uint32_t *stuck)
{
    const struct machine *m = s->facts->machine;
    for (size_t g = 0; g < m->groups.count; g++) {
        stuck[g] = PCI_NO_INDEX;
    }
    for (uint32_t i = 0; i < m->pci.count; i++) {
        uint32_t *first = &stuck[m->groups.of[i].group];
        if (*first == PCI_NO_INDEX && !plan_function_is_free(&m->pci.functions[i]) && own_fault(s, i) != NULL) {
            *first = i;
        }
    }
}

/* Of bridges by what is on the buses behind them. */
static void find_reserved(const struct plan_survey *s, uint32_t *before, bool *reserved)
{
    const struct machine *m = s->facts->machine;
    before[0] = 0;
    for (uint32_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *f = &m->pci.functions[i];
        reserved[i] = m->has_dmar && !f->bridge && machine_has_reserved_memory(m, f->at);
        before[i + 1] = before[i] + reserved[i];
    }
    for (uint32_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *f = &m->pci.functions[i];
        if (f->bridge) {
            uint32_t begin, end;
            plan_units_on_buses(&m->pci, sbdf_segment(f->at), f->secondary, f->subordinate, &begin, &end);
            reserved[i] = begin < end && before[end] != before[begin];
        }
    }
}

static uint32_t group_of(const void *context, uint32_t function)
{
    const struct groups *groups = context;
    return groups->of[function].group;
}

enum status plan_survey_make(const struct plan_facts *facts, struct arena *arena, struct plan_survey *out)
{
    const struct machine *m = facts->machine;
    *out = (struct plan_survey){.facts = facts};
    enum status status = plan_units_make(m, arena, &out->unit_of);
    uint32_t *stuck = arena_array(arena, m->groups.count, sizeof(*stuck));
    uint32_t *behind = arena_array(arena, m->pci.count, sizeof(*behind));
    bool *reserved = arena_array(arena, m->pci.count, sizeof(*reserved));
    struct arena scratch = *arena;
    uint32_t *before = arena_array(&scratch, m->pci.count + 1, sizeof(*before));
    if (status != STATUS_OK || stuck == NULL || behind == NULL || reserved == NULL || before == NULL) {
        return STATUS_NO_MEMORY;
    }
    find_stuck(out, stuck);
    plan_reset_sum_up(&m->pci, group_of, &m->groups, behind);
    find_reserved(out, before, reserved);
    out->stuck = stuck;
    out->behind = behind;
    out->reserved = reserved;
    return STATUS_OK;
}

bool plan_survey_unit(const struct plan_survey *s, uint32_t function, size_t *unit)
{
    *unit = s->unit_of[function];
    return s->unit_of[function] != PLAN_NO_UNIT;
}

const char *plan_survey_why_not(const struct plan_survey *s, uint32_t function, char *text, size_t size)
{
    const struct machine *m = s->facts->machine;
    char at[SBDF_TEXT_SIZE];
    const char *own = own_fault(s, function);
    if (own != NULL) {
        return own;
    }
    uint32_t stuck = s->stuck[m->groups.of[function].group];
    if (stuck != PCI_NO_INDEX) {
        format_text(text, size, "shares its group with %s, which %s", sbdf_text(m->pci.functions[stuck].at, at),
                    own_fault(s, stuck));
        return text;
    }
    if (!m->has_dmar) {
        return "cannot be confined: this machine has no usable VT-d";
    }
    if (!s->facts->remapping && vmd_of(&m->vmd, function) != NULL) {
        return "is a VMD endpoint, which needs interrupt remapping";
    }
    return s->facts->remapping ? NULL : "needs unsafe-interrupts = true: interrupts are not remapped";
}

bool plan_survey_bus_alone(const struct plan_survey *s, uint32_t function)
{
    const struct machine *m = s->facts->machine;
    return plan_reset_bus_alone(&m->pci, s->behind, function, m->groups.of[function].group);
}

enum pci_reset_kind plan_survey_reset(const struct plan_survey *s, uint32_t function)
{
    return plan_reset_usual(&s->facts->machine->pci.functions[function], plan_survey_bus_alone(s, function));
}
