/* SPDX-License-Identifier: GPL-2.0-only
 * The facts of one machine, read and not changed: firmware tables, PCI functions, remapping units and which unit is
 * responsible for whom. What is decided from them is in the other files of this folder. */
#ifndef BULKHEAD_PLAN_MACHINE_H
#define BULKHEAD_PLAN_MACHINE_H

#include "drivers/acpi.h"
#include "drivers/fadt.h"
#include "drivers/hpet.h"
#include "drivers/madt.h"
#include "drivers/mcfg.h"
#include "drivers/pci.h"
#include "drivers/pci_bars.h"
#include "drivers/sriov.h"
#include "drivers/vmd.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/memory_map.h"
#include "kernel/lib/status.h"
#include "plan/groups.h"
#include "vtd/dmar.h"
#include "vtd/scope.h"

#define MACHINE_HPETS_MAX 8

struct machine {
    struct acpi acpi;
    struct madt madt;
    struct mcfg mcfg; /* no windows: configuration space by the legacy ports */
    struct fadt fadt;
    struct hpet hpets[MACHINE_HPETS_MAX];
    size_t hpet_count;
    struct pci_facts pci;
    struct sriov_facts sriov; /* whose VFs are among them */
    struct vmd_facts vmd;     /* endpoints of pci, and the domains behind them, whose functions are in pci too */
    struct groups groups;     /* of pci's functions, after machine_read_groups() */
    bool has_dmar;            /* dmar is sound and may be used */
    struct dmar dmar;
    const struct memory_map *memory;
};

/* Codes BH0400 to BH0419. BH0407 was: the DMAR table names no unit, which is BH0137. */
enum machine_diag {
    MACHINE_DIAG_NO_ACPI = 400,       /* no RSDP or no sound root table */
    MACHINE_DIAG_NO_MADT = 401,       /* the processors are unknown */
    MACHINE_DIAG_TOO_MANY_CPUS = 402, /* more processors than CPU_MAX */
    MACHINE_DIAG_NO_DMAR = 403,       /* no VT-d, or off in firmware */
    MACHINE_DIAG_TWO_DMARS = 404,     /* which one is true cannot be known */
    MACHINE_DIAG_DMAR_BAD = 405,      /* refused by the parser */
    MACHINE_DIAG_UNIT_IN_RAM = 408,   /* a unit's registers lie in RAM */
};

/* Firmware tables but DMAR: enough to start CPUs and clocks. `rsdp` may be of length 0.
 * STATUS_NOT_FOUND: a table that cannot be missed is missing; why is in diags. */
MUST_CHECK enum status machine_read_tables(struct machine *m, const uint8_t *rsdp, size_t rsdp_length,
                                           const struct memory_map *memory, struct arena *arena,
                                           struct diag_list *diags);

/* The same where the tables are at hand (acpi_take): m->acpi is set, all else is zero. */
MUST_CHECK enum status machine_read_saved_tables(struct machine *m, const struct memory_map *memory,
                                                 struct arena *arena, struct diag_list *diags);

/* The DMAR table: exactly one, sound, with at least one unit. Else STATUS_UNSUPPORTED, and why and what to do in diags.
 */
MUST_CHECK enum status machine_read_dmar(struct machine *m, struct arena *arena, struct diag_list *diags);

/* Every PCI function. Configuration space must be reachable. Then sizes, overlaps with memory and platform, and last
 * the domains behind VMD endpoints (vmd_open). */
MUST_CHECK enum status machine_read_pci(struct machine *m, struct arena *arena, struct diag_list *diags);

/* The last part of it, for functions that were read elsewhere (a dump): overlaps with memory and platform. */
MUST_CHECK enum status machine_check_bars(struct machine *m, struct arena *arena, struct diag_list *diags);

/* What no BAR may overlap, besides memory; in arena, NULL when that is full. After machine_read_dmar(). */
const struct pci_platform_range *machine_platform_ranges(const struct machine *m, struct arena *arena, size_t *count);

/* Groups of the functions as the facts are now: after ACS was switched on (drivers/pci_acs.h). STATUS_NO_MEMORY. */
MUST_CHECK enum status machine_read_groups(struct machine *m, struct arena *arena);

/* Answers vtd/scope.h's questions from the PCI facts. */
struct scope_bus_view machine_bus_view(const struct machine *m);

/* Index of the function by whose address the DMAR table names that one's unit: of a VF its PF (VT-d 4.1 8.3.1), of a
 * VMD child the endpoint, whose id its requests have, of others itself. PCI_NO_INDEX: the facts do not hold it. */
uint32_t machine_speaker_of(const struct machine *m, uint32_t function);

/* Index of the unit in dmar.units that translates for that function, or would for one that the facts do not hold;
 * STATUS_NOT_FOUND: none does. */
MUST_CHECK enum status machine_unit_of(const struct machine *m, struct sbdf function, size_t *unit);

/* True when an RMRR names the function, or, for a bridge, a function behind it. */
bool machine_has_reserved_memory(const struct machine *m, struct sbdf function);

/* False when an RMRR names the function (no bridge) and holds RAM, boot modules, the hypervisor or a unit's registers:
 * nothing may be mapped for that function. */
bool machine_reserved_is_sound(const struct machine *m, struct sbdf function);

#endif
