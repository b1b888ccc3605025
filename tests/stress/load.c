/* SPDX-License-Identifier: GPL-2.0-only
 * Timers and IPIs. */
#include "tests/stress/load.h"

#include "kernel/core/irq.h"
#include "kernel/core/lapic.h"
#include "kernel/core/log.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "tests/stress/stress.h"

enum {
    TIMER_SHORTEST_US = 20,
    TIMER_SPREAD_US = 400,
    STALL_MS = 2000,
    UNSEEN_ROUNDS = 3,
    LAPIC_IRR = 0x200, /* eight registers, 16 bytes apart (SDM 3A 11.8.4) */
    WATCH_EXITS = 64,
    DETECT_US = 2000,
    DETECT_ROUNDS = 200, /* at least: we may not have run for all that time */
};

#define NOT_SENT UINT64_MAX
#define LAPIC_BASE UINT64_C(0xfee00000)

/* IPIs from one CPU to another: never two under way, because a LAPIC keeps only one request a vector. */
struct lane {
    uint64_t sent, received;
    uint64_t progress; /* of the receiver's guest just after the last one was sent; NOT_SENT while it is */
    uint8_t vector;
};

static struct {
    struct lane lanes[CPU_MAX][CPU_MAX]; /* from, to */
} load;

static void ipi_arrived(void *context)
{
    struct lane *lane = context;
    stress_self()->interrupts++;
    __atomic_fetch_add(&lane->received, 1, __ATOMIC_RELEASE);
}

enum status load_init(void)
{
    for (unsigned from = 0; from < stress.options.cpus; from++) {
        for (unsigned to = 0; to < stress.options.cpus; to++) {
            struct lane *lane = &load.lanes[from][to];
            enum status status = irq_alloc(to, ipi_arrived, lane, &lane->vector);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

static void arm_timer(void)
{
    timer_set_deadline(time_now_ns() + 1000 * (TIMER_SHORTEST_US + stress_random(TIMER_SPREAD_US)));
}

static void timer_fired(void *context)
{
    (void)context;
    struct stress_cpu *self = stress_self();
    self->interrupts++;
    self->timer_fired++;
    __atomic_store_n(&self->timer_last_ns, time_now_ns(), __ATOMIC_RELAXED);
    self->pending = true;
    arm_timer();
}

void load_start(void)
{
    struct stress_cpu *self = stress_self();
    __atomic_store_n(&self->timer_last_ns, time_now_ns(), __ATOMIC_RELAXED);
    timer_set_handler(cpu_index(), timer_fired, NULL);
    if (stress.options.timer) {
        arm_timer();
    }
}

static uint64_t progress_of(unsigned cpu)
{
    const uint32_t *progress = stress.cpus[cpu].progress;
    return __atomic_load_n(progress, __ATOMIC_SEQ_CST);
}

void load_step(void)
{
    if (!stress.options.ipi || stress_random(2) != 0) {
        return;
    }
    unsigned to = stress_random(stress.options.cpus);
    struct lane *lane = &load.lanes[cpu_index()][to];
    if (__atomic_load_n(&lane->received, __ATOMIC_ACQUIRE) != lane->sent) {
        return;
    }
    __atomic_store_n(&lane->progress, NOT_SENT, __ATOMIC_SEQ_CST);
    __atomic_store_n(&lane->sent, lane->sent + 1, __ATOMIC_SEQ_CST);
    lapic_send(percpu_at(to)->apic_id, lane->vector);
    __atomic_store_n(&lane->progress, progress_of(to), __ATOMIC_SEQ_CST);
}

void load_detect_unseen(void)
{
    unsigned to = cpu_index();
    uint64_t now = progress_of(to);
    for (unsigned from = 0; from < stress.options.cpus; from++) {
        const struct lane *lane = &load.lanes[from][to];
        uint64_t then = __atomic_load_n(&lane->progress, __ATOMIC_SEQ_CST);
        uint64_t sent = __atomic_load_n(&lane->sent, __ATOMIC_SEQ_CST);
        if (then != NOT_SENT && sent != lane->received && now - then >= UNSEEN_ROUNDS) {
            stress_self()->unseen++;
        }
    }
}

static uint32_t irr_word(unsigned i)
{
    return mmio_read32(hpa(LAPIC_BASE + LAPIC_IRR + 16 * i));
}

static void let_interrupts_in(void)
{
    for (unsigned i = 0; i < 4; i++) {
        cpu_irq_serve();
    }
}

/* Reading the LAPIC takes the lock under which an emulator's device posts a request, both halves of it: what stands
 * in IRR has been announced to the CPU. If the CPU then takes interrupts for a while, none of ours arrives and the
 * request is still there, the announcement is gone. (A while: a timer that fires early is armed again, uncounted.) */
static bool is_lost(unsigned word, uint32_t bits)
{
    const struct stress_cpu *self = stress_self();
    uint64_t handled = self->interrupts;
    struct deadline end = deadline_in_us(DETECT_US);
    for (unsigned round = 0; round < DETECT_ROUNDS || !deadline_passed(end); round++) {
        let_interrupts_in();
        if (self->interrupts != handled || (irr_word(word) & bits) == 0) {
            return false;
        }
    }
    return true;
}

void load_detect(void)
{
    static const uint8_t words[] = {1, 2, 7}; /* where our vectors are: 0x30.. and the timer's */
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        uint32_t bits = irr_word(words[i]);
        if (bits != 0 && is_lost(words[i], bits)) {
            stress_self()->lost++;
            cpu_write_cr8(cpu_read_cr8());
            let_interrupts_in();
        }
    }
}

void load_watch(void)
{
    if (!stress.options.timer || stress_self()->exits % WATCH_EXITS != 0) {
        return;
    }
    for (unsigned cpu = 0; cpu < stress.options.cpus; cpu++) {
        struct stress_cpu *other = &stress.cpus[cpu];
        uint64_t last = __atomic_load_n(&other->timer_last_ns, __ATOMIC_RELAXED);
        uint64_t now = time_now_ns();
        if (last != 0 && now > last && now - last > STALL_MS * UINT64_C(1000000) &&
            __atomic_compare_exchange_n(&other->timer_last_ns, &last, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            __atomic_fetch_add(&other->stalls, 1, __ATOMIC_RELAXED);
            log_warn("stress: CPU %u heard no timer for %u ms", cpu, STALL_MS);
            smp_kick(cpu);
        }
    }
}

static uint64_t sum(bool sent)
{
    uint64_t total = 0;
    for (unsigned from = 0; from < stress.options.cpus; from++) {
        for (unsigned to = 0; to < stress.options.cpus; to++) {
            const struct lane *lane = &load.lanes[from][to];
            total += sent ? lane->sent : __atomic_load_n(&lane->received, __ATOMIC_ACQUIRE);
        }
    }
    return total;
}

uint64_t load_ipis_sent(void)
{
    return sum(true);
}

uint64_t load_ipis_received(void)
{
    return sum(false);
}
