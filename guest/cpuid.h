/* SPDX-License-Identifier: GPL-2.0-only
 * What CPUID tells a guest: the host's answer cut down by a table. A leaf or bit that is not listed reads 0
 * (SDM 2A CPUID; APM3 appendix E). */
#ifndef BULKHEAD_GUEST_CPUID_H
#define BULKHEAD_GUEST_CPUID_H

#include "kernel/core/vcpu.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/types.h"

/* What the answer depends on besides the host. */
struct cpuid_context {
    unsigned cpu_index; /* of the vCPU in its guest; also its APIC id */
    unsigned cpu_count; /* vCPUs of the guest */
    uint64_t cr4;       /* the guest's: OSXSAVE and PKE show it */
    bool apic_off;      /* the guest switched its LAPIC off in IA32_APIC_BASE */
    bool x2apic;        /* the guest's LAPIC offers x2APIC mode */
    bool tsc_deadline;  /* and its timer TSC-deadline mode */
    unsigned lacks;     /* enum vcpu_instruction: #UD in guests */
};

#define CPUID_HYPERVISOR_LEAF UINT32_C(0x40000000)

/* host is what this CPU answers to (leaf, subleaf); pure otherwise. */
struct cpuid cpuid_filter(uint32_t leaf, uint32_t subleaf, struct cpuid host, const struct cpuid_context *context);

/* The XCR0 bits that a guest may set, given what CPUID 0xd.0 of the host offers: x87, SSE, AVX and AVX-512 state. */
uint64_t cpuid_xcr0_allowed(uint64_t host_supported);

#endif
