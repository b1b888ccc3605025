/* SPDX-License-Identifier: GPL-2.0-only
 * Time as this program sees it. */
#ifndef BULKHEAD_AGENT_CLOCK_H
#define BULKHEAD_AGENT_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_WALL_SIZE sizeof("2026-11-21T15:39:36Z")
#define CLOCK_NEVER UINT64_MAX

/* Milliseconds since some moment; never goes back. */
uint64_t clock_ms(void);

/* The time of day, UTC. */
char *clock_wall(char text[CLOCK_WALL_SIZE]);

/* Milliseconds to wait from now to `until`, for poll(2): 0 when it is past, -1 for CLOCK_NEVER. */
int clock_wait(uint64_t now, uint64_t until);

#endif
