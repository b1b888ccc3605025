/* SPDX-License-Identifier: GPL-2.0-only
 * The choice. */
#include "kernel/core/apic_mode.h"

const char *apic_mode_why_not_x2apic(const struct apic_mode_facts *facts)
{
    if (facts->on || facts->needed || facts->asked) {
        return NULL;
    }
    if (facts->refused) {
        return "the command line says xapic";
    }
    if (!facts->cpu) {
        return "the CPU lacks it";
    }
    if (!facts->units) {
        return "not every remapping unit takes 32-bit APIC ids";
    }
    return facts->opt_out ? "the firmware asks to leave it off" : NULL;
}
