/* SPDX-License-Identifier: GPL-2.0-only
 * Fault reasons in words (VT-d 4.1 7.1.3, 5.1.4.1). */
#ifndef BULKHEAD_VTD_FAULT_TEXT_H
#define BULKHEAD_VTD_FAULT_TEXT_H

#include "kernel/lib/types.h"
#include "vtd/fault.h"

/* One sentence without a full stop; "unknown reason" for numbers no legacy-mode unit uses. Never NULL. */
const char *vtd_fault_text(uint8_t reason);

/* "write", "read", "atomic", "page-request", "interrupt". */
const char *vtd_fault_access_text(enum vtd_fault_access access);

#endif
