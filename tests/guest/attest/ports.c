/* SPDX-License-Identifier: GPL-2.0-only
 * Every I/O port, read and written: a port that the guest's own machine does not have reads ones in every width, and
 * what is written there does nothing. */
#include "kernel/hw/port.h"
#include "tests/guest/attest/attest.h"

#define PORTS 0x10000u

struct range {
    uint16_t first, last;
};

/* PIC, PIT, speaker, RTC, A20, CRTC, COM1, edge/level, PM1 and its timer, PCI configuration and reset: emulated for
 * this guest alone. Writing them changes or ends this guest, so that is left out; tests/guest/ports does it. */
static const struct range own[] = {{0x20, 0x21},   {0x40, 0x43},   {0x61, 0x61},   {0x70, 0x71},
                                   {0x92, 0x92},   {0xa0, 0xa1},   {0x3d4, 0x3d5}, {0x3f8, 0x3ff},
                                   {0x4d0, 0x4d1}, {0x600, 0x60f}, {0xcf8, 0xcff}};

static bool is_own(unsigned port, unsigned width)
{
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++) {
        if (port + width > own[i].first && port <= own[i].last) {
            return true;
        }
    }
    return false;
}

static uint32_t in(uint16_t port, unsigned width)
{
    return width == 4 ? port_read32(port) : width == 2 ? port_read16(port) : port_read8(port);
}

static void out(uint16_t port, unsigned width, uint32_t value)
{
    if (width == 4) {
        port_write32(port, value);
    } else if (width == 2) {
        port_write16(port, (uint16_t)value);
    } else {
        port_write8(port, (uint8_t)value);
    }
}

static uint32_t ones(unsigned width)
{
    return width == 4 ? UINT32_MAX : (1u << (8 * width)) - 1;
}

static void read_port(struct attest_tally *t, unsigned port, unsigned width)
{
    uint32_t value = in((uint16_t)port, width);
    if (is_own(port, width)) {
        attest_own(t);
    } else {
        ATTEST_JUDGE(t, value == ones(width), "IN of %u bytes from port 0x%x reads 0x%x, not ones", width, port, value);
    }
}

static void write_port(struct attest_tally *t, unsigned port, unsigned width)
{
    if (is_own(port, width)) {
        attest_own(t);
        return;
    }
    out((uint16_t)port, width, 0x06060606);
    uint32_t value = in((uint16_t)port, width);
    ATTEST_JUDGE(t, value == ones(width), "after OUT of %u bytes port 0x%x reads 0x%x, not ones", width, port, value);
}

/* What hurts a real machine comes first: SMI command, keyboard controller, DMA controllers, NMI mask, debug ports of
 * emulators, chipset windows; in all widths. */
static const uint16_t hot[] = {0xb2,  0xb3,  0x60,   0x64,   0x08,   0x0f,   0xd0,   0x80,   0x84,   0xe9,
                               0xf4,  0x402, 0x501,  0x510,  0x514,  0x1f0,  0x1f7,  0x170,  0x3c0,  0x3d0,
                               0x2f8, 0xae0, 0x1000, 0x1800, 0x1804, 0x5658, 0x8900, 0xb004, 0xfff0, 0xfffc};

static void hot_ports(void (*attempt)(struct attest_tally *, unsigned, unsigned), struct attest_tally *t)
{
    for (size_t i = 0; i < ARRAY_LENGTH(hot); i++) {
        attempt(t, hot[i], 2);
        attempt(t, hot[i], 4);
    }
}

static void all_ports(const char *name, void (*attempt)(struct attest_tally *, unsigned, unsigned),
                      const struct attest_options *o)
{
    struct attest_tally t = attest_begin(name, ATTEST_NO_DEVICE, PORTS + 3 * ARRAY_LENGTH(hot), o->class_ms);
    for (size_t i = 0; i < ARRAY_LENGTH(hot); i++) {
        attempt(&t, hot[i], 1);
    }
    hot_ports(attempt, &t);
    for (uint32_t k = 0; k < PORTS && attest_more(&t); k++) {
        attempt(&t, attest_walk(k, PORTS, o->seed), 1);
    }
    attest_end(&t);
}

void attest_ports(const struct attest_options *o)
{
    all_ports("ports-in", read_port, o);
    all_ports("ports-out", write_port, o);
}
