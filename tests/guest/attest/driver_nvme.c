/* SPDX-License-Identifier: GPL-2.0-only
 * NVMe (1.4): by the admin queue alone, so that no user data is touched. A write is Identify Controller to the target;
 * a read is Set Features Timestamp from the target, and Get Features to see what it was. */
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/attest/driver.h"
#include "tests/guest/lib/machine.h"

#define CLASS_NVME 0x010802u
#define ENTRIES 16u
#define REG_CAP 0x00
#define REG_CC 0x14
#define REG_CSTS 0x1c
#define REG_AQA 0x24
#define REG_ASQ 0x28
#define REG_ACQ 0x30
#define CC_ENABLE UINT32_C(0x00460001) /* entries of 64 and 16 bytes */
#define CSTS_READY 1u
#define ADMIN_SET_FEATURES 0x09u
#define ADMIN_GET_FEATURES 0x0au
#define ADMIN_IDENTIFY 0x06u
#define FEATURE_TIMESTAMP 0x0eu
#define TIMESTAMP_BYTES 6u
#define TRY_MS 3000u

static struct {
    uint64_t base;
    unsigned stride, tail, head;
    bool phase;
} nvme;
static uint32_t submission[ENTRIES][16] __attribute__((aligned(4096)));
static volatile uint32_t completion[ENTRIES][4] __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));

static bool fits(const struct config_function *f)
{
    return config_read(CONFIG_PORTS, f->devfn, 8, 4) >> 8 == CLASS_NVME && f->size[0] >= 0x2000;
}

static bool wait_ready(uint32_t wanted)
{
    for (unsigned ms = 0; ms < TRY_MS; ms++) {
        if ((mmio_read32(hpa(nvme.base + REG_CSTS)) & CSTS_READY) == wanted) {
            return true;
        }
        machine_wait_us(1000);
    }
    return false;
}

static void stop(void)
{
    mmio_write32(hpa(nvme.base + REG_CC), 0);
    (void)wait_ready(0);
}

static bool restart(void)
{
    stop();
    memset(submission, 0, sizeof(submission));
    memset((void *)(uintptr_t)completion, 0, sizeof(completion));
    nvme.tail = nvme.head = 0;
    nvme.phase = true;
    mmio_write32(hpa(nvme.base + REG_AQA), (ENTRIES - 1) << 16 | (ENTRIES - 1));
    mmio_write64(hpa(nvme.base + REG_ASQ), (uintptr_t)submission);
    mmio_write64(hpa(nvme.base + REG_ACQ), (uintptr_t)completion);
    mmio_write32(hpa(nvme.base + REG_CC), CC_ENABLE);
    return wait_ready(CSTS_READY);
}

static bool start(const struct config_function *f)
{
    nvme.base = config_bar(f, 0);
    nvme.stride = 4u << bits_get(mmio_read64(hpa(nvme.base + REG_CAP)), 35, 32);
    return restart();
}

static enum driver_result complete(void)
{
    for (unsigned i = 0; i < TRY_MS * 10; i++) {
        uint32_t status = completion[nvme.head][3];
        if (((status >> 16 & 1) != 0) == nvme.phase) {
            nvme.head = (nvme.head + 1) % ENTRIES;
            nvme.phase = nvme.head == 0 ? !nvme.phase : nvme.phase;
            mmio_write32(hpa(nvme.base + 0x1000 + nvme.stride), nvme.head);
            return status >> 17 == 0 ? DRIVER_DONE : DRIVER_REFUSED;
        }
        if ((mmio_read32(hpa(nvme.base + REG_CSTS)) & ~CSTS_READY) != 0) {
            break; /* a fatal status */
        }
        machine_wait_us(100);
    }
    return DRIVER_SILENT;
}

/* A controller that went silent is set up anew. */
static enum driver_result command(uint32_t opcode, uint64_t at, uint32_t word10)
{
    uint32_t *entry = submission[nvme.tail];
    memset(entry, 0, sizeof(submission[0]));
    entry[0] = opcode | nvme.tail << 16;
    entry[6] = (uint32_t)at;
    entry[7] = (uint32_t)(at >> 32);
    entry[10] = word10;
    nvme.tail = (nvme.tail + 1) % ENTRIES;
    mmio_write32(hpa(nvme.base + 0x1000), nvme.tail);
    enum driver_result result = complete();
    if (result == DRIVER_SILENT) {
        (void)restart();
    }
    return result;
}

static enum driver_result write(uint64_t at)
{
    return command(ADMIN_IDENTIFY, at, 1);
}

static enum driver_result read(uint64_t at, uint8_t out[DRIVER_BYTES], unsigned *bytes)
{
    *bytes = TIMESTAMP_BYTES;
    memset(out, DRIVER_MARK, DRIVER_BYTES);
    enum driver_result result = command(ADMIN_SET_FEATURES, at, FEATURE_TIMESTAMP);
    if (result != DRIVER_DONE) {
        return result;
    }
    memset(page, 0, 8);
    result = command(ADMIN_GET_FEATURES, (uintptr_t)page, FEATURE_TIMESTAMP);
    memcpy(out, page + 2, TIMESTAMP_BYTES - 2); /* the low bytes count on */
    *bytes = TIMESTAMP_BYTES - 2;
    return result;
}

static void raise(void)
{
    (void)command(ADMIN_IDENTIFY, (uintptr_t)page, 1);
}

static void acknowledge(void)
{
}

const struct driver driver_nvme = {
    .name = "nvme",
    .how = "admin commands: Identify writes 4 KiB, Set Features Timestamp reads 8 bytes",
    .passes = 2,
    .fits = fits,
    .start = start,
    .read = read,
    .write = write,
    .raise = raise,
    .acknowledge = acknowledge,
    .stop = stop,
};
