/* SPDX-License-Identifier: GPL-2.0-only
 * The time fields are computed from guest time; only while B.SET is on do they live in memory. */
#include "guest/rtc.h"

#include "guest/calendar.h"
#include "guest/ticks.h"
#include "kernel/lib/bits.h"

#define CRYSTAL_HZ 32768
#define UPDATE_NS 2000000 /* update in progress shows during the last 2 ms of a second */

enum {
    A_UIP = 0x80,
    B_SET = 0x80,
    B_PERIODIC = 0x40,
    B_ALARM = 0x20,
    B_UPDATE = 0x10,
    B_BINARY = 0x04,
    B_24_HOURS = 0x02,
    C_IRQ = 0x80,
    D_VALID = 0x80,
    HOURS_PM = 0x80,
    ALARM_ANY = 0xc0,
};

void rtc_init(struct rtc *r, uint64_t seconds, uint64_t now_ns)
{
    *r = (struct rtc){.base_seconds = seconds - now_ns / TICKS_NS_PER_SECOND};
    r->memory[RTC_A] = 0x26;
    r->memory[RTC_B] = B_24_HOURS;
    r->memory[RTC_D] = D_VALID;
    r->update_seconds = now_ns / TICKS_NS_PER_SECOND;
}

static bool is_set(const struct rtc *r, uint8_t bit)
{
    return (r->memory[RTC_B] & bit) != 0;
}

static uint8_t encode(const struct rtc *r, unsigned v)
{
    return (uint8_t)(is_set(r, B_BINARY) ? v : v / 10 % 10 << 4 | v % 10);
}

static unsigned decode(const struct rtc *r, uint8_t v)
{
    return is_set(r, B_BINARY) ? v : (unsigned)(v >> 4) * 10 + (v & 15);
}

static uint8_t encode_hour(const struct rtc *r, unsigned hour)
{
    if (is_set(r, B_24_HOURS)) {
        return encode(r, hour);
    }
    uint8_t twelve = encode(r, hour % 12 == 0 ? 12 : hour % 12);
    return hour >= 12 ? twelve | HOURS_PM : twelve;
}

static unsigned decode_hour(const struct rtc *r, uint8_t v)
{
    if (is_set(r, B_24_HOURS)) {
        return decode(r, v);
    }
    unsigned hour = decode(r, v & 0x7f) % 12;
    return (v & HOURS_PM) != 0 ? hour + 12 : hour;
}

static struct calendar clock_at(const struct rtc *r, uint64_t now_ns)
{
    return calendar_from_seconds(r->base_seconds + now_ns / TICKS_NS_PER_SECOND);
}

static void store_fields(struct rtc *r, const struct calendar *c)
{
    r->memory[RTC_SECONDS] = encode(r, c->second);
    r->memory[RTC_MINUTES] = encode(r, c->minute);
    r->memory[RTC_HOURS] = encode_hour(r, c->hour);
    r->memory[RTC_WEEKDAY] = encode(r, c->weekday);
    r->memory[RTC_DAY] = encode(r, c->day);
    r->memory[RTC_MONTH] = encode(r, c->month);
    r->memory[RTC_YEAR] = encode(r, c->year % 100);
    r->memory[RTC_CENTURY] = encode(r, c->year / 100);
}

/* The fields become the time at now_ns. */
static void set_clock(struct rtc *r, uint64_t now_ns)
{
    struct calendar c = {
        .year = decode(r, r->memory[RTC_CENTURY]) * 100 + decode(r, r->memory[RTC_YEAR]),
        .month = decode(r, r->memory[RTC_MONTH]),
        .day = decode(r, r->memory[RTC_DAY]),
        .hour = decode_hour(r, r->memory[RTC_HOURS]),
        .minute = decode(r, r->memory[RTC_MINUTES]),
        .second = decode(r, r->memory[RTC_SECONDS]),
    };
    r->base_seconds = calendar_to_seconds(&c) - now_ns / TICKS_NS_PER_SECOND;
}

static bool is_time_field(uint8_t index)
{
    return index == RTC_CENTURY ||
           (index <= RTC_YEAR && index != RTC_SECONDS_ALARM && index != RTC_MINUTES_ALARM && index != RTC_HOURS_ALARM);
}

/* 0 when off. Rates 1 and 2 are those of 8 and 9 with the usual time base. */
static uint64_t period_ns(const struct rtc *r)
{
    unsigned rate = r->memory[RTC_A] & 0xf;
    if (rate == 0 || !is_set(r, B_PERIODIC)) {
        return 0;
    }
    return ticks_to_ns(BIT64((rate <= 2 ? rate + 7 : rate) - 1), CRYSTAL_HZ);
}

static uint8_t read_a(const struct rtc *r, uint64_t now_ns)
{
    bool updating = now_ns % TICKS_NS_PER_SECOND >= TICKS_NS_PER_SECOND - UPDATE_NS;
    return r->memory[RTC_A] | (updating && !is_set(r, B_SET) ? A_UIP : 0);
}

static uint8_t read_c(struct rtc *r, uint64_t now_ns)
{
    rtc_advance(r, now_ns);
    uint8_t v = (uint8_t)(r->memory[RTC_C] | (rtc_irq(r) ? C_IRQ : 0));
    r->memory[RTC_C] = 0;
    return v;
}

uint8_t rtc_read(struct rtc *r, unsigned offset, uint64_t now_ns)
{
    if (offset != 1) {
        return 0xff;
    }
    if (is_time_field(r->index) && !is_set(r, B_SET)) {
        struct calendar c = clock_at(r, now_ns);
        store_fields(r, &c);
    }
    switch (r->index) {
    case RTC_A:
        return read_a(r, now_ns);
    case RTC_C:
        return read_c(r, now_ns);
    default:
        return r->memory[r->index];
    }
}

/* Leaving SET starts the clock from the fields; entering it freezes them. */
static void write_b(struct rtc *r, uint8_t value, uint64_t now_ns)
{
    bool was = is_set(r, B_SET);
    bool becomes = (value & B_SET) != 0;
    rtc_advance(r, now_ns);
    if (!was) {
        struct calendar c = clock_at(r, now_ns);
        r->memory[RTC_B] = value;
        store_fields(r, &c);
    } else {
        r->memory[RTC_B] = value;
        if (!becomes) {
            set_clock(r, now_ns);
        }
    }
    if (becomes) {
        r->memory[RTC_B] &= (uint8_t)~B_UPDATE;
    }
    r->periodic_ns = now_ns;
}

static void write_field(struct rtc *r, uint8_t value, uint64_t now_ns)
{
    if (is_set(r, B_SET)) {
        r->memory[r->index] = value;
        return;
    }
    struct calendar c = clock_at(r, now_ns);
    store_fields(r, &c);
    r->memory[r->index] = value;
    set_clock(r, now_ns);
}

static void write_data(struct rtc *r, uint8_t value, uint64_t now_ns)
{
    if (is_time_field(r->index)) {
        write_field(r, value, now_ns);
        return;
    }
    switch (r->index) {
    case RTC_A:
        rtc_advance(r, now_ns);
        r->memory[RTC_A] = value & 0x7f;
        r->periodic_ns = now_ns;
        break;
    case RTC_B:
        write_b(r, value, now_ns);
        break;
    case RTC_C:
    case RTC_D:
        break;
    default:
        r->memory[r->index] = value;
    }
}

void rtc_write(struct rtc *r, unsigned offset, uint8_t value, uint64_t now_ns)
{
    if (offset == 0) {
        r->index = value & 0x7f; /* bit 7 masks NMIs on a PC; a guest has none of its own */
    } else if (offset == 1) {
        write_data(r, value, now_ns);
    }
}

bool rtc_irq(const struct rtc *r)
{
    return (r->memory[RTC_C] & r->memory[RTC_B] & (B_PERIODIC | B_ALARM | B_UPDATE)) != 0;
}

uint64_t rtc_next_deadline(const struct rtc *r, uint64_t now_ns)
{
    uint64_t next = TICKS_NEVER;
    uint64_t period = period_ns(r);
    if (period != 0 && (r->memory[RTC_C] & B_PERIODIC) == 0) {
        next = ticks_add(r->periodic_ns, period);
    }
    if (is_set(r, B_ALARM | B_UPDATE) && !is_set(r, B_SET)) {
        uint64_t second = (now_ns / TICKS_NS_PER_SECOND + 1) * TICKS_NS_PER_SECOND;
        next = second < next ? second : next;
    }
    return next;
}

static bool alarm_field_matches(uint8_t alarm, uint8_t now)
{
    return (alarm & ALARM_ANY) == ALARM_ANY || alarm == now;
}

static bool alarm_matches(const struct rtc *r, const struct calendar *c)
{
    return alarm_field_matches(r->memory[RTC_SECONDS_ALARM], encode(r, c->second)) &&
           alarm_field_matches(r->memory[RTC_MINUTES_ALARM], encode(r, c->minute)) &&
           alarm_field_matches(r->memory[RTC_HOURS_ALARM], encode_hour(r, c->hour));
}

/* Looks at each second since the last look, at most a day's worth: the alarm repeats daily. */
static void advance_updates(struct rtc *r, uint64_t now_ns)
{
    uint64_t second = now_ns / TICKS_NS_PER_SECOND;
    if (second == r->update_seconds || is_set(r, B_SET)) {
        r->update_seconds = second;
        return;
    }
    uint64_t from = second - r->update_seconds > 86400 ? second - 86400 : r->update_seconds;
    r->memory[RTC_C] |= B_UPDATE;
    for (uint64_t s = from + 1; s <= second && is_set(r, B_ALARM); s++) {
        struct calendar c = calendar_from_seconds(r->base_seconds + s);
        if (alarm_matches(r, &c)) {
            r->memory[RTC_C] |= B_ALARM;
            break;
        }
    }
    r->update_seconds = second;
}

void rtc_advance(struct rtc *r, uint64_t now_ns)
{
    uint64_t period = period_ns(r);
    if (period != 0 && now_ns >= r->periodic_ns && now_ns - r->periodic_ns >= period) {
        r->periodic_ns += (now_ns - r->periodic_ns) / period * period;
        r->memory[RTC_C] |= B_PERIODIC;
    }
    advance_updates(r, now_ns);
}
