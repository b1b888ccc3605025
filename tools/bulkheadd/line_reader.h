/* SPDX-License-Identifier: GPL-2.0-only
 * Bytes as they come, cut into lines of bounded length; what is longer is left out and counted. */
#ifndef BULKHEAD_AGENT_LINE_READER_H
#define BULKHEAD_AGENT_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_READER_MOST ((size_t)256 << 10)

/* All zero: empty. */
struct line_reader {
    char *bytes;
    size_t size, length; /* bytes held */
    size_t taken;        /* of these, the lines handed out */
    bool skipping;       /* inside of a line that is too long */
    uint64_t too_long;   /* lines left out */
};

/* Where to read to: *room bytes, at least 1. Lines handed out before are gone. Ends the program without memory. */
char *line_reader_room(struct line_reader *r, size_t *room);
/* That many were read there. */
void line_reader_filled(struct line_reader *r, size_t count);

/* The next whole line, NUL instead of its line feed, valid until line_reader_room; NULL: none yet. It may hold NULs. */
char *line_reader_take(struct line_reader *r, size_t *length);

/* The other end is new: forget a line's beginning. */
void line_reader_reset(struct line_reader *r);
void line_reader_free(struct line_reader *r);

#endif
