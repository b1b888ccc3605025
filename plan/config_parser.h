/* SPDX-License-Identifier: GPL-2.0-only
 * What the files that read a configuration share: where they are in the text, and what is being filled. */
#ifndef BULKHEAD_PLAN_CONFIG_PARSER_H
#define BULKHEAD_PLAN_CONFIG_PARSER_H

#include "plan/config.h"
#include "plan/config_keys.h"
#include "plan/config_lexer.h"

struct config_parser {
    struct config_lexer lx;
    struct config *out;
    const struct config_table *table; /* the one being filled; NULL: a refused one, whose keys are only skipped */
    void *object;                     /* the struct its keys' offsets are in */
    bool in_array;                    /* an array is open: an error goes on behind its end */
};

#endif
