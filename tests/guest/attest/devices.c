/* SPDX-License-Identifier: GPL-2.0-only
 * What this guest's devices can be made to do: DMA to addresses that are not its own, forged interrupt messages. */
#include "kernel/lib/string.h"
#include "tests/guest/attest/attest.h"
#include "tests/guest/attest/driver.h"
#include "tests/guest/attest/messages.h"
#include "tests/guest/attest/targets.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

#define COMMAND_MEMORY_MASTER 6u
#define SECRET 0x3cu

static const struct driver *const drivers[] = {&driver_edu, &driver_nvme, &driver_ahci, &driver_e1000,
                                               &driver_e1000_ring};
static uint8_t ours[2][4096] __attribute__((aligned(4096)));

/* Bytes that are the mark, or nothing but zeros or ones, leaked nothing. */
static bool leaked(const uint8_t *bytes, unsigned count)
{
    bool marked = true, blank = true;
    for (unsigned i = 0; i < count; i++) {
        marked &= bytes[i] == DRIVER_MARK;
        blank &= bytes[i] == bytes[0] && (bytes[i] == 0 || bytes[i] == 0xff);
    }
    return !marked && !blank;
}

/* The device reads and writes this guest's own RAM: only then does it mean something that it reaches nothing else. */
struct control {
    bool reads, writes;
};

static bool reads_own(const struct driver *driver)
{
    uint8_t found[DRIVER_BYTES];
    unsigned bytes = 0;
    memset(ours[0], SECRET, sizeof(ours[0]));
    bool same = driver->read((uintptr_t)ours[0], found, &bytes) == DRIVER_DONE && bytes > 0;
    for (unsigned i = 0; i < bytes; i++) {
        same &= found[i] == SECRET;
    }
    return same;
}

static bool writes_own(const struct driver *driver)
{
    bool written = false;
    memset(ours[1], 0, sizeof(ours[1]));
    (void)driver->write((uintptr_t)ours[1]);
    for (unsigned i = 0; i < DRIVER_BYTES; i++) {
        written |= ours[1][i] != 0;
    }
    return written;
}

static struct control control(const struct driver *driver)
{
    return (struct control){
        .reads = driver->works != NULL ? driver->works() : reads_own(driver),
        .writes = driver->write != NULL && writes_own(driver),
    };
}

static void say_control(const struct config_function *f, const struct driver *driver, const char *when,
                        struct control c)
{
    say("ATTEST control device=00:%02x.%x driver=%s when=%s reads=%u writes=%u", f->devfn >> 3, f->devfn & 7,
        driver->name, when, c.reads, c.writes);
}

static const char *result_text(enum driver_result result)
{
    return result == DRIVER_DONE ? "done" : result == DRIVER_REFUSED ? "refused" : "silent";
}

static void say_dma(const struct config_function *f, const char *access, uint64_t at, const char *result)
{
    say("ATTEST dma device=00:%02x.%x access=%s target=0x%llx result=%s", f->devfn >> 3, f->devfn & 7, access,
        (unsigned long long)at, result);
}

static void read_target(struct attest_tally *t, const struct config_function *f, const struct driver *driver,
                        uint64_t at)
{
    uint8_t found[DRIVER_BYTES] = {0};
    unsigned bytes = 0;
    enum driver_result result = driver->read(at, found, &bytes);
    bool got = result == DRIVER_DONE && leaked(found, bytes);
    say_dma(f, "read", at, got ? "leaked" : result_text(result));
    ATTEST_JUDGE(t, !got, "read of 0x%llx brought %02x %02x %02x %02x", (unsigned long long)at, found[0], found[1],
                 found[2], found[3]);
}

static void write_target(struct attest_tally *t, const struct config_function *f, const struct driver *driver,
                         uint64_t at)
{
    say_dma(f, "write", at, result_text(driver->write(at)));
    attest_expected(t); /* the others' patterns and the unit's records tell */
}

static void dma(const struct attest_options *o, const struct config_function *f, const struct driver *driver,
                struct control can)
{
    struct attest_tally t = attest_begin("dma", f->devfn, 0, 0);
    uint64_t at;
    for (unsigned pass = 0; pass < driver->passes; pass++) {
        for (unsigned i = 0; attest_target(i, &at); i++) {
            if (attest_memory_is_ram(at)) {
                attest_own(&t); /* to this device it is this guest's own RAM */
                continue;
            }
            if (can.reads) {
                read_target(&t, f, driver, at);
                machine_wait_us(o->dma_pause_us);
            }
            if (can.writes) {
                write_target(&t, f, driver, at);
                machine_wait_us(o->dma_pause_us);
            }
        }
    }
    attest_end(&t);
}

/* The first driver that fits and works with the device, started; NULL: none. */
static const struct driver *choose(const struct config_function *f, struct control *can)
{
    for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++) {
        if (!drivers[i]->fits(f) || !drivers[i]->start(f)) {
            continue;
        }
        *can = control(drivers[i]);
        if (can->reads || can->writes) {
            return drivers[i];
        }
        drivers[i]->stop();
    }
    return NULL;
}

static void drive(const struct attest_options *o, const struct config_function *f, const struct driver *driver,
                  struct control can)
{
    say("ATTEST driver device=00:%02x.%x name=%s how=\"%s\"", f->devfn >> 3, f->devfn & 7, driver->name, driver->how);
    say_control(f, driver, "before", can);
    dma(o, f, driver, can);
    if (!can.reads) {
        attest_not_attempted(f->devfn, "dma-read",
                             "it did not read this guest's own RAM: that it reads nothing else says nothing");
    }
    if (!can.writes) {
        attest_not_attempted(f->devfn, "dma-write",
                             "it did not write this guest's own RAM: that it writes nothing else says nothing");
    }
    attest_messages(f, driver);
    say_control(f, driver, "after", control(driver));
    driver->stop();
}

void attest_devices(const struct attest_options *o, const struct config_guest *guest)
{
    for (unsigned i = 0; i < guest->count; i++) {
        const struct config_function *f = &guest->functions[i];
        struct control can = {false, false};
        say("ATTEST device=00:%02x.%x id=%04x:%04x class=%06x", f->devfn >> 3, f->devfn & 7, f->id & 0xffff,
            f->id >> 16, config_read(CONFIG_PORTS, f->devfn, 8, 4) >> 8);
        config_write(CONFIG_PORTS, f->devfn, 4, 2, COMMAND_MEMORY_MASTER);
        const struct driver *driver = choose(f, &can);
        if (driver != NULL) {
            drive(o, f, driver, can);
        } else {
            attest_not_attempted(f->devfn, "dma", "the attacker has no driver for this device, or it did not start");
            attest_messages(f, NULL);
        }
    }
}
