/* SPDX-License-Identifier: GPL-2.0-only
 * MSR policy. */
#include "guest/msr.h"

#include "kernel/lib/bits.h"

enum {
    MSR_TSC = 0x10,
    MSR_APIC_BASE = 0x1b,
    MSR_BIOS_SIGN_ID = 0x8b,
    MSR_MTRR_CAP = 0xfe,
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_MISC_ENABLE = 0x1a0,
    MSR_MTRR_PHYS_FIRST = 0x200, /* base and mask of variable range 0 */
    MSR_MTRR_PHYS_LAST = 0x200 + 2 * MSR_MTRR_VARIABLE - 1,
    MSR_MTRR_FIX64K = 0x250,
    MSR_MTRR_FIX16K = 0x258, /* and 0x259 */
    MSR_MTRR_FIX4K = 0x268,  /* to 0x26f */
    MSR_PAT = 0x277,
    MSR_MTRR_DEF_TYPE = 0x2ff,
    MSR_TSC_DEADLINE = 0x6e0,
    MSR_X2APIC_FIRST = 0x800,
    MSR_X2APIC_LAST = 0x8ff,
    MSR_XSS = 0xda0, /* 0: no supervisor state is offered */
};
#define MSR_EFER UINT32_C(0xc0000080)
#define MSR_STAR UINT32_C(0xc0000081)
#define MSR_LSTAR UINT32_C(0xc0000082)
#define MSR_CSTAR UINT32_C(0xc0000083)
#define MSR_SFMASK UINT32_C(0xc0000084)
#define MSR_FS_BASE UINT32_C(0xc0000100)
#define MSR_GS_BASE UINT32_C(0xc0000101)
#define MSR_KERNEL_GS_BASE UINT32_C(0xc0000102)
#define MSR_TSC_AUX UINT32_C(0xc0000103) /* what RDTSCP and RDPID show */

#define EFER_LMA BIT64(10)
#define EFER_LME BIT64(8)
#define EFER_ALLOWED (BIT64(0) | EFER_LME | EFER_LMA | BIT64(11)) /* SCE, LME, LMA, NXE */
#define CR0_PG BIT64(31)
#define MTRR_CAP_VALUE (MSR_MTRR_VARIABLE | BIT64(8) | BIT64(10)) /* fixed ranges, write-combining */
#define MTRR_DEFAULT_VALUE (BIT64(11) | BIT64(10) | 6)            /* enabled, fixed enabled, write-back */
#define MTRR_ALL_WRITE_BACK UINT64_C(0x0606060606060606)

/* MSRs that read as a constant and ignore writes: kernels touch them without asking CPUID. */
struct fixed_msr {
    uint32_t msr;
    uint64_t value;
};
static const struct fixed_msr fixed_msrs[] = {
    {0x17, 0},       /* IA32_PLATFORM_ID */
    {0xc0010000, 0}, /* PERF_CTL0 to 3: every AMD CPU has the four counters, no CPUID bit says so */
    {0xc0010001, 0}, /* (APM2 13.2.1) */
    {0xc0010002, 0},
    {0xc0010003, 0},
    {0xc0010004, 0}, /* PERF_CTR0 to 3: never count */
    {0xc0010005, 0},
    {0xc0010006, 0},
    {0xc0010007, 0},
    {0xc0010010, 0},                /* SYSCFG */
    {0xc0010015, 0},                /* HWCR */
    {0xc0010055, 0},                /* interrupt pending message */
    {0xc0010112, 0},                /* SMM TSeg base */
    {0xc0010113, 0},                /* SMM TSeg mask */
    {0xc0011020, 0},                /* LS_CFG */
    {0xc0011022, 0},                /* DC_CFG */
    {0xc0011029, UINT64_C(1) << 1}, /* DE_CFG: LFENCE is serialising */
    {0xc001102a, 0},                /* BU_CFG2 */
};

static const uint32_t allowed_msrs[] = {MSR_SYSENTER_CS, MSR_SYSENTER_ESP,   MSR_SYSENTER_EIP, MSR_STAR,
                                        MSR_LSTAR,       MSR_CSTAR,          MSR_SFMASK,       MSR_FS_BASE,
                                        MSR_GS_BASE,     MSR_KERNEL_GS_BASE, MSR_TSC_AUX};

void guest_msrs_reset(struct guest_msrs *msrs)
{
    *msrs = (struct guest_msrs){.mtrr_default = MTRR_DEFAULT_VALUE, .misc_enable = 1};
    for (unsigned i = 0; i < MSR_MTRR_FIXED; i++) {
        msrs->mtrr_fixed[i] = MTRR_ALL_WRITE_BACK;
    }
}

enum status guest_msrs_allow(struct vcpu *vcpu)
{
    for (size_t i = 0; i < ARRAY_LENGTH(allowed_msrs); i++) {
        enum status status = vcpu->backend->allow_msr(vcpu, allowed_msrs[i], VCPU_ALLOW_READ | VCPU_ALLOW_WRITE);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

bool guest_msr_is_lapic(uint32_t msr)
{
    return msr == MSR_APIC_BASE || msr == MSR_TSC_DEADLINE || (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST);
}

/* The kept value behind an MTRR, or NULL. */
static uint64_t *mtrr(struct guest_msrs *msrs, uint32_t msr)
{
    if (msr >= MSR_MTRR_PHYS_FIRST && msr <= MSR_MTRR_PHYS_LAST) {
        unsigned range = (msr - MSR_MTRR_PHYS_FIRST) / 2;
        return (msr & 1) == 0 ? &msrs->mtrr_base[range] : &msrs->mtrr_mask[range];
    }
    if (msr == MSR_MTRR_FIX64K) {
        return &msrs->mtrr_fixed[0];
    }
    if (msr == MSR_MTRR_FIX16K || msr == MSR_MTRR_FIX16K + 1) {
        return &msrs->mtrr_fixed[1 + msr - MSR_MTRR_FIX16K];
    }
    if (msr >= MSR_MTRR_FIX4K && msr < MSR_MTRR_FIX4K + 8) {
        return &msrs->mtrr_fixed[3 + msr - MSR_MTRR_FIX4K];
    }
    return msr == MSR_MTRR_DEF_TYPE ? &msrs->mtrr_default : NULL;
}

static const struct fixed_msr *find_fixed(uint32_t msr)
{
    for (size_t i = 0; i < ARRAY_LENGTH(fixed_msrs); i++) {
        if (fixed_msrs[i].msr == msr) {
            return &fixed_msrs[i];
        }
    }
    return NULL;
}

enum status guest_msr_read(struct vcpu *vcpu, struct guest_msrs *msrs, uint32_t msr, uint64_t host_tsc, uint64_t *value)
{
    const struct fixed_msr *fixed = find_fixed(msr);
    const uint64_t *kept = mtrr(msrs, msr);
    if (fixed != NULL || kept != NULL) {
        *value = fixed != NULL ? fixed->value : *kept;
        return STATUS_OK;
    }
    switch (msr) {
    case MSR_TSC:
        *value = host_tsc + vcpu->tsc_offset;
        return STATUS_OK;
    case MSR_EFER:
        *value = vcpu->backend->read(vcpu, VCPU_EFER);
        return STATUS_OK;
    case MSR_PAT:
        *value = vcpu->backend->read(vcpu, VCPU_PAT);
        return STATUS_OK;
    case MSR_XSS:
        *value = 0;
        return STATUS_OK;
    case MSR_MTRR_CAP:
        *value = MTRR_CAP_VALUE;
        return STATUS_OK;
    case MSR_MISC_ENABLE:
        *value = msrs->misc_enable;
        return STATUS_OK;
    case MSR_BIOS_SIGN_ID:
        *value = msrs->bios_signature;
        return STATUS_OK;
    default:
        return STATUS_NOT_FOUND;
    }
}

/* LMA follows LME and paging and is not the guest's to write; LME may not change while paging is on. */
static enum status write_efer(struct vcpu *vcpu, uint64_t value)
{
    uint64_t old = vcpu->backend->read(vcpu, VCPU_EFER);
    bool paging = (vcpu->backend->read(vcpu, VCPU_CR0) & CR0_PG) != 0;
    if ((value & ~EFER_ALLOWED) != 0 || (paging && ((value ^ old) & EFER_LME) != 0)) {
        return STATUS_OUT_OF_RANGE;
    }
    vcpu->backend->write(vcpu, VCPU_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
    return STATUS_OK;
}

static enum status write_pat(struct vcpu *vcpu, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t type = value >> (8 * i) & 0xff;
        if (type > 7 || type == 2 || type == 3) {
            return STATUS_OUT_OF_RANGE;
        }
    }
    vcpu->backend->write(vcpu, VCPU_PAT, value);
    return STATUS_OK;
}

enum status guest_msr_write(struct vcpu *vcpu, struct guest_msrs *msrs, uint32_t msr, uint64_t host_tsc, uint64_t value)
{
    uint64_t *kept = mtrr(msrs, msr);
    if (kept != NULL) {
        *kept = value;
        return STATUS_OK;
    }
    if (find_fixed(msr) != NULL) {
        return STATUS_OK;
    }
    switch (msr) {
    case MSR_TSC:
        vcpu->tsc_offset = value - host_tsc;
        return STATUS_OK;
    case MSR_EFER:
        return write_efer(vcpu, value);
    case MSR_XSS:
        return value == 0 ? STATUS_OK : STATUS_OUT_OF_RANGE;
    case MSR_PAT:
        return write_pat(vcpu, value);
    case MSR_MISC_ENABLE:
        msrs->misc_enable = value;
        return STATUS_OK;
    case MSR_BIOS_SIGN_ID: /* zeroed before CPUID reads the microcode revision, SDM 3A 10.11.7.1 */
        msrs->bios_signature = value;
        return STATUS_OK;
    default:
        return STATUS_NOT_FOUND;
    }
}
