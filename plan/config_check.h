/* SPDX-License-Identifier: GPL-2.0-only
 * The last step of reading a configuration: what can be said only when all of it was read. */
#ifndef BULKHEAD_PLAN_CONFIG_CHECK_H
#define BULKHEAD_PLAN_CONFIG_CHECK_H

#include "plan/config.h"
#include "plan/config_lexer.h"

/* Report through lx the keys that are missing, the guests that are named but not there, and the like. */
void config_check(struct config_lexer *lx, const struct config *config);

/* Report a guest's name that no guest has, unless it is not even a name; with the one that was meant. */
void config_check_names_guest(struct config_lexer *lx, const struct config *config, const struct config_value *value);

#endif
