/* SPDX-License-Identifier: GPL-2.0-only
 * Checks on the control fields (SDM 3C 27.2.1). */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_CONTROLS_H
#define BULKHEAD_VMX_ENTRY_CHECK_CONTROLS_H

#include "vmx/entry_check.h"

/* What vmx_entry_check() says of them; NULL: nothing. */
const char *vmx_entry_check_controls(const struct vmx_entry_state *s);

#endif
