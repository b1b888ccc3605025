/* SPDX-License-Identifier: GPL-2.0-only
 * The hypervisor's ways to hardware, as the host tool has them: none. Pure code that the tool shares is linked beside
 * code that is not; whoever calls that here has found a bug. Kept out of libtool.a: host tests have the fakes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/core/log.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/panic.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/pci_config.h"
#include "kernel/hw/phys.h"

_Noreturn void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("bulkhead: internal error: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void log_line(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

const void *phys_view(struct hpa start, size_t bytes)
{
    (void)start;
    (void)bytes;
    return NULL;
}

static _Noreturn void no_configuration_space(struct sbdf at)
{
    char text[SBDF_TEXT_SIZE];
    panic("configuration space of %s is asked for", sbdf_text(at, text));
}

uint8_t pci_config_read8(struct sbdf at, uint16_t offset)
{
    (void)offset;
    no_configuration_space(at);
}

uint16_t pci_config_read16(struct sbdf at, uint16_t offset)
{
    (void)offset;
    no_configuration_space(at);
}

uint32_t pci_config_read32(struct sbdf at, uint16_t offset)
{
    (void)offset;
    no_configuration_space(at);
}

void pci_config_write8(struct sbdf at, uint16_t offset, uint8_t value)
{
    (void)offset;
    (void)value;
    no_configuration_space(at);
}

void pci_config_write16(struct sbdf at, uint16_t offset, uint16_t value)
{
    (void)offset;
    (void)value;
    no_configuration_space(at);
}

void pci_config_write32(struct sbdf at, uint16_t offset, uint32_t value)
{
    (void)offset;
    (void)value;
    no_configuration_space(at);
}

void pci_config_use_vmd(const struct pci_ecam *windows, size_t count)
{
    (void)windows;
    panic("%zu windows of configuration space are asked for", count);
}

void pci_config_break_lock(void)
{
    panic("the lock of configuration space is asked for");
}

static _Noreturn void no_registers(struct hpa at)
{
    panic("a register at 0x%llx is asked for", (unsigned long long)at.v);
}

enum status mmio_map(struct hpa base, uint64_t size)
{
    (void)size;
    no_registers(base);
}

uint8_t mmio_read8(struct hpa at)
{
    no_registers(at);
}

uint32_t mmio_read32(struct hpa at)
{
    no_registers(at);
}

void mmio_write32(struct hpa at, uint32_t value)
{
    (void)value;
    no_registers(at);
}

uint64_t time_now_ns(void)
{
    panic("the clock is asked for");
}

void time_wait_us(uint64_t us)
{
    panic("a wait of %llu us is asked for", (unsigned long long)us);
}

void cpu_pause(void)
{
    panic("a pause is asked for");
}
