/* SPDX-License-Identifier: GPL-2.0-only
 * Which check of SDM 3C chapter 27 ("VM entries") a failed entry did not pass, in words. */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_H
#define BULKHEAD_VMX_ENTRY_CHECK_H

#include "kernel/core/vcpu.h"
#include "kernel/lib/types.h"
#include "vmx/capability.h"
#include "vmx/controls.h"

/* As the VMCS holds it: access rights have "unusable" in bit 16. */
struct vmx_entry_segment {
    uint64_t base;
    uint32_t limit;
    uint32_t access;
    uint16_t selector;
};

/* A descriptor-table register. */
struct vmx_entry_table {
    uint64_t base;
    uint32_t limit;
};

struct vmx_entry_guest {
    uint64_t cr0, cr3, cr4, dr7, rip, rsp, rflags;
    uint64_t debugctl, sysenter_esp, sysenter_eip, pat, efer;
    struct vmx_entry_segment segments[VCPU_SEGMENT_COUNT]; /* enum vcpu_segment_name */
    struct vmx_entry_table gdtr, idtr;
    uint32_t activity;         /* 0 active, 1 HLT, 2 shutdown, 3 wait for SIPI */
    uint32_t interruptibility; /* SDM 3C table 25-3 */
    uint64_t pending_debug;    /* SDM 3C table 25-4 */
    uint64_t link_pointer;     /* ~0: no shadow VMCS */
    uint64_t pdpte[4];         /* for a guest in PAE paging under EPT */
    uint16_t interrupt_status; /* RVI and SVI */
};

struct vmx_entry_host {
    uint64_t cr0, cr3, cr4, rip;
    uint64_t fs_base, gs_base, gdtr_base, idtr_base, tr_base;
    uint64_t sysenter_esp, sysenter_eip, pat, efer;
    uint16_t es, cs, ss, ds, fs, gs, tr;
    bool long_mode; /* EFER.LMA at the entry */
};

/* Everything that the checks look at, copied from a VMCS. A value of the current VMCS that does not exist on this
 * CPU is 0. */
struct vmx_entry_state {
    const struct vmx_capability *capability;
    struct vmx_controls controls;
    uint32_t cr3_target_count;
    uint64_t io_bitmap_a, io_bitmap_b, msr_bitmap;
    uint64_t virtual_apic, apic_access, posted_descriptor;
    uint8_t virtual_apic_tpr; /* byte 0x80 of the virtual-APIC page */
    uint32_t tpr_threshold;
    uint16_t posted_vector;
    uint16_t vpid;
    uint64_t eptp;
    uint32_t event;        /* VM-entry interruption information */
    uint32_t event_error;  /* exception error code */
    uint32_t event_length; /* instruction length */
    uint32_t exit_store_count, exit_load_count, entry_load_count;
    uint64_t exit_store, exit_load, entry_load; /* physical addresses of the MSR areas */
    struct vmx_entry_guest guest;
    struct vmx_entry_host host;
};

/* NULL when every check passes, else what is wrong, as the first broken rule: controls (27.2.1), host (27.2.2 to
 * 27.2.4), guest (27.3.1.1 to 27.3.1.6). The sentence ends in the section: "guest CR4 sets a bit that CR4_FIXED1 does
 * not allow (SDM 3C 27.3.1.1)". Rules for controls that this backend never sets (CET, LBR, PKRS, shadow VMCS, VM
 * functions and others) are not looked at. Pure. */
const char *vmx_entry_check(const struct vmx_entry_state *s);

#endif
