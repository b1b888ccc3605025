/* SPDX-License-Identifier: GPL-2.0-only
 * Return addresses by the chain of frame pointers. */
#ifndef BULKHEAD_CORE_BACKTRACE_H
#define BULKHEAD_CORE_BACKTRACE_H

#include "kernel/lib/types.h"

/* Is start..start+16 readable stack memory? */
typedef bool backtrace_readable(uint64_t start);

/* Collect up to max return addresses from frame pointer rbp on. Stops at a frame pointer that is unaligned, unreadable
 * or not above the one before; each hop so goes up, and the walk ends. Returns the number collected. */
size_t backtrace_collect(uint64_t rbp, backtrace_readable *readable, uint64_t *out, size_t max);

#endif
