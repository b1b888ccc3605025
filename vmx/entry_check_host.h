/* SPDX-License-Identifier: GPL-2.0-only
 * Checks on the host-state area (SDM 3C 27.2.2 to 27.2.4). */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_HOST_H
#define BULKHEAD_VMX_ENTRY_CHECK_HOST_H

#include "vmx/entry_check.h"

/* What vmx_entry_check() says of it; NULL: nothing. */
const char *vmx_entry_check_host(const struct vmx_entry_state *s);

#endif
