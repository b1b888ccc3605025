/* SPDX-License-Identifier: GPL-2.0-only
 * The size of one event in a TPM's event log (TCG PC Client Platform Firmware Profile 10.2). */
#ifndef BULKHEAD_BOOT_EFI_TCG_EVENT_H
#define BULKHEAD_BOOT_EFI_TCG_EVENT_H

#include "kernel/lib/types.h"

/* Bytes of the event at `event`, at most max; is_header: the log's first one, which has one SHA-1 digest, always.
 * 0: it contradicts itself, or has a digest of unknown size. */
size_t tcg_event_bytes(const void *event, size_t max, bool is_header);

#endif
