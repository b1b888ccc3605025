/* SPDX-License-Identifier: GPL-2.0-only
 * MSRs and CPUID leaves in two short lists. */
#include "tests/fake/msr.h"

#include "kernel/core/panic.h"

enum { ROOM = 64 };

static struct {
    struct {
        uint32_t number;
        uint64_t value;
    } msrs[ROOM];
    unsigned msr_count;
    unsigned writes;
    struct {
        uint32_t leaf;
        struct cpuid value;
    } leaves[ROOM];
    unsigned leaf_count;
} fake;

void fake_msr_reset(void)
{
    fake.msr_count = fake.leaf_count = fake.writes = 0;
}

static uint64_t *find(uint32_t msr)
{
    for (unsigned i = 0; i < fake.msr_count; i++) {
        if (fake.msrs[i].number == msr) {
            return &fake.msrs[i].value;
        }
    }
    return NULL;
}

void fake_msr_set(uint32_t msr, uint64_t value)
{
    uint64_t *at = find(msr);
    if (at == NULL) {
        bulkhead_assert(fake.msr_count < ROOM);
        fake.msrs[fake.msr_count].number = msr;
        at = &fake.msrs[fake.msr_count++].value;
    }
    *at = value;
}

uint64_t fake_msr_get(uint32_t msr)
{
    uint64_t *at = find(msr);
    if (at == NULL) {
        panic("test: MSR %#x does not exist", msr);
    }
    return *at;
}

unsigned fake_msr_writes(void)
{
    return fake.writes;
}

void fake_cpuid_set(uint32_t leaf, struct cpuid value)
{
    bulkhead_assert(fake.leaf_count < ROOM);
    fake.leaves[fake.leaf_count].leaf = leaf;
    fake.leaves[fake.leaf_count++].value = value;
}

uint64_t msr_read(uint32_t msr)
{
    return fake_msr_get(msr);
}

void msr_write(uint32_t msr, uint64_t value)
{
    (void)fake_msr_get(msr);
    fake_msr_set(msr, value);
    fake.writes++;
}

struct cpuid cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    for (unsigned i = fake.leaf_count; i > 0; i--) {
        if (fake.leaves[i - 1].leaf == leaf) {
            return fake.leaves[i - 1].value;
        }
    }
    return (struct cpuid){0};
}
