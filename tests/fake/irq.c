/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended host vectors. */
#include "tests/fake/irq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/irq.h"

#define CPUS 8
#define FIRST 0x30
#define LAST 0xef

static struct {
    struct {
        irq_handler *handler;
        void *context;
    } slots[CPUS][256];
    unsigned taken, limit;
    uint64_t spurious;
    bool limited;
} irq;

void fake_irq_reset(void)
{
    memset(&irq, 0, sizeof(irq));
}

void fake_irq_limit(unsigned vectors)
{
    irq.limit = vectors;
    irq.limited = true;
}

enum status irq_alloc(unsigned cpu, irq_handler *handler, void *context, uint8_t *vector)
{
    if (cpu >= CPUS || handler == NULL) {
        fprintf(stderr, "fake irq: CPU %u, handler %p\n", cpu, (void *)handler);
        abort();
    }
    for (unsigned v = FIRST; v <= LAST && (!irq.limited || irq.limit > 0); v++) {
        if (irq.slots[cpu][v].handler == NULL) {
            irq.slots[cpu][v].handler = handler;
            irq.slots[cpu][v].context = context;
            irq.taken++;
            irq.limit -= irq.limited;
            *vector = (uint8_t)v;
            return STATUS_OK;
        }
    }
    return STATUS_NO_MEMORY;
}

void irq_free(unsigned cpu, uint8_t vector)
{
    if (cpu >= CPUS || irq.slots[cpu][vector].handler == NULL) {
        fprintf(stderr, "fake irq: vector 0x%x of CPU %u is free already\n", vector, cpu);
        abort();
    }
    irq.slots[cpu][vector].handler = NULL;
    irq.taken--;
}

uint64_t irq_spurious_count(void)
{
    return irq.spurious;
}

bool fake_irq_raise(unsigned cpu, uint8_t vector)
{
    if (cpu >= CPUS || irq.slots[cpu][vector].handler == NULL) {
        irq.spurious++;
        return false;
    }
    irq.slots[cpu][vector].handler(irq.slots[cpu][vector].context);
    return true;
}

bool fake_irq_is_taken(unsigned cpu, uint32_t vector)
{
    return cpu < CPUS && vector <= LAST && irq.slots[cpu][vector].handler != NULL;
}

unsigned fake_irq_taken(void)
{
    return irq.taken;
}
