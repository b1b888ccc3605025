/* SPDX-License-Identifier: GPL-2.0-only
 * What a CPU must be told to forget when another guest enters it, against side channels through branch predictors,
 * buffers and the L1 data cache (Intel "Guidance on side channel issues"; SDM 4 table 2-2; APM2 3.2.9). */
#ifndef BULKHEAD_CORE_MITIGATIONS_H
#define BULKHEAD_CORE_MITIGATIONS_H

#include "kernel/hw/cpu.h"
#include "kernel/lib/types.h"

enum mitigation {
    MITIGATION_IBPB = 1 << 0,     /* barrier for indirect branch predictions, MSR 0x49 */
    MITIGATION_BUFFERS = 1 << 1,  /* store, fill and load buffers by VERW */
    MITIGATION_L1D_FLUSH = 1 << 2 /* MSR 0x10b */
};

/* Zero what the CPU does not have. */
struct mitigation_facts {
    struct cpuid leaf_7; /* subleaf 0 */
    struct cpuid leaf_80000008;
    struct cpuid leaf_80000021;
    uint64_t arch_capabilities; /* MSR 0x10a */
};

/* What this CPU needs and can do: a set of enum mitigation. What it says it does not need is left out; a CPU that says
 * nothing needs everything it can do. */
unsigned mitigations_choose(const struct mitigation_facts *facts);

#define MITIGATIONS_TEXT_SIZE 32
/* "ibpb,verw,l1d-flush" or "none"; returns text. */
char *mitigations_text(unsigned set, char text[MITIGATIONS_TEXT_SIZE]);

/* Read this machine's facts, choose, and say in one log line what applies. Once, before guests run; all CPUs are taken
 * to be alike. */
void mitigations_init(void);

/* On this CPU, another guest is about to enter: do what was chosen. */
void mitigations_apply(void);

#endif
