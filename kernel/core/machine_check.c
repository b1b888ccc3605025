/* SPDX-License-Identifier: GPL-2.0-only
 * Machine-check banks. */
#include "kernel/core/machine_check.h"

#include "kernel/core/log.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"

enum {
    MSR_MCG_CAP = 0x179, /* 7:0 number of banks */
    MSR_MCG_STATUS = 0x17a,
    MSR_MC0_STATUS = 0x401, /* a bank every four */
    MSR_MC0_ADDRESS = 0x402,
    BANK_STRIDE = 4,
};
#define CPUID_MCA BIT32(14)
#define MCG_RIPV BIT64(0) /* the instruction pointer on the stack can be gone back to */
#define STATUS_VALID BIT64(63)
#define STATUS_ADDRESS_VALID BIT64(58)
#define STATUS_CONTEXT_CORRUPT BIT64(57)

bool machine_check_take(const char *who)
{
    if ((cpu_cpuid(1, 0).edx & CPUID_MCA) == 0) {
        log_error("machine check: while %s ran, on a CPU without banks", who);
        return false;
    }
    bool whole = (msr_read(MSR_MCG_STATUS) & MCG_RIPV) != 0;
    unsigned banks = (unsigned)bits_get(msr_read(MSR_MCG_CAP), 7, 0);
    for (unsigned i = 0; i < banks; i++) {
        uint64_t status = msr_read(MSR_MC0_STATUS + BANK_STRIDE * i);
        if ((status & STATUS_VALID) == 0) {
            continue;
        }
        uint64_t address = (status & STATUS_ADDRESS_VALID) != 0 ? msr_read(MSR_MC0_ADDRESS + BANK_STRIDE * i) : 0;
        log_error("machine check: while %s ran bank=%u status=0x%llx address=0x%llx", who, i,
                  (unsigned long long)status, (unsigned long long)address);
        whole = whole && (status & STATUS_CONTEXT_CORRUPT) == 0;
        msr_write(MSR_MC0_STATUS + BANK_STRIDE * i, 0);
    }
    msr_write(MSR_MCG_STATUS, 0);
    return whole;
}
