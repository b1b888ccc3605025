/* SPDX-License-Identifier: GPL-2.0-only
 * edu (QEMU docs/specs/edu: registers 0x08 factorial, 0x20 status, 0x60 raise, 0x64 acknowledge). */
#include "tests/stress/edu.h"

#include "kernel/core/irq.h"
#include "kernel/core/mmio_map.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/bits.h"
#include "tests/stress/stress.h"

enum {
    EDU_ID = 0x11e81234,
    EDU_FACTORIAL = 0x08,
    EDU_STATUS = 0x20,
    EDU_INTERRUPT_STATUS = 0x24,
    EDU_ACKNOWLEDGE = 0x64,
    STATUS_INTERRUPT = 0x80, /* interrupt when the factorial is done */
    CONFIG_ADDRESS = 0xcf8,
    CONFIG_DATA = 0xcfc,
    PCI_COMMAND = 0x04,
    COMMAND_MEMORY_MASTER = 0x06,
    PCI_BAR0 = 0x10,
    PCI_CAPABILITIES = 0x34,
    CAPABILITY_MSI = 0x05,
    CAPABILITIES_MAX = 48,
};

static struct {
    unsigned device;
    unsigned msi; /* offset of the capability */
    struct hpa bar;
    uint8_t vectors[CPU_MAX];
    uint64_t sent, received;
    bool running;
} edu;

static uint32_t config_read(unsigned device, unsigned offset)
{
    port_write32(CONFIG_ADDRESS, (uint32_t)(BIT32(31) | device << 11 | (offset & ~3u)));
    return port_read32(CONFIG_DATA);
}

static void config_write(unsigned device, unsigned offset, uint32_t value)
{
    port_write32(CONFIG_ADDRESS, (uint32_t)(BIT32(31) | device << 11 | (offset & ~3u)));
    port_write32(CONFIG_DATA, value);
}

/* Where and with which vector the next MSI arrives (SDM 3A 11.11); edu's MSI has a 64-bit address. */
static void aim(unsigned cpu)
{
    config_write(edu.device, edu.msi + 4, 0xfee00000u | percpu_at(cpu)->apic_id << 12);
    config_write(edu.device, edu.msi + 8, 0);
    config_write(edu.device, edu.msi + 12, edu.vectors[cpu]);
}

static void ask(void)
{
    aim((unsigned)(edu.sent % stress.options.cpus));
    __atomic_store_n(&edu.sent, edu.sent + 1, __ATOMIC_RELEASE);
    mmio_write32(hpa_add(edu.bar, EDU_FACTORIAL), 12);
}

static void arrived(void *context)
{
    (void)context;
    stress_self()->interrupts++;
    mmio_write32(hpa_add(edu.bar, EDU_ACKNOWLEDGE), mmio_read32(hpa_add(edu.bar, EDU_INTERRUPT_STATUS)));
    __atomic_store_n(&edu.received, edu.received + 1, __ATOMIC_RELEASE);
    if (__atomic_load_n(&edu.running, __ATOMIC_ACQUIRE)) {
        ask();
    }
}

static bool find_device(void)
{
    for (unsigned device = 0; device < 32; device++) {
        if (config_read(device, 0) == EDU_ID) {
            edu.device = device;
            return true;
        }
    }
    return false;
}

static bool find_msi(void)
{
    unsigned at = config_read(edu.device, PCI_CAPABILITIES) & 0xfc;
    for (unsigned i = 0; i < CAPABILITIES_MAX && at >= 0x40; i++) {
        uint32_t head = config_read(edu.device, at);
        if ((head & 0xff) == CAPABILITY_MSI) {
            edu.msi = at;
            return true;
        }
        at = head >> 8 & 0xfc;
    }
    return false;
}

enum status edu_init(void)
{
    if (!find_device() || !find_msi()) {
        return STATUS_NOT_FOUND;
    }
    for (unsigned cpu = 0; cpu < stress.options.cpus; cpu++) {
        enum status status = irq_alloc(cpu, arrived, NULL, &edu.vectors[cpu]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    edu.bar = hpa(config_read(edu.device, PCI_BAR0) & ~UINT32_C(0xf));
    config_write(edu.device, PCI_COMMAND, COMMAND_MEMORY_MASTER);
    config_write(edu.device, edu.msi, config_read(edu.device, edu.msi) | BIT32(16)); /* MSI enable */
    return mmio_map(edu.bar, MIB);
}

void edu_start(void)
{
    edu.running = true;
    mmio_write32(hpa_add(edu.bar, EDU_STATUS), STATUS_INTERRUPT);
    ask();
}

void edu_stop(void)
{
    __atomic_store_n(&edu.running, false, __ATOMIC_RELEASE);
}

uint64_t edu_sent(void)
{
    return __atomic_load_n(&edu.sent, __ATOMIC_ACQUIRE);
}

uint64_t edu_received(void)
{
    return __atomic_load_n(&edu.received, __ATOMIC_ACQUIRE);
}
