/* SPDX-License-Identifier: GPL-2.0-only
 * Which MSRs a guest sees: a table; what is not listed is #GP. Nothing here reaches the hardware's own MSRs, but
 * those that the backend switches with the guest (SDM 4; APM2 appendix A). */
#ifndef BULKHEAD_GUEST_MSR_H
#define BULKHEAD_GUEST_MSR_H

#include "kernel/core/vcpu.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define MSR_MTRR_VARIABLE 8u
#define MSR_MTRR_FIXED 11u

/* Values that are kept for a vCPU and have no effect: memory types follow the nested tables. */
struct guest_msrs {
    uint64_t mtrr_base[MSR_MTRR_VARIABLE];
    uint64_t mtrr_mask[MSR_MTRR_VARIABLE];
    uint64_t mtrr_fixed[MSR_MTRR_FIXED];
    uint64_t mtrr_default;
    uint64_t misc_enable;
    uint64_t bios_signature;
};

/* As firmware leaves it: all memory write-back. */
void guest_msrs_reset(struct guest_msrs *msrs);

/* Let the guest use the MSRs that the backend switches without an exit. */
MUST_CHECK enum status guest_msrs_allow(struct vcpu *vcpu);

/* The LAPIC's MSRs (APIC base, x2APIC range, TSC deadline) are the caller's: ask guest_msr_is_lapic() first. */
bool guest_msr_is_lapic(uint32_t msr);

/* STATUS_NOT_FOUND or STATUS_OUT_OF_RANGE: inject #GP. host_tsc: the TSC now. */
MUST_CHECK enum status guest_msr_read(struct vcpu *vcpu, struct guest_msrs *msrs, uint32_t msr, uint64_t host_tsc,
                                      uint64_t *value);
MUST_CHECK enum status guest_msr_write(struct vcpu *vcpu, struct guest_msrs *msrs, uint32_t msr, uint64_t host_tsc,
                                       uint64_t value);

#endif
