/* SPDX-License-Identifier: GPL-2.0-only
 * CPU exceptions of the hypervisor itself: all of them end in a panic, but for the NMI by which a panic stops us. */
#ifndef BULKHEAD_CORE_EXCEPTION_H
#define BULKHEAD_CORE_EXCEPTION_H

#include "kernel/core/idt.h"
#include "kernel/lib/types.h"

/* Called by idt_dispatch with vectors below 32. */
void exception_handle(struct trap_frame *frame);

/* "page fault (#PF)"; never NULL. */
const char *exception_name(uint64_t vector);

/* What a #PF or #DF means, with the stack named when `address` (CR2) lies in a guard; one line of text. */
void exception_explain(uint64_t vector, uint64_t error, uint64_t address, unsigned cpus, char *out, size_t size);

#endif
