/* SPDX-License-Identifier: GPL-2.0-only
 * What the boot loader told this guest, printed; then, with "reset=1", a reset by port 0xCF9, each time anew
 * (Multiboot 0.6.96 3.3). */
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

#define RESET_PORT 0xcf9
#define INFO_MODULES (1 << 3)
#define MODULE_ENTRY 16
#define MODULES_MAX 16

extern uint32_t start_info;

static uint32_t word(uint32_t at)
{
    uint32_t value;
    memcpy(&value, (const uint8_t *)(uintptr_t)at, sizeof(value));
    return value;
}

static void modules(void)
{
    uint32_t count = (word(start_info) & INFO_MODULES) != 0 ? word(start_info + 20) : 0;
    say("LOADER: modules=%u", count);
    for (uint32_t i = 0; i < count && i < MODULES_MAX; i++) {
        uint32_t entry = word(start_info + 24) + i * MODULE_ENTRY;
        uint32_t start = word(entry), end = word(entry + 4), sum = 0;
        for (uint32_t at = start; at < end; at++) {
            sum += *(const uint8_t *)(uintptr_t)at;
        }
        say("LOADER: module=%u bytes=%u sum=%u aligned=%u", i, end - start, sum, (start & 0xfff) == 0);
        check(start >= (uintptr_t)image_end || end <= (uintptr_t)image_start, "module %u is beside the image", i);
    }
}

void guest_main(void)
{
    uint64_t start, bytes, sum = 0;
    say("LOADER: cmdline=%s", machine_cmdline());
    for (unsigned i = 0; machine_ram(i, &start, &bytes); i++) {
        sum += bytes;
        say("LOADER: ram=0x%llx bytes=0x%llx", (unsigned long long)start, (unsigned long long)bytes);
    }
    say("LOADER: ram-kib=%llu cpus=%u", (unsigned long long)(sum / 1024), cpu_cpuid(1, 0).ebx >> 16 & 0xff);
    modules();
    if (machine_option("reset", 0) != 0) {
        port_write8(RESET_PORT, 0x06);
        machine_wait_us(1000000);
        check(false, "port 0xCF9 resets");
    }
}
