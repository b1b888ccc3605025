/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/pages.c against a map with one flag a page. */
#include "kernel/core/pages.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fake/memory.h"

#define PAGES 8192
#define BASE MIB
#define NO_LIMIT UINT64_MAX

static void give(uint64_t start, uint64_t size)
{
    struct memory_map map = {.count = 0};
    assert_int_equal(memory_map_add(&map, start, size, MEMORY_RAM), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
}

static void give_all(void)
{
    fake_memory_reset(BASE, PAGES * PAGE_SIZE);
    memset(fake_memory_at(BASE, PAGES * PAGE_SIZE), 0xa5, PAGES * PAGE_SIZE);
    give(BASE, PAGES * PAGE_SIZE);
}

static void takes_only_whole_free_pages(void **state)
{
    (void)state;
    struct memory_map map = {.count = 0};
    assert_int_equal(memory_map_add(&map, 0, 640 * KIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 0x100800, 0x3000, MEMORY_RAM), STATUS_OK); /* 0x101000..0x103000 */
    assert_int_equal(memory_map_add(&map, 0x200800, 0x700, MEMORY_RAM), STATUS_OK);  /* none */
    assert_int_equal(memory_map_add(&map, 0x300000, 0x10000, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 0x308000, 0x1000, MEMORY_LOADER), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 0x400000, 0x10000, MEMORY_ACPI), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
    assert_int_equal(pages_free_bytes(), 0x2000 + 0xf000);
    fake_memory_reset(BASE, 16 * MIB);
    struct hpa page;
    assert_int_equal(pages_alloc(&page), STATUS_OK);
    assert_int_equal(page.v, 0x101000);
    assert_int_equal(pages_alloc_block(0x8000, PAGE_SIZE, NO_LIMIT, &page), STATUS_OK);
    assert_int_equal(page.v, 0x300000);
    assert_int_equal(pages_alloc_block(0x8000, PAGE_SIZE, NO_LIMIT, &page), STATUS_NO_MEMORY);
    struct memory_map none = {.count = 0};
    assert_int_equal(pages_init(&none), STATUS_NO_MEMORY);
    assert_int_equal(pages_alloc(&page), STATUS_NO_MEMORY);
}

static void pages_are_zeroed_and_counted(void **state)
{
    (void)state;
    give_all();
    struct hpa page;
    for (unsigned i = 0; i < 3; i++) {
        static const uint8_t zeros[4096];
        assert_int_equal(pages_alloc(&page), STATUS_OK);
        assert_memory_equal(fake_memory_at(page.v, PAGE_SIZE), zeros, PAGE_SIZE);
    }
    assert_int_equal(pages_used_bytes(), 3 * PAGE_SIZE);
    assert_int_equal(pages_free_bytes(), (PAGES - 3) * PAGE_SIZE);
    struct hpa block;
    assert_int_equal(pages_alloc_block(2 * MIB, 2 * MIB, NO_LIMIT, &block), STATUS_OK);
    assert_int_equal(block.v % (2 * MIB), 0);
    assert_int_equal(pages_used_bytes(), 3 * PAGE_SIZE);
    assert_int_equal(pages_taken().now, 2 * MIB + 3 * PAGE_SIZE);
    pages_free(block, 2 * MIB);
    assert_int_equal(pages_taken().now, 3 * PAGE_SIZE);
    assert_int_equal(pages_taken().most, 2 * MIB + 3 * PAGE_SIZE);
    pages_free(page, PAGE_SIZE);
    assert_int_equal(pages_used_bytes(), 2 * PAGE_SIZE);
}

/* Half a terabyte, of which no byte may be touched: the pretended memory is one page elsewhere. */
static void large_memory_is_not_touched(void **state)
{
    (void)state;
    fake_memory_reset(BASE, PAGE_SIZE);
    give(4 * GIB, 512 * GIB);
    struct hpa block;
    assert_int_equal(pages_alloc_block(GIB, GIB, NO_LIMIT, &block), STATUS_OK);
    assert_int_equal(block.v, 515 * GIB);
    assert_int_equal(pages_alloc_block(GIB, GIB, 8 * GIB, &block), STATUS_OK);
    assert_int_equal(block.v, 7 * GIB);
    assert_int_equal(pages_alloc_block(GIB, GIB, 5 * GIB - 1, &block), STATUS_NO_MEMORY);
    assert_int_equal(pages_alloc_block(600 * GIB, PAGE_SIZE, NO_LIMIT, &block), STATUS_NO_MEMORY);
    assert_int_equal(pages_alloc_block(GIB, UINT64_C(1) << 63, NO_LIMIT, &block), STATUS_NO_MEMORY);
    pages_free(hpa(515 * GIB), GIB);
    pages_free(hpa(7 * GIB), GIB);
    assert_int_equal(pages_alloc_block(512 * GIB, PAGE_SIZE, NO_LIMIT, &block), STATUS_OK);
}

static void takes_the_very_block(void **state)
{
    (void)state;
    struct memory_map map = {.count = 0};
    assert_int_equal(memory_map_add(&map, 4 * GIB, 2 * GIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 8 * GIB, GIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
    assert_int_equal(pages_take(hpa(5 * GIB), 2 * MIB), STATUS_OK);
    assert_int_equal(pages_taken().now, 2 * MIB);
    struct pages_extent free[4];
    assert_int_equal(pages_extents(free, 4), 3);
    assert_true(free[0].start == 4 * GIB && free[0].bytes == GIB);
    assert_true(free[1].start == 5 * GIB + 2 * MIB && free[1].bytes == GIB - 2 * MIB);
    assert_true(free[2].start == 8 * GIB && free[2].bytes == GIB);
    assert_int_equal(pages_extents(free, 2), 2);

    assert_int_equal(pages_take(hpa(5 * GIB), PAGE_SIZE), STATUS_CONFLICT); /* taken */
    assert_int_equal(pages_take(hpa(5 * GIB - PAGE_SIZE), 2 * PAGE_SIZE), STATUS_CONFLICT);
    assert_int_equal(pages_take(hpa(9 * GIB - PAGE_SIZE), 2 * PAGE_SIZE), STATUS_CONFLICT); /* beyond the end */
    assert_int_equal(pages_take(hpa(7 * GIB), PAGE_SIZE), STATUS_CONFLICT);                 /* never there */
    assert_int_equal(pages_take(hpa(UINT64_C(1) << 60), PAGE_SIZE), STATUS_CONFLICT);
    assert_int_equal(pages_free_bytes(), 3 * GIB - 2 * MIB);
    assert_int_equal(pages_take(hpa(8 * GIB), GIB), STATUS_OK);
    pages_free(hpa(5 * GIB), 2 * MIB);
    assert_int_equal(pages_extents(free, 4), 1);
    assert_true(free[0].start == 4 * GIB && free[0].bytes == 2 * GIB);
}

struct held {
    uint64_t start, pages;
};

static void agrees_with_model(void **state)
{
    (void)state;
    static bool taken[PAGES];
    static struct held held[PAGES];
    size_t count = 0;
    uint64_t out = 0;
    srand(3);
    give_all();
    memset(taken, 0, sizeof(taken));
    for (unsigned step = 0; step < 20000; step++) {
        struct hpa at;
        bool take = (step / 3000) % 2 == 0 ? rand() % 4 != 0 : rand() % 4 == 0;
        if (take && count < PAGES) {
            uint64_t pages = rand() % 8 == 0 ? 1 + (uint64_t)rand() % 64 : 1;
            uint64_t align = PAGE_SIZE << (rand() % 5);
            enum status status =
                pages == 1 ? pages_alloc(&at) : pages_alloc_block(pages * PAGE_SIZE, align, NO_LIMIT, &at);
            if (status != STATUS_OK) {
                assert_int_equal(status, STATUS_NO_MEMORY);
                continue;
            }
            assert_true(pages == 1 || at.v % align == 0);
            held[count++] = (struct held){at.v, pages};
            out += pages;
            for (uint64_t i = 0; i < pages; i++) {
                uint64_t index = (at.v - BASE) / PAGE_SIZE + i;
                assert_true(index < PAGES && !taken[index]);
                taken[index] = true;
            }
            memset(fake_memory_at(at.v, pages * PAGE_SIZE), 0x5a, pages * PAGE_SIZE);
        } else if (count > 0) {
            size_t k = (size_t)rand() % count;
            pages_free(hpa(held[k].start), held[k].pages * PAGE_SIZE);
            for (uint64_t i = 0; i < held[k].pages; i++) {
                taken[(held[k].start - BASE) / PAGE_SIZE + i] = false;
            }
            out -= held[k].pages;
            held[k] = held[--count];
        }
        assert_int_equal(pages_free_bytes(), (PAGES - out) * PAGE_SIZE);
    }
    while (count > 0) {
        count--;
        pages_free(hpa(held[count].start), held[count].pages * PAGE_SIZE);
    }
    struct hpa whole;
    assert_int_equal(pages_alloc_block(PAGES * PAGE_SIZE, PAGE_SIZE, NO_LIMIT, &whole), STATUS_OK);
}

/* Every other page free makes more holes than the array holds; all come back as one block. */
static void survives_more_holes_than_it_can_list(void **state)
{
    (void)state;
    give_all();
    struct hpa page;
    for (unsigned i = 0; i < PAGES; i++) {
        assert_int_equal(pages_alloc(&page), STATUS_OK);
    }
    assert_int_equal(pages_alloc(&page), STATUS_NO_MEMORY);
    for (unsigned i = 0; i < PAGES; i += 2) {
        pages_free(hpa(BASE + i * PAGE_SIZE), PAGE_SIZE);
    }
    assert_int_equal(pages_free_bytes(), PAGES / 2 * PAGE_SIZE);
    for (unsigned i = 0; i < PAGES / 2; i++) {
        assert_int_equal(pages_alloc(&page), STATUS_OK);
    }
    assert_int_equal(pages_alloc(&page), STATUS_NO_MEMORY);
    for (unsigned i = 0; i < PAGES; i += 2) {
        pages_free(hpa(BASE + i * PAGE_SIZE), PAGE_SIZE);
    }
    for (unsigned i = PAGES; i > 0; i -= 2) {
        pages_free(hpa(BASE + (i - 1) * PAGE_SIZE), PAGE_SIZE);
    }
    assert_int_equal(pages_used_bytes(), 0);
    struct hpa whole;
    assert_int_equal(pages_alloc_block(PAGES * PAGE_SIZE, PAGE_SIZE, NO_LIMIT, &whole), STATUS_OK);
}

/* True when freeing it ends the process by the fake panic. */
static bool panics(uint64_t start, uint64_t bytes)
{
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(2);
        }
        pages_free(hpa(start), bytes);
        _exit(0);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    return WIFSIGNALED(result) && WTERMSIG(result) == SIGABRT;
}

static void freeing_what_is_free_panics(void **state)
{
    (void)state;
    give_all();
    struct hpa page;
    struct hpa block;
    assert_int_equal(pages_alloc(&page), STATUS_OK);
    assert_int_equal(pages_alloc_block(MIB, MIB, NO_LIMIT, &block), STATUS_OK);
    assert_false(panics(page.v, PAGE_SIZE));
    assert_false(panics(block.v, MIB));
    assert_true(panics(page.v + PAGE_SIZE, PAGE_SIZE));
    assert_true(panics(page.v, 2 * PAGE_SIZE));
    assert_true(panics(block.v - PAGE_SIZE, MIB));
    assert_true(panics(page.v + 1, PAGE_SIZE));
    assert_true(panics(page.v, 0));
    assert_true(panics(0, PAGE_SIZE));
    pages_free(page, PAGE_SIZE);
    assert_true(panics(page.v, PAGE_SIZE));
}

static void freeing_what_is_spilled_panics(void **state)
{
    (void)state;
    give_all();
    struct hpa page;
    for (unsigned i = 0; i < PAGES; i++) {
        assert_int_equal(pages_alloc(&page), STATUS_OK);
    }
    for (unsigned i = 0; i < PAGES; i += 2) {
        pages_free(hpa(BASE + i * PAGE_SIZE), PAGE_SIZE);
    }
    assert_true(panics(BASE + (PAGES - 2) * PAGE_SIZE, PAGE_SIZE));
    assert_true(panics(BASE + (PAGES - 3) * PAGE_SIZE, 2 * PAGE_SIZE));
    assert_false(panics(BASE + (PAGES - 3) * PAGE_SIZE, PAGE_SIZE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_only_whole_free_pages), cmocka_unit_test(pages_are_zeroed_and_counted),
        cmocka_unit_test(large_memory_is_not_touched), cmocka_unit_test(takes_the_very_block),
        cmocka_unit_test(agrees_with_model),           cmocka_unit_test(survives_more_holes_than_it_can_list),
        cmocka_unit_test(freeing_what_is_free_panics), cmocka_unit_test(freeing_what_is_spilled_panics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
