/* SPDX-License-Identifier: GPL-2.0-only
 * Starting CPUs (SDM 3A 9.4.4) and giving them work. */
#include "tests/guest/lib/smp.h"

#include "kernel/hw/cpu.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/layout.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/trap.h"

extern uint8_t ap_trampoline[], ap_trampoline_end[];

struct smp_cpu {
    uint32_t id;
    volatile uint32_t given, done; /* jobs */
    void (*volatile fn)(void *);
    void *volatile argument;
};

static struct {
    struct smp_cpu cpus[SMP_MAX];
    volatile uint32_t there; /* others */
    bool started;
} smp;

static void wake(struct trap_frame *frame)
{
    (void)frame;
    apic_eoi();
}

void smp_start_here(unsigned number)
{
    struct smp_cpu *cpu = &smp.cpus[number + 1];
    trap_init();
    apic_init();
    cpu->id = apic_id();
    __atomic_add_fetch(&smp.there, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        cpu_irq_disable();
        if (cpu->given == cpu->done) {
            cpu_irq_wait();
            continue;
        }
        cpu->fn(cpu->argument);
        cpu->done = cpu->done + 1;
    }
}

unsigned smp_expected(void)
{
    return (unsigned)machine_option("cpus", cpu_cpuid(1, 0).ebx >> 16 & 0xff);
}

unsigned smp_start(void)
{
    if (!smp.started) {
        smp.started = true;
        smp.cpus[0].id = apic_id();
        trap_handle(SMP_WAKE_VECTOR, wake);
        memcpy((void *)(uintptr_t)AP_PAGE, ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
        apic_ipi(0, APIC_ICR_OTHERS | APIC_ICR_INIT | APIC_ICR_ASSERT);
        machine_wait_us(10000);
        for (unsigned i = 0; i < 2; i++) {
            apic_ipi(0, APIC_ICR_OTHERS | APIC_ICR_STARTUP | APIC_ICR_ASSERT | AP_PAGE >> 12);
            machine_wait_us(200);
        }
        (void)machine_wait_for(&smp.there, smp_expected() - 1, 1000000);
        machine_wait_us(20000); /* more than expected would show */
    }
    return smp.there + 1;
}

uint32_t smp_apic_id(unsigned number)
{
    return smp.cpus[number].id;
}

void smp_run(unsigned number, void (*fn)(void *argument), void *argument)
{
    struct smp_cpu *cpu = &smp.cpus[number];
    cpu->fn = fn;
    cpu->argument = argument;
    cpu->given = cpu->given + 1;
    apic_ipi(cpu->id, SMP_WAKE_VECTOR | APIC_ICR_ASSERT);
}

bool smp_wait(unsigned number, uint64_t us)
{
    return machine_wait_for(&smp.cpus[number].done, smp.cpus[number].given, us);
}
