/* SPDX-License-Identifier: GPL-2.0-only
 * Translation requests and translated requests of devices (VT-d 4.1 4.1, 4.2, 7.1.3). */
#include "tests/model/vtd_model_internal.h"

/* TT of a context entry, bits 3:2. */
enum { TT_DEVICE_TLB = 1 };

/* What the context entry says of such requests; a fault where it forbids them. */
static bool is_allowed(struct vtd_model *m, uint16_t sid, uint64_t address, bool read)
{
    struct vtd_model_pair context;
    unsigned reason = model_context_of(m, sid, &context);
    if (reason == 0 && bits_get(context.low, 3, 2) != TT_DEVICE_TLB) {
        reason = FAULT_TRANSLATED;
    }
    if (reason != 0 && bits_get(context.low, 1, 1) == 0) {
        model_fault_record(m, sid, address & MASK64(63, 12), reason, read);
    }
    return reason == 0;
}

bool vtd_model_ats_translate(struct vtd_model *m, uint16_t sid, uint64_t address, uint64_t *host, bool *write)
{
    uint64_t other = 0;
    if ((model_gsts(m) & GC_TE) == 0 || (address >= INTERRUPT_FIRST && address <= INTERRUPT_LAST)) {
        return false;
    }
    if (!is_allowed(m, sid, address, true)) {
        return false;
    }
    /* What is not there is an answer without rights, not a fault. */
    bool quiet = m->quiet;
    m->quiet = true;
    bool readable = vtd_model_translate(m, sid, address, false, host) == VTD_MODEL_PASSED;
    *write = vtd_model_translate(m, sid, address, true, readable ? &other : host) == VTD_MODEL_PASSED;
    m->quiet = quiet;
    return readable; /* write-only pages are asked for each time */
}

bool vtd_model_ats_access(struct vtd_model *m, uint16_t sid, uint64_t host)
{
    if ((model_gsts(m) & GC_TE) == 0 || (host >= INTERRUPT_FIRST && host <= INTERRUPT_LAST)) {
        return false;
    }
    return is_allowed(m, sid, host, true);
}
