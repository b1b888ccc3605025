/* SPDX-License-Identifier: GPL-2.0-only
 * The live page tables of the hypervisor, walked as the CPU walks them. */
#include "kernel/core/image.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/panic.h"
#include "kernel/core/stack_layout.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "tests/selftest/cases.h"

#define PTE_PRESENT BIT64(0)
#define PTE_WRITE BIT64(1)
#define PTE_LARGE BIT64(7)
#define PTE_NO_EXECUTE BIT64(63)

/* Leaf entry for a virtual address, from CR3 down (SDM 3A 4.5); 0 when not present. */
static uint64_t leaf_of(uint64_t at)
{
    uint64_t entry = cpu_read_cr3() | PTE_PRESENT;
    for (int level = 4; level >= 1; level--) {
        const uint64_t *table = phys_to_virt(hpa(entry & MASK64(51, 12)));
        entry = table[(at >> (12 + 9 * (level - 1))) & 0x1ff];
        if ((entry & PTE_PRESENT) == 0) {
            return 0;
        }
        if (level == 1 || (level < 4 && (entry & PTE_LARGE) != 0)) {
            return entry;
        }
    }
    return 0;
}

static bool is_text(uint64_t at)
{
    uint64_t e = leaf_of(at);
    return e != 0 && (e & (PTE_WRITE | PTE_NO_EXECUTE)) == 0;
}

static bool is_rodata(uint64_t at)
{
    uint64_t e = leaf_of(at);
    return e != 0 && (e & (PTE_WRITE | PTE_NO_EXECUTE)) == PTE_NO_EXECUTE;
}

static bool is_data(uint64_t at)
{
    uint64_t e = leaf_of(at);
    return e != 0 && (e & (PTE_WRITE | PTE_NO_EXECUTE)) == (PTE_WRITE | PTE_NO_EXECUTE);
}

/* Nothing in the tables below `table` may be both writable and executable; *executable counts 4 KiB pages. */
static bool no_page_is_wx(uint64_t table, int level, uint64_t *executable)
{
    bulkhead_assert(level >= 1 && level <= 4);
    const uint64_t *entries = phys_to_virt(hpa(table));
    for (unsigned i = 0; i < 512; i++) {
        uint64_t e = entries[i];
        if ((e & PTE_PRESENT) == 0) {
            continue;
        }
        if (level > 1 && (level == 4 || (e & PTE_LARGE) == 0)) {
            if (!no_page_is_wx(e & MASK64(51, 12), level - 1, executable)) {
                return false;
            }
            continue;
        }
        if ((e & PTE_NO_EXECUTE) == 0) {
            *executable += UINT64_C(1) << (9 * (level - 1));
            if ((e & PTE_WRITE) != 0) {
                return false;
            }
        }
    }
    return true;
}

enum status selftest_paging_rights(const struct selftest *test)
{
    (void)test;
    for (uint64_t at = (uint64_t)image_text_start; at < (uint64_t)image_text_end; at += PAGE_SIZE) {
        SELFTEST_CHECK(is_text(at));
    }
    for (uint64_t at = (uint64_t)image_rodata_start; at < (uint64_t)image_rodata_end; at += PAGE_SIZE) {
        SELFTEST_CHECK(is_rodata(at));
    }
    for (uint64_t at = (uint64_t)image_data_start; at < (uint64_t)image_data_end; at += PAGE_SIZE) {
        SELFTEST_CHECK(is_data(at));
    }
    SELFTEST_CHECK(is_data(0x1000) && leaf_of(0) == 0);
    struct stack_place stack = stack_layout_place(0, STACK_NORMAL);
    SELFTEST_CHECK(is_data(stack.low) && is_data(stack.top - 8));
    SELFTEST_CHECK(leaf_of(stack.low - 1) == 0 && leaf_of(stack.top) == 0);
    uint64_t executable = 0;
    SELFTEST_CHECK(no_page_is_wx(cpu_read_cr3() & MASK64(51, 12), 4, &executable));
    SELFTEST_CHECK(executable == (uint64_t)(image_text_end - image_text_start) / PAGE_SIZE);
    return STATUS_OK;
}

enum status selftest_paging_views(const struct selftest *test)
{
    (void)test;
    /* The BIOS area is reserved memory on every PC: mapped when looked at, read-only; a bare hole is refused. */
    SELFTEST_CHECK(phys_view(hpa(0xf0000), 0x10000) != NULL);
    SELFTEST_CHECK(is_rodata(0xf0000));
    SELFTEST_CHECK(phys_view(hpa(0), 16) == NULL);
    SELFTEST_CHECK(phys_view(hpa(0xffffffffffff0000), 0x20000) == NULL);
    SELFTEST_CHECK(phys_view(hpa(BIT64(46)), 1) == NULL);
    /* RAM is no device. */
    SELFTEST_CHECK(mmio_map(hpa(4 * MIB), PAGE_SIZE) == STATUS_CONFLICT);
    SELFTEST_CHECK(mmio_map(virt_to_phys(image_text_start), PAGE_SIZE) == STATUS_CONFLICT);
    SELFTEST_CHECK(mmio_map(hpa(UINT64_MAX - 10), 100) == STATUS_OUT_OF_RANGE);
    /* A view becomes registers: writable, uncached, once more without complaint. */
    SELFTEST_CHECK(mmio_map(hpa(0xf0800), 16) == STATUS_OK);
    SELFTEST_CHECK(is_data(0xf0000) && bits_get(leaf_of(0xf0000), 4, 3) == 3);
    SELFTEST_CHECK(mmio_map(hpa(0xf0000), PAGE_SIZE) == STATUS_OK);
    return STATUS_OK;
}
