/* SPDX-License-Identifier: GPL-2.0-only
 * Time from the TSC, measured once (tsc_measure.h). */
#include "kernel/core/time.h"

#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/core/time_calibrate.h"
#include "kernel/core/tsc_measure.h"
#include "kernel/hw/cpu.h"

/* Emulated TSCs are as slow as 10 MHz, no real one is as fast as 20 GHz. */
#define TSC_HZ_MIN UINT64_C(1000000)
#define TSC_HZ_MAX UINT64_C(20000000000)

static struct {
    struct clock clock;
    uint64_t tsc_hz;
    uint64_t waited_us;
} timekeeper = {.clock = {.multiplier = UINT64_C(1) << 32}};

void time_init(void)
{
    timekeeper.clock = clock_make(UINT64_C(1000000000), cpu_tsc(), 0);
}

uint64_t time_now_ns(void)
{
    return clock_ns(&timekeeper.clock, cpu_tsc());
}

uint64_t time_tsc_hz(void)
{
    return timekeeper.tsc_hz;
}

void time_wait_us(uint64_t us)
{
    struct deadline end = deadline_in_us(us);
    while (!deadline_passed(end)) {
        cpu_pause();
    }
    __atomic_fetch_add(&timekeeper.waited_us, us, __ATOMIC_RELAXED);
}

uint64_t time_waited_us(void)
{
    return __atomic_load_n(&timekeeper.waited_us, __ATOMIC_RELAXED);
}

enum status time_calibrate(uint16_t pm_timer_port)
{
    const char *reference = "ACPI PM timer";
    uint64_t from = cpu_tsc();
    uint64_t hz = pm_timer_port != 0 ? tsc_measure_pm_timer(pm_timer_port) : 0;
    if (hz == 0) {
        reference = "PIT";
        hz = tsc_measure_pit();
    }
    if (hz < TSC_HZ_MIN || hz > TSC_HZ_MAX) {
        log_error("time: neither the ACPI PM timer nor the PIT counts; the TSC cannot be calibrated");
        return STATUS_HARDWARE;
    }
    timekeeper.clock = clock_change(&timekeeper.clock, hz, cpu_tsc());
    timekeeper.tsc_hz = hz;
    /* Looking at another clock for a while is a wait like any other. */
    __atomic_fetch_add(&timekeeper.waited_us, (cpu_tsc() - from) * 1000000 / hz, __ATOMIC_RELAXED);
    log_info("time: TSC runs at %llu kHz, measured by the %s", (unsigned long long)(hz / 1000), reference);
    return STATUS_OK;
}
