/* SPDX-License-Identifier: GPL-2.0-only
 * CR0, CR4, EFER and PAT of a host CPU (SDM 3A 2.5, 2.2.1, 12.12). */
#include "kernel/core/cpu_setup.h"

#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"

#define MSR_EFER 0xc0000080
#define MSR_PAT 0x277
#define EFER_NXE BIT64(11)
/* Value at reset: WB, WT, UC-, UC, twice. The page tables count on entry 3 (PCD and PWT) being UC. */
#define PAT_RESET UINT64_C(0x0007040600070406)

#define CR0_WP BIT64(16)
#define CR0_NE BIT64(5)
#define CR0_MP BIT64(1)
#define CR0_EM BIT64(2)
#define CR0_TS BIT64(3)
#define CR0_NW BIT64(29)
#define CR0_CD BIT64(30)
#define CR4_DE BIT64(3)
#define CR4_PAE BIT64(5)
#define CR4_MCE BIT64(6)
#define CR4_UMIP BIT64(11)
#define CR4_SMEP BIT64(20)
#define CR4_SMAP BIT64(21)

#define CPUID1_EDX_MCE BIT32(7)
#define CPUID1_EDX_PAT BIT32(16)
#define CPUID7_EBX_SMEP BIT32(7)
#define CPUID7_EBX_SMAP BIT32(20)
#define CPUID7_ECX_UMIP BIT32(2)
#define CPUID_EXTENDED_EDX_NX BIT32(20)

static uint64_t cr4_value(void)
{
    struct cpuid basic = cpu_cpuid(1, 0);
    struct cpuid structured = cpu_cpuid(0, 0).eax >= 7 ? cpu_cpuid(7, 0) : (struct cpuid){0};
    uint64_t cr4 = CR4_PAE | CR4_DE;
    cr4 |= (basic.edx & CPUID1_EDX_MCE) != 0 ? CR4_MCE : 0;
    cr4 |= (structured.ebx & CPUID7_EBX_SMEP) != 0 ? CR4_SMEP : 0;
    cr4 |= (structured.ebx & CPUID7_EBX_SMAP) != 0 ? CR4_SMAP : 0;
    cr4 |= (structured.ecx & CPUID7_ECX_UMIP) != 0 ? CR4_UMIP : 0;
    return cr4;
}

enum status cpu_setup(void)
{
    if ((cpu_cpuid(0x80000001, 0).edx & CPUID_EXTENDED_EDX_NX) == 0) {
        return STATUS_UNSUPPORTED;
    }
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
    uint64_t cr0 = cpu_read_cr0() & ~(CR0_EM | CR0_TS | CR0_NW | CR0_CD);
    cpu_write_cr0(cr0 | CR0_WP | CR0_NE | CR0_MP);
    cpu_write_cr4(cr4_value());
    if ((cpu_cpuid(1, 0).edx & CPUID1_EDX_PAT) != 0) {
        msr_write(MSR_PAT, PAT_RESET);
    }
    return STATUS_OK;
}
