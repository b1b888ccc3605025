/* SPDX-License-Identifier: GPL-2.0-only
 * Parts of the guest that tests the local APIC. */
#ifndef BULKHEAD_TESTS_GUEST_APIC_PARTS_H
#define BULKHEAD_TESTS_GUEST_APIC_PARTS_H

#include "kernel/lib/types.h"

/* One CPU, in the mode that apic_use_msrs says; mode: its name for the lines. */
void local_battery(const char *mode);

/* IPIs of `cpus` CPUs that all are in x2APIC mode. */
void cluster_battery(unsigned cpus);

/* Ways between the modes on this CPU, forbidden ones too. Ends in xAPIC mode. */
void mode_transitions(void);
/* x2APIC registers that do not exist, cannot be read or written, or have reserved bits. In x2APIC mode. */
void msr_rules(void);

#endif
