/* SPDX-License-Identifier: GPL-2.0-only
 * Machines whose remapping hardware or firmware lies: known by PCI ids and CPU model, one table, pure decisions.
 * Sources: Intel specification updates of each chipset, as Linux and Xen apply them (docs: facts of VT-d quirks). */
#ifndef BULKHEAD_VTD_QUIRKS_H
#define BULKHEAD_VTD_QUIRKS_H

#include "drivers/pci_caps.h"
#include "kernel/lib/sbdf.h"
#include "kernel/lib/types.h"

/* Numbers a PCI function's quirk depends on. */
struct vtd_quirk_function {
    struct sbdf at;
    uint16_t vendor, device;
    uint8_t revision;
    uint8_t base_class; /* 3 = display */
};

/* What the quirk table saw on this machine. Zero it, then vtd_quirks_see() every function. */
struct vtd_quirk_facts {
    uint32_t effects;     /* the table's own flags */
    struct sbdf isoch_at; /* the audio function 8086:3a3e, when the flags say it is there */
};

/* What to do about it. */
struct vtd_quirks {
    bool force_write_buffer_flush; /* CAP.RWBF is needed but not reported */
    bool graphics_blocked;         /* graphics: bus mastering stays off, never assignable */
    bool keep_translation_enabled; /* TE cannot be cleared once set (this driver never clears it) */
    bool no_superpages;            /* use 4 KiB second-level pages only */
    bool no_interrupt_remapping;   /* interrupt remapping is broken: counts as absent */
    bool ignore_isoch_unit;        /* do not use the unit whose scope names isoch_at */
    struct sbdf isoch_at;          /* valid with ignore_isoch_unit */
};

/* Take one function of the machine into account; reads its config space where the table says so. Functions that
 * escalate faults get the escalation masked at once (config 0x1ac bit 31). */
void vtd_quirks_see(struct vtd_quirk_facts *facts, const struct vtd_quirk_function *f);

/* The same over configuration space that was saved elsewhere; nothing is masked. Pure. */
void vtd_quirks_see_saved(struct vtd_quirk_facts *facts, const struct vtd_quirk_function *f,
                          const struct pci_reader *reader);

/* The decision. cpu_signature is CPUID 1 EAX; 0 when unknown. Pure. */
struct vtd_quirks vtd_quirks_decide(const struct vtd_quirk_facts *facts, uint32_t cpu_signature);

#endif
