/* SPDX-License-Identifier: GPL-2.0-only
 * Checks on the guest's segment registers (SDM 3C 27.3.1.2). */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_SEGMENTS_H
#define BULKHEAD_VMX_ENTRY_CHECK_SEGMENTS_H

#include "vmx/entry_check.h"

/* What vmx_entry_check() says of them; NULL: nothing. */
const char *vmx_entry_check_segments(const struct vmx_entry_state *s);

#endif
