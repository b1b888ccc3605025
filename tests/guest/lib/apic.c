/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt controllers (SDM 3A chapter 11; 82093AA 3.0; 8259A). */
#include "tests/guest/lib/apic.h"

#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/msr.h"
#include "kernel/hw/port.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/trap.h"

#define IOAPIC_BASE UINT64_C(0xfec00000)
#define MSR_APIC_BASE 0x1b
#define MSR_X2APIC_FIRST 0x800u
#define DIVIDE_BY_16 3
#define ICR_PENDING (1 << 12)

static uint32_t counts_per_10_ms;
static volatile bool by_msr;

void apic_use_msrs(bool on)
{
    by_msr = on;
}

uint32_t apic_msr(uint32_t offset)
{
    return MSR_X2APIC_FIRST + offset / 0x10;
}

uint32_t apic_read(uint32_t offset)
{
    return by_msr ? (uint32_t)msr_read(apic_msr(offset)) : mmio_read32(hpa(LAPIC_DEFAULT_BASE + offset));
}

void apic_write(uint32_t offset, uint32_t value)
{
    if (by_msr) {
        msr_write(apic_msr(offset), value);
    } else {
        mmio_write32(hpa(LAPIC_DEFAULT_BASE + offset), value);
    }
}

static void spurious(struct trap_frame *frame)
{
    (void)frame;
}

void apic_init(void)
{
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | LAPIC_BASE_ENABLE);
    trap_handle(APIC_SPURIOUS_VECTOR, spurious);
    apic_write(LAPIC_SVR, LAPIC_SVR_ENABLE | APIC_SPURIOUS_VECTOR);
    apic_write(LAPIC_LVT_TIMER, APIC_LVT_MASKED);
    apic_write(LAPIC_LVT_LINT0, APIC_LVT_MASKED);
    apic_write(LAPIC_LVT_LINT1, APIC_LVT_MASKED);
    apic_write(LAPIC_LVT_ERROR, APIC_LVT_MASKED);
    apic_write(LAPIC_TPR, 0);
    if (!by_msr) {
        apic_write(LAPIC_DFR, UINT32_MAX);
        apic_write(LAPIC_LDR, 1u << (24 + (apic_id() & 7)));
    }
}

uint32_t apic_id(void)
{
    return by_msr ? apic_read(LAPIC_ID) : apic_read(LAPIC_ID) >> 24;
}

void apic_eoi(void)
{
    apic_write(LAPIC_EOI, 0);
}

bool apic_vector_bit(uint32_t offset, uint8_t vector)
{
    return (apic_read(offset + (uint32_t)(vector / 32) * 16) >> (vector % 32) & 1) != 0;
}

void apic_ipi(uint32_t destination, uint32_t icr_low)
{
    if (by_msr) {
        msr_write(apic_msr(LAPIC_ICR_LOW), (uint64_t)destination << 32 | icr_low);
        return;
    }
    apic_write(LAPIC_ICR_HIGH, destination << 24);
    apic_write(LAPIC_ICR_LOW, icr_low);
    for (unsigned i = 0; i < 100000 && (apic_read(LAPIC_ICR_LOW) & ICR_PENDING) != 0; i++) {
        cpu_pause();
    }
}

void apic_timer(uint8_t vector, uint32_t mode, uint32_t count)
{
    apic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
    apic_write(LAPIC_LVT_TIMER, mode | vector);
    apic_write(LAPIC_TIMER_INITIAL, count);
}

/* Both clocks are read together at either end, so that time lost to a busy host falls out; the shortest gap counts. */
static void calibrate(void)
{
    uint64_t shortest = UINT64_MAX;
    for (unsigned i = 0; i < 5; i++) {
        apic_timer(0, APIC_LVT_MASKED, UINT32_MAX);
        uint64_t start = machine_ticks();
        uint32_t first = apic_read(LAPIC_TIMER_CURRENT);
        machine_wait_us(3000);
        uint32_t last = apic_read(LAPIC_TIMER_CURRENT);
        uint64_t ticks = machine_ticks() - start;
        if (ticks < shortest) {
            shortest = ticks;
            counts_per_10_ms = (uint32_t)((uint64_t)(first - last) * (PM_TIMER_HZ / 100) / ticks);
        }
    }
    apic_write(LAPIC_TIMER_INITIAL, 0);
}

uint32_t apic_timer_counts(uint64_t us)
{
    if (counts_per_10_ms == 0) {
        calibrate();
    }
    return (uint32_t)(counts_per_10_ms * us / 10000) + 1;
}

uint32_t ioapic_read(uint8_t index)
{
    mmio_write32(hpa(IOAPIC_BASE), index);
    return mmio_read32(hpa(IOAPIC_BASE + 0x10));
}

void ioapic_write(uint8_t index, uint32_t value)
{
    mmio_write32(hpa(IOAPIC_BASE), index);
    mmio_write32(hpa(IOAPIC_BASE + 0x10), value);
}

void ioapic_route(unsigned pin, uint8_t vector, uint32_t destination, uint32_t flags)
{
    ioapic_write((uint8_t)(0x10 + 2 * pin), APIC_LVT_MASKED);
    ioapic_write((uint8_t)(0x11 + 2 * pin), destination << 24);
    ioapic_write((uint8_t)(0x10 + 2 * pin), vector | flags);
}

void pic_init(uint8_t first, uint8_t master_mask, uint8_t slave_mask)
{
    static const uint16_t ports[] = {0x20, 0xa0};
    for (unsigned i = 0; i < 2; i++) {
        port_write8(ports[i], 0x11);
        port_write8(ports[i] + 1, (uint8_t)(first + 8 * i));
        port_write8(ports[i] + 1, i == 0 ? 4 : 2);
        port_write8(ports[i] + 1, 1);
        port_write8(ports[i] + 1, i == 0 ? master_mask : slave_mask);
    }
}
