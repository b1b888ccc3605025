/* SPDX-License-Identifier: GPL-2.0-only
 * A guest whose edu device keeps translations (ATS): it has the device use memory, loses that memory to the device, and
 * has it use it again. "mode=0": the memory is a page that a watch begins to protect a second after the start ("at=N"
 * MiB; docs/integrity.md). "mode=1": the registers of a second edu, which then move. Lines "ATS: ..." tell what came of
 * it; whoever runs this knows what the device is made to do. */
#include "guest/platform.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

#define BYTES 64
#define EARLY 0x22
#define LATE 0x33
#define LATER_US 1500000
#define STOP_US 300000
#define MOVED 0x400000
#define BAR0 0x10
#define EDU_ID 0x010000ed

static uint8_t page[4096] __attribute__((aligned(4096)));
static struct edu edu, other;

static uint32_t config(unsigned device, unsigned offset)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000 | device << 11 | offset);
    return port_read32(PLATFORM_PCI_DATA_PORT);
}

/* The device writes BYTES of `value` to at. */
static bool send(uint64_t at, uint8_t value)
{
    memset(page, value, BYTES);
    return edu_to_device(&edu, (uintptr_t)page, BYTES) && edu_from_device(&edu, at, BYTES);
}

static void lose_a_page(void)
{
    volatile uint8_t *watched = (volatile uint8_t *)(uintptr_t)(machine_option("at", 8) << 20);
    check(send((uintptr_t)watched, EARLY), "DMA to a page ends");
    expect(watched[0], EARLY, "and arrives");
    machine_wait_us(LATER_US);
    check(send((uintptr_t)watched, LATE), "DMA to it once it is watched ends");
    say("ATS: the watched page holds 0x%x", watched[0]);
    memset(page, 0, BYTES);
    check(edu_to_device(&edu, (uintptr_t)watched, BYTES) && edu_from_device(&edu, (uintptr_t)page, BYTES),
          "DMA from it ends");
    expect(page[0], watched[0], "and still reads it");
}

static void move(uint32_t to)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000 | other.device << 11 | BAR0);
    port_write32(PLATFORM_PCI_DATA_PORT, to);
}

static void lose_registers(void)
{
    if (!check(edu_find_from(&other, edu.device + 1), "there is a second edu device")) {
        return;
    }
    uint64_t old = other.base;
    check(send((uintptr_t)page, EARLY), "DMA to memory ends");
    check(edu_to_device(&edu, old, BYTES), "DMA from the other's registers ends");
    expect(mmio_read32(hpa(other.base)), EDU_ID, "the other is where it says");
    move((uint32_t)old + MOVED);
    machine_wait_us(STOP_US);
    move((uint32_t)old + 2 * MOVED); /* the first move may fail for the device that does not answer */
    say("ATS: after its registers moved from 0x%llx the other is 0x%x, this device 0x%x", (unsigned long long)old,
        mmio_read32(hpa(old + 2 * MOVED)), config(edu.device, 0));
    if (config(edu.device, 0) != UINT32_MAX) {
        check(edu_to_device(&edu, old, BYTES), "DMA from where they were ends");
    }
}

void guest_main(void)
{
    if (!check(edu_find(&edu), "there is an edu device")) {
        return;
    }
    if (machine_option("mode", 0) == 0) {
        lose_a_page();
    } else {
        lose_registers();
    }
    say("ATS: done");
}
