/* SPDX-License-Identifier: GPL-2.0-only
 * Time by Linux. */
#include "tools/bulkheadd/clock.h"

#include <limits.h>
#include <time.h>

uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

char *clock_wall(char text[CLOCK_WALL_SIZE])
{
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) == NULL || strftime(text, CLOCK_WALL_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        text[0] = 0;
    }
    return text;
}

int clock_wait(uint64_t now, uint64_t until)
{
    if (until == CLOCK_NEVER) {
        return -1;
    }
    uint64_t left = until > now ? until - now : 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}
