/* SPDX-License-Identifier: GPL-2.0-only
 * edu's MSI (PCI 3.0 6.8.1): raised by a write to its register 0x60 and acknowledged by 0x64, which take no exits. */
#include "tests/bench/guest/device.h"

#include "guest/platform.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"
#include "tests/guest/lib/edu.h"

#define ROUNDS 200
#define VECTOR 0x54
#define TURNS_MAX 10000000
#define MESSAGES_TO_CPU_0 0xfee00000
#define EDU_RAISE 0x60
#define EDU_ACKNOWLEDGE 0x64
#define PCI_CAPABILITIES 0x34
#define PCI_MSI 5
#define MSI_ENABLE 0x10000

static struct edu edu;
static volatile uint32_t hits;
static volatile uint64_t handler_tsc;

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    handler_tsc = cpu_tsc();
    mmio_write32(hpa(edu.base + EDU_ACKNOWLEDGE), 1);
    hits++;
    apic_eoi();
}

static void choose(unsigned offset)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000 | edu.device << 11 | offset);
}

static uint32_t config_read(unsigned offset)
{
    choose(offset);
    return port_read32(PLATFORM_PCI_DATA_PORT);
}

static void config_write(unsigned offset, uint32_t value)
{
    choose(offset);
    port_write32(PLATFORM_PCI_DATA_PORT, value);
}

static bool turn_msi_on(void)
{
    unsigned at = config_read(PCI_CAPABILITIES) & 0xfc;
    while (at != 0 && (config_read(at) & 0xff) != PCI_MSI) {
        at = config_read(at) >> 8 & 0xfc;
    }
    if (at == 0) {
        return false;
    }
    config_write(at + 4, MESSAGES_TO_CPU_0);
    config_write(at + 8, 0);
    config_write(at + 12, VECTOR);
    config_write(at, config_read(at) | MSI_ENABLE);
    return true;
}

/* From the write that raises it to the handler; 0: it did not arrive. */
static uint64_t one_interrupt(void)
{
    uint32_t before = hits;
    uint64_t from = cpu_tsc();
    mmio_write32(hpa(edu.base + EDU_RAISE), 1);
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        if (hits != before) {
            return handler_tsc - from;
        }
    }
    return 0;
}

void device_measure(void)
{
    trap_handle(VECTOR, on_interrupt);
    if (!check(edu_find(&edu) && turn_msi_on(), "there is an edu device with MSI")) {
        return;
    }
    uint64_t sum = 0;
    cpu_irq_enable();
    for (unsigned i = 0; i < ROUNDS && hits == i; i++) {
        sum += one_interrupt();
    }
    cpu_irq_disable();
    check(hits == ROUNDS, "every interrupt arrived once");
    say("bench: device-interrupt=%llu", (unsigned long long)(sum / ROUNDS));
}
