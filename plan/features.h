/* SPDX-License-Identifier: GPL-2.0-only
 * What `[system] without` leaves unused. */
#ifndef BULKHEAD_PLAN_FEATURES_H
#define BULKHEAD_PLAN_FEATURES_H

#include "kernel/core/cpu_feature.h"
#include "plan/config.h"

/* The set (cpu_feature_bit) that the list names; empty when it is not given. Adds CONFIG_UNKNOWN_FEATURE for each name
 * that is none. */
uint32_t features_without(const struct config_list *list, const char *file, struct diag_list *diags);

#endif
