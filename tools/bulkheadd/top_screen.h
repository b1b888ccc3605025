/* SPDX-License-Identifier: GPL-2.0-only
 * The screen of bulkhead-ctl top, made of answers: no terminal, no clock in here. */
#ifndef BULKHEAD_AGENT_TOP_SCREEN_H
#define BULKHEAD_AGENT_TOP_SCREEN_H

#include "tools/bulkheadd/jtree.h"
#include "tools/bulkheadd/state.h"

struct top_guest {
    char name[STATE_NAME_SIZE];
    uint64_t exits, interrupts;
};

/* Counters of one moment, to make rates of. */
struct top_sample {
    uint64_t ms; /* clock_ms; 0: none taken yet */
    struct top_guest guests[STATE_GUESTS_MAX];
    size_t count;
};

/* Each an answer, or NULL where there was none. */
struct top_answers {
    const struct jtree_node *agent, *guests, *networks, *faults;
    const char *error; /* why some are not there; or NULL */
};

struct top_sample top_sample_make(const struct top_answers *answers, uint64_t ms);

/* A whole screen: at most so many lines and columns, each ended by "clear to the line's end". */
void top_screen_write(struct text *out, const struct top_answers *answers, const struct top_sample *before,
                      const struct top_sample *now, size_t columns, size_t lines, bool colour);

/* The first columns of a line; escape sequences count for nothing and all stay. */
void top_screen_clip(struct text *out, const char *line, size_t length, size_t columns);

#endif
