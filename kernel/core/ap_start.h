/* SPDX-License-Identifier: GPL-2.0-only
 * Starting the application processors (SDM 3A 9.4; INIT, SIPI, SIPI). */
#ifndef BULKHEAD_CORE_AP_START_H
#define BULKHEAD_CORE_AP_START_H

#include "kernel/lib/memory_map.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Take one page of RAM below 640 KiB out of the map for the CPUs' first instructions. STATUS_NOT_FOUND when firmware
 * left none. Before pages_init. */
MUST_CHECK enum status ap_start_reserve(struct memory_map *map);

/* Start the CPUs with these APIC ids, the boot CPU's left out wherever it is in the list, one after another; they get
 * indices in that order and end in smp_idle(). Needs the LAPIC and a calibrated clock.
 * More than CPU_MAX are STATUS_OUT_OF_RANGE before any is started; one that does not answer is STATUS_TIMEOUT. Each
 * failure is logged with what to do about it. */
MUST_CHECK enum status ap_start_all(const uint32_t *apic_ids, size_t count);

#endif
