/* SPDX-License-Identifier: GPL-2.0-only
 * Bringing a unit from whatever firmware left to: translation on, our tables, interrupts remapped, faults reported.
 * Before it, every function's bus mastering is off, save those a reserved region (RMRR) names, which are attached to
 * domains that map just that region. */
#ifndef BULKHEAD_VTD_BRINGUP_H
#define BULKHEAD_VTD_BRINGUP_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/unit.h"

struct vtd_bringup_options {
    bool x2apic;          /* the CPUs run in x2APIC mode: entries need 32-bit ids (ECAP.EIM) */
    bool reserved_dma;    /* a device of this unit works in a reserved region now: protected memory would stop it */
    uint8_t fault_vector; /* where fault events go; 0: they stay masked */
    uint32_t fault_apic_id;
};

/* STATUS_TIMEOUT: the unit does not answer; refuse the machine. STATUS_UNSUPPORTED: x2APIC mode is on, the unit remaps
 * interrupts, but not with 32-bit ids. STATUS_HARDWARE: it refused a command. Nothing is left half-open: until TE the
 * protected memory registers, where there are any, stay on. */
MUST_CHECK enum status vtd_unit_bringup(struct vtd_unit *u, const struct vtd_bringup_options *o);

#endif
