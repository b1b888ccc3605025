/* SPDX-License-Identifier: GPL-2.0-only
 * The CMOS real-time clock and its memory (Motorola MC146818A datasheet), ports 0x70 and 0x71. */
#ifndef BULKHEAD_GUEST_RTC_H
#define BULKHEAD_GUEST_RTC_H

#include "kernel/lib/types.h"

#define RTC_SIZE 128

enum rtc_register {
    RTC_SECONDS = 0x00,
    RTC_SECONDS_ALARM = 0x01,
    RTC_MINUTES = 0x02,
    RTC_MINUTES_ALARM = 0x03,
    RTC_HOURS = 0x04,
    RTC_HOURS_ALARM = 0x05,
    RTC_WEEKDAY = 0x06,
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_A = 0x0a, /* 7 update in progress, 3:0 periodic rate */
    RTC_B = 0x0b, /* 7 set, 6 periodic, 5 alarm, 4 update-ended interrupt, 2 binary, 1 24 hours */
    RTC_C = 0x0c, /* 7 interrupt, 6 periodic, 5 alarm, 4 update-ended; cleared by reading */
    RTC_D = 0x0d, /* 7 battery is good */
    RTC_CENTURY = 0x32,
};

struct rtc {
    uint8_t index;
    uint8_t memory[RTC_SIZE]; /* alarms, A, B, C, NVRAM; and the time fields while B.SET holds them */
    uint64_t base_seconds;    /* since 1970 at guest time 0; wraps, as differences do */
    uint64_t periodic_ns;     /* guest time the next periodic tick counts from */
    uint64_t update_seconds;  /* guest time in seconds of the last update looked at */
};

/* seconds: since 1970-01-01 UTC, at guest time now_ns. */
void rtc_init(struct rtc *r, uint64_t seconds, uint64_t now_ns);

/* offset 0 or 1 of port 0x70, bytes only. The index port cannot be read: 0xFF. */
uint8_t rtc_read(struct rtc *r, unsigned offset, uint64_t now_ns);
void rtc_write(struct rtc *r, unsigned offset, uint8_t value, uint64_t now_ns);

/* IRQ 8. */
bool rtc_irq(const struct rtc *r);
uint64_t rtc_next_deadline(const struct rtc *r, uint64_t now_ns);
void rtc_advance(struct rtc *r, uint64_t now_ns);

#endif
