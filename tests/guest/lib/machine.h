/* SPDX-License-Identifier: GPL-2.0-only
 * What a test guest runs on: boot information, time by the PM timer, power-off. The same on bare QEMU (q35) and under
 * Bulkhead; only on_bulkhead() tells them apart. */
#ifndef BULKHEAD_TESTS_GUEST_MACHINE_H
#define BULKHEAD_TESTS_GUEST_MACHINE_H

#include "kernel/lib/types.h"

#define PM_TIMER_HZ 3579545u
#define CPU_EFLAGS_IF UINT64_C(0x200)

/* Called by start.S on the boot CPU; calls guest_main() and ends with report_end(). */
void machine_start(void);

/* The test itself, in tests/guest/NAME. */
void guest_main(void);

/* CPUID shows our hypervisor. Else: bare QEMU, where policy tests are skipped. */
bool on_bulkhead(void);

/* The boot loader's command line, "" when there is none. The number after "name=" in it, or `otherwise`. */
const char *machine_cmdline(void);
uint64_t machine_option(const char *name, uint64_t otherwise);

/* How many times slower than usual this emulated CPU is against its clocks ("slow=N", else 1): periods of timers that
 * load it are stretched by that, or it would do nothing else. */
uint32_t machine_slowness(void);

/* RAM number `index` of the loader's memory map; false past the end. */
bool machine_ram(unsigned index, uint64_t *start, uint64_t *bytes);

/* PM timer ticks since the first call, never backwards; ask at least every 2 s (the counter has 24 bits). */
uint64_t machine_ticks(void);
void machine_wait_us(uint64_t us);
/* Wait until *flag >= wanted; false after `us`. */
bool machine_wait_for(const volatile uint32_t *flag, uint32_t wanted, uint64_t us);

_Noreturn void machine_power_off(void);

/* Bytes this image takes: image_start..image_end. */
extern uint8_t image_start[], image_end[];

#endif
