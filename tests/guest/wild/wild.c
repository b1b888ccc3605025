/* SPDX-License-Identifier: GPL-2.0-only
 * A guest that runs wild, as "wild=" of its command line says:
 *   1 reads and writes where it has no memory, for ever     2 goes on there with its instructions
 *   3 takes page tables from there                          4 points a string instruction there
 *   5 reads and writes ports that nothing answers, for ever
 *   6 sets up a state that no CPU has: paging without protection
 *   7 takes an exception with its stack there
 *   8 has its edu cause a machine check on the host's CPU "cpu=N", where this guest's only one has to be (Bochs alone)
 * 2, 3, 7, 8 and, where the CPU lets it through, 6 end it; whoever runs it checks that nothing else does. */
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define NOWHERE UINT64_C(0xd0000000) /* in the hole below 4 GiB */
#define EDU_MACHINE_CHECK 0xf8       /* tests/bochs/plugin/edu.cc */
#define NOWHERE_BYTES 0x1000000u

static void access(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct hpa at = hpa(NOWHERE + i * 4 % NOWHERE_BYTES);
        mmio_write32(at, (uint32_t)i);
        if (mmio_read32(at) != UINT32_MAX) {
            check(false, "0x%llx reads ones", (unsigned long long)at.v);
        }
    }
}

static void ports(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        port_write32(0xd000, (uint32_t)i);
        if (port_read32(0xd000) != UINT32_MAX) {
            check(false, "port 0xd000 reads ones");
        }
    }
}

static void for_ever(void (*round)(uint64_t count))
{
    for (unsigned i = 1;; i++) {
        round(1000);
        say("WILD: %u000 accesses", i);
    }
}

static void leave_protection(void *unused)
{
    (void)unused;
    cpu_write_cr0(cpu_read_cr0() & ~UINT64_C(1));
    (void)cpu_cpuid(0, 0); /* an exit, and an entry that cannot be */
}

void guest_main(void)
{
    struct trap_frame caught = {0};
    struct edu edu;
    say("READY: wild=%u", (unsigned)machine_option("wild", 0));
    switch (machine_option("wild", 0)) {
    case 1:
        for_ever(access);
        break;
    case 2:
        ((void (*)(void))(uintptr_t)NOWHERE)();
        break;
    case 3:
        cpu_write_cr3(NOWHERE);
        break;
    case 4:
        memset((void *)(uintptr_t)NOWHERE, 0, PAGE_SIZE); /* REP STOSB */
        memcpy((void *)(uintptr_t)(NOWHERE + PAGE_SIZE), (void *)(uintptr_t)NOWHERE, PAGE_SIZE);
        check(true, "string instructions over a hole end");
        return;
    case 5:
        for_ever(ports);
        break;
    case 6:
        if (check(trap_try(leave_protection, NULL, &caught), "the CPU does not let it through")) {
            expect(caught.vector, TRAP_GP, "it is #GP");
        }
        return;
    case 8:
        if (check(edu_find(&edu), "an edu")) {
            mmio_write32(hpa(edu.base + EDU_MACHINE_CHECK), (uint32_t)machine_option("cpu", 0));
        }
        break;
    case 7:
        asm volatile("mov %0, %%rsp; ud2" : : "r"(NOWHERE + PAGE_SIZE));
        break;
    default:
        break;
    }
    check(false, "wild=%u ended the guest", (unsigned)machine_option("wild", 0));
}
