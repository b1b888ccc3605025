/* SPDX-License-Identifier: GPL-2.0-only
 * Seconds since 1970-01-01 00:00:00 UTC to and from a date, proleptic Gregorian. */
#ifndef BULKHEAD_GUEST_CALENDAR_H
#define BULKHEAD_GUEST_CALENDAR_H

#include "kernel/lib/types.h"

struct calendar {
    unsigned year;    /* 1970..9999 */
    unsigned month;   /* 1..12 */
    unsigned day;     /* 1..31 */
    unsigned weekday; /* 1..7, 1 is Sunday */
    unsigned hour, minute, second;
};

/* seconds up to 9999-12-31. */
struct calendar calendar_from_seconds(uint64_t seconds);
/* Weekday is ignored; fields out of range count on (second 75 is 15 of the next minute). Years below 1970 count as
 * 1970. */
uint64_t calendar_to_seconds(const struct calendar *c);

#endif
