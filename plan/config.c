/* SPDX-License-Identifier: GPL-2.0-only
 * The configuration's grammar: statements one after the other, and on behind an error. */
#include "plan/config.h"

#include "kernel/lib/string.h"
#include "plan/config_check.h"
#include "plan/config_header.h"
#include "plan/config_pair.h"

static bool rest_of_line_has_bracket(const struct config_lexer *lx)
{
    struct config_lexer look = *lx;
    while (!config_lexer_at_line_end(&look)) {
        if (config_lexer_peek(&look) == ']') {
            return true;
        }
        config_lexer_advance(&look);
    }
    return false;
}

/* Behind an error: to the start of a line from which reading makes sense again. */
static void recover(struct config_parser *p)
{
    bool in_array = p->in_array;
    p->in_array = false;
    if (in_array && config_lexer_at_statement(&p->lx)) {
        return; /* the array was never closed, and here is what follows it */
    }
    bool closed = !in_array;
    do {
        closed |= rest_of_line_has_bracket(&p->lx);
        config_lexer_next_line(&p->lx);
    } while (!closed && config_lexer_peek(&p->lx) != CONFIG_LEXER_END && !config_lexer_at_statement(&p->lx));
}

static bool read_statement(struct config_parser *p)
{
    config_lexer_skip_space(&p->lx);
    if (p->lx.bad_line) {
        return false;
    }
    if (config_lexer_at_line_end(&p->lx) || config_lexer_peek(&p->lx) == '#') {
        return true;
    }
    return config_lexer_peek(&p->lx) == '[' ? config_header_read(p) : config_pair_read(p);
}

enum status config_parse(const char *text, size_t length, const char *file, struct config *out, struct diag_list *diags)
{
    size_t errors = diags->errors;
    memset(out, 0, sizeof(*out));
    struct config_parser p = {.out = out, .table = &config_tables[CONFIG_TABLE_TOP], .object = out};
    bool fits = length <= CONFIG_FILE_MAX;
    p.lx = config_lexer_make(text, fits ? length : 0, file, out->text, sizeof(out->text), diags);
    if (!fits) {
        config_lexer_error(&p.lx, p.lx.position, CONFIG_TOO_MANY, "is this the right file?",
                           "the file has more than %zu bytes", CONFIG_FILE_MAX);
        return STATUS_BAD_FORMAT;
    }
    while (config_lexer_peek(&p.lx) != CONFIG_LEXER_END) {
        if (read_statement(&p)) {
            config_lexer_next_line(&p.lx);
        } else {
            recover(&p);
        }
    }
    config_check(&p.lx, out);
    return diags->errors == errors ? STATUS_OK : STATUS_BAD_FORMAT;
}
