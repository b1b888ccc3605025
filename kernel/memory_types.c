/* SPDX-License-Identifier: GPL-2.0-only
 * The MTRRs of this machine (SDM 3A 12.11). */
#include "kernel/memory_types.h"

#include "kernel/core/log.h"
#include "kernel/core/mtrr.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"

#define CPUID1_ECX_VMX BIT32(5)

static struct {
    struct mtrr boot; /* the boot CPU's */
    uint32_t differs; /* a register, as mtrr_difference() says; 0: none so far */
    unsigned cpu;     /* where */
} types;

static void log_lost(uint64_t start, uint64_t end, enum mtrr_type type)
{
    log_warn("memory: 0x%012llx..0x%012llx is %s by the MTRRs, not write-back: not used", (unsigned long long)start,
             (unsigned long long)end, mtrr_type_text(type));
}

static void log_types(const struct mtrr *m)
{
    if (!m->present) {
        log_info("memory: no MTRRs: all memory is write-back");
        return;
    }
    log_info("memory: MTRRs %s variable=%u fixed=%s default=%s", mtrr_is_on(m) ? "on" : "off", m->count,
             m->has_fixed ? "yes" : "no", mtrr_type_text((enum mtrr_type)bits_get(m->default_type, 7, 0)));
}

enum status memory_types_restrict(struct memory_map *map)
{
    enum status status = mtrr_read(&types.boot);
    if (status != STATUS_OK) {
        log_error("memory: this CPU has more MTRRs than Bulkhead knows");
        return status;
    }
    log_types(&types.boot);
    if ((cpu_cpuid(1, 0).ecx & CPUID1_ECX_VMX) == 0) {
        return STATUS_OK;
    }
    if (!mtrr_is_on(&types.boot)) {
        log_error("memory: firmware left the MTRRs off: all memory is uncached");
        return STATUS_UNSUPPORTED;
    }
    return mtrr_restrict(&types.boot, map, log_lost);
}

static void compare_this_cpu(void *argument)
{
    (void)argument;
    struct mtrr mine;
    uint32_t differs = mtrr_read(&mine) == STATUS_OK ? mtrr_difference(&types.boot, &mine) : UINT32_MAX;
    if (types.differs == 0 && differs != 0) { /* one CPU at a time is asked */
        types.differs = differs;
        types.cpu = cpu_index();
    }
}

void memory_types_compare(struct diag_list *diags)
{
    char where[DIAG_WHERE_SIZE];
    types.differs = 0;
    smp_call_all(compare_this_cpu, NULL);
    if (types.differs != 0) {
        format_text(where, sizeof(where), "CPU %u", types.cpu);
        diag_add(diags, MEMORY_TYPES_DIAG_DIFFER, DIAG_WARNING, where, "update the firmware",
                 "its MTRRs are not those of CPU 0 (first in MSR 0x%x): memory may be slow or uncached there",
                 types.differs);
    }
}
