/* SPDX-License-Identifier: GPL-2.0-only
 * Configuration space: every register of this guest's functions takes what docs/config-space.md lets it and nothing
 * else, by ports and by ECAM; other functions and buses are not there. */
#include "tests/guest/attest/attest.h"

#define FUNCTIONS 0x10000u /* 256 buses of 256 */

static const uint32_t patterns[] = {UINT32_MAX, 0, 0xa5a5a5a5, 0xfee00004};
#define PATTERNS_EXTENDED 2u /* of them, beyond the first 256 bytes: nothing there takes a write */

static void attempt(struct attest_tally *t, const struct config_function *f, enum config_way way, unsigned at,
                    uint32_t value)
{
    uint32_t before = config_read(way, f->devfn, at, 4);
    config_write(way, f->devfn, at, 4, value);
    uint32_t now = config_read(way, f->devfn, at, 4);
    config_write(way, f->devfn, at, 4, before);
    uint32_t after = config_read(way, f->devfn, at, 4);
    bool ok = ((now ^ before) & ~f->writable[at / 4]) == 0 && after == before;
    ATTEST_JUDGE(t, ok, "%s +0x%x was 0x%x, with 0x%x written 0x%x, then 0x%x", config_way_name(way), at, before, value,
                 now, after);
}

void attest_config_own(const struct config_guest *guest)
{
    for (unsigned i = 0; i < guest->count; i++) {
        const struct config_function *f = &guest->functions[i];
        struct attest_tally t = attest_begin("config-own", f->devfn, 0, 0);
        for (unsigned way = 0; way < CONFIG_WAYS; way++) {
            for (unsigned at = 0; at < config_way_bytes(way); at += 4) {
                size_t count = at < CONFIG_LEGACY ? ARRAY_LENGTH(patterns) : PATTERNS_EXTENDED;
                for (size_t k = 0; k < count; k++) {
                    attempt(&t, f, way, at, patterns[k]);
                }
            }
        }
        attest_end(&t);
    }
}

static bool is_own(const struct config_guest *guest, uint32_t function)
{
    for (unsigned i = 0; i < guest->count; i++) {
        if (guest->functions[i].devfn == function) {
            return true;
        }
    }
    return function == 0; /* the emulated host bridge */
}

/* Command, and the first BAR: mastering and decoding somewhere else would begin there. */
static void absent(struct attest_tally *t, const struct config_guest *guest, uint32_t function)
{
    unsigned bus = function >> 8, devfn = function & 0xff;
    if (is_own(guest, function)) {
        attest_own(t);
        return;
    }
    config_write_bus(bus, devfn, 0x04, 0x0007);
    config_write_bus(bus, devfn, 0x10, 0xfed90000);
    uint32_t id = config_read_bus(bus, devfn, 0), command = config_read_bus(bus, devfn, 4);
    ATTEST_JUDGE(t, id == CONFIG_ONES && command == CONFIG_ONES, "%02x:%02x.%x answers: id 0x%x, command 0x%x", bus,
                 devfn >> 3, devfn & 7, id, command);
}

void attest_config_absent(const struct attest_options *o, const struct config_guest *guest)
{
    struct attest_tally t = attest_begin("config-absent", ATTEST_NO_DEVICE, FUNCTIONS + 0x100, o->class_ms);
    for (uint32_t devfn = 0; devfn < 0x100; devfn++) {
        absent(&t, guest, devfn);
    }
    for (uint32_t k = 0; k < FUNCTIONS && attest_more(&t); k++) {
        absent(&t, guest, attest_walk(k, FUNCTIONS, o->seed));
    }
    attest_end(&t);
}
