/* SPDX-License-Identifier: GPL-2.0-only
 * The terminal byte by byte, and back as it was at the end, signals included. */
#ifndef BULKHEAD_AGENT_TERMINAL_H
#define BULKHEAD_AGENT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct terminal {
    struct termios before;
    bool raw;
    int signals; /* readable when SIGINT, SIGTERM or SIGHUP came; -1: none */
};

/* Standard input raw where it is a terminal; signals as a descriptor in any case. */
struct terminal terminal_open(void);
void terminal_close(struct terminal *t);

/* Columns and lines of standard output; 80 and 24 where it does not say. */
void terminal_size(size_t *columns, size_t *lines);

#endif
