/* SPDX-License-Identifier: GPL-2.0-only
 * The self-tests that run on the (emulated) machine itself. */
#ifndef BULKHEAD_SELFTEST_CASES_H
#define BULKHEAD_SELFTEST_CASES_H

#include "kernel/core/log.h"
#include "kernel/lib/status.h"

/* A failed check says what and where, and ends the test. */
#define SELFTEST_CHECK(condition)                                                                                      \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            log_error("selftest: %s:%d: %s is not so", __FILE__, __LINE__, #condition);                                \
            return STATUS_CONFLICT;                                                                                    \
        }                                                                                                              \
    } while (0)

/* CPUs: calls, kicks, work, timers, vectors. */
MUST_CHECK enum status selftest_smp_calls(void);
MUST_CHECK enum status selftest_smp_crossing_calls(void);
MUST_CHECK enum status selftest_smp_work(void);
MUST_CHECK enum status selftest_smp_absent_cpu(void);
MUST_CHECK enum status selftest_timer_deadlines(void);
MUST_CHECK enum status selftest_timer_periodic(void);
MUST_CHECK enum status selftest_irq_vectors(void);

/* Memory: rights of the hypervisor's own pages. */
MUST_CHECK enum status selftest_paging_rights(void);
MUST_CHECK enum status selftest_paging_views(void);

/* Do what panic-test=NAME says; comes back only when there is no such name or the fault did not happen. */
void selftest_panic(const char *name);

#endif
