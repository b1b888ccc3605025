/* SPDX-License-Identifier: GPL-2.0-only
 * Which remapping unit covers a function, an I/O APIC or an HPET, and which reserved regions name a function
 * (VT-d 4.1 8.3.1 and 8.4). Pure: the PCI topology is asked through struct scope_bus_view. */
#ifndef BULKHEAD_VTD_SCOPE_H
#define BULKHEAD_VTD_SCOPE_H

#include "kernel/lib/sbdf.h"
#include "kernel/lib/status.h"
#include "vtd/dmar.h"

/* What the rules need to know of the PCI topology. */
struct scope_bus_view {
    /* The buses behind that bridge. STATUS_NOT_FOUND: no such function, or it is no bridge. */
    enum status (*secondary)(void *context, struct sbdf bridge, uint8_t *secondary, uint8_t *subordinate);
    void *context;
};

/* Follow the scope's path over the bridges on it to the function it names (for I/O APICs and HPETs: its source id).
 * STATUS_NOT_FOUND: a bridge on the way is not there. */
MUST_CHECK enum status scope_resolve(const struct dmar_scope *scope, uint16_t segment,
                                     const struct scope_bus_view *view, struct sbdf *at);

/* True when one of the scopes names the function: an endpoint scope exactly that one, a bridge scope the bridge and all
 * on the buses behind it. For RMRR, ATSR, SATC and SIDP. */
bool scope_names(const struct dmar_scopes *scopes, uint16_t segment, const struct scope_bus_view *view,
                 struct sbdf function);

/* Index in dmar->units of the unit whose tables the function's requests go through (a unit that is declared twice has
 * the index of its first declaration). The most specific scope wins: the function itself, then the innermost
 * bridge; then the segment's INCLUDE_ALL. STATUS_NOT_FOUND: no unit. For a virtual function ask for its physical one.
 */
MUST_CHECK enum status scope_unit_of(const struct dmar *dmar, const struct scope_bus_view *view, struct sbdf function,
                                     size_t *unit);

/* The unit and the source id of the I/O APIC, HPET or ACPI device with that enumeration id (type is
 * DMAR_SCOPE_IOAPIC, DMAR_SCOPE_HPET or DMAR_SCOPE_ACPI). Of an HPET with a function for each timer it
 * is the first; they differ in the function number alone. STATUS_NOT_FOUND: no unit names it, or its path leads
 * nowhere.
 */
MUST_CHECK enum status scope_unit_of_id(const struct dmar *dmar, const struct scope_bus_view *view,
                                        enum dmar_scope_type type, uint8_t enumeration_id, size_t *unit,
                                        struct sbdf *source);

#endif
