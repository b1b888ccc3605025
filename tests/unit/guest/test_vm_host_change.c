/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_host.c: who has a shared CPU, and what is done before another guest enters it: the registers of the one
 * before are put away, then what the CPU may remember of it is cleared. */
#include "guest/vm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vm_life.h"
#include "guest/vm_run.h"
#include "kernel/core/mitigations.h"
#include "kernel/lib/bits.h"
#include "tests/fake/msr.h"
#include "tests/fake/time.h"

#define SLICE_NS 1000000
#define TURNS 30
#define MSR_PRED_CMD 0x49
#define CPUS 3

static struct vm one, other;
static struct vm_cpu cpus[CPUS]; /* two of the one guest, then one of the other */
static struct vm_host host;

static struct {
    const struct vm_cpu *has; /* the CPU; NULL: nobody yet */
    const struct vm_cpu *left;
    unsigned turns, changes, clears; /* clears: of predictors, as counted at the last turn */
} seen;

static void leave(struct vcpu *vcpu)
{
    assert_non_null(seen.has);
    assert_ptr_equal(vcpu, &seen.has->vcpu);
    assert_int_equal(fake_msr_writes(), seen.clears); /* what leaving leaves behind is cleared as well */
    seen.left = seen.has;
}

static const struct cpu_backend backend = {.name = "fake", .leave = leave};

bool vm_life_pending(const struct vm_cpu *cpu, uint64_t *wake_ns)
{
    (void)cpu;
    (void)wake_ns;
    return false;
}

void vm_life_step(struct vm_cpu *cpu)
{
    (void)cpu;
    fail();
}

bool vm_run_wants(struct vm_cpu *cpu, uint64_t *wake_ns)
{
    (void)cpu;
    (void)wake_ns;
    return true;
}

void vm_run_wait(uint64_t wake_ns)
{
    (void)wake_ns;
    fail();
}

void vm_run_alone(struct vm_cpu *cpu)
{
    (void)cpu;
    fail();
}

/* The CPU is about to enter that guest. */
void vm_run_turn(struct vm_cpu *cpu, uint64_t wake_ns, uint64_t slice_end_ns)
{
    (void)wake_ns;
    (void)slice_end_ns;
    bool changes = seen.has != NULL && seen.has->vm != cpu->vm;
    assert_ptr_equal(seen.left, changes ? seen.has : NULL);
    assert_int_equal(fake_msr_writes(), seen.clears + (changes ? 1 : 0));
    seen.changes += changes;
    seen.clears = fake_msr_writes();
    seen.has = cpu;
    seen.left = NULL;
    fake_time_advance_ns(SLICE_NS);
    if (++seen.turns == TURNS) {
        for (unsigned i = 0; i < CPUS; i++) {
            cpus[i].life = VM_LIFE_ENDED;
        }
    }
}

static void predictors_are_cleared_between_guests(void **state)
{
    (void)state;
    fake_time_reset();
    fake_msr_reset();
    fake_cpuid_set(0x80000000, (struct cpuid){.eax = 0x80000008});
    fake_cpuid_set(0x80000008, (struct cpuid){.ebx = BIT32(12)}); /* IBPB */
    fake_msr_set(MSR_PRED_CMD, 0);
    mitigations_init();
    for (unsigned i = 0; i < CPUS; i++) {
        cpus[i] = (struct vm_cpu){.vm = i < 2 ? &one : &other, .life = VM_LIFE_RUNS, .state = VM_CPU_RUNS};
        cpus[i].vcpu.backend = &backend;
        vm_host_add(&host, &cpus[i], SLICE_NS);
    }
    seen.clears = fake_msr_writes();
    vm_host_main(&host);
    assert_int_equal(seen.turns, TURNS);
    assert_int_equal(seen.changes, TURNS / CPUS * 2 - 1); /* of three turns the second is the same guest's */
    assert_int_equal(fake_msr_get(MSR_PRED_CMD), 1);
    assert_int_equal(host.guest_turns, seen.changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictors_are_cleared_between_guests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
