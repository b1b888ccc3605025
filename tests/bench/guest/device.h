/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupts of an assigned device. */
#ifndef BULKHEAD_TESTS_BENCH_DEVICE_H
#define BULKHEAD_TESTS_BENCH_DEVICE_H

/* Take edu's MSI many times, one after the other, and print the mean time from its register's write to the handler, in
 * ticks of the TSC. What it took of exits is what the hypervisor counted for this guest. */
void device_measure(void);

#endif
