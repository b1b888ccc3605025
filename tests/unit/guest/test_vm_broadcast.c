/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_exit.c: a machine check that is another CPU's is nothing to the guest that ran here. */
#include "guest/vm_exit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "kernel/core/irq_dispatch.h"
#include "kernel/core/lapic.h"
#include "kernel/core/machine_check.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"

unsigned cpu_index(void)
{
    return 0;
}

void smp_kick(unsigned cpu)
{
    (void)cpu;
    fail();
}

void lapic_send(uint32_t apic_id, uint8_t vector)
{
    (void)apic_id, (void)vector;
    fail();
}

bool lapic_is_x2apic(void)
{
    return false;
}

void irq_dispatch(uint8_t vector)
{
    (void)vector;
}

bool machine_check_is_others(void)
{
    return true;
}

bool machine_check_take(const char *who)
{
    (void)who;
    fail();
    return false;
}

static void the_guest_goes_on(void **state)
{
    static struct vm_cpu cpu;
    static struct vm vm = {.cpus = &cpu, .cpu_count = 1};
    const struct vcpu_exit exit = {.kind = VCPU_EXIT_EXCEPTION, .exception = {.vector = 18}};
    (void)state;
    cpu.vm = &vm;
    cpu.vcpu.event = (struct vcpu_event){.kind = VCPU_EVENT_INTERRUPT, .vector = 0x41}; /* on its way just then */
    vm_exit_handle(&cpu, &exit);
    assert_int_equal(vm.end, VM_RUNNING);
    assert_int_equal(cpu.vcpu.event.kind, VCPU_EVENT_INTERRUPT);
    assert_int_equal(cpu.vcpu.event.vector, 0x41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guest_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
