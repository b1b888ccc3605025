/* SPDX-License-Identifier: GPL-2.0-only
 * Rules about faults, key by key. */
#include "plan/fault_rules.h"

#define FAULTS_ALLOWED 10u
#define FAULTS_ALLOWED_NS UINT64_C(1000000000)

static bool is_given(const struct config_value *value)
{
    return value->at.line != 0;
}

static const struct config_value *first_given(const struct config_value *device, const struct config_value *guest)
{
    return is_given(device) ? device : guest;
}

static void read_rate(const struct config_value *value, struct rate_limit *rate)
{
    if (is_given(value)) {
        *rate = config_rate_of(value);
    }
}

struct fault_rules fault_rules_of(const struct config *config, const struct config_guest *guest, struct sbdf at,
                                  uint16_t vendor, uint16_t device)
{
    struct fault_rules rules = {.on_fault = CONFIG_FAULT_LOG,
                                .severity = CONFIG_WARNING,
                                .fault_limit = {.count = FAULTS_ALLOWED, .period_ns = FAULTS_ALLOWED_NS}};
    if (guest == NULL) {
        return rules;
    }
    const struct config_device d = config_device_of(config, at, vendor, device);
    const struct config_value *on_fault = first_given(&d.on_fault, &guest->on_fault);
    const struct config_value *severity = first_given(&d.fault_severity, &guest->fault_severity);
    if (is_given(on_fault)) {
        rules.on_fault = (enum config_on_fault)on_fault->number;
    }
    if (is_given(severity)) {
        rules.severity = (enum config_severity)severity->number;
    }
    read_rate(first_given(&d.fault_limit, &guest->fault_limit), &rules.fault_limit);
    read_rate(first_given(&d.irq_limit, &guest->irq_limit), &rules.irq_limit);
    return rules;
}
