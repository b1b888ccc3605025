/* SPDX-License-Identifier: GPL-2.0-only
 * A remapped interrupt through the I/O APIC: the PIT's, which every PC has. */
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/gsi.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"
#include "tests/selftest/cases.h"

#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND 0x43
#define PIT_RATE_GENERATOR 0x34 /* channel 0, low then high byte, mode 2 */
#define PIT_DIVISOR 11932       /* 100 Hz */
#define PIT_ONE_SHOT 0x30       /* channel 0, mode 0 */
#define TICKS 5u
#define PATIENCE_US 3000000

static struct {
    uint64_t ticks;
    unsigned cpu;
} pit;

static void tick(void *context)
{
    (void)context;
    pit.cpu = cpu_index();
    __atomic_fetch_add(&pit.ticks, 1, __ATOMIC_RELEASE);
}

static bool ticks_come(void)
{
    struct deadline deadline = deadline_in_us(PATIENCE_US);
    port_write8(PIT_COMMAND, PIT_RATE_GENERATOR);
    port_write8(PIT_CHANNEL_0, PIT_DIVISOR & 0xff);
    port_write8(PIT_CHANNEL_0, PIT_DIVISOR >> 8);
    while (__atomic_load_n(&pit.ticks, __ATOMIC_ACQUIRE) < TICKS) {
        if (deadline_passed(deadline)) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

enum status selftest_irq_ioapic(const struct selftest *test)
{
    struct vtd_line line;
    unsigned cpu = cpu_count() > 1 ? 1 : 0;
    uint32_t number = gsi_of_isa(test->machine, 0);
    struct vtd_line_place place = gsi_place(test->isolate, test->machine, number);
    SELFTEST_CHECK(vtd_line_route(&line, &place, VTD_LINE_EDGE, cpu, percpu_at(cpu)->apic_id, tick, NULL) == STATUS_OK);
    bool came = ticks_come();
    SELFTEST_CHECK(vtd_line_release(&line) == STATUS_OK);
    port_write8(PIT_COMMAND, PIT_ONE_SHOT);
    SELFTEST_CHECK(came);
    SELFTEST_CHECK(pit.cpu == cpu);
    log_info("selftest: ioapic id=%u gsi=%u handle=%u arrived remapped on cpu=%u vector=0x%x", line.place.io->id,
             number, line.handle, cpu, line.vector);
    return STATUS_OK;
}
