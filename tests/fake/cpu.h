/* SPDX-License-Identifier: GPL-2.0-only
 * Instructions that a host test cannot execute, counted. */
#ifndef BULKHEAD_FAKE_CPU_H
#define BULKHEAD_FAKE_CPU_H

/* How often cpu_wbinvd() was called since the program started. */
unsigned fake_cpu_wbinvds(void);
/* The same for cpu_irq_serve(). */
unsigned fake_cpu_irq_serves(void);

#endif
