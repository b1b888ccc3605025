/* SPDX-License-Identifier: GPL-2.0-only
 * What there is to say of each function before anybody asks for it: its unit, whether a guest could have it, how it
 * would be reset. For inventories: made once for all functions, in time near-linear in them. Pure. */
#ifndef BULKHEAD_PLAN_PLAN_SURVEY_H
#define BULKHEAD_PLAN_PLAN_SURVEY_H

#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"
#include "plan/plan.h"

struct plan_survey {
    const struct plan_facts *facts; /* which must not change meanwhile */
    const uint32_t *unit_of;        /* by function's index: as plan_units_make() */
    const uint32_t *stuck;          /* by group: the first member that a guest would have to have and cannot */
    const uint32_t *behind; /* by function's index: of a bridge, as plan_reset_sum_up() with groups for owners */
    const bool *reserved;   /* by function's index: firmware reserves memory for it, or for one behind it */
};

/* Bytes of arena that plan_survey_make() takes. */
size_t plan_survey_bytes(const struct plan_facts *facts);

/* STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_survey_make(const struct plan_facts *facts, struct arena *arena, struct plan_survey *out);

/* False: no unit covers it. *unit: index in dmar.units. */
bool plan_survey_unit(const struct plan_survey *s, uint32_t function, size_t *unit);

/* Can that function be given to a guest, with its whole group? NULL: yes; else a sentence's end, "is a bridge", written
 * into text where it is not a constant. */
const char *plan_survey_why_not(const struct plan_survey *s, uint32_t function, char *text, size_t size);

/* With all of its group in one guest: does nobody else feel a reset of the bus behind the bridge above? */
bool plan_survey_bus_alone(const struct plan_survey *s, uint32_t function);

/* And how it is then reset when nothing is said about it. */
enum pci_reset_kind plan_survey_reset(const struct plan_survey *s, uint32_t function);

#endif
