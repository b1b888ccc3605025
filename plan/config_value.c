/* SPDX-License-Identifier: GPL-2.0-only
 * Single values of the configuration text: integers, booleans, and clear words for everything that is neither. */
#include "plan/config_lexer.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define SHOWN_MAX 40 /* characters of a bad word that are shown */

/* A run of characters outside quotes. */
struct word {
    const char *text;
    size_t length;
};

static bool is_word_byte(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+' || c == '.' || c == ':';
}

static struct word read_word(struct config_lexer *lx)
{
    struct word w = {.text = lx->text + lx->at};
    while (is_word_byte(config_lexer_peek(lx))) {
        config_lexer_advance(lx);
        w.length++;
    }
    return w;
}

static bool is_word(struct word w, const char *text)
{
    return w.length == strlen(text) && memcmp(w.text, text, w.length) == 0;
}

static bool starts_with(struct word w, const char *prefix)
{
    return w.length >= strlen(prefix) && memcmp(w.text, prefix, strlen(prefix)) == 0;
}

static bool has_only(struct word w, const char *bytes)
{
    for (size_t i = 0; i < w.length; i++) {
        size_t k = 0;
        while (bytes[k] != 0 && bytes[k] != w.text[i]) {
            k++;
        }
        if (bytes[k] == 0) {
            return false;
        }
    }
    return true;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : UINT32_MAX;
}

/* Digits with single underscores between them; false when malformed or beyond 64 bits. */
static bool read_digits(struct word w, unsigned base, uint64_t *out)
{
    bool after_digit = false;
    *out = 0;
    for (size_t i = 0; i < w.length; i++) {
        if (w.text[i] == '_') {
            if (!after_digit) {
                return false;
            }
            after_digit = false;
            continue;
        }
        unsigned digit = digit_value(w.text[i]);
        if (digit >= base || __builtin_mul_overflow(*out, (uint64_t)base, out) ||
            __builtin_add_overflow(*out, (uint64_t)digit, out)) {
            return false;
        }
        after_digit = true;
    }
    return after_digit;
}

/* An integer as TOML 1.0 writes it, within 64 bits signed. */
static bool read_integer(struct word w, int64_t *out)
{
    uint64_t size = 0;
    unsigned base = starts_with(w, "0x") ? 16 : starts_with(w, "0o") ? 8 : starts_with(w, "0b") ? 2 : 10;
    if (base != 10) {
        bool good = read_digits((struct word){w.text + 2, w.length - 2}, base, &size) && size <= INT64_MAX;
        *out = (int64_t)size;
        return good;
    }
    bool negative = starts_with(w, "-");
    size_t sign = negative || starts_with(w, "+");
    struct word digits = {w.text + sign, w.length - sign};
    bool leading_zero = digits.length > 1 && digits.text[0] == '0';
    if (leading_zero || !read_digits(digits, 10, &size) || size > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *out = (int64_t)(negative ? -size : size);
    return true;
}

static bool refuse_word(struct config_lexer *lx, struct config_position at, struct word w)
{
    int shown = (int)(w.length < SHOWN_MAX ? w.length : SHOWN_MAX);
    bool has_prefix = starts_with(w, "0x") || starts_with(w, "0o") || starts_with(w, "0b");
    if (has_only(w, "0123456789_+-") || has_prefix) {
        config_lexer_error(lx, at, CONFIG_BAD_INTEGER,
                           "no leading zeros, '_' only between digits, at most 9223372036854775807; dates are not used",
                           "'%.*s' is not an integer", shown, w.text);
    } else if (has_only(w, "0123456789_+-.eE:TZ") || is_word(w, "inf") || is_word(w, "nan")) {
        config_lexer_error(lx, at, CONFIG_UNUSED_TOML, "write an integer, or a string in quotes",
                           "'%.*s': floating-point numbers and dates are not used here", shown, w.text);
    } else {
        char fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix), "strings need quotes: \"%.*s\"", shown, w.text);
        config_lexer_error(lx, at, CONFIG_BAD_VALUE, fix, "'%.*s' is not a value", shown, w.text);
    }
    return false;
}

static bool refuse_byte(struct config_lexer *lx)
{
    int c = config_lexer_peek(lx);
    if (c == '{') {
        config_lexer_error(lx, lx->position, CONFIG_UNUSED_TOML, "write a [table]", "inline tables are not used here");
    } else {
        config_lexer_error(lx, lx->position, CONFIG_BAD_VALUE, "write a string, an integer, true, false or an array",
                           "a value is missing here");
    }
    return false;
}

bool config_lexer_value(struct config_lexer *lx, struct config_token *out)
{
    int c = config_lexer_peek(lx);
    if (c == '"' || c == '\'') {
        return config_lexer_string(lx, out);
    }
    *out = (struct config_token){.at = lx->position};
    struct word w = read_word(lx);
    if (w.length == 0) {
        return refuse_byte(lx);
    }
    if (is_word(w, "true") || is_word(w, "false")) {
        out->type = CONFIG_TOKEN_BOOLEAN;
        out->number = w.length == 4;
        return true;
    }
    out->type = CONFIG_TOKEN_INTEGER;
    return read_integer(w, &out->number) || refuse_word(lx, out->at, w);
}
