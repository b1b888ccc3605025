/* SPDX-License-Identifier: GPL-2.0-only
 * Physical addresses that are not RAM: APIC registers behave, holes read ones, nothing of the host shows. */
#include "kernel/hw/mmio.h"

#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

static void local_apic(void)
{
    expect(apic_id(), cpu_cpuid(1, 0).ebx >> 24, "LAPIC id agrees with CPUID");
    check((apic_read(LAPIC_VERSION) & 0xf0) == 0x10, "LAPIC version is 1x");
    expect_in(apic_read(LAPIC_VERSION) >> 16 & 0xff, 3, 6, "LAPIC has LVT entries");
    uint32_t version = apic_read(LAPIC_VERSION);
    apic_write(LAPIC_VERSION, 0);
    expect(apic_read(LAPIC_VERSION), version, "LAPIC version is read-only");
    apic_write(LAPIC_TPR, 0x50);
    expect(apic_read(LAPIC_TPR), 0x50, "TPR keeps its value");
    expect(cpu_read_cr8(), 5, "CR8 shows the TPR");
    expect(apic_read(LAPIC_PPR), 0x50, "PPR follows the TPR");
    cpu_write_cr8(3);
    expect(apic_read(LAPIC_TPR), 0x30, "the TPR shows CR8");
    apic_write(LAPIC_TPR, 0);
    apic_write(LAPIC_ICR_HIGH, 0xff000000);
    expect(apic_read(LAPIC_ICR_HIGH), 0xff000000, "ICR destination keeps its value");
    apic_write(LAPIC_LVT_TIMER, APIC_LVT_MASKED | 0x41);
    expect(apic_read(LAPIC_LVT_TIMER), APIC_LVT_MASKED | 0x41, "LVT timer keeps its value");
}

static void io_apic(void)
{
    uint32_t version = ioapic_read(1);
    check((version & 0xff) >= 0x11 && (version & 0xff) <= 0x20, "I/O APIC version");
    expect(version >> 16 & 0xff, 23, "I/O APIC has 24 pins");
    for (unsigned pin = 0; pin < 24; pin++) {
        uint32_t vector = 0x40 + pin;
        ioapic_route(pin, (uint8_t)vector, 0, APIC_LVT_MASKED);
    }
    bool kept = true;
    for (unsigned pin = 0; pin < 24; pin++) {
        kept &= ioapic_read((uint8_t)(0x10 + 2 * pin)) == (APIC_LVT_MASKED | (0x40 + pin));
    }
    check(kept, "24 redirection entries keep their values");
    mmio_write32(hpa(0xfec00000), 0xff);
    (void)mmio_read32(hpa(0xfec00010));
    check(true, "an index past the last entry: still here");
}

/* What the host has there must not show: flash, TPM, HPET, remapping units, the host's own ECAM, the end of memory. */
static void holes(void)
{
    static const uint64_t at[] = {0xfed00000, 0xfed40000, 0xfed90000, 0xfed91000, 0xfec80000, 0xffe00000,
                                  0xfffff000, 0xf0000000, 0xfef00000, 0xfed1c000, 0xfee01000, 0xfeb00000};
    for (size_t i = 0; i < ARRAY_LENGTH(at); i++) {
        expect(mmio_read32(hpa(at[i])), 0xffffffff, "32 bits at 0x%llx read ones", (unsigned long long)at[i]);
        mmio_write32(hpa(at[i]), 0);
        expect(mmio_read32(hpa(at[i])), 0xffffffff, "a write at 0x%llx vanishes", (unsigned long long)at[i]);
    }
    expect(mmio_read8(hpa(at[0] + 3)), 0xff, "a byte of a hole reads ones");
    expect(mmio_read16(hpa(at[0] + 2)), 0xffff, "a word of a hole reads ones");
    expect(mmio_read64(hpa(at[0] + 8)), UINT64_MAX, "8 bytes of a hole read ones");
}

static void firmware_area(void)
{
    static const uint64_t at[] = {0xf0000, 0xffff0, 0xc0000, 0xe0000};
    for (size_t i = 0; i < ARRAY_LENGTH(at); i++) {
        uint32_t old = mmio_read32(hpa(at[i]));
        mmio_write32(hpa(at[i]), ~old);
        uint32_t now = mmio_read32(hpa(at[i]));
        check(now == old || now == ~old, "0x%llx is ROM or RAM", (unsigned long long)at[i]);
        mmio_write32(hpa(at[i]), old);
    }
    const uint8_t *area = (const uint8_t *)(uintptr_t)0xe0000;
    unsigned found = 0;
    for (unsigned i = 0; i < 0x20000; i += 16) {
        found += memcmp(area + i, "RSD PTR ", 8) == 0;
    }
    check(found >= 1, "an ACPI root pointer lies in the firmware area");
}

void guest_main(void)
{
    local_apic();
    io_apic();
    firmware_area();
    if (on_bulkhead()) {
        holes();
    } else {
        skip("holes read ones", "no Bulkhead below");
    }
}
