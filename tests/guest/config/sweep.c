/* SPDX-License-Identifier: GPL-2.0-only
 * Every register of every function written with everything, in every width, by either way: only bits that the view
 * lets a guest write change, nothing beside them does, and the device keeps its state. */
#include "tests/guest/config/config.h"
#include "tests/guest/lib/report.h"

static uint32_t before[CONFIG_BYTES / 4];

static const uint32_t patterns[] = {0xffffffff, 0x00000000, 0xfee00004, 0x00800001, 0xa5a5a5a5};

/* What one sweep met that it must not. */
struct sweep {
    const struct config_function *f;
    enum config_way way;
    unsigned writes, wrong, wrong_at;
};

static void remember(const struct config_function *f)
{
    for (unsigned at = 0; at < CONFIG_BYTES; at += 4) {
        before[at / 4] = config_read(CONFIG_ECAM, f->devfn, at, 4);
    }
}

static unsigned first_change(const struct config_function *f)
{
    for (unsigned at = 0; at < CONFIG_BYTES; at += 4) {
        if (config_read(CONFIG_ECAM, f->devfn, at, 4) != before[at / 4]) {
            return at;
        }
    }
    return CONFIG_BYTES;
}

/* One write: afterwards the register's bits that are not writable are as they were. Then the old value comes back. */
static void attack(struct sweep *s, unsigned at, unsigned width, uint32_t value)
{
    unsigned word = at & ~3u;
    config_write(s->way, s->f->devfn, at, width, value);
    uint32_t now = config_read(s->way, s->f->devfn, word, 4);
    bool bad = ((now ^ before[word / 4]) & ~s->f->writable[word / 4]) != 0;
    config_write(s->way, s->f->devfn, word, 4, before[word / 4]);
    bad |= config_read(s->way, s->f->devfn, word, 4) != before[word / 4];
    s->writes++;
    s->wrong_at = bad && s->wrong == 0 ? at : s->wrong_at;
    s->wrong += bad;
}

static void attack_range(struct sweep *s, unsigned start, unsigned end, unsigned width)
{
    for (unsigned at = start; at < end; at += width) {
        for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) {
            attack(s, at, width, patterns[i]);
        }
    }
}

static void report(const struct sweep *s, const char *what)
{
    check(s->wrong == 0, "00:%02x.%x by %s: %u writes to %s change what they may (%u wrong, first at +0x%x)",
          s->f->devfn >> 3, s->f->devfn & 7, config_way_name(s->way), s->writes, what, s->wrong, s->wrong_at);
}

static void sweep(const struct config_function *f, enum config_way way, unsigned start, unsigned end, bool narrow,
                  const char *what)
{
    struct sweep s = {.f = f, .way = way};
    attack_range(&s, start, end, 4);
    if (narrow) {
        attack_range(&s, start, end, 2);
        attack_range(&s, start, end, 1);
    }
    report(&s, what);
}

/* Accesses of 8 bytes, and of 4 that straddle registers: ECAM alone lets a CPU try. */
static void odd_accesses(const struct config_function *f)
{
    static const unsigned at[] = {0x02, 0x0e, 0x12, 0x33, 0x3e, 0x41, 0xfe, 0xffd};
    for (size_t i = 0; i < ARRAY_LENGTH(at); i++) {
        config_write(CONFIG_ECAM, f->devfn, at[i], 4, 0xffffffff);
        config_write(CONFIG_ECAM, f->devfn, at[i] & ~7u, 8, 0xffffffff);
    }
    bool bad = false;
    for (unsigned word = 0; word < CONFIG_BYTES; word += 4) {
        uint32_t now = config_read(CONFIG_ECAM, f->devfn, word, 4);
        bad |= ((now ^ before[word / 4]) & ~f->writable[word / 4]) != 0;
    }
    check(!bad, "00:%02x.%x: writes across registers change what they may", f->devfn >> 3, f->devfn & 7);
    for (unsigned word = 0; word < CONFIG_LEGACY; word += 4) {
        config_write(CONFIG_ECAM, f->devfn, word, 4, before[word / 4]);
    }
}

/* A reset of any kind, power states that got through, or a lost BAR would show here. */
static void still_itself(const struct config_function *f, enum config_way way)
{
    expect(first_change(f), CONFIG_BYTES, "00:%02x.%x by %s: its view is as before", f->devfn >> 3, f->devfn & 7,
           config_way_name(way));
    if (f->probe != NULL) {
        check(config_has_mark(f, f->at[0], f->probe->mark), "00:%02x.%x by %s: the device was not reset and answers",
              f->devfn >> 3, f->devfn & 7, config_way_name(way));
    }
}

static void sweep_function(const struct config_function *f, enum config_way way)
{
    if (f->probe != NULL) {
        config_mark(f, f->at[0], f->probe->mark);
    }
    remember(f);
    sweep(f, way, 0x00, 0x40, true, "the header");
    sweep(f, way, 0x40, CONFIG_LEGACY, true, "capabilities");
    if (way == CONFIG_ECAM) {
        sweep(f, way, CONFIG_LEGACY, CONFIG_BYTES, false, "extended space");
        odd_accesses(f);
    }
    still_itself(f, way);
}

void config_sweep(const struct config_guest *guest, enum config_way way)
{
    for (unsigned i = 0; i < guest->count; i++) {
        sweep_function(&guest->functions[i], way);
    }
}
