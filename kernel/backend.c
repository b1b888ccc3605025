/* SPDX-License-Identifier: GPL-2.0-only
 * VMX or SVM, by CPUID (SDM 3C 24.6, APM2 15.4). */
#include "kernel/backend.h"

#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "svm/svm.h"
#include "vmx/vmx.h"

const struct cpu_backend *backend_choose(void)
{
    if ((cpu_cpuid(1, 0).ecx & BIT32(5)) != 0) {
        return &vmx_backend;
    }
    bool svm = cpu_cpuid(0x80000000, 0).eax >= 0x80000001 && (cpu_cpuid(0x80000001, 0).ecx & BIT32(2)) != 0;
    return svm ? &svm_backend : NULL;
}

struct attempt {
    const struct cpu_backend *backend;
    enum status status;
    const char *why;
};

/* Each CPU is asked anew: firmware may have locked one of them alone. */
static void enable_here(void *argument)
{
    struct attempt *a = argument;
    a->why = a->backend->refuse();
    a->status = a->why == NULL ? a->backend->cpu_enable(cpu_index()) : STATUS_UNSUPPORTED;
}

static void disable_here(void *argument)
{
    const struct attempt *a = argument;
    a->backend->cpu_disable(cpu_index());
}

enum status backend_enable(const struct cpu_backend *backend, uint32_t without, struct backend_failure *failure)
{
    backend->configure(without);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        struct attempt attempt = {.backend = backend};
        smp_call(cpu, enable_here, &attempt);
        if (attempt.status == STATUS_OK) {
            continue;
        }
        for (unsigned before = 0; before < cpu; before++) {
            smp_call(before, disable_here, &attempt);
        }
        *failure = (struct backend_failure){cpu, attempt.why != NULL ? attempt.why : status_text(attempt.status)};
        return attempt.status;
    }
    return STATUS_OK;
}
