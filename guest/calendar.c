/* SPDX-License-Identifier: GPL-2.0-only
 * Dates are counted from 1 March of a year, so that the leap day comes last. */
#include "guest/calendar.h"

#define DAY_SECONDS 86400
#define DAYS_400_YEARS 146097
#define DAYS_0000_TO_1970 719468 /* from 1 March of year 0 */

/* Days from 1 January 1970 to the date. */
static uint64_t days_from_date(unsigned year, unsigned month, unsigned day)
{
    uint64_t y = month <= 2 ? year - 1 : year;
    uint64_t era = y / 400;
    uint64_t year_of_era = y % 400;
    uint64_t shifted = (month + 9) % 12; /* March is 0 */
    uint64_t day_of_year = (153 * shifted + 2) / 5 + day - 1;
    uint64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_400_YEARS + day_of_era - DAYS_0000_TO_1970;
}

struct calendar calendar_from_seconds(uint64_t seconds)
{
    uint64_t days = seconds / DAY_SECONDS;
    uint64_t rest = seconds % DAY_SECONDS;
    uint64_t z = days + DAYS_0000_TO_1970;
    uint64_t era = z / DAYS_400_YEARS;
    uint64_t doe = z % DAYS_400_YEARS;
    uint64_t year_of_era = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t day_of_year = doe - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t shifted = (5 * day_of_year + 2) / 153;
    unsigned month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct calendar){
        .year = (unsigned)(era * 400 + year_of_era + (month <= 2 ? 1 : 0)),
        .month = month,
        .day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1),
        .weekday = (unsigned)((days + 4) % 7 + 1), /* 1970 began on a Thursday */
        .hour = (unsigned)(rest / 3600),
        .minute = (unsigned)(rest / 60 % 60),
        .second = (unsigned)(rest % 60),
    };
}

uint64_t calendar_to_seconds(const struct calendar *c)
{
    unsigned month0 = c->month == 0 ? 0 : c->month - 1;
    unsigned year = (c->year < 1970 ? 1970 : c->year) + month0 / 12;
    unsigned day = c->day == 0 ? 1 : c->day;
    uint64_t days = days_from_date(year, month0 % 12 + 1, day);
    return days * DAY_SECONDS + (uint64_t)c->hour * 3600 + (uint64_t)c->minute * 60 + c->second;
}
