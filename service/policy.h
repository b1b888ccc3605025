/* SPDX-License-Identifier: GPL-2.0-only
 * When blocked requests of a device become too many, and what is done then. Pure. */
#ifndef BULKHEAD_SERVICE_POLICY_H
#define BULKHEAD_SERVICE_POLICY_H

#include "plan/fault_rules.h"

/* After it acted, the policy leaves a device in peace for that long: what it ordered takes a while, and requests may
 * still be on their way. */
#define POLICY_REST_NS UINT64_C(1000000000)

/* Of one device. Zeroed but for the rules: nothing happened yet. */
struct policy_device {
    struct fault_rules rules;
    struct rate_window window;
    uint64_t rests_until_ns;
    uint64_t acted; /* times */
};

/* One more request was blocked: what to do now. CONFIG_FAULT_LOG: nothing but to log it. */
enum config_on_fault policy_fault(struct policy_device *d, uint64_t now_ns);

/* "log", "stop-device", "restart-guest", "reboot": as in the configuration. */
const char *policy_action_text(enum config_on_fault action);

#endif
