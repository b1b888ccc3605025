/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's serial output on the physical console: whole lines, each tagged with the guest's name ("storage| text").
 * A line that has not ended yet is shown with '>' instead ("storage> login: "); the rest follows on the next line. */
#ifndef BULKHEAD_GUEST_CONSOLE_H
#define BULKHEAD_GUEST_CONSOLE_H

#include "kernel/lib/types.h"

#define CONSOLE_LINE_MAX 400

struct console {
    const char *name; /* lives on */
    char line[CONSOLE_LINE_MAX];
    size_t used;
    uint64_t waiting_since_ns; /* of the first byte in line */
};

void console_init(struct console *console, const char *name);

/* One byte from the guest. Control characters but tab and escape are dropped. */
void console_put(struct console *console, uint8_t byte, uint64_t now_ns);

/* When an unfinished line is to be shown (console_flush); UINT64_MAX for never. */
uint64_t console_next_deadline(const struct console *console);
void console_advance(struct console *console, uint64_t now_ns);
void console_flush(struct console *console);

#endif
