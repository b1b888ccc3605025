/* SPDX-License-Identifier: GPL-2.0-only
 * VMX or SVM, by CPUID (SDM 3C 24.6, APM2 15.4). */
#include "kernel/backend.h"

#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "svm/svm.h"
#include "vmx/vmx.h"

const struct cpu_backend *backend_choose(void)
{
    if ((cpu_cpuid(1, 0).ecx & BIT32(5)) != 0) {
        return &vmx_backend;
    }
    bool svm = cpu_cpuid(0x80000000, 0).eax >= 0x80000001 && (cpu_cpuid(0x80000001, 0).ecx & BIT32(2)) != 0;
    return svm ? &svm_backend : NULL;
}
