/* SPDX-License-Identifier: GPL-2.0-only
 * Measuring the TSC. */
#include "kernel/core/tsc_measure.h"

#include "kernel/core/clock.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"

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
#define READINGS 5

struct reading {
    uint32_t reference;
    uint64_t tsc; /* in the middle of reading the reference */
    uint64_t took;
};

static struct reading read_once(uint16_t port)
{
    uint64_t before = cpu_tsc();
    uint32_t reference = port_read32(port);
    uint64_t took = cpu_tsc() - before;
    return (struct reading){.reference = reference, .tsc = before + took / 2, .took = took};
}

static struct reading read_together(uint16_t port)
{
    struct reading best = read_once(port);
    for (unsigned i = 1; i < READINGS; i++) {
        struct reading r = read_once(port);
        best = r.took < best.took ? r : best;
    }
    return best;
}

uint64_t tsc_measure_pm_timer(uint16_t port)
{
    struct reading from = read_together(port);
    for (unsigned look = 0; look < LOOKS_MAX; look++) {
        if (clock_wrapped_difference(from.reference, port_read32(port), PM_TIMER_BITS) >= PM_TIMER_WINDOW) {
            struct reading to = read_together(port);
            uint32_t steps = clock_wrapped_difference(from.reference, to.reference, PM_TIMER_BITS);
            return clock_frequency(to.tsc - from.tsc, steps, CLOCK_PM_TIMER_HZ);
        }
    }
    return 0;
}

/* Its output rises when it has counted down. */
uint64_t tsc_measure_pit(void)
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
