/* SPDX-License-Identifier: GPL-2.0-only
 * What the configuration wants done about blocked requests and interrupt storms of one device. Pure. */
#ifndef BULKHEAD_PLAN_FAULT_RULES_H
#define BULKHEAD_PLAN_FAULT_RULES_H

#include "plan/config.h"

struct fault_rules {
    enum config_on_fault on_fault;
    enum config_severity severity;
    struct rate_limit fault_limit; /* so many are only logged; on_fault is for what goes beyond */
    struct rate_limit irq_limit;   /* period_ns 0: none */
};

/* For a device with that address and id of that guest; each key from the device's table, else from the guest's, else
 * what docs/config.md says. guest NULL: a device that nobody has, which can only be logged. */
struct fault_rules fault_rules_of(const struct config *config, const struct config_guest *guest, struct sbdf at,
                                  uint16_t vendor, uint16_t device);

#endif
