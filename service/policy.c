/* SPDX-License-Identifier: GPL-2.0-only
 * The policy about faults. */
#include "service/policy.h"

enum config_on_fault policy_fault(struct policy_device *d, uint64_t now_ns)
{
    bool exceeded = rate_exceeded(&d->window, d->rules.fault_limit, now_ns, 1);
    if (!exceeded || d->rules.on_fault == CONFIG_FAULT_LOG || now_ns < d->rests_until_ns) {
        return CONFIG_FAULT_LOG;
    }
    d->window = (struct rate_window){0};
    d->rests_until_ns = now_ns + POLICY_REST_NS;
    d->acted++;
    return d->rules.on_fault;
}

const char *policy_action_text(enum config_on_fault action)
{
    static const char *const words[] = {"log", "stop-device", "restart-guest", "reboot"};
    return words[action];
}
