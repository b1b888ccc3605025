/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt stress of the SVM backend: timers, IPIs and device interrupts while a guest on every CPU exits all the
 * time; is anything lost? Linked in the place of kernel/selftest.c. */
#include "kernel/core/cmdline.h"
#include "kernel/core/irq.h"
#include "kernel/core/log.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/string.h"
#include "kernel/selftest.h"
#include "svm/svm.h"
#include "tests/stress/guest.h"
#include "tests/stress/load.h"
#include "tests/stress/msi.h"
#include "tests/stress/stress.h"

#define DRAIN_US 3000000

struct stress stress;

static struct {
    struct vcpu vcpus[CPU_MAX];
    struct radix nested[CPU_MAX];
    unsigned ready, done;
    bool failed;
} run;

static bool option_on(const char *cmdline, const char *name, bool otherwise)
{
    char text[8];
    return cmdline_value(cmdline, name, text, sizeof(text)) ? strcmp(text, "on") == 0 : otherwise;
}

static uint64_t option_number(const char *cmdline, const char *name, uint64_t otherwise)
{
    uint64_t n;
    return cmdline_number(cmdline, name, &n) ? n : otherwise;
}

static void read_options(const char *cmdline)
{
    stress.options = (struct stress_options){
        .seconds = option_number(cmdline, "stress-seconds", 20),
        .cpus = cpu_count(),
        .repair = option_on(cmdline, "stress-repair", true),
        .soft = option_on(cmdline, "stress-soft", true),
        .tick = option_on(cmdline, "stress-tick", true),
        .window = option_on(cmdline, "stress-window", true),
        .ipi = option_on(cmdline, "stress-ipi", true),
        .msi = option_on(cmdline, "stress-msi", true),
        .timer = option_on(cmdline, "stress-timer", true),
        .detect = option_on(cmdline, "stress-detect", true),
        .spin = option_number(cmdline, "stress-spin", 0),
    };
}

static enum status prepare(void)
{
    unsigned cpu = cpu_index();
    stress_self()->random = 12345 + 7919 * cpu;
    enum status status = svm_backend.cpu_enable(cpu);
    return status == STATUS_OK ? guest_init(&run.vcpus[cpu], &run.nested[cpu]) : status;
}

/* On every CPU: make the guest, wait for the others, run it. */
static void one_cpu(void *argument)
{
    (void)argument;
    if (prepare() != STATUS_OK) {
        __atomic_store_n(&run.failed, true, __ATOMIC_RELEASE);
    }
    __atomic_fetch_add(&run.ready, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&run.ready, __ATOMIC_ACQUIRE) < stress.options.cpus) {
        cpu_pause();
    }
    if (!__atomic_load_n(&run.failed, __ATOMIC_ACQUIRE)) {
        load_start();
        guest_run(&run.vcpus[cpu_index()]);
        timer_set_handler(cpu_index(), NULL, NULL);
        timer_set_deadline(TIMER_NEVER);
    }
    __atomic_fetch_add(&run.done, 1, __ATOMIC_ACQ_REL);
}

static bool all_arrived(void)
{
    return load_ipis_sent() == load_ipis_received() && msi_load_sent() == msi_load_received() &&
           __atomic_load_n(&run.done, __ATOMIC_ACQUIRE) == stress.options.cpus;
}

static void drain(void)
{
    struct deadline end = deadline_in_us(DRAIN_US);
    msi_load_stop();
    while (!all_arrived() && !deadline_passed(end)) {
        cpu_pause();
    }
}

/* Sums over all CPUs. */
struct totals {
    uint64_t exits, timer, lost, unseen, stalls, injected, windows, guest;
};

static struct totals add_up(void)
{
    struct totals t = {0};
    for (unsigned cpu = 0; cpu < stress.options.cpus; cpu++) {
        const struct stress_cpu *c = &stress.cpus[cpu];
        t.exits += c->exits;
        t.timer += c->timer_fired;
        t.lost += c->lost;
        t.unseen += c->unseen;
        t.stalls += c->stalls;
        /* The last one may still wait for its entry. */
        t.injected += c->injected - (run.vcpus[cpu].event.kind != VCPU_EVENT_NONE ? 1 : 0);
        t.windows += c->windows;
        t.guest += guest_interrupts(&run.vcpus[cpu]);
    }
    return t;
}

static const char *on_off(bool on)
{
    return on ? "on" : "off";
}

static bool report(void)
{
    struct totals t = add_up();
    bool arrived = all_arrived();
    bool good =
        arrived && t.lost == 0 && t.stalls == 0 && t.injected == t.guest && t.exits > 0 && irq_spurious_count() == 0;
    log_info("stress: result=%s quirk=%s repair=%s soft=%s tick=%s seconds=%llu cpus=%u exits=%llu timer=%llu "
             "ipi=%llu/%llu "
             "msi=%llu/%llu",
             good ? "pass" : "fail", svm_quirk_name(), on_off(stress.options.repair), on_off(stress.options.soft),
             on_off(stress.options.tick), (unsigned long long)stress.options.seconds, stress.options.cpus,
             (unsigned long long)t.exits, (unsigned long long)t.timer, (unsigned long long)load_ipis_received(),
             (unsigned long long)load_ipis_sent(), (unsigned long long)msi_load_received(),
             (unsigned long long)msi_load_sent());
    log_info("stress: lost=%llu stalls=%llu unseen=%llu injected=%llu guest=%llu windows=%llu spurious=%llu",
             (unsigned long long)t.lost, (unsigned long long)t.stalls, (unsigned long long)t.unseen,
             (unsigned long long)t.injected, (unsigned long long)t.guest, (unsigned long long)t.windows,
             (unsigned long long)irq_spurious_count());
    return good;
}

static enum status set_up(const struct selftest *test)
{
    read_options(test->cmdline);
    const char *why_not = svm_backend.refuse();
    if (why_not != NULL) {
        log_error("stress: %s", why_not);
        return STATUS_UNSUPPORTED;
    }
    svm_work_without((struct svm_quirks){
        .rewrite_cr8 = !stress.options.repair,
        .software_injection = !stress.options.soft,
        .backup_tick_us = !stress.options.tick,
    });
    enum status status = load_init();
    if (status == STATUS_OK && stress.options.msi) {
        status = msi_load_init(test);
    }
    return status;
}

enum status selftest_run(const struct selftest *test)
{
    enum status status = set_up(test);
    if (status != STATUS_OK) {
        return status;
    }
    stress.end_ns = time_now_ns() + stress.options.seconds * UINT64_C(1000000000);
    for (unsigned cpu = 1; cpu < stress.options.cpus; cpu++) {
        smp_start_work(cpu, one_cpu, NULL);
    }
    if (stress.options.msi) {
        msi_load_start();
    }
    one_cpu(NULL);
    drain();
    return report() ? STATUS_OK : STATUS_HARDWARE;
}

bool selftest_console_port(const char *cmdline, size_t guest, struct virtio_console_port *port)
{
    (void)cmdline;
    (void)guest;
    (void)port;
    return false;
}

void selftest_guests_made(const struct selftest_guests *made)
{
    (void)made;
}
