/* SPDX-License-Identifier: GPL-2.0-only
 * What must hold in a [network.NAME] table. */
#ifndef BULKHEAD_PLAN_CONFIG_NETWORK_H
#define BULKHEAD_PLAN_CONFIG_NETWORK_H

#include "plan/config.h"
#include "plan/config_lexer.h"

/* Report through lx what is wrong with networks[index], whose items are well formed. */
void config_network_check(struct config_lexer *lx, const struct config *config, size_t index);

#endif
