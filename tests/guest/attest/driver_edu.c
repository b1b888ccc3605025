/* SPDX-License-Identifier: GPL-2.0-only
 * edu: a DMA engine that does as it is told. */
#include "kernel/lib/string.h"
#include "tests/guest/attest/driver.h"
#include "tests/guest/lib/edu.h"

#define EDU_ID 0x11e81234u

static struct edu edu;
static uint8_t page[2][4096] __attribute__((aligned(4096)));

static bool fits(const struct config_function *f)
{
    return f->id == EDU_ID && (f->devfn & 7) == 0;
}

static bool start(const struct config_function *f)
{
    return edu_find_from(&edu, f->devfn >> 3) && edu.device == f->devfn >> 3;
}

static enum driver_result read(uint64_t at, uint8_t out[DRIVER_BYTES], unsigned *bytes)
{
    memset(page[0], DRIVER_MARK, DRIVER_BYTES);
    memset(page[1], 0, DRIVER_BYTES);
    *bytes = DRIVER_BYTES;
    bool ended = edu_to_device(&edu, (uintptr_t)page[0], DRIVER_BYTES) && edu_to_device(&edu, at, DRIVER_BYTES) &&
                 edu_from_device(&edu, (uintptr_t)page[1], DRIVER_BYTES);
    memcpy(out, page[1], DRIVER_BYTES);
    return ended ? DRIVER_DONE : DRIVER_SILENT;
}

static enum driver_result write(uint64_t at)
{
    memset(page[0], DRIVER_MARK, DRIVER_BYTES);
    bool ended = edu_to_device(&edu, (uintptr_t)page[0], DRIVER_BYTES) && edu_from_device(&edu, at, DRIVER_BYTES);
    return ended ? DRIVER_DONE : DRIVER_SILENT;
}

static enum driver_result message(uint64_t at, uint32_t data)
{
    memcpy(page[0], &data, sizeof(data));
    bool ended = edu_to_device(&edu, (uintptr_t)page[0], 4) && edu_from_device(&edu, at, 4);
    return ended ? DRIVER_DONE : DRIVER_SILENT;
}

static void raise(void)
{
    edu_raise(&edu);
}

static void acknowledge(void)
{
    edu_acknowledge(&edu);
}

static void stop(void)
{
}

const struct driver driver_edu = {
    .name = "edu",
    .how = "its DMA engine moves 64 bytes",
    .passes = 1,
    .fits = fits,
    .start = start,
    .read = read,
    .write = write,
    .message = message,
    .raise = raise,
    .acknowledge = acknowledge,
    .stop = stop,
};
