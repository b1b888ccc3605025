/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupts on their way from the IDT to their owner. */
#ifndef BULKHEAD_CORE_IRQ_DISPATCH_H
#define BULKHEAD_CORE_IRQ_DISPATCH_H

#include "kernel/lib/types.h"

/* Handle one interrupt of this CPU; interrupts are off. Vectors 32..255. */
void irq_dispatch(uint8_t vector);

#endif
