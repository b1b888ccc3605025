/* SPDX-License-Identifier: GPL-2.0-only
 * A remapped interrupt through the I/O APIC: the PIT's, which every PC has. */
#include "kernel/core/irq.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"
#include "tests/selftest/cases.h"
#include "vtd/irte.h"
#include "vtd/remap.h"
#include "vtd/scope.h"

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

/* ISA interrupt 0, through the MADT's override. */
static uint32_t pit_gsi(const struct machine *m)
{
    for (size_t i = 0; i < m->madt.override_count; i++) {
        if (m->madt.overrides[i].irq == 0) {
            return m->madt.overrides[i].gsi;
        }
    }
    return 0;
}

static struct ioapic *find_ioapic(struct isolate *iso, uint32_t gsi)
{
    for (size_t i = 0; i < iso->ioapic_count; i++) {
        struct ioapic *io = &iso->ioapics[i];
        if (gsi >= io->gsi_base && gsi - io->gsi_base < io->pins) {
            return io;
        }
    }
    return NULL;
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
    struct scope_bus_view view = machine_bus_view(test->machine);
    uint32_t gsi = pit_gsi(test->machine);
    struct ioapic *io = find_ioapic(test->isolate, gsi);
    SELFTEST_CHECK(io != NULL);
    size_t index = 0;
    struct sbdf source;
    SELFTEST_CHECK(scope_unit_of_id(&test->machine->dmar, &view, DMAR_SCOPE_IOAPIC, io->id, &index, &source) ==
                   STATUS_OK);
    struct vtd_unit *unit = &test->isolate->vtd.units[test->isolate->vtd_index[index]];
    unsigned cpu = cpu_count() > 1 ? 1 : 0;
    struct vtd_irte_target target = {.apic_id = percpu_at(cpu)->apic_id};
    uint16_t handle = 0;
    SELFTEST_CHECK(irq_alloc(cpu, tick, NULL, &target.vector) == STATUS_OK);
    SELFTEST_CHECK(vtd_irq_alloc(unit, vtd_irte_source_function(sbdf_rid(source)), target, &handle) == STATUS_OK);
    struct vtd_ioapic_pin pin = {.vector = target.vector};
    ioapic_write(io, gsi - io->gsi_base, vtd_ioapic_compose(handle, pin));
    bool came = ticks_come();
    pin.masked = true;
    ioapic_write(io, gsi - io->gsi_base, vtd_ioapic_compose(handle, pin));
    port_write8(PIT_COMMAND, PIT_ONE_SHOT);
    SELFTEST_CHECK(came);
    SELFTEST_CHECK(pit.cpu == cpu);
    log_info("selftest: ioapic id=%u gsi=%u handle=%u arrived remapped on cpu=%u vector=0x%x", io->id, gsi, handle, cpu,
             target.vector);
    SELFTEST_CHECK(vtd_irq_free(unit, handle, 1) == STATUS_OK);
    irq_free(cpu, target.vector);
    return STATUS_OK;
}
