/* SPDX-License-Identifier: GPL-2.0-only
 * What kernels of the xv6 kind take for granted: an MP table where the MP Specification 1.4 says to look, an I/O APIC
 * with the id it names, multiboot's segments where their own table has them, a text screen that may be written to, and
 * CRT registers that keep the cursor. "cpus=N" says how many CPUs there are. */
#include "guest/crtc.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

#define SCREEN 0xb8000u
#define CELLS (80u * 25u)
#define CURSOR_HIGH 14
#define CURSOR_LOW 15
#define KEYBOARD_STATUS 0x64
#define IOAPIC_ID 0u
#define BIOS_DATA_EXTENDED 0x40eu

extern uint16_t start_cs, start_ss;

static const uint8_t *bytes(uint32_t at)
{
    return (const uint8_t *)(uintptr_t)at;
}

static uint32_t number(uint32_t at, unsigned width)
{
    uint32_t value = 0;
    memcpy(&value, bytes(at), width);
    return value;
}

static bool sums_to_zero(uint32_t at, uint32_t count)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum = (uint8_t)(sum + *bytes(at + i));
    }
    return sum == 0;
}

static uint32_t search(uint32_t start, uint32_t size)
{
    for (uint32_t at = start; at < start + size; at += 16) {
        if (memcmp(bytes(at), "_MP_", 4) == 0 && sums_to_zero(at, 16)) {
            return at;
        }
    }
    return 0;
}

/* The extended BIOS data area's first KiB, then the BIOS. */
static uint32_t find_pointer(void)
{
    uint32_t at = search((uint32_t)mmio_read16(hpa(BIOS_DATA_EXTENDED)) << 4, 1024);
    return at != 0 ? at : search(0xf0000, 0x10000);
}

static uint32_t ioapic_register(uint32_t base, uint32_t index)
{
    mmio_write32(hpa(base), index);
    return mmio_read32(hpa(base + 0x10));
}

static void table(void)
{
    uint32_t pointer = find_pointer();
    if (!check(pointer != 0, "there is an MP pointer structure")) {
        return;
    }
    uint32_t at = number(pointer + 4, 4), length = number(at + 4, 2);
    check(memcmp(bytes(at), "PCMP", 4) == 0 && sums_to_zero(at, length), "its table is sound");
    expect(number(at + 36, 4), 0xfee00000, "the table names the LAPICs' address");
    unsigned cpus = 0, boots = 0, ioapics = 0, lines = 0, end = at + length;
    for (uint32_t e = at + 44; e < end; e += *bytes(e) == 0 ? 20 : 8) {
        cpus += *bytes(e) == 0;
        boots += *bytes(e) == 0 && (*bytes(e + 3) & 2) != 0;
        lines += *bytes(e) == 3;
        if (*bytes(e) == 2) {
            ioapics++;
            expect(ioapic_register(number(e + 4, 4), IOAPIC_ID) >> 24 & 0xf, *bytes(e + 1),
                   "the I/O APIC has the id that the table names");
        }
    }
    if (on_bulkhead()) { /* SeaBIOS names the first CPU alone, and no interrupts */
        expect(cpus, machine_option("cpus", 1), "all CPUs are in it");
        check(lines >= 16, "its interrupts are in it");
    }
    expect(boots, 1, "one of them booted");
    expect(ioapics, 1, "one I/O APIC is in it");
}

static void screen(void)
{
    volatile uint16_t *cells = (volatile uint16_t *)(uintptr_t)SCREEN;
    for (unsigned i = 0; i < CELLS; i++) {
        cells[i] = (uint16_t)(0x0700 | 'x');
    }
    check(true, "writing a screen of text does no harm");
    port_write8(CRTC_PORT, CURSOR_HIGH);
    port_write8(CRTC_PORT + 1, 0x03);
    port_write8(CRTC_PORT, CURSOR_LOW);
    port_write8(CRTC_PORT + 1, 0x21);
    port_write8(CRTC_PORT, CURSOR_HIGH);
    uint32_t cursor = (uint32_t)port_read8(CRTC_PORT + 1) << 8;
    port_write8(CRTC_PORT, CURSOR_LOW);
    cursor |= port_read8(CRTC_PORT + 1);
    if (on_bulkhead()) {
        expect(cursor, 0x321, "the cursor's place reads back");
    } else {
        skip("the cursor", "this machine has no VGA");
    }
}

void guest_main(void)
{
    expect(start_cs, 0x08, "multiboot code segment");
    expect(start_ss, 0x10, "multiboot data segment");
    table();
    screen();
    (void)port_read8(KEYBOARD_STATUS);
    check(true, "the keyboard's status can be read");
}
