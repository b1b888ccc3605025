/* SPDX-License-Identifier: GPL-2.0-only
 * Windows and BARs over what is not the endpoint's. A guest cannot see what hardware holds: but a window that asks for
 * too much is shut as a whole, so that the disk behind it is gone. The model of the hardware counts strays. */
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/vmd/vmd.h"

struct claim {
    const char *name;
    uint32_t memory; /* the register: base 15:4, limit 31:20 */
};

static const struct claim claims[] = {
    {"all of 4 GiB", 0xfff00000},           {"low memory", 0x00000000},         {"the hypervisor", 0x1ff01ff0},
    {"the LAPIC and messages", 0xfee0fee0}, {"the I/O APIC", 0xfec0fec0},       {"the remapping unit", 0xfed0fed0},
    {"below MEMBAR1 and it", 0xf000eff0},   {"MEMBAR1 and beyond", 0xf200f000},
};

static void memory_windows(const struct vmd *v)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(claims); i++) {
        child_write(v, 0, 1, CHILD_MEMORY, 4, claims[i].memory);
        child_write(v, 0, 1, CHILD_COMMAND, 2, ACTIVE);
        expect(child_read(v, 0, 1, CHILD_MEMORY, 4), claims[i].memory, "window over %s: reads back", claims[i].name);
        expect(disk_version(v, 0), ONES, "window over %s: shut, its disk is gone", claims[i].name);
        check(disk_version(v, 1) != ONES, "window over %s: the other port goes on", claims[i].name);
        bring_up(v);
    }
    check(disk_version(v, 0) != ONES, "a window in MEMBAR1 opens again");
}

static void prefetchable_windows(const struct vmd *v)
{
    static const uint32_t claimed[][3] = {
        {0x00000000, 0, 0x575},      /* the one that was seen to shut off the remapping unit */
        {0xfff00000, 0, UINT32_MAX}, /* everything */
        {0xfed0fed0, 0, 0},          /* the remapping unit */
        {0x00000000, 0x20, 0x20},    /* CFGBAR's part of the world */
        {0x10001000, 0x20, 0x20},    /* MEMBAR2 with the MSI-X table */
    };
    for (unsigned i = 0; i < ARRAY_LENGTH(claimed); i++) {
        child_write(v, 0, 1, CHILD_PREFETCH_LIMIT, 4, claimed[i][2]);
        child_write(v, 0, 1, CHILD_PREFETCH, 4, claimed[i][0]);
        child_write(v, 0, 1, CHILD_PREFETCH_BASE, 4, claimed[i][1]);
        bool kept = child_read(v, 0, 1, CHILD_PREFETCH_LIMIT, 4) == claimed[i][2] &&
                    child_read(v, 0, 1, CHILD_PREFETCH_BASE, 4) == claimed[i][1];
        check(kept, "prefetchable window %u: reads back", i);
        check(disk_version(v, 1) != ONES, "prefetchable window %u: takes nothing from the other port", i);
        bring_up(v);
    }
}

static void bars(const struct vmd *v)
{
    static const uint64_t places[] = {0, 0x1ff80000, 0xfee00000, 0xfed90000, 0xeff00000, 0xf2000000, UINT64_C(1) << 40};
    for (unsigned i = 0; i < ARRAY_LENGTH(places); i++) {
        child_write(v, 1, 0, CHILD_BAR, 4, (uint32_t)places[i]);
        child_write(v, 1, 0, CHILD_BAR + 4, 4, (uint32_t)(places[i] >> 32));
        child_write(v, 1, 0, CHILD_COMMAND, 2, ACTIVE);
        bool shown = (child_read(v, 1, 0, CHILD_BAR, 4) & ~0xfu) == (uint32_t)places[i] &&
                     child_read(v, 1, 0, CHILD_COMMAND, 2) == ACTIVE;
        check(shown, "BAR at 0x%llx: the guest sees it there, decoding", (unsigned long long)places[i]);
        expect(disk_version(v, 0), ONES, "BAR at 0x%llx: but it decodes nothing", (unsigned long long)places[i]);
        bring_up(v);
    }
    check(disk_version(v, 0) != ONES, "a BAR in MEMBAR1 decodes again");
}

/* Two bridges with one bus, none, one of others' domains, turned round. */
static void numbers(const struct vmd *v)
{
    const uint32_t first = v->first;
    const uint32_t bad[] = {first << 16 | first << 8 | first, (first + 2) << 8 | (first + 1) << 16 | first,
                            0xff0000 | (first + 40) << 8, UINT32_MAX};
    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        child_write(v, 0, 1, CHILD_BUSES, 4, bad[i]);
        expect(child_read(v, 1, 0, CHILD_ID, 4), ONES, "bus numbers that do not nest (%u): lead nowhere", i);
    }
    child_write(v, 0, 1, CHILD_BUSES, 4, (first + 5) << 16 | (first + 5) << 8 | first);
    check(child_read(v, 5, 0, CHILD_ID, 4) != ONES, "other numbers of the domain: lead to the disk");
    bring_up(v);
    check(child_read(v, 1, 0, CHILD_ID, 4) != ONES && disk_version(v, 0) != ONES, "numbers as before: as before");
}

/* What was reset is left alone for 100 ms, and reads all ones until then. */
static void wait_for_disk(const struct vmd *v)
{
    for (unsigned i = 0; i < 100 && child_read(v, 1, 0, CHILD_ID, 4) == ONES; i++) {
        machine_wait_us(10000);
    }
}

static void bus_reset(const struct vmd *v)
{
    child_write(v, 0, 1, CHILD_CONTROL, 2, 0xffff);
    expect(child_read(v, 0, 1, CHILD_CONTROL, 2) & ~0x43u, 0, "bridge control: no VGA, no ISA");
    expect(child_read(v, 1, 0, CHILD_ID, 4), ONES, "secondary bus reset: the disk is away");
    child_write(v, 0, 1, CHILD_CONTROL, 2, 0);
    wait_for_disk(v);
    expect(child_read(v, 1, 0, CHILD_COMMAND, 2), 0, "after it: the disk forgot its command register");
    expect(child_read(v, 1, 0, CHILD_BAR, 4) & ~0xfu, 0, "after it: and its BAR");
    child_write(v, 1, 0, CHILD_COMMAND, 2, ACTIVE);
    expect(disk_version(v, 0), ONES, "after it: decode alone brings nothing back");
    bring_up(v);
    check(disk_version(v, 0) != ONES, "set up again it answers");
}

void vmd_windows(const struct vmd *v)
{
    memory_windows(v);
    prefetchable_windows(v);
    bars(v);
    numbers(v);
    bus_reset(v);
}

void vmd_sizes(const struct vmd *v)
{
    child_write(v, 1, 0, CHILD_COMMAND, 2, 0);
    child_write(v, 1, 0, CHILD_BAR, 4, ONES);
    child_write(v, 1, 0, CHILD_BAR + 4, 4, ONES);
    expect(child_read(v, 1, 0, CHILD_BAR, 4) & ~0xfu, 0xffffc000, "a disk's BAR is 16 KiB");
    child_write(v, 1, 0, CHILD_ROM, 4, ONES);
    expect(child_read(v, 1, 0, CHILD_ROM, 4), 0, "it has no expansion ROM");
    child_write(v, 0, 1, CHILD_IO, 2, 0xf0f0);
    expect(child_read(v, 0, 1, CHILD_IO, 2), 0x00f0, "a port's I/O window stays closed");
    bring_up(v);
    uint64_t id = mmio_read64(hpa(child_at(v, 0, 1, CHILD_ID)));
    expect(id, child_read(v, 0, 1, CHILD_ID, 4) | (uint64_t)child_read(v, 0, 1, CHILD_COMMAND, 4) << 32,
           "8 bytes are two registers");
    expect(child_read(v, 0, 1, CHILD_ID + 2, 2), (uint32_t)id >> 16, "2 bytes are the half");
    expect(child_read(v, 0, 1, CHILD_ID + 3, 1), (uint32_t)id >> 24, "1 byte is the quarter");
    mmio_write64(hpa(child_at(v, 1, 0, CHILD_BAR)), v->host_memory + 0x4000);
    expect(disk_version(v, 0), ONES, "a BAR written by 8 bytes moved");
    bring_up(v);
    unsigned there = 0;
    for (unsigned bus = 0; bus < 32; bus++) {
        for (unsigned device = 0; device < 32; device += 3) {
            bool ours = bus == 0 ? device == 1 || device == 2 : bus <= PORTS && device == 0;
            if (!ours) {
                child_write(v, bus, device, CHILD_COMMAND, 4, ONES);
                child_write(v, bus, device, CHILD_BUSES, 4, 0x00ff0100);
                there += child_read(v, bus, device, CHILD_ID, 4) != ONES;
            }
        }
    }
    expect(there, 0, "nobody else answers in the domain");
}
