/* SPDX-License-Identifier: GPL-2.0-only
 * Deadlines on the LAPIC timer: one-shot, or repeating where an interrupt may get lost. */
#include "kernel/core/timer.h"

#include "kernel/core/clock.h"
#include "kernel/core/lapic.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"

#define CALIBRATION_US 10000
#define MEASURES_MOST 4
#define SURE_NS (CALIBRATION_US * 1000 / 200)
#define LONGEST_NS UINT64_C(1000000000) /* then look again: the counter has 32 bits */
#define SHORTEST_BACKUP_NS 100000       /* repeating faster would leave time for nothing else */

struct timer_cpu {
    uint64_t deadline_ns; /* 0 is TIMER_NEVER too: zeroed memory has no deadline */
    uint64_t alarm_ns;    /* likewise */
    timer_handler *alarm;
    void *alarm_context;
    uint64_t backup_ns; /* longest time between interrupts, 0: no limit */
    timer_handler *handler;
    void *context;
} CPU_ALIGNED;

static struct {
    struct timer_cpu cpus[CPU_MAX];
    uint64_t hz;
} timer;

struct measure {
    uint32_t ticks;
    uint64_t ns;
    uint64_t unsure_ns; /* what the ends of the time took: an SMI, or an emulator's host, may come in there */
};

static struct measure measure_once(void)
{
    uint64_t before = time_now_ns();
    lapic_timer_once(UINT32_MAX);
    uint64_t from = time_now_ns();
    time_wait_us(CALIBRATION_US);
    uint64_t to = time_now_ns();
    uint32_t left = lapic_timer_left();
    uint64_t after = time_now_ns();
    return (struct measure){.ticks = UINT32_MAX - left, .ns = to - from, .unsure_ns = from - before + after - to};
}

/* The surest of a few; mostly the first is sure enough. */
static struct measure measure(void)
{
    struct measure best = measure_once();
    for (unsigned i = 1; i < MEASURES_MOST && best.unsure_ns > SURE_NS; i++) {
        struct measure m = measure_once();
        best = m.unsure_ns < best.unsure_ns ? m : best;
    }
    return best;
}

enum status timer_calibrate(void)
{
    uint64_t flags = cpu_irq_save();
    struct measure m = measure();
    lapic_timer_once(0);
    cpu_irq_restore(flags);
    timer.hz = clock_frequency(m.ticks, m.ns, UINT64_C(1000000000));
    if (m.ticks == UINT32_MAX || timer.hz < 1000000) {
        log_error("timer: the local APIC timer does not count");
        return STATUS_HARDWARE;
    }
    log_info("timer: local APIC timer runs at %llu kHz", (unsigned long long)(timer.hz / 1000));
    return STATUS_OK;
}

void timer_set_handler(unsigned cpu, timer_handler *handler, void *context)
{
    bulkhead_assert(cpu < CPU_MAX);
    struct timer_cpu *t = &timer.cpus[cpu];
    __atomic_store_n(&t->handler, NULL, __ATOMIC_SEQ_CST);
    t->context = context;
    __atomic_store_n(&t->handler, handler, __ATOMIC_RELEASE);
}

static uint32_t ticks_in(uint64_t ns)
{
    uint64_t ticks = clock_ticks(timer.hz, ns);
    ticks = ticks < 1 ? 1 : ticks;
    return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

/* Repeat instead of counting once: when the interrupt is lost, the next one is on its way already. */
static void arm_backup(const struct timer_cpu *t, uint64_t wait)
{
    wait = wait < t->backup_ns ? wait : t->backup_ns;
    lapic_timer_periodic(ticks_in(wait > SHORTEST_BACKUP_NS ? wait : SHORTEST_BACKUP_NS));
}

/* The earlier of deadline and alarm; 0: neither. */
static uint64_t next_of(const struct timer_cpu *t)
{
    if (t->deadline_ns == 0 || t->alarm_ns == 0) {
        return t->deadline_ns | t->alarm_ns;
    }
    return t->deadline_ns < t->alarm_ns ? t->deadline_ns : t->alarm_ns;
}

/* Count to what is next, or as far as the counter is trusted to. */
static void arm(const struct timer_cpu *t)
{
    uint64_t now = time_now_ns();
    uint64_t next = next_of(t);
    uint64_t wait = next > now ? next - now : 0;
    wait = next == 0 || wait > LONGEST_NS ? LONGEST_NS : wait;
    if (t->backup_ns != 0) {
        arm_backup(t, wait);
    } else {
        lapic_timer_once(next == 0 ? 0 : ticks_in(wait));
    }
}

void timer_set_deadline(uint64_t ns)
{
    uint64_t flags = cpu_irq_save();
    struct timer_cpu *t = &timer.cpus[cpu_index()];
    t->deadline_ns = ns == TIMER_NEVER ? 0 : (ns != 0 ? ns : 1);
    arm(t);
    cpu_irq_restore(flags);
}

void timer_set_alarm(uint64_t ns, timer_handler *handler, void *context)
{
    uint64_t flags = cpu_irq_save();
    struct timer_cpu *t = &timer.cpus[cpu_index()];
    t->alarm = handler;
    t->alarm_context = context;
    t->alarm_ns = ns == TIMER_NEVER ? 0 : (ns != 0 ? ns : 1);
    arm(t);
    cpu_irq_restore(flags);
}

void timer_set_backup(uint64_t ns)
{
    uint64_t flags = cpu_irq_save();
    struct timer_cpu *t = &timer.cpus[cpu_index()];
    t->backup_ns = ns;
    arm(t);
    cpu_irq_restore(flags);
}

uint64_t timer_deadline(void)
{
    uint64_t deadline = timer.cpus[cpu_index()].deadline_ns;
    return deadline != 0 ? deadline : TIMER_NEVER;
}

/* Take the time out of *ns when it has passed. */
static bool take_due(uint64_t *ns, uint64_t now)
{
    bool due = *ns != 0 && now >= *ns;
    *ns = due ? 0 : *ns;
    return due;
}

/* Neither is due: cancelled while it was on its way, or a backup tick. With a backup the tick becomes slow again when
 * nothing is left. */
void timer_interrupt(void)
{
    struct timer_cpu *t = &timer.cpus[cpu_index()];
    uint64_t now = time_now_ns();
    bool rings = take_due(&t->alarm_ns, now);
    bool due = take_due(&t->deadline_ns, now);
    if (next_of(t) != 0 || ((rings || due) && t->backup_ns != 0)) {
        arm(t);
    }
    if (rings) {
        t->alarm(t->alarm_context);
    }
    timer_handler *handler = __atomic_load_n(&t->handler, __ATOMIC_ACQUIRE);
    if (due && handler != NULL) {
        handler(t->context);
    }
}
