/* SPDX-License-Identifier: GPL-2.0-only
 * Strings of the configuration text: basic ("...", with escapes) and literal ('...'). */
#include "plan/config_lexer.h"

/* The `digits` hex digits of \u or \U; false when there are fewer. */
static bool read_hex(struct config_lexer *lx, unsigned digits, uint32_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < digits; i++) {
        int c = config_lexer_peek(lx);
        bool small = c >= 'a' && c <= 'f';
        bool large = c >= 'A' && c <= 'F';
        if (!(c >= '0' && c <= '9') && !small && !large) {
            return false;
        }
        *out = *out << 4 | (uint32_t)(small ? c - 'a' + 10 : large ? c - 'A' + 10 : c - '0');
        config_lexer_advance(lx);
    }
    return true;
}

static bool put_code_point(struct config_lexer *lx, uint32_t c)
{
    if (c < 0x80) {
        return config_lexer_put(lx, (char)c);
    }
    if (c < 0x800) {
        return config_lexer_put(lx, (char)(0xc0 | c >> 6)) && config_lexer_put(lx, (char)(0x80 | (c & 0x3f)));
    }
    if (c < 0x10000) {
        return config_lexer_put(lx, (char)(0xe0 | c >> 12)) && config_lexer_put(lx, (char)(0x80 | (c >> 6 & 0x3f))) &&
               config_lexer_put(lx, (char)(0x80 | (c & 0x3f)));
    }
    return config_lexer_put(lx, (char)(0xf0 | c >> 18)) && config_lexer_put(lx, (char)(0x80 | (c >> 12 & 0x3f))) &&
           config_lexer_put(lx, (char)(0x80 | (c >> 6 & 0x3f))) && config_lexer_put(lx, (char)(0x80 | (c & 0x3f)));
}

/* The letter behind a backslash, as a code point; \u and \U read their digits. */
static bool read_escape(struct config_lexer *lx, uint32_t *out)
{
    static const char letters[] = "btnfr\"\\";
    static const char meanings[] = "\b\t\n\f\r\"\\";
    int letter = config_lexer_at_line_end(lx) ? CONFIG_LEXER_END : config_lexer_peek(lx);
    if (letter == CONFIG_LEXER_END) {
        return false;
    }
    config_lexer_advance(lx);
    if (letter == 'u' || letter == 'U') {
        bool is_surrogate_or_beyond =
            !read_hex(lx, letter == 'u' ? 4 : 8, out) || *out > 0x10ffff || (*out >= 0xd800 && *out <= 0xdfff);
        return !is_surrogate_or_beyond;
    }
    for (size_t i = 0; letters[i] != 0; i++) {
        if (letter == letters[i]) {
            *out = (uint8_t)meanings[i];
            return true;
        }
    }
    return false;
}

static bool decode_escape(struct config_lexer *lx)
{
    struct config_position at = lx->position;
    uint32_t c = 0;
    config_lexer_advance(lx);
    if (!read_escape(lx, &c)) {
        config_lexer_error(lx, at, CONFIG_BAD_ESCAPE,
                           "use \\\" \\\\ \\t \\uXXXX or \\UXXXXXXXX, or put the string in single quotes",
                           "unknown escape in a string");
        return false;
    }
    if ((c < ' ' && c != '\t') || c == 0x7f) {
        config_lexer_error(lx, at, CONFIG_CONTROL_CHARACTER, "remove it",
                           "control character 0x%02x in a string (a subset of TOML: only tab is allowed)", c);
        return false;
    }
    return put_code_point(lx, c);
}

static bool is_multi_line(const struct config_lexer *lx, char quote)
{
    return lx->length - lx->at >= 3 && lx->text[lx->at + 1] == quote && lx->text[lx->at + 2] == quote;
}

bool config_lexer_string(struct config_lexer *lx, struct config_token *out)
{
    char quote = (char)config_lexer_peek(lx);
    *out = (struct config_token){.type = CONFIG_TOKEN_STRING, .at = lx->position, .text = lx->pool + lx->pool_used};
    if (is_multi_line(lx, quote)) {
        config_lexer_error(lx, out->at, CONFIG_UNUSED_TOML, "write the string on one line, in single or double quotes",
                           "multi-line strings are not used here");
        return false;
    }
    config_lexer_advance(lx);
    for (;;) {
        if (config_lexer_at_line_end(lx)) {
            config_lexer_error(lx, out->at, CONFIG_BAD_STRING, "close it with the quote it starts with",
                               "the string is not closed on its line");
            return false;
        }
        char c = (char)config_lexer_peek(lx);
        bool is_escape = c == '\\' && quote == '"';
        if (is_escape ? !decode_escape(lx) : c != quote && !config_lexer_put(lx, c)) {
            return false;
        }
        if (!is_escape) {
            config_lexer_advance(lx);
        }
        if (c == quote) {
            return config_lexer_put(lx, 0);
        }
    }
}
