/* SPDX-License-Identifier: GPL-2.0-only
 * Own page tables: building, changing, and views of firmware memory. */
#include "kernel/core/paging.h"

#include "kernel/core/image.h"
#include "kernel/core/lock.h"
#include "kernel/core/log.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/paging_plan.h"
#include "kernel/core/panic.h"
#include "kernel/core/radix.h"
#include "kernel/core/smp.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"

#define CPUID_PAGE_1G BIT32(26) /* CPUID.80000001:EDX */
#define PAGING_LEVELS 4

static struct {
    struct lock lock;
    struct radix radix;
    struct paging_plan plan;
    const struct memory_map *map; /* NULL before paging_init */
} paging;

/* Canonical upper half addresses have bits 63..48 set; a table of four levels counts without them. */
static uint64_t table_address(uint64_t at)
{
    return bits_get(at, 47, 0);
}

static enum status map_plan(void)
{
    for (size_t i = 0; i < paging.plan.count; i++) {
        const struct paging_region *r = &paging.plan.regions[i];
        enum status status = radix_map(&paging.radix, r->start, hpa(r->start), r->end - r->start, r->rights);
        if (status != STATUS_OK) {
            log_error("paging: 0x%llx..0x%llx cannot be mapped: %s", (unsigned long long)r->start,
                      (unsigned long long)r->end, status_text(status));
            return status;
        }
    }
    return STATUS_OK;
}

enum status paging_init(const struct memory_map *map)
{
    const struct paging_section sections[] = {
        {(uint64_t)image_text_start, (uint64_t)image_text_end, RADIX_READ | RADIX_EXECUTE},
        {(uint64_t)image_rodata_start, (uint64_t)image_rodata_end, RADIX_READ},
        {(uint64_t)image_data_start, (uint64_t)image_data_end, RADIX_READ | RADIX_WRITE},
    };
    unsigned max_leaf = (cpu_cpuid(0x80000001, 0).edx & CPUID_PAGE_1G) != 0 ? 3 : 2;
    enum status status = paging_plan_make(map, sections, ARRAY_LENGTH(sections), &paging.plan);
    if (status == STATUS_OK) {
        status = radix_init(&paging.radix, &radix_host, PAGING_LEVELS, max_leaf, false);
    }
    if (status == STATUS_OK) {
        status = map_plan();
    }
    if (status != STATUS_OK) {
        return status;
    }
    paging.map = map;
    paging_load();
    return STATUS_OK;
}

void paging_load(void)
{
    cpu_write_cr3(paging.radix.root.v);
}

struct hpa paging_root(void)
{
    return paging.radix.root;
}

static void flush_this_cpu(void *context)
{
    (void)context;
    cpu_write_cr3(cpu_read_cr3()); /* no global pages: drops every translation */
}

enum status paging_map(uint64_t at, struct hpa to, uint64_t size, unsigned rights)
{
    /* What was not present is in no TLB: nothing to flush (SDM 3A 4.10.4.3). */
    uint64_t flags = lock_take(&paging.lock);
    enum status status = radix_map(&paging.radix, table_address(at), to, size, rights);
    lock_release(&paging.lock, flags);
    return status;
}

enum status paging_protect(uint64_t at, uint64_t size, unsigned rights)
{
    uint64_t flags = lock_take(&paging.lock);
    enum status status = radix_protect(&paging.radix, table_address(at), size, rights);
    lock_release(&paging.lock, flags);
    smp_call_all(flush_this_cpu, NULL);
    return status;
}

/* Map what is not mapped yet of the pages start..end, run by run, so that large leaves are used. */
static enum status map_missing(uint64_t start, uint64_t end, unsigned rights)
{
    struct radix_mapping mapping;
    uint64_t run = start;
    uint64_t flags = lock_take(&paging.lock);
    enum status status = STATUS_OK;
    for (uint64_t at = start; at <= end && status == STATUS_OK; at += PAGE_SIZE) {
        if (at < end && radix_lookup(&paging.radix, at, &mapping) != STATUS_OK) {
            continue;
        }
        if (at > run) {
            status = radix_map(&paging.radix, run, hpa(run), at - run, rights);
        }
        run = at + PAGE_SIZE;
    }
    lock_release(&paging.lock, flags);
    return status;
}

/* Pages that phys_view had mapped for reading become registers too. */
static enum status make_uncached(uint64_t start, uint64_t end)
{
    const unsigned rights = RADIX_READ | RADIX_WRITE | RADIX_UNCACHED;
    for (uint64_t at = start; at < end; at += PAGE_SIZE) {
        struct radix_mapping mapping;
        uint64_t flags = lock_take(&paging.lock);
        enum status status = radix_lookup(&paging.radix, at, &mapping);
        lock_release(&paging.lock, flags);
        if (status == STATUS_OK && mapping.rights != rights) {
            status = paging_protect(at, PAGE_SIZE, rights);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status mmio_map(struct hpa base, uint64_t size)
{
    bulkhead_assert(paging.map != NULL);
    uint64_t end;
    if (size == 0 || __builtin_add_overflow(base.v, size, &end) || end > BIT64(47) || base.v < PAGE_SIZE) {
        return STATUS_OUT_OF_RANGE;
    }
    uint64_t start = align_down(base.v, PAGE_SIZE);
    end = align_up(end, PAGE_SIZE);
    for (enum memory_kind kind = MEMORY_RAM; kind <= MEMORY_HYPERVISOR; kind++) {
        if (paging_plan_maps(kind) && memory_map_overlaps(paging.map, start, end - start, kind)) {
            return STATUS_CONFLICT;
        }
    }
    const unsigned rights = RADIX_READ | RADIX_WRITE | RADIX_UNCACHED;
    enum status status = paging_map(start, hpa(start), end - start, rights);
    if (status != STATUS_CONFLICT) {
        return status; /* nothing of it was mapped: no need to look at every page of a large window */
    }
    status = map_missing(start, end, rights);
    return status == STATUS_OK ? make_uncached(start, end) : status;
}

const void *phys_view(struct hpa start, size_t bytes)
{
    if (paging.map == NULL || start.v < PAGE_SIZE || bytes == 0 || !memory_map_covers(paging.map, start.v, bytes) ||
        memory_map_overlaps(paging.map, start.v, bytes, MEMORY_UNUSABLE)) {
        return NULL;
    }
    /* Reserved memory may be tables or registers; it is mapped when looked at, for reading only. The MTRRs keep
     * registers uncached whatever the page says. */
    uint64_t from = align_down(start.v, PAGE_SIZE);
    uint64_t end = align_up(start.v + bytes, PAGE_SIZE);
    if (map_missing(from, end, RADIX_READ) != STATUS_OK) {
        return NULL;
    }
    return phys_to_virt(start);
}
