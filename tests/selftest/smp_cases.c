/* SPDX-License-Identifier: GPL-2.0-only
 * CPUs on the real machine: calls, work, timers, vectors. */
#include "kernel/core/ap_start.h"
#include "kernel/core/irq.h"
#include "kernel/core/lapic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "kernel/hw/cpu.h"
#include "tests/selftest/cases.h"

#define ROUNDS 10
#define PATIENCE_US 2000000
#define UNWANTED_US 5000

static struct {
    unsigned last_cpu;
    uint32_t last_id;
    uint64_t calls;
    uint64_t fired_ns[CPU_MAX];
    uint64_t irqs[CPU_MAX];
} seen;

static void note_cpu(void *argument)
{
    (void)argument;
    seen.last_cpu = cpu_index();
    seen.last_id = lapic_id();
    __atomic_fetch_add(&seen.calls, 1, __ATOMIC_RELAXED);
}

enum status selftest_smp_calls(const struct selftest *test)
{
    (void)test;
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        seen.last_cpu = CPU_MAX;
        smp_call(cpu, note_cpu, NULL);
        SELFTEST_CHECK(seen.last_cpu == cpu);
        SELFTEST_CHECK(seen.last_id == percpu_at(cpu)->apic_id);
    }
    return STATUS_OK;
}

static void call_everyone(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        smp_call_all(note_cpu, NULL);
    }
}

static bool wait_idle(void)
{
    struct deadline end = deadline_in_us(10 * (uint64_t)PATIENCE_US);
    for (unsigned cpu = 1; cpu < cpu_count(); cpu++) {
        while (smp_has_work(cpu)) {
            if (deadline_passed(end)) {
                return false;
            }
            cpu_pause();
        }
    }
    return true;
}

/* Every CPU calls every CPU at once: none may hang and no call may be lost. */
enum status selftest_smp_crossing_calls(const struct selftest *test)
{
    (void)test;
    seen.calls = 0;
    for (unsigned cpu = 1; cpu < cpu_count(); cpu++) {
        smp_start_work(cpu, call_everyone, NULL);
    }
    call_everyone(NULL);
    SELFTEST_CHECK(wait_idle());
    SELFTEST_CHECK(seen.calls == (uint64_t)ROUNDS * cpu_count() * cpu_count());
    return STATUS_OK;
}

static void sleep_a_little(void *argument)
{
    (void)argument;
    time_wait_us(1000);
    __atomic_fetch_add(&seen.calls, 1, __ATOMIC_RELAXED);
}

enum status selftest_smp_work(const struct selftest *test)
{
    (void)test;
    seen.calls = 0;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned cpu = 1; cpu < cpu_count(); cpu++) {
            smp_start_work(cpu, sleep_a_little, NULL);
        }
        SELFTEST_CHECK(wait_idle());
    }
    SELFTEST_CHECK(seen.calls == 3 * (uint64_t)(cpu_count() - 1));
    return STATUS_OK;
}

static void note_time(void *argument)
{
    (void)argument;
    __atomic_store_n(&seen.fired_ns[cpu_index()], time_now_ns(), __ATOMIC_RELEASE);
}

static void set_deadline(void *argument)
{
    timer_set_deadline(*(const uint64_t *)argument);
}

/* Both in one call: were the second late, the deadline would rightly fire. */
static void set_and_cancel(void *argument)
{
    (void)argument;
    timer_set_deadline(time_now_ns() + UNWANTED_US * 1000);
    timer_set_deadline(TIMER_NEVER);
}

static bool wait_nonzero(const uint64_t *value)
{
    struct deadline end = deadline_in_us(PATIENCE_US);
    while (__atomic_load_n(value, __ATOMIC_ACQUIRE) == 0) {
        if (deadline_passed(end)) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

enum status selftest_timer_deadlines(const struct selftest *test)
{
    (void)test;
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        seen.fired_ns[cpu] = 0;
        timer_set_handler(cpu, note_time, NULL);
        uint64_t deadline = time_now_ns() + 2000000;
        smp_call(cpu, set_deadline, &deadline);
        SELFTEST_CHECK(wait_nonzero(&seen.fired_ns[cpu]));
        SELFTEST_CHECK(seen.fired_ns[cpu] >= deadline);
        /* One in the past fires at once, a cancelled one never. */
        seen.fired_ns[cpu] = 0;
        uint64_t past = 1;
        smp_call(cpu, set_deadline, &past);
        SELFTEST_CHECK(wait_nonzero(&seen.fired_ns[cpu]));
        seen.fired_ns[cpu] = 0;
        smp_call(cpu, set_and_cancel, NULL);
        time_wait_us(2 * UNWANTED_US);
        SELFTEST_CHECK(seen.fired_ns[cpu] == 0);
        timer_set_handler(cpu, NULL, NULL);
    }
    return STATUS_OK;
}

static void note_irq(void *context)
{
    if ((unsigned)(uintptr_t)context == cpu_index()) {
        __atomic_fetch_add(&seen.irqs[cpu_index()], 1, __ATOMIC_RELEASE);
    }
}

enum status selftest_irq_vectors(const struct selftest *test)
{
    (void)test;
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        uint8_t vector;
        seen.irqs[cpu] = 0;
        SELFTEST_CHECK(irq_alloc(cpu, note_irq, (void *)(uintptr_t)cpu, &vector) == STATUS_OK);
        SELFTEST_CHECK(vector >= 0x30 && vector <= 0xef);
        lapic_send(percpu_at(cpu)->apic_id, vector);
        SELFTEST_CHECK(wait_nonzero(&seen.irqs[cpu]));
        irq_free(cpu, vector);
        /* Nobody's vector is counted and does no harm. */
        uint64_t before = irq_spurious_count();
        lapic_send(percpu_at(cpu)->apic_id, vector);
        struct deadline end = deadline_in_us(PATIENCE_US);
        while (irq_spurious_count() == before && !deadline_passed(end)) {
            cpu_pause();
        }
        SELFTEST_CHECK(irq_spurious_count() == before + 1 && seen.irqs[cpu] == 1);
    }
    /* All taken: the next is refused. The hypervisor itself holds a few (the fault interrupt). */
    uint8_t vectors[0xf0 - 0x30];
    unsigned taken = 0;
    while (taken < sizeof(vectors) && irq_alloc(0, note_irq, NULL, &vectors[taken]) == STATUS_OK) {
        taken++;
    }
    uint8_t none;
    SELFTEST_CHECK(taken >= sizeof(vectors) - 8);
    SELFTEST_CHECK(irq_alloc(0, note_irq, NULL, &none) == STATUS_NO_MEMORY);
    for (unsigned i = 0; i < taken; i++) {
        irq_free(0, vectors[i]);
    }
    return STATUS_OK;
}

/* A CPU that is not there is reported after its time, and nothing else is harmed. Only with room at index 1. */
enum status selftest_smp_absent_cpu(const struct selftest *test)
{
    (void)test;
    const uint32_t ids[] = {percpu_self()->apic_id, 200};
    if (cpu_count() == 1) {
        SELFTEST_CHECK(ap_start_all(ids, 2) == STATUS_TIMEOUT);
        SELFTEST_CHECK(cpu_count() == 1);
    }
    return STATUS_OK;
}

enum status selftest_timer_periodic(const struct selftest *test)
{
    (void)test;
    /* The deadline's handler must not fire: what counts here is the bare interrupt, seen as the end of a HLT. */
    uint64_t flags = cpu_irq_save();
    uint64_t from = time_now_ns();
    lapic_timer_periodic(2000000);
    for (unsigned i = 0; i < 3; i++) {
        cpu_irq_wait();
    }
    lapic_timer_periodic(0);
    uint64_t took = time_now_ns() - from;
    cpu_irq_restore(flags);
    SELFTEST_CHECK(took > 100000 && took < 5000000000);
    return STATUS_OK;
}
