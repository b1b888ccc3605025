/* SPDX-License-Identifier: GPL-2.0-only
 * The self-tests that run on the (emulated) machine itself. */
#ifndef BULKHEAD_SELFTEST_CASES_H
#define BULKHEAD_SELFTEST_CASES_H

#include "kernel/core/log.h"
#include "kernel/lib/status.h"
#include "kernel/selftest.h"

/* A failed check says what and where, and ends the test. */
#define SELFTEST_CHECK(condition)                                                                                      \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            log_error("selftest: %s:%d: %s is not so", __FILE__, __LINE__, #condition);                                \
            return STATUS_CONFLICT;                                                                                    \
        }                                                                                                              \
    } while (0)

/* CPUs: calls, kicks, work, timers, vectors. */
MUST_CHECK enum status selftest_smp_calls(const struct selftest *test);
MUST_CHECK enum status selftest_smp_crossing_calls(const struct selftest *test);
MUST_CHECK enum status selftest_smp_work(const struct selftest *test);
MUST_CHECK enum status selftest_smp_absent_cpu(const struct selftest *test);
MUST_CHECK enum status selftest_timer_deadlines(const struct selftest *test);
MUST_CHECK enum status selftest_timer_periodic(const struct selftest *test);
MUST_CHECK enum status selftest_irq_vectors(const struct selftest *test);

/* Memory: rights of the hypervisor's own pages. */
MUST_CHECK enum status selftest_paging_rights(const struct selftest *test);
MUST_CHECK enum status selftest_paging_views(const struct selftest *test);

/* Devices: DMA and interrupts of QEMU's edu, in this order, and the PIT through the I/O APIC. */
MUST_CHECK enum status selftest_dma_translated(const struct selftest *test);
MUST_CHECK enum status selftest_dma_blocked(const struct selftest *test);
MUST_CHECK enum status selftest_irq_msi(const struct selftest *test);
MUST_CHECK enum status selftest_irq_posted(const struct selftest *test);
MUST_CHECK enum status selftest_irq_forged(const struct selftest *test);
MUST_CHECK enum status selftest_dma_flood(const struct selftest *test);
MUST_CHECK enum status selftest_dma_withdrawn(const struct selftest *test);
MUST_CHECK enum status selftest_irq_ioapic(const struct selftest *test);

/* VMX: entries that the CPU refuses, explained. Passes without a test on a CPU without VMX. */
MUST_CHECK enum status selftest_vmx_entry(const struct selftest *test);

/* What is left in the CPU's registers behind an exit: nothing of the guest's. Passes without a test on a CPU that has
 * neither VMX nor SVM. */
MUST_CHECK enum status selftest_exit_registers(const struct selftest *test);

/* Give a guest the orders of the command line from now on, by the last CPU. */
void selftest_orders(const struct selftest_guests *made);

/* Tell the ports that echo whose they are. */
void selftest_echo(const struct selftest_guests *made);

/* Panic by an NMI that comes while a guest runs on the last CPU (VMX). */
void selftest_panic_guest(void *argument);

/* Do what panic-test=NAME says; comes back only when there is no such name or the fault did not happen. */
void selftest_panic(const char *name);

#endif
