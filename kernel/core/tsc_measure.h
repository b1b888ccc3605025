/* SPDX-License-Identifier: GPL-2.0-only
 * The TSC's frequency by a clock that is known: the ACPI PM timer (ACPI 6.5 4.8.3.3), or channel 2 of the 8254 PIT. An
 * SMI, or a host that has an emulator's CPU, may come between reading the two: where the clock can be read, it is read
 * several times, and the reading that took least counts. Each takes about 20 ms; 0: that clock does not count. */
#ifndef BULKHEAD_CORE_TSC_MEASURE_H
#define BULKHEAD_CORE_TSC_MEASURE_H

#include "kernel/lib/types.h"

/* port: PM_TMR_BLK of the FADT. */
uint64_t tsc_measure_pm_timer(uint16_t port);

uint64_t tsc_measure_pit(void);

#endif
