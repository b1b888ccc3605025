/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_host.c, guest/vm.c: kicks of a CPU that another guest has just now are paced, others are not. */
#include "guest/vm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/irq_dispatch.h"
#include "kernel/core/lapic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "tests/fake/time.h"

#define KICKS 100u

/* CPU 0: all of guest a's; CPU 1: shared by a and b. */
static struct vm a, b;
static struct vm_cpu cpus_a[3], cpus_b[1];
static struct vm_host hosts[2];
static unsigned here, kicks;

unsigned cpu_index(void)
{
    return here;
}

unsigned cpu_count(void)
{
    return 2;
}

void smp_kick(unsigned cpu)
{
    (void)cpu;
    kicks++;
}

void lapic_send(uint32_t apic_id, uint8_t vector)
{
    (void)apic_id, (void)vector;
}

bool lapic_is_x2apic(void)
{
    return true;
}

void irq_dispatch(uint8_t vector)
{
    (void)vector;
}

static void place(struct vm *vm, unsigned index, unsigned cpu)
{
    vm->cpus[index] = (struct vm_cpu){.vm = vm, .index = index, .vcpu = {.cpu = cpu}};
    vm->cpu_count = index + 1;
    vm_host_add(&hosts[cpu], &vm->cpus[index], 1000000);
}

static int start(void **state)
{
    (void)state;
    fake_time_reset();
    fake_time_step_ns(100);
    memset(hosts, 0, sizeof(hosts));
    a.cpus = cpus_a;
    b.cpus = cpus_b;
    place(&a, 0, 0);
    place(&a, 1, 1);
    place(&b, 0, 1);
    here = kicks = 0;
    hosts[0].current = &a.cpus[0];
    hosts[1].current = &b.cpus[0];
    return 0;
}

static uint64_t kick(struct vm *vm, unsigned index)
{
    uint64_t from = time_now_ns();
    for (unsigned i = 0; i < KICKS; i++) {
        vm_kick(vm, index);
    }
    assert_int_equal(kicks, KICKS);
    kicks = 0;
    return time_now_ns() - from;
}

static void another_guests_turn_is_not_cut_to_pieces(void **state)
{
    (void)state;
    assert_true(kick(&a, 1) >= (KICKS - 1) * VM_HOST_PACE_NS);
}

/* One IPI to all others: each of them has a kick of its own. */
static void others_do_not_wait_for_each_other(void **state)
{
    (void)state;
    place(&a, 2, 1);
    uint64_t from = time_now_ns();
    vm_kick(&a, 1);
    vm_kick(&a, 2);
    assert_true(time_now_ns() - from < VM_HOST_PACE_NS);
    vm_kick(&a, 2);
    assert_true(time_now_ns() - from >= VM_HOST_PACE_NS);
}

/* Another CPU of the guest's is always faster. */
static void take_the_turn(void *context)
{
    __atomic_store_n((uint64_t *)context, UINT64_MAX, __ATOMIC_RELAXED);
}

static void a_wait_has_an_end(void **state)
{
    (void)state;
    cpus_a[1].kick_ns = UINT64_MAX;
    fake_time_on_look(take_the_turn, &cpus_a[1].kick_ns);
    uint64_t from = time_now_ns();
    vm_kick(&a, 1);
    assert_in_range(time_now_ns() - from, 2 * VM_HOST_PACE_NS, 3 * VM_HOST_PACE_NS);
    assert_int_equal(kicks, 1);
    fake_time_on_look(NULL, NULL);
}

static void nobody_else_waits(void **state)
{
    const uint64_t nothing = VM_HOST_PACE_NS;
    (void)state;
    assert_true(kick(&b, 0) < nothing); /* who is kicked has that CPU: a frame of a network, say */
    hosts[1].current = &a.cpus[1];
    assert_true(kick(&a, 1) < nothing); /* the guest's own */
    hosts[1].current = NULL;
    assert_true(kick(&a, 1) < nothing);
    hosts[1].current = &b.cpus[0];
    hosts[0].current = NULL; /* the hypervisor itself, before guests run */
    assert_true(kick(&a, 1) < nothing);
    hosts[0].current = &b.cpus[0]; /* an interrupt of a's device in b's turn */
    assert_true(kick(&a, 1) < nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(another_guests_turn_is_not_cut_to_pieces, start),
        cmocka_unit_test_setup(others_do_not_wait_for_each_other, start),
        cmocka_unit_test_setup(a_wait_has_an_end, start),
        cmocka_unit_test_setup(nobody_else_waits, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
