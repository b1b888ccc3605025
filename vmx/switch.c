/* SPDX-License-Identifier: GPL-2.0-only
 * Lazily switched registers. */
#include "vmx/switch.h"

#include "kernel/core/percpu.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/hw/xstate.h"
#include "vmx/msr.h"
#include "vmx/state.h"

static struct {
    struct vcpu *owner[CPU_MAX]; /* whose registers each CPU holds; NULL: nobody's */
} switched;

/* 0: not an MSR. */
static const uint32_t msrs[VMX_SWITCHED_COUNT] = {
    [VMX_SWITCHED_STAR] = MSR_STAR,
    [VMX_SWITCHED_LSTAR] = MSR_LSTAR,
    [VMX_SWITCHED_CSTAR] = MSR_CSTAR,
    [VMX_SWITCHED_SFMASK] = MSR_SFMASK,
    [VMX_SWITCHED_KERNEL_GS_BASE] = MSR_KERNEL_GS_BASE,
};

static const uint8_t places[VCPU_REGISTER_COUNT] = {
    [VCPU_STAR] = 1 + VMX_SWITCHED_STAR,
    [VCPU_LSTAR] = 1 + VMX_SWITCHED_LSTAR,
    [VCPU_CSTAR] = 1 + VMX_SWITCHED_CSTAR,
    [VCPU_SFMASK] = 1 + VMX_SWITCHED_SFMASK,
    [VCPU_KERNEL_GS_BASE] = 1 + VMX_SWITCHED_KERNEL_GS_BASE,
    [VCPU_CR2] = 1 + VMX_SWITCHED_CR2,
    [VCPU_DR6] = 1 + VMX_SWITCHED_DR6,
};

static uint64_t from_cpu(enum vmx_switched which)
{
    switch (which) {
    case VMX_SWITCHED_CR2:
        return cpu_read_cr2();
    case VMX_SWITCHED_DR6:
        return xstate_read_dr6();
    default:
        return msr_read(msrs[which]);
    }
}

static void to_cpu(enum vmx_switched which, uint64_t value)
{
    switch (which) {
    case VMX_SWITCHED_CR2:
        cpu_write_cr2(value);
        break;
    case VMX_SWITCHED_DR6:
        xstate_write_dr6(value);
        break;
    default:
        msr_write(msrs[which], value);
        break;
    }
}

static void __attribute__((noinline)) change_owner(struct vcpu *vcpu)
{
    struct vcpu **owner = &switched.owner[vcpu->cpu];
    for (unsigned i = 0; i < VMX_SWITCHED_COUNT; i++) {
        if (*owner != NULL) {
            vmx_state(*owner)->switched[i] = from_cpu(i);
        }
        to_cpu(i, vmx_state(vcpu)->switched[i]);
    }
    *owner = vcpu;
}

void vmx_switch_load(struct vcpu *vcpu)
{
    if (switched.owner[vcpu->cpu] != vcpu) {
        change_owner(vcpu);
    }
}

void vmx_switch_store(struct vcpu *vcpu)
{
    struct vcpu **owner = &switched.owner[vcpu->cpu];
    for (unsigned i = 0; *owner == vcpu && i < VMX_SWITCHED_COUNT; i++) {
        vmx_state(vcpu)->switched[i] = from_cpu(i);
    }
    vmx_switch_forget(vcpu);
}

void vmx_switch_forget(const struct vcpu *vcpu)
{
    if (switched.owner[vcpu->cpu] == vcpu) {
        switched.owner[vcpu->cpu] = NULL;
    }
}

bool vmx_switch_has(enum vcpu_register which)
{
    return places[which] != 0;
}

uint64_t vmx_switch_read(const struct vcpu *vcpu, enum vcpu_register which)
{
    enum vmx_switched place = places[which] - 1;
    return switched.owner[vcpu->cpu] == vcpu ? from_cpu(place) : vmx_state(vcpu)->switched[place];
}

void vmx_switch_write(struct vcpu *vcpu, enum vcpu_register which, uint64_t value)
{
    enum vmx_switched place = places[which] - 1;
    vmx_state(vcpu)->switched[place] = value;
    if (switched.owner[vcpu->cpu] == vcpu) {
        to_cpu(place, value);
    }
}
