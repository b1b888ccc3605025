/* SPDX-License-Identifier: GPL-2.0-only
 * VMX instructions. */
#include "vmx/instructions.h"

#include "kernel/core/panic.h"

/* What INVEPT and INVVPID read from memory (SDM 3C figures 31-1 and 31-2). */
struct descriptor {
    uint64_t low, high;
};

static enum vmx_result result_of(bool carry, bool zero)
{
    if (carry) {
        return VMX_FAIL_INVALID;
    }
    return zero ? VMX_FAIL_VALID : VMX_SUCCEED;
}

enum vmx_result vmx_on(struct hpa region)
{
    bool carry, zero;
    asm volatile("vmxon %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(region.v) : "memory");
    return result_of(carry, zero);
}

enum vmx_result vmx_off(void)
{
    bool carry, zero;
    asm volatile("vmxoff" : "=@ccc"(carry), "=@ccz"(zero) : : "memory");
    return result_of(carry, zero);
}

enum vmx_result vmx_clear(struct hpa vmcs)
{
    bool carry, zero;
    asm volatile("vmclear %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(vmcs.v) : "memory");
    return result_of(carry, zero);
}

enum vmx_result vmx_load(struct hpa vmcs)
{
    bool carry, zero;
    asm volatile("vmptrld %2" : "=@ccc"(carry), "=@ccz"(zero) : "m"(vmcs.v) : "memory");
    return result_of(carry, zero);
}

/* Both flags at once: "below or equal" is CF or ZF, one jump on the way of every exit. */
uint64_t vmx_read(enum vmcs_field field)
{
    uint64_t value;
    bool failed;
    asm volatile("vmread %2, %1" : "=@ccbe"(failed), "=r"(value) : "r"((uint64_t)field));
    if (__builtin_expect(failed, false)) {
        panic("VMREAD of field 0x%x failed", (unsigned)field);
    }
    return value;
}

void vmx_write(enum vmcs_field field, uint64_t value)
{
    bool failed;
    asm volatile("vmwrite %1, %2" : "=@ccbe"(failed) : "r"(value), "r"((uint64_t)field) : "memory");
    if (__builtin_expect(failed, false)) {
        panic("VMWRITE of 0x%llx to field 0x%x failed", (unsigned long long)value, (unsigned)field);
    }
}

void vmx_invept(uint64_t type, uint64_t eptp)
{
    const struct descriptor what = {eptp, 0};
    bool failed;
    asm volatile("invept %1, %2" : "=@ccbe"(failed) : "m"(what), "r"(type) : "memory");
    bulkhead_assert(!failed);
}

void vmx_invvpid(uint64_t type, uint16_t vpid, uint64_t linear)
{
    const struct descriptor what = {vpid, linear};
    bool failed;
    asm volatile("invvpid %1, %2" : "=@ccbe"(failed) : "m"(what), "r"(type) : "memory");
    bulkhead_assert(!failed);
}

void vmx_take_nmi(void)
{
    asm volatile("int $2" : : : "memory");
}
