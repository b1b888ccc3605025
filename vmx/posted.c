/* SPDX-License-Identifier: GPL-2.0-only
 * Posted interrupts in a VMCS. */
#include "vmx/posted.h"

#include "kernel/core/panic.h"
#include "kernel/core/posted.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/phys.h"
#include "vmx/instructions.h"

void vmx_posted_setup(const struct vcpu *vcpu, const struct vmx_controls *controls)
{
    if (!vmx_posted_in_use(controls)) {
        return;
    }
    /* The entry checks (SDM 3C 27.2.1.1) ask for a vector below 256 and an address whose bits 5:0 are clear. */
    struct hpa at = virt_to_phys(vcpu->posted);
    bulkhead_assert(vcpu->posted != NULL && is_aligned(at.v, POSTED_BYTES));
    vmx_write(VMCS_POSTED_VECTOR, VECTOR_POSTED);
    vmx_write(VMCS_POSTED_DESCRIPTOR, at.v);
}

uint8_t vmx_posted_acknowledged(const struct vmx_controls *controls)
{
    if ((controls->exit & VMX_EXIT_ACK_INTERRUPT) == 0) {
        return 0;
    }
    uint64_t event = vmx_read(VMCS_EXIT_EVENT);
    bool valid = (event & BIT64(VMCS_EVENT_VALID)) != 0;
    bool external = bits_get(event, VMCS_EVENT_TYPE_HIGH, VMCS_EVENT_TYPE_LOW) == VMCS_TYPE_INTERRUPT;
    return valid && external ? (uint8_t)event : 0;
}
