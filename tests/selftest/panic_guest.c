/* SPDX-License-Identifier: GPL-2.0-only
 * An NMI that comes while a guest runs is the host's: here it ends in its panic. */
#include "kernel/core/lapic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "tests/selftest/cases.h"
#include "tests/selftest/vcpu_rig.h"
#include "vmx/vmx.h"

#define GUEST_US 100000 /* long enough for the guest to run */

/* JMP to itself, interrupts off: nothing but the NMI, or the host's own interrupts, ends its run. */
static void run_guest(void *argument)
{
    static struct vcpu_rig rig;
    static const uint8_t jump[] = {0xeb, 0xfe};
    struct vcpu_exit exit;
    (void)argument;
    (void)cpu_irq_save();
    if (vmx_backend.cpu_enable(cpu_index()) != STATUS_OK ||
        vcpu_rig_build(&rig, &vmx_backend, jump, sizeof(jump)) != STATUS_OK) {
        return;
    }
    vcpu_reset(&rig.vcpu, VCPU_RESET_POWER_ON, 0);
    do {
        vmx_backend.run(&rig.vcpu, &exit);
    } while (exit.kind == VCPU_EXIT_INTERRUPT);
}

void selftest_panic_guest(void *argument)
{
    (void)argument;
    unsigned cpu = cpu_count() - 1;
    if (vmx_backend.refuse() != NULL || cpu == 0) {
        return;
    }
    vmx_backend.configure(0);
    smp_start_work(cpu, run_guest, NULL);
    time_wait_us(GUEST_US);
    lapic_send_nmi(percpu_at(cpu)->apic_id);
    time_wait_us(GUEST_US);
}
