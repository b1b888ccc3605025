/* SPDX-License-Identifier: GPL-2.0-only
 * xAPIC or x2APIC mode for the host's local APICs. x2APIC sends an interrupt by one register write, and takes units
 * that remap interrupts with 32-bit ids (VT-d 4.1 5.1.5.2): without them it is used only where it must be. Pure. */
#ifndef BULKHEAD_CORE_APIC_MODE_H
#define BULKHEAD_CORE_APIC_MODE_H

#include "kernel/lib/types.h"

struct apic_mode_facts {
    bool cpu;            /* CPUID offers x2APIC */
    bool on;             /* what ran before left it on */
    bool needed;         /* some CPU has an id that xAPIC cannot address */
    bool asked, refused; /* the words x2apic and xapic of the command line */
    bool units;          /* every remapping unit remaps interrupts and takes 32-bit ids */
    bool opt_out;        /* firmware asks to stay in xAPIC mode */
};

/* NULL: x2APIC; else a few words why not. What must be is answered so even where the CPU lacks it. */
const char *apic_mode_why_not_x2apic(const struct apic_mode_facts *facts);

#endif
