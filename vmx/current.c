/* SPDX-License-Identifier: GPL-2.0-only
 * The current VMCS. */
#include "vmx/current.h"

#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "vmx/state.h"

static struct {
    const struct vcpu *vcpus[CPU_MAX]; /* NULL: none */
} current;

static void __attribute__((noinline)) load(const struct vcpu *vcpu)
{
    bulkhead_assert(vmx_load(vmx_state(vcpu)->vmcs) == VMX_SUCCEED);
    current.vcpus[vcpu->cpu] = vcpu;
}

void vmx_current_make(const struct vcpu *vcpu)
{
    if (current.vcpus[vcpu->cpu] != vcpu) {
        load(vcpu);
    }
}

void vmx_current_drop(const struct vcpu *vcpu)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    if (current.vcpus[vcpu->cpu] == vcpu) {
        current.vcpus[vcpu->cpu] = NULL;
    }
    bulkhead_assert(vmx_clear(v->vmcs) == VMX_SUCCEED);
    v->frame.launched = 0;
}
