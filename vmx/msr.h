/* SPDX-License-Identifier: GPL-2.0-only
 * Model-specific registers of VMX (SDM 3D appendix A, SDM 4 table 2-2), and those that entries and exits load. */
#ifndef BULKHEAD_VMX_MSR_H
#define BULKHEAD_VMX_MSR_H

enum {
    MSR_FEATURE_CONTROL = 0x3a,
    MSR_ARCH_CAPABILITIES = 0x10a, /* with bit 29 of CPUID 7 EDX */
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_PAT = 0x277,
    MSR_VMX_BASIC = 0x480,
    MSR_VMX_PIN = 0x481,
    MSR_VMX_PRIMARY = 0x482,
    MSR_VMX_EXIT = 0x483,
    MSR_VMX_ENTRY = 0x484,
    MSR_VMX_MISC = 0x485,
    MSR_VMX_CR0_FIXED0 = 0x486,
    MSR_VMX_CR0_FIXED1 = 0x487,
    MSR_VMX_CR4_FIXED0 = 0x488,
    MSR_VMX_CR4_FIXED1 = 0x489,
    MSR_VMX_SECONDARY = 0x48b, /* with VMX_PRIMARY_SECONDARY allowed */
    MSR_VMX_EPT_VPID = 0x48c,  /* with EPT or VPID allowed */
    MSR_VMX_TRUE_PIN = 0x48d,  /* these four with bit 55 of MSR_VMX_BASIC */
    MSR_VMX_TRUE_PRIMARY = 0x48e,
    MSR_VMX_TRUE_EXIT = 0x48f,
    MSR_VMX_TRUE_ENTRY = 0x490,
    MSR_EFER = 0xc0000080,
    MSR_STAR = 0xc0000081,
    MSR_LSTAR = 0xc0000082,
    MSR_CSTAR = 0xc0000083,
    MSR_SFMASK = 0xc0000084,
    MSR_FS_BASE = 0xc0000100,
    MSR_GS_BASE = 0xc0000101,
    MSR_KERNEL_GS_BASE = 0xc0000102,
};

enum {
    FEATURE_CONTROL_LOCK = 1 << 0,
    FEATURE_CONTROL_VMX_IN_SMX = 1 << 1,
    FEATURE_CONTROL_VMX = 1 << 2, /* VMXON works outside SMX operation */
};

#endif
