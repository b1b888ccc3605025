/* SPDX-License-Identifier: GPL-2.0-only
 * The machine under a test guest (Multiboot 0.6.96 3.3; ACPI 6.5 4.8.3 for the PM timer and power-off). */
#include "tests/guest/lib/machine.h"

#include "guest/platform.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define MULTIBOOT_MAGIC 0x2badb002
#define INFO_CMDLINE (1 << 2)
#define INFO_MAP (1 << 6)
#define SLEEP_ENABLE 0x2000

extern uint32_t start_magic, start_info;

static struct {
    uint64_t ticks;
    uint32_t last;
    bool started;
} timer;

static uint32_t info(unsigned offset)
{
    uint32_t value;
    memcpy(&value, (const uint8_t *)(uintptr_t)start_info + offset, sizeof(value));
    return value;
}

void machine_start(void)
{
    trap_init();
    pic_init(0x20, 0xff, 0xff);
    apic_init();
    check(start_magic == MULTIBOOT_MAGIC, "entered by a multiboot loader");
    guest_main();
    report_end();
}

bool on_bulkhead(void)
{
    struct cpuid c = cpu_cpuid(0x40000000, 0);
    return c.ebx == 0x6b6c7542 && c.ecx == 0x64616568 && c.edx == 0x004d4d56;
}

const char *machine_cmdline(void)
{
    return (info(0) & INFO_CMDLINE) != 0 ? (const char *)(uintptr_t)info(16) : "";
}

uint64_t machine_option(const char *name, uint64_t otherwise)
{
    size_t length = strlen(name);
    for (const char *p = machine_cmdline(); *p != '\0'; p++) {
        if (strncmp(p, name, length) == 0 && p[length] == '=') {
            uint64_t value = 0;
            for (p += length + 1; *p >= '0' && *p <= '9'; p++) {
                value = value * 10 + (uint64_t)(*p - '0');
            }
            return value;
        }
    }
    return otherwise;
}

uint32_t machine_slowness(void)
{
    return (uint32_t)machine_option("slow", 1);
}

bool machine_ram(unsigned index, uint64_t *start, uint64_t *bytes)
{
    uint32_t at = info(48), end = at + ((info(0) & INFO_MAP) != 0 ? info(44) : 0);
    while (at < end) {
        const uint8_t *entry = (const uint8_t *)(uintptr_t)at;
        uint32_t size, type;
        memcpy(&size, entry, 4);
        memcpy(&type, entry + 20, 4);
        if (type == 1 && index-- == 0) {
            memcpy(start, entry + 4, 8);
            memcpy(bytes, entry + 12, 8);
            return true;
        }
        at += size + 4;
    }
    return false;
}

uint64_t machine_ticks(void)
{
    uint32_t now = port_read32(PLATFORM_PM_TIMER_PORT) & 0xffffff;
    timer.last = timer.started ? timer.last : now;
    timer.started = true;
    timer.ticks += (now - timer.last) & 0xffffff;
    timer.last = now;
    return timer.ticks;
}

void machine_wait_us(uint64_t us)
{
    uint64_t until = machine_ticks() + us * PM_TIMER_HZ / 1000000 + 1;
    while (machine_ticks() < until) {
        cpu_pause();
    }
}

bool machine_wait_for(const volatile uint32_t *flag, uint32_t wanted, uint64_t us)
{
    uint64_t until = machine_ticks() + us * PM_TIMER_HZ / 1000000 + 1;
    while (*flag < wanted) {
        if (machine_ticks() > until) {
            return *flag >= wanted;
        }
        cpu_pause();
    }
    return true;
}

_Noreturn void machine_power_off(void)
{
    port_write16(PLATFORM_PM1_CONTROL_PORT, SLEEP_ENABLE | PLATFORM_SLEEP_TYPE_OFF << 10);
    port_write16(PLATFORM_PM1_CONTROL_PORT, SLEEP_ENABLE); /* q35's own soft off */
    cpu_stop();
}
