/* SPDX-License-Identifier: GPL-2.0-only
 * The local APIC in both of its modes, on 1 to 4 CPUs ("cpus=N"): the same questions by page and by MSRs, then what
 * only x2APIC mode has. */
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "tests/guest/apic/apic.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"

#define MSR_APIC_BASE 0x1b

static volatile uint32_t switched;
static volatile bool all_switched;

static void switch_mode(void)
{
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | LAPIC_BASE_X2APIC);
    __atomic_add_fetch(&switched, 1, __ATOMIC_SEQ_CST);
}

/* Until all have switched, nobody uses the library's way to its APIC. */
static void switch_other(void *argument)
{
    (void)argument;
    switch_mode();
    while (!all_switched) {
        cpu_pause();
    }
}

static bool all_to_x2apic(unsigned cpus)
{
    for (unsigned i = 1; i < cpus; i++) {
        smp_run(i, switch_other, NULL);
    }
    switch_mode();
    bool done = machine_wait_for(&switched, cpus, 2000000);
    apic_use_msrs(true);
    all_switched = true;
    for (unsigned i = 1; i < cpus; i++) {
        done &= smp_wait(i, 2000000);
    }
    return done;
}

void guest_main(void)
{
    unsigned cpus = smp_start();
    expect(cpus, smp_expected(), "CPUs that started");
    local_battery("xAPIC");
    if ((cpu_cpuid(1, 0).ecx & 1 << 21) == 0) {
        check(!on_bulkhead(), "x2APIC mode is offered by Bulkhead");
        skip("x2APIC mode", "CPUID does not offer it");
        return;
    }
    mode_transitions();
    check(all_to_x2apic(cpus), "all CPUs switch to x2APIC mode");
    msr_rules();
    local_battery("x2APIC");
    cluster_battery(cpus);
}
