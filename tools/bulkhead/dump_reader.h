/* SPDX-License-Identifier: GPL-2.0-only
 * The line of a dump that is being read, as words, and what words may be. */
#ifndef BULKHEAD_TOOLS_DUMP_READER_H
#define BULKHEAD_TOOLS_DUMP_READER_H

#include "tools/bulkhead/dump_text.h"

#define DUMP_READER_WORDS_MAX 72
#define DUMP_READER_LINE_SIZE 512

struct dump_reader {
    struct dump_text *out;
    unsigned line;
    char copy[DUMP_READER_LINE_SIZE]; /* of the line, cut into words */
    char rest[DUMP_READER_LINE_SIZE]; /* what follows the first word */
    char *words[DUMP_READER_WORDS_MAX];
    size_t count;
    uint8_t *rows; /* where rows of bytes go: of the table or function last named */
    size_t row_room;
    struct dump_function *function; /* the one last named, or NULL */
    bool ended;
    const char *error;
};

/* False, with what is wrong: a sentence that lives on. */
bool dump_reader_fail(struct dump_reader *p, const char *error);

/* Room for one more than count items; arrays grow by doubling. NULL: none. */
void *dump_reader_grow(void *items, size_t count, size_t size);

/* Decimal, or hexadecimal behind 0x; "0000:3b:00.0". False: it failed. */
bool dump_reader_number(struct dump_reader *p, const char *text, uint64_t most, uint64_t *out);
bool dump_reader_number32(struct dump_reader *p, const char *text, uint32_t *out);
bool dump_reader_address(struct dump_reader *p, const char *text, struct dump_address *out);

/* Words "KEY VALUE" from the index on: the value of key, or NULL. */
const char *dump_reader_value(const struct dump_reader *p, size_t from, const char *key);
/* That value as a number; without the key it failed. */
bool dump_reader_field(struct dump_reader *p, size_t from, const char *key, uint64_t most, uint64_t *out);

#endif
