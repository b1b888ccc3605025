/* SPDX-License-Identifier: GPL-2.0-only
 * Words of the command line. */
#include "kernel/core/cmdline.h"

#include "kernel/lib/string.h"

#define NUMBER_TEXT_SIZE 32

struct word {
    const char *start;
    size_t length; /* 0: no more words */
};

static struct word next_word(const char *at)
{
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    struct word w = {at, 0};
    while (at[w.length] != 0 && at[w.length] != ' ' && at[w.length] != '\t') {
        w.length++;
    }
    return w;
}

bool cmdline_has(const char *line, const char *name)
{
    size_t length = strlen(name);
    for (struct word w = next_word(line); w.length != 0; w = next_word(w.start + w.length)) {
        if (w.length == length && memcmp(w.start, name, length) == 0) {
            return true;
        }
    }
    return false;
}

bool cmdline_value(const char *line, const char *name, char *out, size_t size)
{
    size_t length = strlen(name);
    struct word value = {NULL, 0};
    for (struct word w = next_word(line); w.length != 0; w = next_word(w.start + w.length)) {
        if (w.length > length && memcmp(w.start, name, length) == 0 && w.start[length] == '=') {
            value = (struct word){w.start + length + 1, w.length - length - 1};
        }
    }
    if (value.start == NULL || value.length >= size) {
        return false;
    }
    memcpy(out, value.start, value.length);
    out[value.length] = 0;
    return true;
}

static bool digit_value(char c, unsigned base, unsigned *out)
{
    if (c >= '0' && c <= '9') {
        *out = (unsigned)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        *out = (unsigned)(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
        *out = (unsigned)(c - 'A') + 10;
    } else {
        return false;
    }
    return *out < base;
}

bool cmdline_parse_number(const char *text, size_t length, uint64_t *out)
{
    unsigned base = 10;
    if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
        length -= 2;
    }
    if (length == 0) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit;
        if (!digit_value(text[i], base, &digit) || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

bool cmdline_number(const char *line, const char *name, uint64_t *out)
{
    char text[NUMBER_TEXT_SIZE];
    return cmdline_value(line, name, text, sizeof(text)) && cmdline_parse_number(text, strlen(text), out);
}
