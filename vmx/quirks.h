/* SPDX-License-Identifier: GPL-2.0-only
 * What an implementation of VMX is known to get wrong, and what the backend does about it. */
#ifndef BULKHEAD_VMX_QUIRKS_H
#define BULKHEAD_VMX_QUIRKS_H

#include "vmx/capability.h"

struct vmx_quirks {
    const char *name; /* "none" for nothing */
    /* A virtual interrupt that waits for RFLAGS.IF is delivered all the same when an interrupt of the host arrives. */
    bool delivers_blocked;
    /* An entry with RFLAGS.IF clear holds interrupts of the host up until the guest sets it. */
    bool holds_host;
    /* XSAVEC and XSAVES put AVX state at offset 416, over the header of the area; XRSTORS then refuses it. */
    bool broken_compaction;
    /* No quirk, and not told by a capability: no machine check comes of a change of page sizes. */
    bool page_sizes_safe;
};

/* By what IA32_VMX_BASIC shows; never NULL. Pure. */
const struct vmx_quirks *vmx_quirks_find(const struct vmx_capability *c);

#define VMX_QUIRKS_HOLD_US 1000u

/* holds_host: is it time for the host? held: this entry would hold it up. The clock starts with the first such entry
 * and ends when this says true: then serve the host instead of entering. *until is kept from one entry to the next, 0
 * at first; after a false it says by when the guest has to be interrupted. patience: in TSC ticks. Pure. */
bool vmx_quirks_host_is_due(uint64_t *until, bool held, uint64_t now_tsc, uint64_t patience);

#endif
