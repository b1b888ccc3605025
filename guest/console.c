/* SPDX-License-Identifier: GPL-2.0-only
 * Guests' lines on the physical console. */
#include "guest/console.h"

#include "kernel/core/log.h"

#define UNFINISHED_AFTER_NS UINT64_C(200000000)

void console_init(struct console *console, const char *name)
{
    *console = (struct console){.name = name};
}

static void show(struct console *console, char mark)
{
    console->line[console->used] = 0;
    log_guest(console->name, mark, console->line);
    console->used = 0;
}

void console_put(struct console *console, uint8_t byte, uint64_t now_ns)
{
    if (byte == '\n') {
        show(console, '|');
        return;
    }
    if (byte < ' ' && byte != '\t' && byte != 0x1b) {
        return;
    }
    if (console->used == CONSOLE_LINE_MAX - 1) {
        show(console, '>');
    }
    if (console->used == 0) {
        console->waiting_since_ns = now_ns;
    }
    console->line[console->used++] = (char)byte;
}

uint64_t console_next_deadline(const struct console *console)
{
    return console->used == 0 ? UINT64_MAX : console->waiting_since_ns + UNFINISHED_AFTER_NS;
}

void console_advance(struct console *console, uint64_t now_ns)
{
    if (now_ns >= console_next_deadline(console)) {
        console_flush(console);
    }
}

void console_flush(struct console *console)
{
    if (console->used != 0) {
        show(console, '>');
    }
}
