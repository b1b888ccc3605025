/* SPDX-License-Identifier: GPL-2.0-only
 * Counters are computed from the time they were started at; nothing ticks. */
#include "guest/pit.h"

#include "guest/ticks.h"
#include "kernel/lib/bits.h"

#define REFRESH_NS 15085 /* half a period of the DRAM refresh toggle in port 0x61 */

void pit_init(struct pit *p)
{
    *p = (struct pit){0};
    for (unsigned i = 0; i < 3; i++) {
        p->channels[i] = (struct pit_channel){.mode = 3, .access = 3, .gate = i != 2, .count = 0x10000};
    }
}

static bool is_periodic(const struct pit_channel *c)
{
    return c->mode == 2 || c->mode == 3;
}

/* Modes 1 and 5 start at the gate's rise, the others when the count is written. */
static bool is_triggered(const struct pit_channel *c)
{
    return c->mode == 1 || c->mode == 5;
}

static uint64_t ticks(const struct pit_channel *c, uint64_t now_ns)
{
    if (!c->running) {
        return c->stopped_ticks;
    }
    return now_ns > c->start_ns ? ticks_from_ns(now_ns - c->start_ns, PIT_HZ) : 0;
}

static uint32_t modulus(const struct pit_channel *c)
{
    return c->bcd ? 10000 : 0x10000;
}

static uint32_t from_bcd(uint32_t v)
{
    return (v >> 12) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 + (v & 15);
}

static uint32_t to_bcd(uint32_t v)
{
    return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
}

/* The count as software reads it. Square wave counts down by two. */
static uint16_t current(const struct pit_channel *c, uint64_t now_ns)
{
    uint64_t t = ticks(c, now_ns);
    uint64_t left;
    if (c->mode == 3) {
        left = c->count - 2 * t % c->count;
    } else if (c->mode == 2) {
        left = c->count - t % c->count;
    } else {
        left = c->count - t; /* runs on through zero */
    }
    uint32_t value = (uint32_t)((left % modulus(c) + modulus(c)) % modulus(c));
    return (uint16_t)(c->bcd ? to_bcd(value) : value);
}

static bool output(const struct pit_channel *c, uint64_t now_ns)
{
    uint64_t t = ticks(c, now_ns);
    if (!c->loaded || (is_periodic(c) && !c->gate) || (is_triggered(c) && !c->running)) {
        return c->mode != 0;
    }
    switch (c->mode) {
    case 0:
    case 1:
        return t >= c->count;
    case 2:
        return t % c->count != c->count - 1;
    case 3:
        return t % c->count < (c->count + 1) / 2;
    default:
        return t != c->count;
    }
}

bool pit_output(const struct pit *p, unsigned channel, uint64_t now_ns)
{
    return output(&p->channels[channel % 3], now_ns);
}

static void start(struct pit_channel *c, uint64_t now_ns)
{
    c->running = true;
    c->start_ns = now_ns;
    c->stopped_ticks = 0;
}

static void load(struct pit_channel *c, uint16_t value, uint64_t now_ns)
{
    uint32_t count = c->bcd ? from_bcd(value) : value;
    c->count = count == 0 ? modulus(c) : count;
    c->loaded = true;
    if (is_triggered(c)) {
        return;
    }
    start(c, now_ns);
    c->running = c->gate;
}

static void set_gate(struct pit_channel *c, bool gate, uint64_t now_ns)
{
    bool rises = gate && !c->gate;
    bool falls = !gate && c->gate;
    c->gate = gate;
    if (!c->loaded) {
        return;
    }
    if (rises && (is_periodic(c) || is_triggered(c))) {
        start(c, now_ns);
    } else if (rises) { /* modes 0 and 4 go on where they stopped */
        uint64_t done = ticks_to_ns(c->stopped_ticks, PIT_HZ);
        c->running = true;
        c->start_ns = now_ns > done ? now_ns - done : 0;
    } else if (falls && !is_triggered(c)) {
        c->stopped_ticks = ticks(c, now_ns);
        c->running = false;
    }
}

static void latch_count(struct pit_channel *c, uint64_t now_ns)
{
    if (!c->count_latched) { /* a second latch before the read is ignored */
        c->count_latched = true;
        c->latch = current(c, now_ns);
    }
}

static void latch_status(struct pit_channel *c, uint64_t now_ns)
{
    if (!c->status_latched) {
        c->status_latched = true;
        c->status = (uint8_t)((output(c, now_ns) ? 0x80 : 0) | (c->loaded ? 0 : 0x40) | c->access << 4 | c->mode << 1 |
                              (c->bcd ? 1 : 0));
    }
}

static void read_back(struct pit *p, uint8_t value, uint64_t now_ns)
{
    for (unsigned i = 0; i < 3; i++) {
        if ((value & BIT32(i + 1)) == 0) {
            continue;
        }
        if ((value & 0x20) == 0) {
            latch_count(&p->channels[i], now_ns);
        }
        if ((value & 0x10) == 0) {
            latch_status(&p->channels[i], now_ns);
        }
    }
}

static void write_control(struct pit *p, uint8_t value, uint64_t now_ns)
{
    unsigned index = value >> 6;
    if (index == 3) {
        read_back(p, value, now_ns);
        return;
    }
    struct pit_channel *c = &p->channels[index];
    uint8_t access = (uint8_t)bits_get(value, 5, 4);
    if (access == 0) {
        latch_count(c, now_ns);
        return;
    }
    uint8_t mode = (uint8_t)bits_get(value, 3, 1);
    *c = (struct pit_channel){.mode = mode > 5 ? mode & 3 : mode, /* 6 and 7 are 2 and 3 */
                              .access = access,
                              .bcd = (value & 1) != 0,
                              .gate = c->gate,
                              .count = 0x10000};
    if (index == 0) {
        p->edges_reported = 0;
    }
}

static void write_count(struct pit *p, unsigned index, uint8_t value, uint64_t now_ns)
{
    struct pit_channel *c = &p->channels[index];
    uint16_t count;
    if (c->access == 3 && !c->write_high_next) {
        c->written_low = value;
        c->write_high_next = true;
        if (c->mode == 0) {
            c->loaded = false; /* the first byte stops a running mode 0 count */
        }
        return;
    }
    c->write_high_next = false;
    if (c->access == 3) {
        count = (uint16_t)(value << 8 | c->written_low);
    } else {
        count = c->access == 1 ? value : (uint16_t)(value << 8);
    }
    load(c, count, now_ns);
    if (index == 0) {
        p->edges_reported = 0;
    }
}

static uint8_t read_count(struct pit_channel *c, uint64_t now_ns)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    uint16_t value = c->count_latched ? c->latch : current(c, now_ns);
    if (c->access != 3) {
        c->count_latched = false;
        return (uint8_t)(c->access == 1 ? value : value >> 8);
    }
    bool high = c->read_high_next;
    c->read_high_next = !high;
    if (high) {
        c->count_latched = false;
    }
    return (uint8_t)(high ? value >> 8 : value);
}

static uint8_t read_system_control(const struct pit *p, uint64_t now_ns)
{
    return (uint8_t)((p->channels[2].gate ? 1 : 0) | (p->speaker ? 2 : 0) |
                     ((now_ns / REFRESH_NS & 1) != 0 ? 0x10 : 0) | (pit_output(p, 2, now_ns) ? 0x20 : 0));
}

uint8_t pit_read(struct pit *p, uint16_t port, uint64_t now_ns)
{
    if (port == PIT_SYSTEM_CONTROL) {
        return read_system_control(p, now_ns);
    }
    if (port < PIT_CHANNEL0 || port >= PIT_CONTROL) {
        return 0xff;
    }
    return read_count(&p->channels[port - PIT_CHANNEL0], now_ns);
}

void pit_write(struct pit *p, uint16_t port, uint8_t value, uint64_t now_ns)
{
    if (port == PIT_SYSTEM_CONTROL) {
        p->speaker = (value & 2) != 0;
        set_gate(&p->channels[2], (value & 1) != 0, now_ns);
    } else if (port == PIT_CONTROL) {
        write_control(p, value, now_ns);
    } else if (port >= PIT_CHANNEL0 && port < PIT_CONTROL) {
        write_count(p, port - PIT_CHANNEL0, value, now_ns);
    }
}

uint64_t pit_next_deadline(const struct pit *p)
{
    const struct pit_channel *c = &p->channels[0];
    bool done = !is_periodic(c) && p->edges_reported != 0;
    if (!c->loaded || !c->running || done) {
        return TICKS_NEVER;
    }
    return ticks_add(c->start_ns, ticks_to_ns((p->edges_reported + 1) * c->count, PIT_HZ));
}

uint64_t pit_advance(struct pit *p, uint64_t now_ns)
{
    const struct pit_channel *c = &p->channels[0];
    if (pit_next_deadline(p) > now_ns) {
        return 0;
    }
    uint64_t edges = is_periodic(c) ? ticks(c, now_ns) / c->count : 1;
    uint64_t due = edges - p->edges_reported;
    p->edges_reported = edges;
    return due;
}
