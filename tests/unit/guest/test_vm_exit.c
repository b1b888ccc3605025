/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_exit.c and guest/vm.c: exits by which a guest could keep its CPU from the host. */
#include "guest/vm_exit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/core/irq_dispatch.h"
#include "kernel/core/lapic.h"
#include "kernel/core/machine_check.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "tests/fake/cpu.h"

#define CR0_PE 1

/* One host CPU. */
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
    (void)apic_id;
    (void)vector;
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

static struct {
    bool whole; /* what the banks say of the context */
    const char *who;
} banks;

bool machine_check_take(const char *who)
{
    banks.who = who;
    return banks.whole;
}

bool machine_check_is_others(void)
{
    return false;
}

static uint64_t read_register(const struct vcpu *vcpu, enum vcpu_register which)
{
    (void)vcpu;
    return which == VCPU_CR0 ? CR0_PE : 0;
}

static const struct cpu_backend backend = {.name = "fake", .read = read_register};
static struct vm vm;
static struct vm_cpu cpu;

static int setup(void **state)
{
    (void)state;
    memset(&vm, 0, sizeof(vm));
    memset(&cpu, 0, sizeof(cpu));
    vm.cpus = &cpu;
    vm.cpu_count = 1;
    vm.backend = &backend;
    cpu.vm = &vm;
    cpu.vcpu.backend = &backend;
    return 0;
}

/* A #DB whose delivery raises the next one: the host's interrupts are let in, and the loop looks. */
static void an_exception_lets_the_host_in(void **state)
{
    (void)state;
    const struct vcpu_exit debug = {.kind = VCPU_EXIT_EXCEPTION, .exception = {.vector = 1}};
    for (unsigned i = 1; i <= 3; i++) {
        cpu.look = false;
        unsigned before = fake_cpu_irq_serves();
        vm_exit_handle(&cpu, &debug);
        assert_int_equal(fake_cpu_irq_serves(), before + 1);
        assert_true(cpu.look);
        assert_int_equal(cpu.vcpu.event.vector, 1);
        assert_int_equal(vm.end, VM_RUNNING);
    }
}

static void an_event_that_cannot_be_delivered_ends_the_guest(void **state)
{
    (void)state;
    const struct vcpu_exit write = {.kind = VCPU_EXIT_MEMORY, .memory = {.at = {0xf0000000}, .write = true}};
    cpu.vcpu.event = (struct vcpu_event){.kind = VCPU_EVENT_INTERRUPT, .vector = 0x31};
    cpu.look = false;
    vm_exit_handle(&cpu, &write);
    assert_int_equal(vm.end, VM_CRASHED);
    assert_true(cpu.look);
    assert_non_null(strstr(vm.why, "vector 49"));
}

/* The one who comes second has to leave the guest as well: his entries may fail for ever. */
static void a_guest_that_is_stopped_twice_is_left(void **state)
{
    (void)state;
    const struct vcpu_exit refused = {.kind = VCPU_EXIT_ENTRY_FAILED, .text = "a check"};
    vm_stop(&vm, VM_RESET, "first");
    cpu.look = false;
    vm_exit_handle(&cpu, &refused);
    assert_true(cpu.look);
    assert_int_equal(vm.end, VM_RESET);
    assert_string_equal(vm.why, "first");
}

static const struct vcpu_exit machine_check = {.kind = VCPU_EXIT_EXCEPTION, .exception = {.vector = 18}};

/* It is logged as that guest's, and is never handed to it. */
static void a_machine_check_ends_the_guest_alone(void **state)
{
    (void)state;
    banks.whole = true;
    banks.who = NULL;
    strcpy(vm.name, "storage");
    vm_exit_handle(&cpu, &machine_check);
    assert_string_equal(banks.who, "storage");
    assert_int_equal(vm.end, VM_CRASHED);
    assert_string_equal(vm.why, "machine check while it ran");
    assert_true(cpu.look);
    assert_int_equal(cpu.vcpu.event.kind, VCPU_EVENT_NONE);
}

/* In a process of its own, as a panic ends it. */
static void nothing_goes_on_when_the_context_is_corrupt(void **state)
{
    (void)state;
    int status = 0;
    banks.whole = false;
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO); /* the panic is wanted */
        vm_exit_handle(&cpu, &machine_check);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_exception_lets_the_host_in, setup),
        cmocka_unit_test_setup(an_event_that_cannot_be_delivered_ends_the_guest, setup),
        cmocka_unit_test_setup(a_guest_that_is_stopped_twice_is_left, setup),
        cmocka_unit_test_setup(a_machine_check_ends_the_guest_alone, setup),
        cmocka_unit_test_setup(nothing_goes_on_when_the_context_is_corrupt, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
