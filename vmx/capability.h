/* SPDX-License-Identifier: GPL-2.0-only
 * What VMX this CPU has (SDM 3D appendix A); every decision of the backend is a function of it. */
#ifndef BULKHEAD_VMX_CAPABILITY_H
#define BULKHEAD_VMX_CAPABILITY_H

#include "kernel/lib/types.h"

/* The capability MSRs as read; 0 for one that this CPU does not have. */
struct vmx_msrs {
    uint64_t feature_control;
    uint64_t basic;
    uint64_t pin, primary, exit, entry;                     /* legacy: the default1 bits are all 1 */
    uint64_t true_pin, true_primary, true_exit, true_entry; /* with bit 55 of basic */
    uint64_t secondary;
    uint64_t misc;
    uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
    uint64_t ept_vpid;
    uint64_t arch_capabilities; /* SDM 4 table 2-2 */
};

/* What CPUID says beside them. */
struct vmx_cpuid {
    bool vmx;               /* 1:ECX.5 */
    unsigned physical_bits; /* 0x80000008:EAX[7:0], 36 without that leaf */
    unsigned linear_bits;   /* 0x80000008:EAX[15:8], 48 without */
};

/* One control field: a bit of `must` has to be 1, a bit not in `may` has to be 0. */
struct vmx_allowed {
    uint32_t must;
    uint32_t may;
};

struct vmx_capability {
    bool vmx;        /* the instructions exist */
    bool locked_off; /* firmware locked IA32_FEATURE_CONTROL without VMX */
    uint64_t feature_control;
    unsigned physical_bits; /* of a host-physical address */
    unsigned linear_bits;   /* 48 or 57 */

    /* IA32_VMX_BASIC */
    uint32_t revision;    /* bits 30:0, for the first word of a VMXON region and of a VMCS */
    uint32_t vmcs_bytes;  /* 1..4096 */
    bool vmcs_below_4g;   /* VMCS, VMXON region and what they point to lie below 4 GiB */
    bool vmcs_write_back; /* they are to be accessed write-back */
    bool true_controls;
    bool injects_any_error; /* bit 56: an exception is injected with or without error code whatever its vector */

    struct vmx_allowed pin, primary, secondary, exit, entry; /* from the true MSRs when there; secondary 0 when none */
    uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1; /* bits that must be, bits that may be 1 */

    /* IA32_VMX_MISC */
    unsigned timer_shift; /* the preemption timer counts down once every 2^timer_shift TSC ticks */
    bool activity_hlt;    /* activity states a guest may be entered in, beside active */
    bool activity_shutdown;
    bool activity_wait_sipi;
    bool zero_length_injection; /* software events may be injected with instruction length 0 */
    unsigned cr3_targets;       /* 0..511 */

    /* IA32_VMX_EPT_VPID_CAP; all false without EPT */
    bool ept; /* with a walk of 4 levels and write-back tables: what this backend needs */
    bool ept_5_levels;
    bool ept_uncached; /* tables of memory type UC are allowed too */
    bool ept_2m, ept_1g;
    bool ept_ad; /* accessed and dirty flags */
    /* A guest that changes the size of its code's pages cannot make the CPU raise a machine check (CVE-2018-12207). */
    bool page_sizes_safe;
    bool invept, invept_single, invept_all;
    bool invvpid, invvpid_all;

    /* Single controls that others ask for by name: allowed to be 1. */
    bool vpid;
    bool preemption_timer;
    bool virtual_nmis;
    bool tpr_shadow;
    bool io_bitmaps;
    bool apic_access;
    bool apic_registers;
    bool virtual_x2apic;
    bool virtual_interrupts;
    bool posted_interrupts;
    bool rdtscp;
};

/* Pure. Fields that depend on a capability the CPU lacks are false or 0. */
struct vmx_capability vmx_capability_make(const struct vmx_msrs *msrs, const struct vmx_cpuid *cpuid);

/* The same from this CPU, which reads only MSRs that exist. */
struct vmx_capability vmx_capability_read(void);

/* NULL when guests can run, else one sentence: which requirement is missing and what to change. */
const char *vmx_capability_refusal(const struct vmx_capability *c);

#endif
