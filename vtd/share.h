/* SPDX-License-Identifier: GPL-2.0-only
 * Can a remapping unit walk tables in the EPT format, so that a guest's devices use its nested tables? In legacy mode
 * the formats agree in R, W, the large-page bit, the address and SNP, and a unit ignores EPT's execute right, memory
 * type, accessed and dirty bits (VT-d 4.1 9.8; SDM 3C 29.3.2). Pure. */
#ifndef BULKHEAD_VTD_SHARE_H
#define BULKHEAD_VTD_SHARE_H

#include "kernel/lib/types.h"
#include "vtd/caps.h"

/* What the unit would find. */
struct vtd_share {
    unsigned levels;
    unsigned max_leaf; /* largest leaf there may be: 1, 2, 3 */
    bool flush;        /* whoever writes them writes changed lines back */
    bool snoop;        /* SNP is set in every leaf; it is a reserved bit without snoop control */
    uint64_t end;      /* devices must reach what is below */
};

/* NULL: it can. Else why not, as the end of a sentence about the unit. */
const char *vtd_share_refusal(const struct vtd_caps *caps, const struct vtd_share *tables);

#endif
