/* SPDX-License-Identifier: GPL-2.0-only
 * Puts one value or array item into its place, once its type, form and limits have been checked. */
#ifndef BULKHEAD_PLAN_CONFIG_STORE_H
#define BULKHEAD_PLAN_CONFIG_STORE_H

#include "plan/config_keys.h"
#include "plan/config_lexer.h"

/* Check token as a value of key, or, for keys that take an array, as one item; fill value. What does not fit is
 * reported, and value then only says that something was there. */
void config_store(struct config_lexer *lx, const struct config_key *key, const struct config_token *token,
                  struct config_value *value);

/* Report that the value at `at` is not of the key's type. */
void config_store_wrong_type(struct config_lexer *lx, const struct config_key *key, struct config_position at,
                             const char *found);

/* 1 to 31 characters of a-z, 0-9 and '-'. */
bool config_store_is_name(const char *text);

/* "8086:28c0" as 0x808628c0; false when it is not of that form. */
bool config_store_read_id(const char *text, uint64_t *out);

#endif
