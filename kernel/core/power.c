/* SPDX-License-Identifier: GPL-2.0-only
 * Machine reset and S5. */
#include "kernel/core/power.h"

#include "kernel/core/last_boot.h"
#include "kernel/core/serial.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/cpu_state.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/bits.h"

enum {
    PORT_PCI_ADDRESS = 0xcf8,
    PORT_PCI_DATA = 0xcfc,
    PORT_RESET = 0xcf9,        /* Intel PCH: reset control */
    RESET_COLD_PREPARE = 0x02, /* hard reset chosen */
    RESET_COLD_NOW = 0x06,     /* 0 -> 1 of bit 2 resets */
    PORT_KEYBOARD = 0x64,
    KEYBOARD_PULSE_RESET = 0xfe,
    WAIT_US = 50000,
};

/* PM1 control, ACPI 6.5 4.8.3.2.1. */
enum pm1_control {
    PM1_SCI_EN = 1 << 0,
    PM1_SLP_TYP_SHIFT = 10,
    PM1_SLP_TYP = 7 << PM1_SLP_TYP_SHIFT,
    PM1_SLP_EN = 1 << 13,
};

#define ACPI_MODE_WAIT_US 1000000

static struct {
    struct power_reset_register reset;
    struct power_off_way off;
    const char *no_off;
} power = {.no_off = "the firmware's tables were not read"};

void power_use_reset_register(struct power_reset_register reset)
{
    power.reset = reset;
}

/* By the ports and without the lock of kernel/hw/pci_config.h: in a panic its holder may be stopped. */
static void write_pci(uint64_t address, uint8_t value)
{
    uint32_t device = (uint32_t)bits_get(address, 36, 32);
    uint32_t function = (uint32_t)bits_get(address, 18, 16);
    uint32_t offset = (uint32_t)bits_get(address, 7, 0);
    port_write32(PORT_PCI_ADDRESS, BIT32(31) | device << 11 | function << 8 | (offset & ~UINT32_C(3)));
    port_write8((uint16_t)(PORT_PCI_DATA + (offset & 3)), value);
}

static void try_register(void)
{
    switch (power.reset.space) {
    case POWER_NONE:
        return;
    case POWER_PORT:
        port_write8((uint16_t)power.reset.address, power.reset.value);
        break;
    case POWER_MMIO:
        mmio_write8(hpa(power.reset.address), power.reset.value);
        break;
    case POWER_PCI:
        write_pci(power.reset.address, power.reset.value);
        break;
    }
    time_wait_us(WAIT_US);
}

_Noreturn void power_reset(void)
{
    cpu_irq_disable();
    last_boot_ends();
    serial_drain();
    try_register();
    port_write8(PORT_RESET, RESET_COLD_PREPARE);
    port_write8(PORT_RESET, RESET_COLD_NOW);
    time_wait_us(WAIT_US);
    port_write8(PORT_KEYBOARD, KEYBOARD_PULSE_RESET);
    time_wait_us(WAIT_US);
    /* No IDT: the next fault cannot be delivered, and neither can the double fault after it. */
    static const uint64_t nothing;
    cpu_load_idt(&nothing, 1);
    __builtin_trap();
}

void power_use_off(struct power_off_way way)
{
    power.off = way;
    power.no_off = NULL;
}

void power_refuse_off(const char *why)
{
    power.no_off = why;
}

const char *power_why_not_off(void)
{
    return power.no_off;
}

static enum status enter_acpi_mode(const struct power_off_way *way)
{
    struct deadline deadline = deadline_in_us(ACPI_MODE_WAIT_US);
    if ((port_read16(way->pm1a) & PM1_SCI_EN) != 0 || way->smi_command == 0) {
        return STATUS_OK;
    }
    port_write8(way->smi_command, way->acpi_enable);
    while ((port_read16(way->pm1a) & PM1_SCI_EN) == 0) {
        if (deadline_passed(deadline)) {
            return STATUS_TIMEOUT;
        }
        cpu_pause();
    }
    return STATUS_OK;
}

static void write_sleep(uint16_t port, uint8_t type, unsigned enable)
{
    if (port != 0) {
        unsigned kept = port_read16(port) & ~(unsigned)(PM1_SLP_TYP | PM1_SLP_EN);
        port_write16(port, (uint16_t)(kept | (unsigned)type << PM1_SLP_TYP_SHIFT | enable));
    }
}

/* The types first, then both enable bits: the second of them acts. */
enum status power_off(void)
{
    const struct power_off_way *way = &power.off;
    if (power.no_off != NULL) {
        return STATUS_UNSUPPORTED;
    }
    last_boot_ends();
    serial_drain();
    enum status status = enter_acpi_mode(way);
    if (status == STATUS_OK) {
        write_sleep(way->pm1a, way->type_a, 0);
        write_sleep(way->pm1b, way->type_b, 0);
        write_sleep(way->pm1a, way->type_a, PM1_SLP_EN);
        write_sleep(way->pm1b, way->type_b, PM1_SLP_EN);
        time_wait_us(WAIT_US);
        status = STATUS_TIMEOUT;
    }
    return status;
}
