/* SPDX-License-Identifier: GPL-2.0-only
 * Checks on the guest-state area but for its segments (SDM 3C 27.3.1.1, 27.3.1.3 to 27.3.1.6). */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_GUEST_H
#define BULKHEAD_VMX_ENTRY_CHECK_GUEST_H

#include "vmx/entry_check.h"

/* What vmx_entry_check() says of control registers, debug registers and MSRs; NULL: nothing. */
const char *vmx_entry_check_registers(const struct vmx_entry_state *s);
/* Of descriptor tables, RIP, RFLAGS, the non-register state and the PDPTEs, which come after the segments. */
const char *vmx_entry_check_guest(const struct vmx_entry_state *s);

#endif
