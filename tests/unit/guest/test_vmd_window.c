/* SPDX-License-Identifier: GPL-2.0-only
 * Which windows and BARs a function behind a VMD endpoint may have. */
#include "guest/vmd_window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MEM1 UINT64_C(0xf0000000)
#define MEM2 UINT64_C(0x2010000000)

/* The second has 4 MiB without its first pages: windows begin at its second MiB. */
static const struct vmd_domain domain = {.memory = {{MEM1, 0x2000000}, {MEM2 + 0x3000, 0x400000 - 0x3000}}};

static struct vmd_bridge_windows memory(uint32_t base, uint32_t limit)
{
    struct vmd_bridge_windows w = vmd_bridge_nothing;
    w.memory = (base >> 16 & 0xfff0) | (limit & 0xfff00000);
    return w;
}

static struct vmd_bridge_windows prefetch(uint64_t base, uint64_t limit)
{
    struct vmd_bridge_windows w = vmd_bridge_nothing;
    w.prefetch = (uint32_t)(base >> 16 & 0xfff0) | (uint32_t)(limit & 0xfff00000);
    w.prefetch_base = (uint32_t)(base >> 32);
    w.prefetch_limit = (uint32_t)(limit >> 32);
    return w;
}

static void judge_memory(uint32_t base, uint32_t limit, bool allowed)
{
    struct vmd_bridge_windows w = memory(base, limit);
    struct vmd_bridge_windows out = guest_vmd_windows_allowed(&domain, &w);
    assert_int_equal(out.memory, allowed ? w.memory : VMD_BRIDGE_CLOSED);
    assert_int_equal(guest_vmd_windows_inside(&domain, &w, true), allowed || base > limit);
}

static void judge_prefetch(uint64_t base, uint64_t limit, bool allowed)
{
    struct vmd_bridge_windows w = prefetch(base, limit);
    struct vmd_bridge_windows out = guest_vmd_windows_allowed(&domain, &w);
    const struct vmd_bridge_windows *is = allowed ? &w : &vmd_bridge_nothing;
    assert_int_equal(out.prefetch, is->prefetch);
    assert_int_equal(out.prefetch_base, is->prefetch_base);
    assert_int_equal(out.prefetch_limit, is->prefetch_limit);
    assert_int_equal(guest_vmd_windows_inside(&domain, &w, true), allowed || base > limit);
    assert_true(guest_vmd_windows_inside(&domain, &w, false));
}

static void memory_windows(void **state)
{
    (void)state;
    judge_memory(0xf0000000, 0xf0000000, true);
    judge_memory(0xf0000000, 0xf1f00000, true);
    judge_memory(0xf1f00000, 0xf1f00000, true);
    judge_memory(0xf0000000, 0xf2000000, false); /* one MiB too many */
    judge_memory(0xeff00000, 0xf0000000, false);
    judge_memory(0xeff00000, 0xeff00000, false);
    judge_memory(0, 0xfff00000, false); /* everything below 4 GiB */
    judge_memory(0xfee00000, 0xfee00000, false);
    judge_memory(0, 0, false);                   /* what a reset leaves is 1 MiB of RAM */
    judge_memory(0xf1000000, 0xf0000000, false); /* closed */
}

static void prefetchable_windows(void **state)
{
    (void)state;
    judge_prefetch(MEM2 + 0x100000, MEM2 + 0x300000, true);
    judge_prefetch(MEM2, MEM2 + 0x300000, false); /* its MSI-X table */
    judge_prefetch(MEM2 + 0x300000, MEM2 + 0x400000, false);
    judge_prefetch(MEM1, MEM1 + 0x1f00000, true);
    judge_prefetch(MEM1, MEM2, false); /* from one into the other */
    judge_prefetch(0, UINT64_C(0x57500000000), false);
    judge_prefetch(0, UINT64_MAX, false); /* all: its size does not fit */
    judge_prefetch(UINT64_MAX & ~UINT64_C(0xfffff), UINT64_MAX, false);
    judge_prefetch(UINT64_C(0xfffffffff0000000), MEM1, false); /* closed */
    /* Halves that are fine by themselves. */
    judge_prefetch(MEM1 | UINT64_C(0x100000000), MEM1 | UINT64_C(0x100000000), false);
}

static void bars(void **state)
{
    (void)state;
    assert_true(guest_vmd_bar_inside(&domain, MEM1, 0x4000));
    assert_true(guest_vmd_bar_inside(&domain, MEM1 + 0x1ffc000, 0x4000));
    assert_false(guest_vmd_bar_inside(&domain, MEM1 + 0x1ffe000, 0x4000)); /* not aligned either */
    assert_false(guest_vmd_bar_inside(&domain, MEM1 + 0x2000, 0x4000));
    assert_false(guest_vmd_bar_inside(&domain, MEM1 + 0x2000000, 0x4000));
    assert_false(guest_vmd_bar_inside(&domain, MEM2, 0x1000));
    assert_true(guest_vmd_bar_inside(&domain, MEM2 + 0x3000, 0x1000));
    assert_false(guest_vmd_bar_inside(&domain, 0, 0x1000));
    assert_false(guest_vmd_bar_inside(&domain, UINT64_MAX - 0xfff, 0x1000));
    assert_false(guest_vmd_bar_inside(&domain, MEM1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_windows),
        cmocka_unit_test(prefetchable_windows),
        cmocka_unit_test(bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
