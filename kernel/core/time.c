/* SPDX-License-Identifier: GPL-2.0-only
 * Time from the TSC, measured once against the ACPI PM timer (ACPI 6.5 4.8.3.3) or the 8254 PIT. */
#include "kernel/core/time.h"

#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/core/time_calibrate.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"
#include "kernel/lib/bits.h"

enum {
    PM_TIMER_BITS = 24, /* some have 32; the low 24 always count */
    PM_TIMER_WINDOW = CLOCK_PM_TIMER_HZ / 50,
    PIT_WINDOW = CLOCK_PIT_HZ / 50,

    PIT_CHANNEL2 = 0x42,
    PIT_CONTROL = 0x43,
    PIT_CHANNEL2_ONE_SHOT = 0xb0, /* channel 2, low byte then high byte, mode 0, binary */
    PIT_GATE_PORT = 0x61,         /* bit 0: gate of channel 2, bit 1: speaker, bit 5: output of channel 2 */
    PIT_GATE = 1 << 0,
    PIT_SPEAKER = 1 << 1,
    PIT_OUTPUT = 1 << 5,
};

/* A reference that does not move is given up after this many looks. A look costs 100 ns at the very least, mostly a
 * microsecond; the window is 20 ms. */
#define LOOKS_MAX 4000000
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

/* TSC frequency by the PM timer, 0 when that does not count. */
static uint64_t measure_pm_timer(uint16_t port)
{
    uint32_t from = port_read32(port);
    uint64_t tsc_from = cpu_tsc();
    for (unsigned look = 0; look < LOOKS_MAX; look++) {
        uint32_t steps = clock_wrapped_difference(from, port_read32(port), PM_TIMER_BITS);
        if (steps >= PM_TIMER_WINDOW) {
            return clock_frequency(cpu_tsc() - tsc_from, steps, CLOCK_PM_TIMER_HZ);
        }
    }
    return 0;
}

/* TSC frequency by PIT channel 2, whose output rises when it has counted down; 0 when it never does. */
static uint64_t measure_pit(void)
{
    uint8_t gate = port_read8(PIT_GATE_PORT);
    port_write8(PIT_GATE_PORT, (uint8_t)((gate & ~(PIT_SPEAKER | PIT_GATE)) | PIT_GATE));
    port_write8(PIT_CONTROL, PIT_CHANNEL2_ONE_SHOT);
    port_write8(PIT_CHANNEL2, PIT_WINDOW & 0xff);
    port_write8(PIT_CHANNEL2, PIT_WINDOW >> 8);
    uint64_t from = cpu_tsc();
    uint64_t hz = 0;
    for (unsigned look = 0; look < LOOKS_MAX && hz == 0; look++) {
        if ((port_read8(PIT_GATE_PORT) & PIT_OUTPUT) != 0) {
            hz = clock_frequency(cpu_tsc() - from, PIT_WINDOW, CLOCK_PIT_HZ);
        }
    }
    port_write8(PIT_GATE_PORT, gate);
    return hz;
}

enum status time_calibrate(uint16_t pm_timer_port)
{
    const char *reference = "ACPI PM timer";
    uint64_t from = cpu_tsc();
    uint64_t hz = pm_timer_port != 0 ? measure_pm_timer(pm_timer_port) : 0;
    if (hz == 0) {
        reference = "PIT";
        hz = measure_pit();
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
