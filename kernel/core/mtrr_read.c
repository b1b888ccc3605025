/* SPDX-License-Identifier: GPL-2.0-only
 * Reading the MTRRs (SDM 3A 12.11.1, 12.11.2; SDM 4 table 2-2). */
#include "kernel/core/mtrr.h"

#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"

#define MSR_MTRR_CAP 0xfeu
#define MSR_MTRR_PHYSBASE0 0x200u
#define MSR_MTRR_DEF_TYPE 0x2ffu
#define CAP_FIX BIT64(8)
#define CPUID1_EDX_MTRR BIT32(12)
#define ADDRESS_LEAF 0x80000008u

static const uint16_t fixed_registers[MTRR_FIXED] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
                                                     0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

static unsigned address_bits(void)
{
    return cpu_cpuid(0x80000000, 0).eax >= ADDRESS_LEAF ? cpu_cpuid(ADDRESS_LEAF, 0).eax & 0xff : 36;
}

enum status mtrr_read(struct mtrr *out)
{
    *out = (struct mtrr){.present = (cpu_cpuid(1, 0).edx & CPUID1_EDX_MTRR) != 0, .address_bits = address_bits()};
    if (!out->present) {
        return STATUS_OK;
    }
    uint64_t cap = msr_read(MSR_MTRR_CAP);
    out->count = (unsigned)bits_get(cap, 7, 0);
    out->has_fixed = (cap & CAP_FIX) != 0;
    out->default_type = msr_read(MSR_MTRR_DEF_TYPE);
    if (out->count > MTRR_VARIABLE_MAX) {
        out->count = 0;
        return STATUS_UNSUPPORTED;
    }
    for (unsigned i = 0; i < out->count; i++) {
        out->variable[i].base = msr_read(MSR_MTRR_PHYSBASE0 + 2 * i);
        out->variable[i].mask = msr_read(MSR_MTRR_PHYSBASE0 + 2 * i + 1);
    }
    for (unsigned i = 0; out->has_fixed && i < MTRR_FIXED; i++) {
        out->fixed[i] = msr_read(fixed_registers[i]);
    }
    return STATUS_OK;
}
