/* SPDX-License-Identifier: GPL-2.0-only
 * Ticket spin lock. */
#include "kernel/core/lock.h"

#include "kernel/hw/cpu.h"

uint64_t lock_take(struct lock *lock)
{
    uint64_t flags = cpu_irq_save();
    uint32_t mine = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != mine) {
        cpu_pause();
    }
    return flags;
}

void lock_release(struct lock *lock, uint64_t flags)
{
    /* Only the holder writes `serving`, so a plain increment is enough; release orders what it guarded. */
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
    cpu_irq_restore(flags);
}
