/* SPDX-License-Identifier: GPL-2.0-only
 * The plan: devices, memory and CPUs, each looked at whatever the others came to, so that all that is wrong is told. */
#include "plan/plan.h"

#include "kernel/lib/string.h"
#include "plan/cpu_check.h"
#include "plan/plan_devices.h"
#include "plan/plan_memory.h"
#include "plan/plan_order.h"
#include "plan/plan_watch.h"

enum status plan_make(const struct plan_facts *facts, const struct config *config, const char *file,
                      struct arena *arena, struct plan *out, struct diag_list *diags)
{
    size_t errors = diags->errors, first = diags->count;
    memset(out, 0, sizeof(*out));
    out->guest_count = config->guest_count;
    enum status devices = plan_devices(facts, config, file, arena, out, diags);
    enum status memory = plan_memory(facts, config, file, arena, out, diags);
    cpu_check(facts, config, file, diags);
    plan_watch(facts, config, file, diags);
    plan_order_diags(diags, first);
    if (devices == STATUS_NO_MEMORY || memory == STATUS_NO_MEMORY) {
        return STATUS_NO_MEMORY;
    }
    bool good = devices == STATUS_OK && memory == STATUS_OK && diags->errors == errors;
    return good ? STATUS_OK : STATUS_UNSUPPORTED;
}
