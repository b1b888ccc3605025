/* SPDX-License-Identifier: GPL-2.0-only
 * Host interrupt vectors: a (CPU, vector) pair is given to one handler. Vectors 0x30..0xef are for devices. */
#ifndef BULKHEAD_CORE_IRQ_H
#define BULKHEAD_CORE_IRQ_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Called with interrupts off, on the CPU the vector belongs to, after EOI was arranged. */
typedef void irq_handler(void *context);

/* Reserve a free device vector on that CPU (index, not APIC id) and attach handler. STATUS_NO_MEMORY when all are
 * taken. */
MUST_CHECK enum status irq_alloc(unsigned cpu, irq_handler *handler, void *context, uint8_t *vector);
/* Returns after the handler's last run on that CPU (unless that CPU is this one) has ended: hold no lock it takes. */
void irq_free(unsigned cpu, uint8_t vector);

/* Interrupts that arrived on a vector nobody owns, all CPUs: counted, never fatal. */
uint64_t irq_spurious_count(void);

#endif
