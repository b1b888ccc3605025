/* SPDX-License-Identifier: GPL-2.0-only
 * A vCPU's registers in its control block. */
#include "svm/registers.h"

#include "kernel/lib/bits.h"
#include "svm/msr.h"
#include "svm/vmcb.h"

#define CR4_MCE BIT64(6)
#define EFER_LMA BIT64(10)
/* Attributes as the control block has them: descriptor bits 53 and 54 (APM2 15.5.1). */
#define CS_LONG BIT32(9)
#define CS_BIG BIT32(10)

/* Where each register is. */
static const uint16_t offsets[VCPU_REGISTER_COUNT] = {
    [VCPU_CR0] = VMCB_CR0_64,
    [VCPU_CR2] = VMCB_CR2_64,
    [VCPU_CR3] = VMCB_CR3_64,
    [VCPU_CR4] = VMCB_CR4_64,
    [VCPU_CR8] = VMCB_V_INTR_64,
    [VCPU_DR6] = VMCB_DR6_64,
    [VCPU_DR7] = VMCB_DR7_64,
    [VCPU_EFER] = VMCB_EFER_64,
    [VCPU_PAT] = VMCB_PAT_64,
    [VCPU_GDTR_BASE] = VMCB_GDTR + VMCB_SEGMENT_BASE_64,
    [VCPU_GDTR_LIMIT] = VMCB_GDTR + VMCB_SEGMENT_LIMIT_32,
    [VCPU_IDTR_BASE] = VMCB_IDTR + VMCB_SEGMENT_BASE_64,
    [VCPU_IDTR_LIMIT] = VMCB_IDTR + VMCB_SEGMENT_LIMIT_32,
    [VCPU_STAR] = VMCB_STAR_64,
    [VCPU_LSTAR] = VMCB_LSTAR_64,
    [VCPU_CSTAR] = VMCB_CSTAR_64,
    [VCPU_SFMASK] = VMCB_SFMASK_64,
    [VCPU_KERNEL_GS_BASE] = VMCB_KERNEL_GS_BASE_64,
    [VCPU_SYSENTER_CS] = VMCB_SYSENTER_CS_64,
    [VCPU_SYSENTER_ESP] = VMCB_SYSENTER_ESP_64,
    [VCPU_SYSENTER_EIP] = VMCB_SYSENTER_EIP_64,
};

static const uint16_t segment_offsets[VCPU_SEGMENT_COUNT] = {
    [VCPU_ES] = VMCB_ES, [VCPU_CS] = VMCB_CS, [VCPU_SS] = VMCB_SS,     [VCPU_DS] = VMCB_DS,
    [VCPU_FS] = VMCB_FS, [VCPU_GS] = VMCB_GS, [VCPU_LDTR] = VMCB_LDTR, [VCPU_TR] = VMCB_TR,
};

static struct svm_vcpu *data_of(const struct vcpu *vcpu)
{
    return vcpu->data;
}

uint64_t svm_registers_read(const struct vcpu *vcpu, enum vcpu_register which)
{
    const struct svm_vcpu *s = data_of(vcpu);
    switch (which) {
    case VCPU_GDTR_LIMIT:
    case VCPU_IDTR_LIMIT:
        return vmcb_get32(s->vmcb, offsets[which]);
    case VCPU_CR4: {
        uint64_t cr4 = vmcb_get64(s->vmcb, VMCB_CR4_64) & ~CR4_MCE;
        return s->guest_mce ? cr4 | CR4_MCE : cr4;
    }
    case VCPU_CR8:
        return vmcb_get64(s->vmcb, VMCB_V_INTR_64) & 0xf;
    case VCPU_EFER:
        return vmcb_get64(s->vmcb, VMCB_EFER_64) & ~(uint64_t)EFER_SVME;
    default:
        return vmcb_get64(s->vmcb, offsets[which]);
    }
}

void svm_registers_write(struct vcpu *vcpu, enum vcpu_register which, uint64_t value)
{
    struct svm_vcpu *s = data_of(vcpu);
    if (which == VCPU_CR0 || which == VCPU_CR3 || which == VCPU_CR4 || which == VCPU_EFER) {
        vcpu->flush = true; /* as the instruction would have done: entries only tag translations by ASID */
    }
    switch (which) {
    case VCPU_GDTR_LIMIT:
    case VCPU_IDTR_LIMIT:
        vmcb_put32(s->vmcb, offsets[which], (uint32_t)value);
        break;
    case VCPU_CR4:
        /* A machine check with CR4.MCE clear would shut the CPU down instead of reaching the hypervisor. */
        s->guest_mce = (value & CR4_MCE) != 0;
        vmcb_intercept_cr4_read(s->vmcb, !s->guest_mce);
        vmcb_put64(s->vmcb, VMCB_CR4_64, value | CR4_MCE);
        break;
    case VCPU_CR8: {
        uint64_t v_intr = vmcb_get64(s->vmcb, VMCB_V_INTR_64);
        vmcb_put64(s->vmcb, VMCB_V_INTR_64, bits_set(v_intr, VMCB_V_TPR_HIGH, VMCB_V_TPR_LOW, value & 0xf));
        break;
    }
    case VCPU_EFER:
        vmcb_put64(s->vmcb, VMCB_EFER_64, value | EFER_SVME);
        break;
    default:
        vmcb_put64(s->vmcb, offsets[which], value);
        break;
    }
}

struct vcpu_segment svm_registers_read_segment(const struct vcpu *vcpu, enum vcpu_segment_name which)
{
    return vmcb_segment(data_of(vcpu)->vmcb, segment_offsets[which]);
}

void svm_registers_read_code(const struct vcpu *vcpu, struct vcpu_code *code)
{
    const struct svm_vcpu *s = data_of(vcpu);
    const uint8_t *vmcb = s->vmcb;
    uint32_t attributes = vmcb_get32(vmcb, VMCB_CS) >> 16;
    code->cr0 = vmcb_get64(vmcb, VMCB_CR0_64);
    code->cr3 = vmcb_get64(vmcb, VMCB_CR3_64);
    code->cr4 = vmcb_get64(vmcb, VMCB_CR4_64) & ~(s->guest_mce ? 0 : CR4_MCE);
    code->efer = vmcb_get64(vmcb, VMCB_EFER_64) & ~(uint64_t)EFER_SVME;
    if ((code->efer & EFER_LMA) != 0 && (attributes & CS_LONG) != 0) {
        code->bits = 64;
        code->linear = vcpu->rip;
    } else {
        code->bits = (attributes & CS_BIG) != 0 ? 32 : 16;
        code->linear = vmcb_get64(vmcb, VMCB_CS + VMCB_SEGMENT_BASE_64) + vcpu->rip;
    }
}

void svm_registers_write_segment(struct vcpu *vcpu, enum vcpu_segment_name which, struct vcpu_segment value)
{
    struct svm_vcpu *s = data_of(vcpu);
    vmcb_put_segment(s->vmcb, segment_offsets[which], value);
    if (which == VCPU_SS) {
        s->vmcb[VMCB_CPL_8] = (uint8_t)bits_get(value.attributes, 6, 5);
    }
}

void svm_registers_load(const struct vcpu *vcpu)
{
    uint8_t *vmcb = data_of(vcpu)->vmcb;
    vmcb_put64(vmcb, VMCB_RIP_64, vcpu->rip);
    vmcb_put64(vmcb, VMCB_RFLAGS_64, vcpu->rflags);
    vmcb_put64(vmcb, VMCB_RSP_64, vcpu->gprs[VCPU_RSP]);
    vmcb_put64(vmcb, VMCB_RAX_64, vcpu->gprs[VCPU_RAX]);
    vmcb_put64(vmcb, VMCB_TSC_OFFSET_64, vcpu->tsc_offset);
}

void svm_registers_store(struct vcpu *vcpu)
{
    const uint8_t *vmcb = data_of(vcpu)->vmcb;
    vcpu->rip = vmcb_get64(vmcb, VMCB_RIP_64);
    vcpu->rflags = vmcb_get64(vmcb, VMCB_RFLAGS_64);
    vcpu->gprs[VCPU_RSP] = vmcb_get64(vmcb, VMCB_RSP_64);
    vcpu->gprs[VCPU_RAX] = vmcb_get64(vmcb, VMCB_RAX_64);
}
