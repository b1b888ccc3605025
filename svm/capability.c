/* SPDX-License-Identifier: GPL-2.0-only
 * SVM's capability bits. */
#include "svm/capability.h"

#include "kernel/lib/bits.h"
#include "svm/msr.h"

struct svm_capability svm_capability_make(struct cpuid leaf_1, struct cpuid leaf_a, uint64_t vm_cr)
{
    if ((leaf_1.ecx & BIT32(2)) == 0) {
        return (struct svm_capability){.svm = false};
    }
    return (struct svm_capability){
        .svm = true,
        .disabled = (vm_cr & VM_CR_SVMDIS) != 0,
        .locked = (vm_cr & VM_CR_LOCK) != 0,
        .nested_paging = (leaf_a.edx & BIT32(0)) != 0,
        .next_rip = (leaf_a.edx & BIT32(3)) != 0,
        .decode_assists = (leaf_a.edx & BIT32(7)) != 0,
        .gib_pages = (leaf_1.edx & BIT32(26)) != 0,
        .asids = leaf_a.ebx,
    };
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
