/* SPDX-License-Identifier: GPL-2.0-only
 * The remapping unit of every function at once: what machine_unit_of() answers, in time near-linear in functions. */
#ifndef BULKHEAD_PLAN_PLAN_UNITS_H
#define BULKHEAD_PLAN_PLAN_UNITS_H

#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"
#include "plan/machine.h"

#define PLAN_NO_UNIT UINT32_MAX

/* unit_of[function's index]: index in dmar.units, that of machine_speaker_of() the function, or PLAN_NO_UNIT. Stricter
 * than machine_unit_of() in one thing: where two units name a function equally closely it has none.
 * STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_units_make(const struct machine *m, struct arena *arena, const uint32_t **unit_of);

/* The functions at first..last bus of a segment are those from *begin up to, without, *end. */
void plan_units_on_buses(const struct pci_facts *pci, uint16_t segment, uint8_t first, uint8_t last, uint32_t *begin,
                         uint32_t *end);

#endif
