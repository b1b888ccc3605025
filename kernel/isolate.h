/* SPDX-License-Identifier: GPL-2.0-only
 * From facts to a machine in which no device reaches anything: DMA stopped, every remapping unit on with empty tables
 * (reserved regions of firmware's devices apart), interrupts remapped, faults reported. */
#ifndef BULKHEAD_KERNEL_ISOLATE_H
#define BULKHEAD_KERNEL_ISOLATE_H

#include "drivers/ioapic.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/machine.h"
#include "vtd/domain.h"
#include "vtd/fault_log.h"
#include "vtd/fault_watch.h"
#include "vtd/vtd.h"

#define ISOLATE_IOAPICS_MAX 16
#define ISOLATE_NO_UNIT UINT32_MAX

struct isolate {
    struct vtd vtd;
    enum status probed;           /* what isolate_probe() came to */
    unsigned *vtd_index;          /* of each DMAR unit, in vtd.units; ISOLATE_NO_UNIT: not used */
    struct vtd_domain **reserved; /* by function's index: the domain of its reserved regions; NULL: blocked */
    struct ioapic ioapics[ISOLATE_IOAPICS_MAX];
    size_t ioapic_count;
    struct vtd_fault_watch watch;
    struct vtd_fault_log faults;
    bool storm_told;
    uint64_t overflow_told_ns; /* when the log last said that records were lost; once a second at most */
};

/* Codes BH0380 to BH0399. */
enum isolate_diag {
    ISOLATE_DIAG_UNIT_DEAD = 380,        /* a unit does not answer */
    ISOLATE_DIAG_UNIT_UNSUPPORTED = 381, /* a unit that cannot be used */
    ISOLATE_DIAG_NO_REMAPPING = 382,     /* some unit remaps no interrupts: devices for unsafe-interrupts alone */
    ISOLATE_DIAG_UNCOVERED = 383,        /* a function under no unit */
    ISOLATE_DIAG_RESERVED = 384,         /* a reserved region could not be mapped */
    ISOLATE_DIAG_GRAPHICS = 385,         /* graphics stays off, by a quirk */
    ISOLATE_DIAG_RESERVED_IN_USE = 386,  /* a reserved region holds memory in use: its device is off */
};

/* Bus mastering off everywhere, functions that a sound RMRR names apart. Called whatever else fails later: a machine
 * that is refused has its devices blocked. Installs the panic hook that does the same. */
void isolate_quiesce(struct machine *m, struct arena *arena, struct diag_list *diags);

/* After it: Access Control Services on wherever there are any, then the machine's groups; one log line says how many.
 * STATUS_NO_MEMORY. */
MUST_CHECK enum status isolate_group(struct machine *m, struct arena *arena, struct diag_list *diags);

/* isolate_quiesce() by brute force, for a machine whose facts are not known well enough: every function that answers.
 */
void isolate_block(const struct machine *m);

/* Read what every unit can do and allocate its tables; no register of one is written. isolate_units() says what came of
 * it. */
void isolate_probe(struct isolate *iso, struct machine *m, struct arena *arena, struct diag_list *diags);

/* After it: does every unit remap interrupts with 32-bit APIC ids? */
bool isolate_takes_x2apic(const struct isolate *iso);

/* After isolate_probe(): turn every unit on. Reserved regions are mapped before translation is enabled, each for the
 * functions it names alone. STATUS_TIMEOUT, STATUS_UNSUPPORTED, STATUS_NO_MEMORY: refuse the machine; why is in diags.
 */
MUST_CHECK enum status isolate_units(struct isolate *iso, struct machine *m, struct arena *arena,
                                     struct diag_list *diags);

/* The domain in which firmware's reserved regions keep that function since translation is on, or NULL. */
struct vtd_domain *isolate_reserved_of(const struct isolate *iso, const struct machine *m, struct sbdf function);

/* The unit that translates for function, or NULL. */
struct vtd_unit *isolate_unit_of(struct isolate *iso, const struct machine *m, struct sbdf function);

/* Take what the units recorded now (housekeeping CPU, interrupts off). */
void isolate_drain_faults(struct isolate *iso);

#endif
