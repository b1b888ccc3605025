/* SPDX-License-Identifier: GPL-2.0-only
 * What an audit costs: a guest of GIB GiB in 4 KiB leaves. audit_bench GIB [ROUNDS] prints the table pages and the CPU
 * time of the quickest of so many audits. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "audit/audit.h"
#include "kernel/core/pages.h"
#include "kernel/core/radix.h"
#include "kernel/lib/bits.h"
#include "tests/fake/memory.h"

#define POOL_BASE (16 * MIB)
#define POOL_BYTES (256 * MIB)
#define HOST_BASE (2048 * GIB) /* never touched: only the tables are */
#define ROUNDS 7

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static enum status build(struct radix *nested, uint64_t bytes)
{
    struct memory_map map = {.count = 0};
    fake_memory_reset(POOL_BASE, POOL_BYTES);
    enum status status = memory_map_add(&map, POOL_BASE, POOL_BYTES, MEMORY_RAM);
    status = status == STATUS_OK ? pages_init(&map) : status;
    status = status == STATUS_OK ? radix_init(nested, &radix_ept, 4, 1, false) : status;
    return status == STATUS_OK ? radix_map(nested, 0, hpa(HOST_BASE), bytes,
                                           (unsigned)RADIX_READ | (unsigned)RADIX_WRITE | (unsigned)RADIX_EXECUTE)
                               : status;
}

int main(int argc, char **argv)
{
    struct radix nested;
    uint64_t bytes = argc >= 2 ? strtoull(argv[1], NULL, 0) * GIB : 0;
    unsigned long rounds = argc == 3 ? strtoul(argv[2], NULL, 0) : ROUNDS;
    if (bytes == 0 || build(&nested, bytes) != STATUS_OK) {
        fprintf(stderr, "usage: audit_bench GIB [ROUNDS]\n");
        return 2;
    }
    const struct audit_owner owner = {"guest", AUDIT_EPT, nested.root.v, 4, 1, 1};
    const struct audit_range range = {HOST_BASE, HOST_BASE + bytes, 0, AUDIT_RAM, 7, 3};
    const struct audit_span memory = {POOL_BASE, POOL_BASE + POOL_BYTES};
    static const uint32_t apic_id = 0;
    const struct audit_facts facts = {.owners = &owner,
                                      .owner_count = 1,
                                      .ranges = &range,
                                      .range_count = 1,
                                      .memory = &memory,
                                      .memory_count = 1,
                                      .apic_ids = &apic_id,
                                      .cpu_count = 1,
                                      .address_bits = 46};
    size_t scratch_bytes = audit_scratch_bytes(&facts, AUDIT_ALL);
    void *scratch = malloc(scratch_bytes);
    static struct audit_result result;
    uint64_t best = UINT64_MAX;
    for (unsigned long i = 0; i < rounds; i++) {
        uint64_t from = cpu_ns();
        if (!audit_run(&facts, AUDIT_ALL, scratch, scratch_bytes, NULL, &result)) {
            fprintf(stderr, "audit_bench: the audit found something\n");
            return 1;
        }
        uint64_t ns = cpu_ns() - from;
        best = ns < best ? ns : best;
    }
    free(scratch);
    printf("table-pages=%" PRIu64 " leaves=%" PRIu64 " ns=%" PRIu64 "\n", result.tables, result.leaves, best);
    return 0;
}
