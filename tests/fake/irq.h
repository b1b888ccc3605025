/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended host vectors behind kernel/core/irq.h: a test raises them. Freeing what is free fails the test. */
#ifndef BULKHEAD_FAKE_IRQ_H
#define BULKHEAD_FAKE_IRQ_H

#include "kernel/lib/types.h"

void fake_irq_reset(void);
/* Run the handler of that vector; false (and counted as spurious) when nobody owns it. */
bool fake_irq_raise(unsigned cpu, uint8_t vector);
bool fake_irq_is_taken(unsigned cpu, uint32_t vector);
/* Vectors taken on all CPUs. */
unsigned fake_irq_taken(void);
/* Further vectors that irq_alloc gives on each CPU before it says NO_MEMORY. */
void fake_irq_limit(unsigned vectors);

#endif
