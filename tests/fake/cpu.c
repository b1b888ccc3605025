/* SPDX-License-Identifier: GPL-2.0-only
 * CPU instructions that mean nothing in a host test. */
#include "tests/fake/cpu.h"

#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/hw/cpu.h"

static unsigned wbinvds, irq_serves;

void cpu_pause(void)
{
}

/* Aligned, or the hardware faults. */
void cpu_store_pair(uint64_t *at, uint64_t low, uint64_t high)
{
    bulkhead_assert((uintptr_t)at % 16 == 0);
    at[0] = low;
    at[1] = high;
}

void cpu_fence(void)
{
    __sync_synchronize();
}

void cpu_wbinvd(void)
{
    wbinvds++;
}

void cpu_clear_buffers(void)
{
}

uint64_t cpu_irq_save(void)
{
    return 0;
}

void cpu_irq_restore(uint64_t flags)
{
    (void)flags;
}

void cpu_irq_enable(void)
{
}

void cpu_irq_disable(void)
{
}

void cpu_irq_wait(void)
{
}

void cpu_irq_serve(void)
{
    irq_serves++;
}

unsigned fake_cpu_irq_serves(void)
{
    return irq_serves;
}

unsigned fake_cpu_wbinvds(void)
{
    return wbinvds;
}

uint64_t lock_take(struct lock *lock)
{
    bulkhead_assert(lock->next == lock->serving); /* one thread: a held lock would never be released */
    lock->next++;
    return 0;
}

void lock_release(struct lock *lock, uint64_t flags)
{
    (void)flags;
    lock->serving++;
    bulkhead_assert(lock->next == lock->serving);
}
