/* SPDX-License-Identifier: GPL-2.0-only
 * Devices with rules of their own (drivers/device_rules.h) against who gets them. plan/plan_devices.c calls it. */
#ifndef BULKHEAD_PLAN_PLAN_RULES_H
#define BULKHEAD_PLAN_PLAN_RULES_H

#include "plan/plan_work.h"

/* Refuse devices that only trusted guests may have, and say of VFs that nobody would serve that they do nothing. */
void plan_rules_check(struct plan_work *w);

#endif
