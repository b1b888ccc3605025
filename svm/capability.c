/* SPDX-License-Identifier: GPL-2.0-only
 * SVM's capability bits. */
#include "svm/capability.h"

#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"
#include "svm/msr.h"

struct svm_capability svm_capability_read(void)
{
    struct svm_capability c = {0};
    if (cpu_cpuid(0x80000000, 0).eax < 0x8000000a || (cpu_cpuid(0x80000001, 0).ecx & BIT32(2)) == 0) {
        return c;
    }
    struct cpuid svm = cpu_cpuid(0x8000000a, 0);
    uint64_t vm_cr = msr_read(MSR_VM_CR);
    c.svm = true;
    c.disabled = (vm_cr & VM_CR_SVMDIS) != 0;
    c.locked = (vm_cr & VM_CR_LOCK) != 0;
    c.nested_paging = (svm.edx & BIT32(0)) != 0;
    c.next_rip = (svm.edx & BIT32(3)) != 0;
    c.decode_assists = (svm.edx & BIT32(7)) != 0;
    c.gib_pages = (cpu_cpuid(0x80000001, 0).edx & BIT32(26)) != 0;
    c.asids = svm.ebx;
    return c;
}

const char *svm_capability_refusal(const struct svm_capability *c)
{
    if (!c->svm) {
        return "this CPU has no AMD SVM";
    }
    if (c->disabled && c->locked) {
        return "firmware switched AMD SVM off: enable \"SVM\" or \"virtualization\" in its setup";
    }
    if (!c->nested_paging) {
        return "this CPU's SVM has no nested paging";
    }
    if (c->asids < 2) {
        return "this CPU's SVM has no address space identifier for guests";
    }
    return NULL;
}
