/* SPDX-License-Identifier: GPL-2.0-only
 * All RAM of the loader's map, below and above 4 GiB: one pattern every 2 MiB, its first and its last 8 bytes; then the
 * guest's own paging over it: large and small pages, dirty bits, aliases. */
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

#define LARGE (2 * MIB)
#define GIB_MAX 64
#define PRESENT_WRITABLE 3
#define PAGE_LARGE 0x80
#define ACCESSED_DIRTY 0x60

extern uint64_t start_pdpt[], start_pml4[];

static uint64_t tables[GIB_MAX][512] __attribute__((aligned(4096)));
static uint64_t small_table[512] __attribute__((aligned(4096)));
static uint64_t alias_pdpt[512] __attribute__((aligned(4096)));

/* One to one in 2 MiB pages up to GIB_MAX GiB. */
static void map_all(void)
{
    for (uint64_t g = 0; g < GIB_MAX; g++) {
        for (uint64_t i = 0; i < 512; i++) {
            tables[g][i] = (g << 30 | i << 21) | PAGE_LARGE | PRESENT_WRITABLE;
        }
        start_pdpt[g] = (uintptr_t)tables[g] | PRESENT_WRITABLE;
    }
    cpu_write_cr3((uintptr_t)start_pml4);
}

static uint64_t *word(uint64_t at)
{
    return (uint64_t *)(uintptr_t)at;
}

static uint64_t value_for(uint64_t at)
{
    return at * UINT64_C(0x9e3779b97f4a7c15) ^ UINT64_C(0x5bd1e995aaaa5555);
}

/* Calls visit for every whole 2 MiB of RAM above this image. */
static void each_large(void (*visit)(uint64_t at))
{
    uint64_t start, bytes, floor = align_up((uintptr_t)image_end, LARGE);
    for (unsigned i = 0; machine_ram(i, &start, &bytes); i++) {
        uint64_t at = align_up(start < floor ? floor : start, LARGE);
        for (; at + LARGE <= start + bytes && at + LARGE <= GIB_MAX * GIB; at += LARGE) {
            visit(at);
        }
    }
}

static uint64_t pages, above, wrong;

static void fill(uint64_t at)
{
    *word(at) = value_for(at);
    *word(at + LARGE - 8) = value_for(at + LARGE - 8);
    pages++;
    above += at >= 4 * GIB;
}

static void verify(uint64_t at)
{
    wrong += *word(at) != value_for(at) || *word(at + LARGE - 8) != value_for(at + LARGE - 8);
}

static uint64_t dirty_pages;

static void count_dirty(uint64_t at)
{
    dirty_pages += (tables[at >> 30][at >> 21 & 511] & ACCESSED_DIRTY) == ACCESSED_DIRTY;
}

static void every_page(void)
{
    uint64_t total = 0, start, bytes;
    for (unsigned i = 0; machine_ram(i, &start, &bytes); i++) {
        say("INFO: RAM 0x%llx..0x%llx", (unsigned long long)start, (unsigned long long)(start + bytes));
        total += bytes;
        check(start + bytes <= UINT64_C(0xfee00000) || start >= 4 * GIB, "range %u keeps away from 0xfee00000", i);
    }
    uint64_t least = machine_option("ram-mib", 1) * MIB;
    check(total >= least - least / 64, "the map has the RAM that was asked for");
    each_large(fill);
    each_large(verify);
    check(pages > 0, "there is RAM above the image");
    expect(wrong, 0, "%llu pages of 2 MiB keep their patterns, %llu of them above 4 GiB", (unsigned long long)pages,
           (unsigned long long)above);
    each_large(count_dirty);
    expect(dirty_pages, pages, "accessed and dirty bits of all of them");
}

/* 2 MiB seen through 4 KiB pages, at an alias 512 GiB up, and as one 1 GiB page. */
static void aliases(void)
{
    const uint64_t page = align_up((uintptr_t)image_end, LARGE), high = 512 * GIB;
    for (uint64_t i = 0; i < 512; i++) {
        small_table[i] = (page + (511 - i) * PAGE_SIZE) | PRESENT_WRITABLE; /* in reverse */
    }
    static uint64_t alias_pd[512] __attribute__((aligned(4096)));
    alias_pd[0] = (uintptr_t)small_table | PRESENT_WRITABLE;
    alias_pdpt[0] = (uintptr_t)alias_pd | PRESENT_WRITABLE;
    start_pml4[1] = (uintptr_t)alias_pdpt | PRESENT_WRITABLE;
    unsigned right = 0;
    for (uint64_t i = 0; i < 512; i++) {
        *word(page + i * PAGE_SIZE) = i * 3;
    }
    for (uint64_t i = 0; i < 512; i++) {
        right += *word(high + i * PAGE_SIZE) == (511 - i) * 3;
    }
    expect(right, 512, "512 small pages in reverse over one large page");
    memcpy((void *)(uintptr_t)(page + LARGE - 4), "acrossXY", 8);
    check(memcmp((const void *)(uintptr_t)(page + LARGE - 4), "acrossXY", 8) == 0, "an access across two large pages");
    if ((cpu_cpuid(0x80000001, 0).edx & BIT32(26)) != 0) {
        alias_pdpt[1] = PAGE_LARGE | PRESENT_WRITABLE;
        expect(*word(high + GIB + page + PAGE_SIZE), 3, "the same through a 1 GiB page");
    } else {
        skip("a 1 GiB page", "CPUID has none");
    }
    alias_pd[0] = page | PAGE_LARGE | PRESENT_WRITABLE;
    cpu_invlpg(high);
    cpu_write_cr3((uintptr_t)start_pml4);
    expect(*word(high + PAGE_SIZE), 3, "INVLPG and CR3 forget the small pages");
}

void guest_main(void)
{
    map_all();
    every_page();
    aliases();
}
