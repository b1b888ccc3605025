/* SPDX-License-Identifier: GPL-2.0-only
 * MSRs: RDMSR and WRMSR of every number of the architectural ranges. What a guest does not have is #GP both ways. */
#include "kernel/hw/msr.h"
#include "tests/guest/attest/attest.h"
#include "tests/guest/lib/trap_msr.h"

struct range {
    uint32_t first, last;
};

/* Kept for this guest alone, or constants (written here anew, from docs/architecture.md): TSC, APIC base, platform id,
 * microcode revision, MTRRs, SYSENTER, MISC_ENABLE, PAT, TSC deadline, XSS, the syscall registers and bases, and the
 * AMD constants that kernels touch without asking. */
static const struct range own[] = {
    {0x10, 0x10},
    {0x17, 0x17},
    {0x1b, 0x1b},
    {0x8b, 0x8b},
    {0xfe, 0xfe},
    {0x174, 0x176},
    {0x1a0, 0x1a0},
    {0x200, 0x20f},
    {0x250, 0x250},
    {0x258, 0x259},
    {0x268, 0x26f},
    {0x277, 0x277},
    {0x2ff, 0x2ff},
    {0x6e0, 0x6e0},
    {0xda0, 0xda0},
    {0xc0000080, 0xc0000084},
    {0xc0000100, 0xc0000103},
    {0xc0010000, 0xc0010007},
    {0xc0010010, 0xc0010010},
    {0xc0010015, 0xc0010015},
    {0xc0010055, 0xc0010055},
    {0xc0010112, 0xc0010113},
    {0xc0011020, 0xc0011020},
    {0xc0011022, 0xc0011022},
    {0xc0011029, 0xc001102a},
};

/* Where Intel, AMD and hypervisors have theirs: four times 8192. */
static const uint32_t bases[] = {0, 0x40000000, 0xc0000000, 0xc0010000};
#define RANGE 8192u
#define COUNT (RANGE * (uint32_t)ARRAY_LENGTH(bases))

/* Feature control, microcode, SMM, VMX, machine check, power, debug, counters, SVM, other hypervisors' own. */
static const uint32_t hot[] = {0x3a,       0x48,       0x49,       0x79,       0x9b,       0x9e,       0xc1,
                               0x10a,      0x10b,      0x122,      0x179,      0x186,      0x199,      0x19b,
                               0x1d9,      0x38f,      0x400,      0x480,      0x48c,      0x491,      0x570,
                               0x606,      0x610,      0x611,      0x774,      0xc80,      0x4b564d00, 0x4b564d01,
                               0xc0000104, 0xc0010062, 0xc0010111, 0xc0010114, 0xc0010115, 0xc0010117, 0xc0010130,
                               0xc0010200, 0xc0010299, 0xdeadbeef};

static bool is_own(uint32_t msr)
{
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++) {
        if (msr >= own[i].first && msr <= own[i].last) {
            return true;
        }
    }
    return false;
}

static void read_one(struct attest_tally *t, uint32_t msr)
{
    uint64_t value = 0;
    bool refused = trap_msr_read_faults(msr, &value);
    if (is_own(msr)) {
        attest_own(t);
    } else {
        ATTEST_JUDGE(t, refused, "RDMSR 0x%x gives 0x%llx, not #GP", msr, (unsigned long long)value);
    }
}

static void write_one(struct attest_tally *t, uint32_t msr)
{
    if (is_own(msr)) {
        attest_own(t); /* tests/guest/msr and forbidden write these */
    } else {
        ATTEST_JUDGE(t, trap_msr_write_faults(msr, 0), "WRMSR 0x%x is not #GP", msr);
    }
}

static void all_msrs(const char *name, void (*attempt)(struct attest_tally *, uint32_t), const struct attest_options *o)
{
    struct attest_tally t = attest_begin(name, ATTEST_NO_DEVICE, COUNT + ARRAY_LENGTH(hot), o->class_ms);
    for (size_t i = 0; i < ARRAY_LENGTH(hot); i++) {
        attempt(&t, hot[i]);
    }
    for (uint32_t k = 0; k < COUNT && attest_more(&t); k++) {
        uint32_t at = attest_walk(k, COUNT, o->seed);
        attempt(&t, bases[at / RANGE] + at % RANGE);
    }
    attest_end(&t);
}

void attest_msrs(const struct attest_options *o)
{
    all_msrs("msr-read", read_one, o);
    all_msrs("msr-write", write_one, o);
}
