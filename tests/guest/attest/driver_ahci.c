/* SPDX-License-Identifier: GPL-2.0-only
 * AHCI (1.3.1) with a disk: commands that touch no user data. A write is IDENTIFY DEVICE to the target; a read is WRITE
 * BUFFER from the target into the drive's own buffer, and READ BUFFER to see what it was, where the drive has them. */
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/attest/driver.h"
#include "tests/guest/lib/machine.h"

#define CLASS_AHCI 0x010601u
#define BAR 5u
#define REG_CONTROL 0x04
#define REG_STATUS 0x08
#define REG_PORTS 0x0c
#define CONTROL_ENABLE BIT32(31)
#define CONTROL_INTERRUPTS BIT32(1)
#define PORT_LIST 0x00
#define PORT_RECEIVED 0x08
#define PORT_STATUS 0x10
#define PORT_ENABLE 0x14
#define PORT_COMMAND 0x18
#define PORT_TASK 0x20
#define PORT_SATA 0x28
#define PORT_ERROR 0x30
#define PORT_ISSUE 0x38
#define COMMAND_START BIT32(0)
#define COMMAND_RECEIVE BIT32(4)
#define COMMAND_RUNS (BIT32(14) | BIT32(15))
#define TASK_BAD (BIT32(0) | BIT32(3) | BIT32(7)) /* error, request, busy */
#define STATUS_ERRORS 0x78000000u
#define ATA_IDENTIFY 0xecu
#define ATA_READ_BUFFER 0xe4u
#define ATA_WRITE_BUFFER 0xe8u
#define SECTOR 512u
#define HEADER_WRITE BIT32(6)
#define TRY_MS 500u

static struct {
    uint64_t base, port;
} ahci;
static uint32_t list[32][8] __attribute__((aligned(4096)));
static uint8_t received[4096] __attribute__((aligned(4096)));
static uint32_t table[64] __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));

static bool fits(const struct config_function *f)
{
    return config_read(CONFIG_PORTS, f->devfn, 8, 4) >> 8 == CLASS_AHCI && f->size[BAR] != 0;
}

static uint32_t get(uint32_t at)
{
    return mmio_read32(hpa(ahci.port + at));
}

static void put(uint32_t at, uint32_t value)
{
    mmio_write32(hpa(ahci.port + at), value);
}

static bool wait_clear(uint32_t at, uint32_t bits)
{
    for (unsigned ms = 0; ms < TRY_MS && (get(at) & bits) != 0; ms++) {
        machine_wait_us(1000);
    }
    return (get(at) & bits) == 0;
}

static void stop(void)
{
    put(PORT_ENABLE, 0);
    put(PORT_COMMAND, get(PORT_COMMAND) & ~COMMAND_START);
    (void)wait_clear(PORT_COMMAND, BIT32(15));
    put(PORT_COMMAND, get(PORT_COMMAND) & ~COMMAND_RECEIVE);
    (void)wait_clear(PORT_COMMAND, COMMAND_RUNS);
}

static bool restart(void)
{
    stop();
    put(PORT_LIST, (uint32_t)(uintptr_t)list);
    put(PORT_LIST + 4, 0);
    put(PORT_RECEIVED, (uint32_t)(uintptr_t)received);
    put(PORT_RECEIVED + 4, 0);
    put(PORT_ERROR, UINT32_MAX);
    put(PORT_STATUS, UINT32_MAX);
    put(PORT_COMMAND, get(PORT_COMMAND) | COMMAND_RECEIVE);
    put(PORT_COMMAND, get(PORT_COMMAND) | COMMAND_START);
    put(PORT_ENABLE, UINT32_MAX);
    return wait_clear(PORT_TASK, BIT32(3) | BIT32(7));
}

/* The first port that has a device. */
static bool start(const struct config_function *f)
{
    ahci.base = config_bar(f, BAR);
    mmio_write32(hpa(ahci.base + REG_CONTROL), CONTROL_ENABLE | CONTROL_INTERRUPTS);
    uint32_t ports = mmio_read32(hpa(ahci.base + REG_PORTS));
    for (unsigned i = 0; i < 32; i++) {
        ahci.port = ahci.base + 0x100 + UINT64_C(0x80) * i;
        if ((ports & BIT32(i)) != 0 && (get(PORT_SATA) & 0xf) == 3) {
            return restart();
        }
    }
    return false;
}

/* One sector from or to `at`, by the command in slot 0. A port that reports an error, or nothing, is set up anew. */
static enum driver_result command(uint8_t what, uint64_t at, bool write)
{
    memset(list[0], 0, sizeof(list[0]));
    memset(table, 0, sizeof(table));
    list[0][0] = 5 | (write ? HEADER_WRITE : 0) | BIT32(16); /* one range */
    list[0][2] = (uint32_t)(uintptr_t)table;
    table[0] = 0x8027u | (uint32_t)what << 16; /* a command for the device */
    table[32] = (uint32_t)at;
    table[33] = (uint32_t)(at >> 32);
    table[35] = SECTOR - 1;
    put(PORT_STATUS, UINT32_MAX);
    cpu_fence();
    put(PORT_ISSUE, 1);
    for (unsigned ms = 0; ms < TRY_MS && (get(PORT_ISSUE) & 1) != 0 && (get(PORT_STATUS) & STATUS_ERRORS) == 0; ms++) {
        machine_wait_us(1000);
    }
    bool silent = (get(PORT_ISSUE) & 1) != 0;
    bool bad = (get(PORT_STATUS) & STATUS_ERRORS) != 0 || (get(PORT_TASK) & TASK_BAD) != 0;
    if (silent || bad) {
        (void)restart();
    }
    return bad ? DRIVER_REFUSED : silent ? DRIVER_SILENT : DRIVER_DONE;
}

static enum driver_result write(uint64_t at)
{
    return command(ATA_IDENTIFY, at, false);
}

static enum driver_result read(uint64_t at, uint8_t out[DRIVER_BYTES], unsigned *bytes)
{
    memset(page, DRIVER_MARK, SECTOR);
    *bytes = DRIVER_BYTES;
    enum driver_result result = command(ATA_WRITE_BUFFER, (uintptr_t)page, true);
    if (result == DRIVER_DONE) {
        result = command(ATA_WRITE_BUFFER, at, true);
        memset(page, 0, SECTOR);
        enum driver_result back = command(ATA_READ_BUFFER, (uintptr_t)page, false);
        result = result == DRIVER_DONE ? back : result;
    }
    memcpy(out, page, DRIVER_BYTES);
    return result;
}

static void raise(void)
{
    (void)command(ATA_IDENTIFY, (uintptr_t)page, false);
}

static void acknowledge(void)
{
    put(PORT_STATUS, UINT32_MAX);
    mmio_write32(hpa(ahci.base + REG_STATUS), UINT32_MAX);
}

const struct driver driver_ahci = {
    .name = "ahci",
    .how = "a disk's commands: IDENTIFY DEVICE writes 512 bytes, WRITE BUFFER reads them",
    .passes = 2,
    .fits = fits,
    .start = start,
    .read = read,
    .write = write,
    .raise = raise,
    .acknowledge = acknowledge,
    .stop = stop,
};
