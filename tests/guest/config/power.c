/* SPDX-License-Identifier: GPL-2.0-only
 * Power states and resets that a guest orders: the view keeps the state, the device never hears of it. */
#include "tests/guest/config/config.h"
#include "tests/guest/lib/report.h"

#define ID_PM 0x01u
#define ID_EXPRESS 0x10u
#define FLR 0x8000u

static unsigned find(const struct config_function *f, unsigned id)
{
    unsigned at = config_read(CONFIG_PORTS, f->devfn, 0x34, 1);
    for (unsigned i = 0; i < 48 && at >= 0x40; i++) {
        uint32_t header = config_read(CONFIG_PORTS, f->devfn, at, 4);
        if ((header & 0xff) == id) {
            return at;
        }
        at = header >> 8 & 0xff;
    }
    return 0;
}

static bool answers(const struct config_function *f)
{
    return f->probe == NULL || config_has_mark(f, f->at[0], f->probe->mark);
}

static void states(const struct config_function *f, unsigned pm, enum config_way way)
{
    for (unsigned state = 3; state < 4; state--) {
        config_write(way, f->devfn, pm + 4, 2, state | 0x8100); /* and PME status, PME enable */
        check(config_read(way, f->devfn, pm + 4, 2) == (state | 8) && answers(f) && config_bar(f, 0) == f->at[0],
              "00:%02x.%x D%u by %s: kept, and the device works on", f->devfn >> 3, f->devfn & 7, state,
              config_way_name(way));
    }
}

static void reset(const struct config_function *f, unsigned express, enum config_way way)
{
    uint32_t old = config_read(way, f->devfn, express + 8, 2);
    config_write(way, f->devfn, express + 8, 2, old | FLR);
    config_write(way, f->devfn, express + 9, 1, (old | FLR) >> 8);
    check(config_read(way, f->devfn, express + 8, 2) == old && answers(f),
          "00:%02x.%x function level reset by %s: nothing happens", f->devfn >> 3, f->devfn & 7, config_way_name(way));
}

void config_power(const struct config_guest *guest)
{
    for (unsigned i = 0; i < guest->count; i++) {
        const struct config_function *f = &guest->functions[i];
        unsigned pm = find(f, ID_PM), express = find(f, ID_EXPRESS);
        if (f->probe != NULL) {
            config_mark(f, f->at[0], f->probe->mark);
        }
        for (unsigned way = 0; way < CONFIG_WAYS; way++) {
            if (pm != 0) {
                states(f, pm, way);
            }
            if (express != 0) {
                reset(f, express, way);
            }
        }
    }
}
