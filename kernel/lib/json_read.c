/* SPDX-License-Identifier: GPL-2.0-only
 * Bounded JSON reader: a loop over values with a small stack of the brackets that are open. */
#include "kernel/lib/json_read.h"

#include "kernel/lib/json.h"
#include "kernel/lib/string.h"

#define NO_DIGIT 16

struct reader {
    struct json_read *out;
    const char *line;
    size_t length, at;
    char open[JSON_READ_DEPTH];
    unsigned depth;
    enum status status;
};

static bool fail(struct reader *r, enum status status, const char *why)
{
    if (r->status == STATUS_OK) {
        r->status = status;
        r->out->why = why;
        r->out->at = r->at;
    }
    return false;
}

static bool bad(struct reader *r, const char *why)
{
    return fail(r, STATUS_BAD_FORMAT, why);
}

/* 0 at the end; a NUL in the line is no part of any JSON. */
static char peek(const struct reader *r)
{
    return r->at < r->length ? r->line[r->at] : 0;
}

static bool accept(struct reader *r, char c)
{
    bool there = r->at < r->length && r->line[r->at] == c;
    r->at += there;
    return there;
}

static void skip_blanks(struct reader *r)
{
    while (accept(r, ' ') || accept(r, '\t') || accept(r, '\r') || accept(r, '\n')) {
    }
}

/* Decoded strings are never longer than what they were written as, quotes for NUL: there is always room. */
static void keep(struct reader *r, const void *bytes, size_t count)
{
    memcpy(r->out->text + r->out->used, bytes, count);
    r->out->used += count;
}

static void keep_character(struct reader *r, uint32_t c)
{
    uint8_t bytes[4];
    if (c < 0x80) {
        bytes[0] = (uint8_t)c;
        keep(r, bytes, 1);
    } else if (c < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | c >> 6);
        bytes[1] = (uint8_t)(0x80 | (c & 0x3f));
        keep(r, bytes, 2);
    } else if (c < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | c >> 12);
        bytes[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        bytes[2] = (uint8_t)(0x80 | (c & 0x3f));
        keep(r, bytes, 3);
    } else {
        bytes[0] = (uint8_t)(0xf0 | c >> 18);
        bytes[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        bytes[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        bytes[3] = (uint8_t)(0x80 | (c & 0x3f));
        keep(r, bytes, 4);
    }
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : NO_DIGIT;
}

static bool four_digits(struct reader *r, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < 4; i++, r->at++) {
        unsigned digit = digit_of(peek(r));
        if (digit == NO_DIGIT) {
            return bad(r, "\\u needs four hexadecimal digits");
        }
        *value = *value << 4 | digit;
    }
    return true;
}

/* After "\u". */
static bool read_unicode(struct reader *r)
{
    uint32_t c, low;
    if (!four_digits(r, &c)) {
        return false;
    }
    if (c >= 0xd800 && c <= 0xdbff) {
        if (!accept(r, '\\') || !accept(r, 'u') || !four_digits(r, &low) || low < 0xdc00 || low > 0xdfff) {
            return bad(r, "half of a surrogate pair");
        }
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c <= 0xdfff) {
        return bad(r, "half of a surrogate pair");
    } else if (c == 0) {
        return bad(r, "U+0000 in a string");
    }
    keep_character(r, c);
    return true;
}

/* After the backslash. */
static bool read_escape(struct reader *r)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    if (accept(r, 'u')) {
        return read_unicode(r);
    }
    for (size_t i = 0; i < sizeof(letters) - 1; i++) {
        if (accept(r, letters[i])) {
            keep(r, &meant[i], 1);
            return true;
        }
    }
    return bad(r, "no such escape in a string");
}

/* Decoded into text, where *start is; its bytes are given back by those who do not want it. */
static bool read_string(struct reader *r, const char **start)
{
    *start = r->out->text + r->out->used;
    if (!accept(r, '"')) {
        return bad(r, "a string should start here");
    }
    while (!accept(r, '"')) {
        size_t count = json_utf8((const uint8_t *)r->line + r->at, r->length - r->at);
        if (count == 0) {
            return bad(r, r->at == r->length ? "a string does not end" : "not UTF-8");
        }
        if ((uint8_t)peek(r) < ' ') {
            return bad(r, "a control character in a string");
        }
        if (accept(r, '\\')) {
            if (!read_escape(r)) {
                return false;
            }
            continue;
        }
        keep(r, r->line + r->at, count);
        r->at += count;
    }
    keep(r, "", 1);
    return true;
}

static bool digits(struct reader *r)
{
    size_t start = r->at;
    while (peek(r) >= '0' && peek(r) <= '9') {
        r->at++;
    }
    return r->at != start;
}

static bool read_number(struct reader *r)
{
    accept(r, '-');
    if (!accept(r, '0') && !digits(r)) {
        return bad(r, "no JSON value");
    }
    if (accept(r, '.') && !digits(r)) {
        return bad(r, "a number without digits after its point");
    }
    if (accept(r, 'e') || accept(r, 'E')) {
        if (!accept(r, '+')) {
            accept(r, '-');
        }
        return digits(r) || bad(r, "a number without digits in its exponent");
    }
    return true;
}

static bool read_word(struct reader *r, const char *word)
{
    size_t length = strlen(word);
    if (length > r->length - r->at || memcmp(r->line + r->at, word, length) != 0) {
        return bad(r, "no JSON value");
    }
    r->at += length;
    return true;
}

static bool read_scalar(struct reader *r, struct json_member *m)
{
    size_t used = r->out->used;
    const char *text = "";
    switch (peek(r)) {
    case '"':
        m->kind = JSON_STRING;
        if (!read_string(r, &text)) {
            return false;
        }
        m->text = text;
        r->out->used = r->depth > 1 ? used : r->out->used;
        return true;
    case 't':
        m->kind = JSON_BOOL;
        m->yes = true;
        return read_word(r, "true");
    case 'f':
        m->kind = JSON_BOOL;
        return read_word(r, "false");
    case 'n':
        m->kind = JSON_NULL;
        return read_word(r, "null");
    default:
        m->kind = JSON_NUMBER;
        return read_number(r);
    }
}

/* The key and its colon; a new member when this is the outermost object. */
static bool read_key(struct reader *r)
{
    struct json_read *out = r->out;
    size_t used = out->used;
    const char *key;
    skip_blanks(r);
    if (!read_string(r, &key)) {
        return false;
    }
    skip_blanks(r);
    if (r->depth == 1) {
        if (json_read_find(out, key) != NULL) {
            return bad(r, "a key twice");
        }
        if (out->count == JSON_READ_MEMBERS) {
            return fail(r, STATUS_OUT_OF_RANGE, "too many members");
        }
        out->members[out->count++] = (struct json_member){.key = key, .text = ""};
    } else {
        out->used = used;
    }
    return accept(r, ':') || bad(r, "a ':' should be here");
}

static bool is_object(const struct reader *r)
{
    return r->open[r->depth - 1] == '{';
}

/* After '{' or '['; *empty: it was closed at once. */
static bool enter(struct reader *r, bool *empty)
{
    if (r->depth == JSON_READ_DEPTH) {
        return fail(r, STATUS_OUT_OF_RANGE, "too many brackets inside of each other");
    }
    r->open[r->depth++] = r->line[r->at++];
    skip_blanks(r);
    *empty = accept(r, is_object(r) ? '}' : ']');
    r->depth -= *empty;
    return *empty || !is_object(r) || read_key(r);
}

/* After a value: close what ends here, up to the next value's place; *done: all is closed. */
static bool leave(struct reader *r, bool *done)
{
    while (r->depth != 0) {
        struct json_member *m = &r->out->members[r->out->count - 1];
        if (r->depth == 1) {
            m->raw_length = (size_t)(r->line + r->at - m->raw);
        }
        skip_blanks(r);
        if (accept(r, ',')) {
            return !is_object(r) || read_key(r);
        }
        if (!accept(r, is_object(r) ? '}' : ']')) {
            return bad(r, r->at == r->length ? "the line ends too early" : "a ',' or a bracket should be here");
        }
        r->depth--;
    }
    *done = true;
    return true;
}

/* One value, or the start of one that has more in it. */
static bool read_value(struct reader *r, bool *entered)
{
    struct json_member deeper;
    struct json_member *m = r->depth == 1 ? &r->out->members[r->out->count - 1] : &deeper;
    skip_blanks(r);
    m->raw = r->line + r->at;
    *entered = peek(r) == '{' || peek(r) == '[';
    if (!*entered) {
        return read_scalar(r, m);
    }
    m->kind = peek(r) == '{' ? JSON_OBJECT : JSON_ARRAY;
    bool empty;
    if (!enter(r, &empty)) {
        return false;
    }
    *entered = !empty;
    return true;
}

static bool read_all(struct reader *r)
{
    skip_blanks(r);
    if (peek(r) != '{') {
        return bad(r, "an object, {...}, should start here");
    }
    bool done = false;
    while (!done) {
        bool entered;
        if (!read_value(r, &entered) || (!entered && !leave(r, &done))) {
            return false;
        }
    }
    skip_blanks(r);
    return r->at == r->length || bad(r, "something follows the object");
}

enum status json_read(struct json_read *read, const char *line, size_t length)
{
    struct reader r = {.out = read, .line = line, .length = length};
    read->count = read->used = read->at = 0;
    read->why = NULL;
    if (length > JSON_READ_BYTES) {
        fail(&r, STATUS_OUT_OF_RANGE, "the line is too long");
    } else {
        read_all(&r);
    }
    read->count = r.status == STATUS_OK ? read->count : 0;
    return r.status;
}

const struct json_member *json_read_find(const struct json_read *read, const char *key)
{
    for (size_t i = 0; i < read->count; i++) {
        if (strcmp(read->members[i].key, key) == 0) {
            return &read->members[i];
        }
    }
    return NULL;
}
