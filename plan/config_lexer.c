/* SPDX-License-Identifier: GPL-2.0-only
 * Lines, keys and errors of the configuration text. */
#include "plan/config_lexer.h"

#include "kernel/lib/format.h"

#define DELETE 0x7f

void config_lexer_error(struct config_lexer *lx, struct config_position at, enum config_code code, const char *fix,
                        const char *what, ...)
{
    char where[CONFIG_WHERE_SIZE];
    char text[DIAG_TEXT_SIZE];
    va_list args;
    va_start(args, what);
    format_text_v(text, sizeof(text), what, args);
    va_end(args);
    diag_add(lx->diags, (uint16_t)code, DIAG_ERROR, config_where(lx->file, at, where), fix, "%s", text);
}

/* Length of the UTF-8 sequence at the start of bytes (RFC 3629), 0 when it is none. */
static size_t utf8_length(const uint8_t *bytes, size_t left)
{
    uint8_t lead = bytes[0];
    if (lead < 0x80) {
        return 1;
    }
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
    bool bad = (lead == 0xe0 && bytes[1] < 0xa0) || (lead == 0xed && bytes[1] > 0x9f) ||
               (lead == 0xf0 && bytes[1] < 0x90) || (lead == 0xf4 && bytes[1] > 0x8f);
    return bad ? 0 : length;
}

static bool is_crlf(const struct config_lexer *lx, size_t at)
{
    return at + 1 < lx->length && lx->text[at] == '\r' && lx->text[at + 1] == '\n';
}

/* Check the bytes of the line that starts here, so that all other code may trust them. */
static void check_line(struct config_lexer *lx)
{
    struct config_position here = lx->position;
    lx->bad_line = true;
    for (size_t i = lx->at; i < lx->length && lx->text[i] != '\n' && !is_crlf(lx, i); here.column++) {
        uint8_t byte = (uint8_t)lx->text[i];
        size_t length = utf8_length((const uint8_t *)lx->text + i, lx->length - i);
        if (byte == '\r') {
            config_lexer_error(lx, here, CONFIG_BARE_CR, "end lines with LF or CR LF",
                               "a carriage return that ends no line");
            return;
        }
        if ((byte < ' ' && byte != '\t') || byte == DELETE) {
            config_lexer_error(lx, here, CONFIG_CONTROL_CHARACTER, "remove it", "control character 0x%02x", byte);
            return;
        }
        if (length == 0) {
            config_lexer_error(lx, here, CONFIG_BAD_UTF8, "save the file as UTF-8", "byte 0x%02x is not UTF-8", byte);
            return;
        }
        i += length;
    }
    lx->bad_line = false;
}

struct config_lexer config_lexer_make(const char *text, size_t length, const char *file, char *pool, size_t pool_size,
                                      struct diag_list *diags)
{
    struct config_lexer lx = {
        .file = file,
        .text = text,
        .length = length,
        .position = {1, 1},
        .pool = pool,
        .pool_size = pool_size,
        .diags = diags,
    };
    check_line(&lx);
    return lx;
}

int config_lexer_peek(const struct config_lexer *lx)
{
    return lx->at < lx->length ? (uint8_t)lx->text[lx->at] : CONFIG_LEXER_END;
}

bool config_lexer_at_line_end(const struct config_lexer *lx)
{
    return lx->at >= lx->length || lx->text[lx->at] == '\n' || is_crlf(lx, lx->at);
}

void config_lexer_advance(struct config_lexer *lx)
{
    bool continues = ((uint8_t)lx->text[lx->at] & 0xc0) == 0x80;
    lx->at++;
    lx->position.column += !continues;
}

void config_lexer_skip_space(struct config_lexer *lx)
{
    while (config_lexer_peek(lx) == ' ' || config_lexer_peek(lx) == '\t') {
        config_lexer_advance(lx);
    }
}

void config_lexer_next_line(struct config_lexer *lx)
{
    while (lx->at < lx->length && lx->text[lx->at] != '\n') {
        lx->at++;
    }
    lx->at += lx->at < lx->length;
    lx->position = (struct config_position){lx->position.line + 1, 1};
    check_line(lx);
}

bool config_lexer_skip_blank(struct config_lexer *lx)
{
    for (;;) {
        config_lexer_skip_space(lx);
        bool line_ends = config_lexer_at_line_end(lx) || config_lexer_peek(lx) == '#';
        if (!line_ends || config_lexer_peek(lx) == CONFIG_LEXER_END) {
            return true;
        }
        config_lexer_next_line(lx);
        if (lx->bad_line) {
            return false;
        }
    }
}

bool config_lexer_end_statement(struct config_lexer *lx)
{
    config_lexer_skip_space(lx);
    if (config_lexer_at_line_end(lx) || config_lexer_peek(lx) == '#') {
        return true;
    }
    config_lexer_error(lx, lx->position, CONFIG_TRAILING_TEXT, "start a new line, or put '#' before a comment",
                       "text behind the end of the statement");
    return false;
}

static bool is_bare_key_byte(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Is there only space between the line's start and here? */
static bool is_first_on_line(const struct config_lexer *lx)
{
    size_t at = lx->at;
    while (at > 0 && (lx->text[at - 1] == ' ' || lx->text[at - 1] == '\t')) {
        at--;
    }
    return at == 0 || lx->text[at - 1] == '\n';
}

bool config_lexer_at_statement(const struct config_lexer *lx)
{
    if (!is_first_on_line(lx)) {
        return false;
    }
    struct config_lexer look = *lx;
    config_lexer_skip_space(&look);
    bool is_header = config_lexer_peek(&look) == '[';
    if (is_header) {
        config_lexer_advance(&look);
        config_lexer_skip_space(&look);
    }
    int first = config_lexer_peek(&look);
    bool is_word = is_header ? first >= 'a' && first <= 'z' : is_bare_key_byte(first);
    while (is_bare_key_byte(config_lexer_peek(&look))) {
        config_lexer_advance(&look);
    }
    config_lexer_skip_space(&look);
    int after = config_lexer_peek(&look);
    return is_word && (is_header ? after == ']' || after == '.' : after == '=');
}

bool config_lexer_put(struct config_lexer *lx, char c)
{
    if (lx->pool_used == lx->pool_size) {
        config_lexer_error(lx, lx->position, CONFIG_TEXT_FULL, "shorten names and command lines",
                           "all strings together take more than %zu bytes", lx->pool_size);
        return false;
    }
    lx->pool[lx->pool_used++] = c;
    return true;
}

bool config_lexer_key(struct config_lexer *lx, struct config_token *out)
{
    int c = config_lexer_peek(lx);
    if (c == '"' || c == '\'') {
        return config_lexer_string(lx, out);
    }
    *out = (struct config_token){.at = lx->position, .text = lx->pool + lx->pool_used};
    if (!is_bare_key_byte(c)) {
        config_lexer_error(lx, lx->position, CONFIG_BAD_KEY, "write key = value, [table] or # comment",
                           "a key is expected here");
        return false;
    }
    while (is_bare_key_byte(config_lexer_peek(lx))) {
        if (!config_lexer_put(lx, (char)config_lexer_peek(lx))) {
            return false;
        }
        config_lexer_advance(lx);
    }
    return config_lexer_put(lx, 0);
}
