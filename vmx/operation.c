/* SPDX-License-Identifier: GPL-2.0-only
 * VMX operation. */
#include "vmx/operation.h"

#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"
#include "vmx/feature_control.h"
#include "vmx/instructions.h"
#include "vmx/msr.h"

#define CR4_VMXE BIT64(13)

static bool same(struct vmx_allowed a, struct vmx_allowed b)
{
    return a.must == b.must && a.may == b.may;
}

bool vmx_operation_is_alike(const struct vmx_capability *a, const struct vmx_capability *b)
{
    return a->revision == b->revision && same(a->pin, b->pin) && same(a->primary, b->primary) &&
           same(a->secondary, b->secondary) && same(a->exit, b->exit) && same(a->entry, b->entry) &&
           a->ept_1g == b->ept_1g && a->ept_2m == b->ept_2m && a->ept_ad == b->ept_ad &&
           a->timer_shift == b->timer_shift && a->physical_bits == b->physical_bits;
}

bool vmx_operation_fits(const struct vmx_capability *c, uint64_t cr0, uint64_t cr4)
{
    return (c->cr0_fixed0 & ~cr0) == 0 && (cr0 & ~c->cr0_fixed1) == 0 && (c->cr4_fixed0 & ~cr4) == 0 &&
           (cr4 & ~c->cr4_fixed1) == 0;
}

static enum status open_feature_control(void)
{
    struct vmx_feature_control f = vmx_feature_control_decide(msr_read(MSR_FEATURE_CONTROL));
    if (f.kind == VMX_FEATURE_CONTROL_REFUSED) {
        return STATUS_UNSUPPORTED;
    }
    if (f.kind == VMX_FEATURE_CONTROL_WRITE) {
        msr_write(MSR_FEATURE_CONTROL, f.value);
    }
    return STATUS_OK;
}

static enum status start(const struct vmx_capability *c, struct hpa region)
{
    uint64_t cr0 = cpu_read_cr0(), cr4 = cpu_read_cr4();
    if (!vmx_operation_fits(c, cr0, cr4)) {
        log_error("cpu: VMX operation is not possible with cr0=0x%llx cr4=0x%llx", (unsigned long long)cr0,
                  (unsigned long long)cr4);
        return STATUS_UNSUPPORTED;
    }
    return vmx_on(region) == VMX_SUCCEED ? STATUS_OK : STATUS_HARDWARE;
}

enum status vmx_operation_start(const struct vmx_capability *c, struct hpa region)
{
    enum status status = open_feature_control();
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t cr4 = cpu_read_cr4();
    cpu_write_cr4(cr4 | CR4_VMXE);
    status = start(c, region);
    if (status != STATUS_OK) {
        cpu_write_cr4(cr4);
    }
    return status;
}

void vmx_operation_end(void)
{
    bulkhead_assert(vmx_off() == VMX_SUCCEED);
    cpu_write_cr4(cpu_read_cr4() & ~CR4_VMXE);
}
