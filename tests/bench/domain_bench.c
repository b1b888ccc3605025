/* SPDX-License-Identifier: GPL-2.0-only
 * Build a domain of 1 TiB in the second level and say how many table pages it takes: domain_bench MAX-LEAF ALIGNMENT,
 * as 3 and the bytes that host memory is aligned to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/core/pages.h"
#include "kernel/lib/bits.h"
#include "tests/fake/memory.h"
#include "vtd/domain.h"

#define POOL_BASE (16 * MIB)
#define POOL_BYTES (32 * MIB)
#define GUEST_BYTES (1024 * GIB)
#define HOLE_START (3 * GIB) /* a guest's memory-mapped devices and the interrupt addresses */
#define HOLE_END (4 * GIB)
#define HOST_BASE (2048 * GIB) /* never touched: only the tables are */

static enum status build(struct vtd_domain *domain, uint64_t host)
{
    enum status status =
        vtd_domain_map(domain, iova(0), hpa(host), HOLE_START, (unsigned)RADIX_READ | (unsigned)RADIX_WRITE);
    return status != STATUS_OK ? status
                               : vtd_domain_map(domain, iova(HOLE_END), hpa(host + HOLE_START),
                                                GUEST_BYTES - HOLE_START, (unsigned)RADIX_READ | (unsigned)RADIX_WRITE);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: domain_bench MAX-LEAF ALIGNMENT\n");
        return 2;
    }
    struct vtd vtd = {
        .levels = 4, .max_leaf = (unsigned)strtoul(argv[1], NULL, 0), .flush = true, .address_limit = BIT64(48)};
    struct memory_map map = {.count = 0};
    struct vtd_domain domain;
    fake_memory_reset(POOL_BASE, POOL_BYTES);
    if (memory_map_add(&map, POOL_BASE, POOL_BYTES, MEMORY_RAM) != STATUS_OK || pages_init(&map) != STATUS_OK ||
        vtd_domain_create(&vtd, &domain) != STATUS_OK) {
        return 1;
    }
    uint64_t before = pages_used_bytes() - PAGE_SIZE; /* the root page counts */
    if (build(&domain, HOST_BASE + strtoull(argv[2], NULL, 0)) != STATUS_OK) {
        fprintf(stderr, "domain_bench: the domain cannot be built\n");
        return 1;
    }
    if (domain.tables.table_pages * PAGE_SIZE != pages_used_bytes() - before) {
        fprintf(stderr, "domain_bench: the tables' own count of pages is wrong\n");
        return 1;
    }
    printf("table-pages=%" PRIu64 " gib=%" PRIu64 "\n", domain.tables.table_pages, (uint64_t)(GUEST_BYTES / GIB));
    return 0;
}
