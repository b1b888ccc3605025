/* SPDX-License-Identifier: GPL-2.0-only
 * IA32_FEATURE_CONTROL. */
#include "vmx/feature_control.h"

#include "vmx/msr.h"

struct vmx_feature_control vmx_feature_control_decide(uint64_t msr)
{
    if ((msr & FEATURE_CONTROL_LOCK) == 0) {
        return (struct vmx_feature_control){VMX_FEATURE_CONTROL_WRITE,
                                            msr | FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCK};
    }
    bool on = (msr & FEATURE_CONTROL_VMX) != 0;
    return (struct vmx_feature_control){on ? VMX_FEATURE_CONTROL_READY : VMX_FEATURE_CONTROL_REFUSED, msr};
}
