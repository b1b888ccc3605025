/* SPDX-License-Identifier: GPL-2.0-only
 * Characters, lines, keys and single values of the configuration text (TOML 1.0).
 * Every bool function reports what is wrong itself before it returns false. */
#ifndef BULKHEAD_PLAN_CONFIG_LEXER_H
#define BULKHEAD_PLAN_CONFIG_LEXER_H

#include "plan/config.h"
#include "plan/config_codes.h"

#define CONFIG_LEXER_END (-1)

struct config_lexer {
    const char *file;
    const char *text;
    size_t length;
    size_t at; /* next byte */
    struct config_position position;
    bool bad_line; /* this line has bytes that no line may have; reported */
    char *pool;    /* decoded strings, each with its NUL */
    size_t pool_size, pool_used;
    struct diag_list *diags;
};

enum config_token_type {
    CONFIG_TOKEN_STRING,
    CONFIG_TOKEN_INTEGER,
    CONFIG_TOKEN_BOOLEAN,
};

struct config_token {
    enum config_token_type type;
    struct config_position at;
    const char *text; /* of a string: in the pool */
    int64_t number;   /* of an integer or boolean */
};

/* Starts at the first line, which is checked already. */
struct config_lexer config_lexer_make(const char *text, size_t length, const char *file, char *pool, size_t pool_size,
                                      struct diag_list *diags);

void config_lexer_error(struct config_lexer *lx, struct config_position at, enum config_code code, const char *fix,
                        const char *what, ...) __attribute__((format(printf, 5, 6)));

/* The next byte, or CONFIG_LEXER_END. */
int config_lexer_peek(const struct config_lexer *lx);
bool config_lexer_at_line_end(const struct config_lexer *lx);
/* Step over one byte, which must not end the line. */
void config_lexer_advance(struct config_lexer *lx);
void config_lexer_skip_space(struct config_lexer *lx);
/* Go to the start of the next line and check that line's bytes. */
void config_lexer_next_line(struct config_lexer *lx);
/* Space, comments and line ends, as allowed inside arrays. False when a line met on the way is bad. */
bool config_lexer_skip_blank(struct config_lexer *lx);
/* Nothing but space and a comment up to the line's end. */
bool config_lexer_end_statement(struct config_lexer *lx);
/* Does a table's header or "key =" stand here? Where an array went wrong, it tells where to go on. */
bool config_lexer_at_statement(const struct config_lexer *lx);

/* A bare or quoted key. */
bool config_lexer_key(struct config_lexer *lx, struct config_token *out);
/* A string, integer or boolean. */
bool config_lexer_value(struct config_lexer *lx, struct config_token *out);
/* A basic or literal string; the next byte is its quote (plan/config_string.c). */
bool config_lexer_string(struct config_lexer *lx, struct config_token *out);
/* Append one byte to the pool. */
bool config_lexer_put(struct config_lexer *lx, char c);

#endif
