/* SPDX-License-Identifier: GPL-2.0-only
 * Per-CPU vector tables. */
#include "kernel/core/irq.h"

#include "kernel/core/irq_dispatch.h"
#include "kernel/core/lapic.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/core/timer.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/cpu.h"

#define DEVICE_VECTORS (VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)

struct irq_slot {
    irq_handler *handler; /* NULL: free */
    void *context;
};

struct irq_cpu {
    struct lock lock; /* of this CPU's slots: handler and context are read and changed together */
    unsigned next;    /* where the search for a free slot starts: a freed vector rests as long as possible */
    uint8_t running;  /* vector whose handler runs there now, 0 for none; set under the lock */
    struct irq_slot slots[DEVICE_VECTORS];
} CPU_ALIGNED;

static struct {
    struct irq_cpu cpus[CPU_MAX];
    uint64_t spurious;
} irq;

enum status irq_alloc(unsigned cpu, irq_handler *handler, void *context, uint8_t *vector)
{
    bulkhead_assert(cpu < cpu_count() && handler != NULL);
    struct irq_cpu *c = &irq.cpus[cpu];
    enum status status = STATUS_NO_MEMORY;
    uint64_t flags = lock_take(&c->lock);
    for (unsigned i = 0; i < DEVICE_VECTORS && status != STATUS_OK; i++) {
        unsigned slot = (c->next + i) % DEVICE_VECTORS;
        if (c->slots[slot].handler == NULL) {
            c->slots[slot] = (struct irq_slot){handler, context};
            c->next = (slot + 1) % DEVICE_VECTORS;
            *vector = (uint8_t)(VECTOR_DEVICE_FIRST + slot);
            status = STATUS_OK;
        }
    }
    lock_release(&c->lock, flags);
    return status;
}

void irq_free(unsigned cpu, uint8_t vector)
{
    bulkhead_assert(cpu < CPU_MAX && vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST);
    struct irq_cpu *c = &irq.cpus[cpu];
    uint64_t flags = lock_take(&c->lock);
    c->slots[vector - VECTOR_DEVICE_FIRST] = (struct irq_slot){NULL, NULL};
    lock_release(&c->lock, flags);
    /* The caller may free what the handler uses. A handler runs with interrupts off and waits for nothing. */
    while (cpu != cpu_index() && __atomic_load_n(&c->running, __ATOMIC_ACQUIRE) == vector) {
        cpu_pause();
    }
}

uint64_t irq_spurious_count(void)
{
    return __atomic_load_n(&irq.spurious, __ATOMIC_RELAXED);
}

static void dispatch_device(uint8_t vector)
{
    struct irq_cpu *c = &irq.cpus[cpu_index()];
    uint64_t flags = lock_take(&c->lock);
    struct irq_slot slot = c->slots[vector - VECTOR_DEVICE_FIRST];
    __atomic_store_n(&c->running, slot.handler == NULL ? 0 : vector, __ATOMIC_RELAXED);
    lock_release(&c->lock, flags);
    if (slot.handler == NULL) {
        __atomic_fetch_add(&irq.spurious, 1, __ATOMIC_RELAXED);
        return;
    }
    slot.handler(slot.context);
    __atomic_store_n(&c->running, 0, __ATOMIC_RELEASE);
}

void irq_dispatch(uint8_t vector)
{
    if (vector == VECTOR_SPURIOUS) {
        __atomic_fetch_add(&irq.spurious, 1, __ATOMIC_RELAXED);
        return; /* not in service: no EOI */
    }
    if (vector < VECTOR_DEVICE_FIRST) {
        __atomic_fetch_add(&irq.spurious, 1, __ATOMIC_RELAXED); /* a PIC's, which is masked */
        lapic_eoi();
        return;
    }
    /* EOI first: all our interrupts are edges, and the next edge is kept while interrupts are off. */
    lapic_eoi();
    switch (vector) {
    case VECTOR_TIMER:
        timer_interrupt();
        break;
    case VECTOR_CALL:
        smp_call_interrupt();
        break;
    case VECTOR_KICK:
    case VECTOR_POSTED: /* came outside of the guest: the vCPU's loop takes what waits before it enters again */
    case VECTOR_POSTED_WAKE:
        break;
    case VECTOR_LAPIC_ERROR:
        (void)lapic_take_errors();
        break;
    default:
        if (vector <= VECTOR_DEVICE_LAST) {
            dispatch_device(vector);
        } else {
            __atomic_fetch_add(&irq.spurious, 1, __ATOMIC_RELAXED);
        }
        break;
    }
}
