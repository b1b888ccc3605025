/* SPDX-License-Identifier: GPL-2.0-only
 * Machine reset. */
#include "kernel/core/power.h"

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

static struct {
    struct power_reset_register reset;
} power;

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
