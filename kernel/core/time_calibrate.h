/* SPDX-License-Identifier: GPL-2.0-only
 * Starting and calibrating the clock behind kernel/core/time.h. */
#ifndef BULKHEAD_CORE_TIME_CALIBRATE_H
#define BULKHEAD_CORE_TIME_CALIBRATE_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Time starts now. Called first of all. */
void time_init(void);

/* Measure the TSC against the ACPI PM timer at that port (FADT PM_TMR_BLK), or, for port 0 or one that does not count,
 * against channel 2 of the PIT. Takes about 20 ms. STATUS_HARDWARE when neither counts; time then stays uncalibrated.
 */
MUST_CHECK enum status time_calibrate(uint16_t pm_timer_port);

/* TSC steps a second as measured; 0 before calibration. */
uint64_t time_tsc_hz(void);

#endif
