/* SPDX-License-Identifier: GPL-2.0-only
 * A hostile guest that owns a VMD domain: windows and BARs over what is not its own, the bypass bit, forged messages,
 * accesses of every size and of two CPUs at once. Two CPUs. Whoever runs it looks at what the model of the hardware
 * counted: no stray window, no two accesses of CFGBAR at once, no message that passed the endpoint by. */
#include "kernel/hw/mmio.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/vmd/vmd.h"

#define CONFIG_REGISTER 0x44u
#define BYPASS 2u
#define SHADOW_AT 0x2000u
#define ROUNDS 400u
#define WAIT_US 60000000

static volatile uint32_t wrong;

static void identity(const struct vmd *v)
{
    check(v->host_memory != 0, "the endpoint says where its MEMBAR1 is (%s)",
          v->native ? "shadow registers" : "SHDW capability");
    check(v->host_memory != v->memory, "which is not where this guest has it");
    for (unsigned i = 0; i < PORTS; i++) {
        expect(child_read(v, 0, 1 + i, CHILD_ID, 4), 0x20308086, "root port %u", i);
        expect(child_read(v, 1 + i, 0, CHILD_ID, 4), 0x00101b36, "disk %u behind it", i);
        expect(child_read(v, 0, 1 + i, CHILD_MEMORY, 4), 0xfff0, "the window of port %u is closed at first", i);
    }
}

static void bypass(const struct vmd *v)
{
    uint32_t before = endpoint_read(v, CONFIG_REGISTER);
    endpoint_write(v, CONFIG_REGISTER, ONES);
    expect(before & BYPASS, 0, "messages are remapped");
    expect(endpoint_read(v, CONFIG_REGISTER), before, "and VMCONFIG takes no write");
    endpoint_write(v, 0x40, ONES);
    endpoint_write(v, 0x70, ONES);
    mmio_write64(hpa(v->messages + SHADOW_AT), 0);
    struct vmd again = {.device = 0};
    check(vmd_find(&again) && again.host_memory == v->host_memory, "nor do VMCAP, VMLOCK and the shadow registers");
}

/* Windows of one port over and over, with numbers that only this CPU writes. */
static void hammer(const struct vmd *v, unsigned port)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t value = (i << 20 | i << 4) & 0xfff0fff0;
        child_write(v, 0, 1 + port, CHILD_MEMORY, 4, value);
        child_write(v, 0, 1 + port, CHILD_PREFETCH, 4, value);
        bool same = child_read(v, 0, 1 + port, CHILD_MEMORY, 4) == value &&
                    (child_read(v, 0, 1 + port, CHILD_PREFETCH, 4) & 0xfff0fff0) == value &&
                    child_read(v, 1 + port, 0, CHILD_ID, 4) == 0x00101b36;
        if (!same) {
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
        }
    }
}

static void hammer_second(void *argument)
{
    hammer(argument, 1);
}

void vmd_two_cpus(const struct vmd *v)
{
    expect(smp_start(), 2, "two CPUs");
    smp_run(1, hammer_second, (void *)(uintptr_t)v);
    hammer(v, 0);
    check(smp_wait(1, WAIT_US), "both end");
    expect(wrong, 0, "%u writes and reads of CFGBAR by each of two CPUs at once: each sees its own", ROUNDS * 5);
    bring_up(v);
    check(disk_version(v, 0) != ONES && disk_version(v, 1) != ONES, "and the disks answer");
}

void guest_main(void)
{
    struct vmd v = {.device = 0};
    apic_init();
    if (!check(vmd_find(&v), "there is a VMD endpoint")) {
        return;
    }
    identity(&v);
    bypass(&v);
    bring_up(&v);
    check(disk_version(&v, 0) >> 16 == 1 && disk_version(&v, 1) >> 16 == 1, "both disks answer through MEMBAR1");
    vmd_windows(&v);
    vmd_sizes(&v);
    vmd_two_cpus(&v);
    vmd_messages(&v);
    check(disk_version(&v, 0) >> 16 == 1 && disk_version(&v, 1) >> 16 == 1, "both disks answer at the end");
}
