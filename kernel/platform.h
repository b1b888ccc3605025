/* SPDX-License-Identifier: GPL-2.0-only
 * What the core must know of the machine before anything else: clock, reset register, CPUs; all from ACPI. */
#ifndef BULKHEAD_PLATFORM_H
#define BULKHEAD_PLATFORM_H

#include "boot/boot_info.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/machine.h"

#define PLATFORM_DIAGS_MAX 256

struct platform {
    struct arena arena; /* facts live here; more may be put in */
    struct diag_list diags;
    struct diag diag_items[PLATFORM_DIAGS_MAX];
    struct machine machine;
    const uint32_t *apic_ids; /* of the CPUs to use, the boot CPU first */
    size_t cpu_count;         /* entries of apic_ids; may be more than CPU_MAX */
};

/* Read ACPI. cpu_limit: use at most so many CPUs. Diagnostics are collected, not printed.
 * STATUS_NOT_FOUND: no ACPI or no MADT; STATUS_NO_MEMORY. */
MUST_CHECK enum status platform_read(struct platform *platform, const struct boot_info *boot, uint32_t boot_apic_id,
                                     size_t cpu_limit);

/* The PM timer's port for time_calibrate(); 0 when there is none reachable by ports. */
uint16_t platform_pm_timer_port(const struct platform *platform);

/* Must the LAPICs run in x2APIC mode: does a CPU have an id that xAPIC mode cannot address? */
bool platform_needs_x2apic(const struct platform *platform);

/* Tell kernel/core/power.h about the FADT's reset register, mapped if need be. */
MUST_CHECK enum status platform_use_reset(const struct platform *platform);

/* Tell kernel/core/power.h how the machine is switched off, or why it cannot be. */
void platform_use_off(struct platform *platform);

/* Map the ECAM windows and use them from now on. A window that lies in RAM: STATUS_CONFLICT. */
MUST_CHECK enum status platform_open_pci(const struct platform *platform);

#endif
