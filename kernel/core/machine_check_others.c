/* SPDX-License-Identifier: GPL-2.0-only
 * Machine checks that were broadcast (SDM 3B 16.3.1.2, 16.6.2 to 16.6.4). */
#include "kernel/core/machine_check.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"

enum {
    MSR_MCG_CAP = 0x179, /* 7:0 number of banks, 24: STATUS tells what software has to do */
    MSR_MCG_STATUS = 0x17a,
    MSR_MC0_STATUS = 0x401, /* a bank every four */
    BANK_STRIDE = 4,
};
#define CPUID_MCA BIT32(14)
#define MCG_SER_P BIT64(24)
#define MCG_RIPV BIT64(0) /* the instruction pointer can be gone back to */
#define MCG_EIPV BIT64(1) /* the instruction there met the error */
#define STATUS_VALID BIT64(63)
#define STATUS_UNCORRECTED BIT64(61)
#define STATUS_CONTEXT_CORRUPT BIT64(57)

/* Where the CPU tells them apart, an uncorrected error that leaves the context whole is that of the CPU whose EIPV is
 * set, or nobody's yet; banks are shared by threads, and some by a whole package. */
static bool is_harmless(uint64_t status, bool told_apart)
{
    bool uncorrected = (status & STATUS_UNCORRECTED) != 0;
    return (status & STATUS_VALID) == 0 || ((status & STATUS_CONTEXT_CORRUPT) == 0 && (!uncorrected || told_apart));
}

bool machine_check_is_others(void)
{
    if ((cpu_cpuid(1, 0).edx & CPUID_MCA) == 0) {
        return false;
    }
    uint64_t capability = msr_read(MSR_MCG_CAP), status = msr_read(MSR_MCG_STATUS);
    if ((status & (MCG_RIPV | MCG_EIPV)) != MCG_RIPV) {
        return false;
    }
    for (unsigned i = 0; i < (unsigned)bits_get(capability, 7, 0); i++) {
        if (!is_harmless(msr_read(MSR_MC0_STATUS + BANK_STRIDE * i), (capability & MCG_SER_P) != 0)) {
            return false;
        }
    }
    msr_write(MSR_MCG_STATUS, 0);
    return true;
}
