/* SPDX-License-Identifier: GPL-2.0-only
 * guest/virtqueue.c: requests in and out, and rings that no driver makes. */
#include "guest/virtqueue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/hw/phys.h"
#include "tests/fake/memory.h"

#define HOST UINT64_C(0x10000000)
#define SLOT UINT64_C(0x200000)
#define RAM (2 * SLOT) /* two slots that are neighbours for the guest alone */
#define SIZE 8u

enum place {
    DESCRIPTORS = 0x1000,
    AVAILABLE = 0x2000,
    USED = 0x3000,
    BUFFER = 0x4000,
};

static struct guest_memory memory;
static struct virtqueue queue;
static struct virtqueue_chain chain;

static void *ram(uint64_t at)
{
    return phys_to_virt(hpa(at < SLOT ? HOST + SLOT + at : HOST + at - SLOT));
}

static void put16(uint64_t at, uint16_t value)
{
    memcpy(ram(at), &value, sizeof(value));
}

static uint16_t get16(uint64_t at)
{
    uint16_t value;
    memcpy(&value, ram(at), sizeof(value));
    return value;
}

static uint32_t get32(uint64_t at)
{
    uint32_t value;
    memcpy(&value, ram(at), sizeof(value));
    return value;
}

static void describe(unsigned index, uint64_t address, uint32_t length, uint16_t flags, uint16_t next)
{
    uint8_t *d = ram(DESCRIPTORS + 16 * index);
    memcpy(d, &address, 8);
    memcpy(d + 8, &length, 4);
    memcpy(d + 12, &flags, 2);
    memcpy(d + 14, &next, 2);
}

/* Make chain `head` available; the running index counts up. */
static void offer(uint16_t head)
{
    uint16_t index = get16(AVAILABLE + 2);
    put16(AVAILABLE + 4 + 2 * (index % SIZE), head);
    put16(AVAILABLE + 2, (uint16_t)(index + 1));
}

static int setup(void **state)
{
    (void)state;
    fake_memory_reset(HOST, RAM);
    memory = (struct guest_memory){.count = 2};
    memory.slots[0] = (struct guest_slot){gpa(0), SLOT, hpa(HOST + SLOT)};
    memory.slots[1] = (struct guest_slot){gpa(SLOT), SLOT, hpa(HOST)};
    assert_int_equal(virtqueue_enable(&queue, &memory, SIZE, DESCRIPTORS, AVAILABLE, USED), STATUS_OK);
    return 0;
}

static void expect_broken(const char *why)
{
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_BAD_FORMAT);
    assert_non_null(strstr(queue.why, why));
}

static void gives_requests_in_order_and_takes_them_back(void **state)
{
    (void)state;
    char text[32] = {0};
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_NOT_FOUND);
    memcpy(ram(BUFFER), "hello ", 6);
    memcpy(ram(BUFFER + 0x100), "world", 5);
    describe(3, BUFFER, 6, 1, 5);
    describe(5, BUFFER + 0x100, 5, 1, 1);
    describe(1, BUFFER + 0x200, 4, 3, 0);
    describe(0, BUFFER + 0x300, 8, 2, 0);
    offer(3);
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
    assert_int_equal(chain.readable, 11);
    assert_int_equal(chain.writable, 12);
    assert_int_equal(virtqueue_read(&memory, &chain, text, 3), 3);
    virtqueue_skip(&chain, 2);
    assert_int_equal(virtqueue_read(&memory, &chain, text + 3, 20), 6);
    assert_string_equal(text, "hel world");
    assert_int_equal(virtqueue_write(&memory, &chain, "abcde", 5), 5);
    assert_int_equal(virtqueue_write(&memory, &chain, "fghijklmnop", 11), 7);
    assert_memory_equal(ram(BUFFER + 0x200), "abcd", 4);
    assert_memory_equal(ram(BUFFER + 0x300), "efghijkl", 8);
    virtqueue_push(&queue, &chain, 12);
    assert_int_equal(get16(USED + 2), 1);
    assert_int_equal(get32(USED + 4), 3);
    assert_int_equal(get32(USED + 8), 12);
}

static void running_indexes_wrap(void **state)
{
    (void)state;
    describe(0, BUFFER, 1, 0, 0);
    for (unsigned i = 0; i < 70000; i++) {
        offer(0);
        assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
        virtqueue_push(&queue, &chain, 0);
        assert_int_equal(get16(USED + 2), (uint16_t)(i + 1));
        assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_NOT_FOUND);
    }
}

static void a_request_can_wait_again(void **state)
{
    (void)state;
    describe(0, BUFFER, 1, 0, 0);
    describe(1, BUFFER, 2, 0, 0);
    offer(0);
    offer(1);
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
    virtqueue_unpop(&queue);
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
    assert_int_equal(chain.readable, 1);
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
    assert_int_equal(chain.readable, 2);
}

static void buffers_may_cross_slots(void **state)
{
    (void)state;
    uint8_t from[64], to[64];
    memset(from, 0x5a, sizeof(from));
    describe(0, SLOT - 20, 64, 2, 0);
    describe(1, SLOT - 20, 64, 0, 0);
    offer(0);
    offer(1);
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
    assert_int_equal(virtqueue_write(&memory, &chain, from, sizeof(from)), sizeof(from));
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
    assert_int_equal(virtqueue_read(&memory, &chain, to, sizeof(to)), sizeof(to));
    assert_memory_equal(from, to, sizeof(to));
    assert_memory_equal(ram(SLOT - 20), from, 20);
    assert_memory_equal(ram(SLOT), from, 44);
}

static void rings_must_be_aligned_and_in_ram(void **state)
{
    (void)state;
    const struct {
        uint16_t size;
        uint64_t descriptors, available, used;
    } bad[] = {
        {0, DESCRIPTORS, AVAILABLE, USED},         {3, DESCRIPTORS, AVAILABLE, USED},
        {256, DESCRIPTORS, AVAILABLE, USED},       {SIZE, DESCRIPTORS + 8, AVAILABLE, USED},
        {SIZE, DESCRIPTORS, AVAILABLE + 1, USED},  {SIZE, DESCRIPTORS, AVAILABLE, USED + 2},
        {SIZE, RAM - 16, AVAILABLE, USED},         {SIZE, DESCRIPTORS, RAM - 8, USED},
        {SIZE, DESCRIPTORS, AVAILABLE, RAM - 8},   {SIZE, UINT64_MAX - 15, AVAILABLE, USED},
        {SIZE, DESCRIPTORS, UINT64_MAX - 1, USED}, {SIZE, DESCRIPTORS, AVAILABLE, UINT64_MAX - 3},
        {SIZE, 0xfee00000, AVAILABLE, USED},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(
            virtqueue_enable(&queue, &memory, bad[i].size, bad[i].descriptors, bad[i].available, bad[i].used),
            STATUS_OUT_OF_RANGE);
        assert_false(virtqueue_is_enabled(&queue));
        assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_NOT_FOUND);
        assert_false(virtqueue_wants_interrupt(&queue));
    }
    assert_int_equal(virtqueue_enable(&queue, &memory, SIZE, SLOT - 64, RAM - 22, RAM - 24 - 70), STATUS_OUT_OF_RANGE);
    assert_int_equal(virtqueue_enable(&queue, &memory, SIZE, SLOT - 64, RAM - 22, RAM - 96), STATUS_OK);
}

static void a_jump_of_the_index_breaks_it(void **state)
{
    (void)state;
    describe(0, BUFFER, 1, 0, 0);
    put16(AVAILABLE + 2, SIZE + 1);
    expect_broken("more requests");
    assert_int_equal(virtqueue_enable(&queue, &memory, SIZE, DESCRIPTORS, AVAILABLE, USED), STATUS_OK);
    put16(AVAILABLE + 2, 0xffff);
    expect_broken("more requests");
    assert_int_equal(virtqueue_enable(&queue, &memory, SIZE, DESCRIPTORS, AVAILABLE, USED), STATUS_OK);
    put16(AVAILABLE + 2, SIZE);
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
}

static void a_number_beyond_the_table_breaks_it(void **state)
{
    (void)state;
    offer(SIZE);
    expect_broken("number");
    setup(NULL);
    describe(0, BUFFER, 1, 1, SIZE);
    offer(0);
    expect_broken("number");
    setup(NULL);
    describe(0, BUFFER, 1, 1, 0xffff);
    offer(0);
    expect_broken("number");
}

static void a_loop_breaks_it(void **state)
{
    (void)state;
    describe(0, BUFFER, 1, 1, 1);
    describe(1, BUFFER, 1, 1, 0);
    offer(0);
    expect_broken("loop");
}

static void the_longest_chain_is_none(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIZE; i++) {
        describe(i, BUFFER, 1, i + 1 < SIZE, (uint16_t)(i + 1));
    }
    offer(0);
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
    assert_int_equal(chain.count, SIZE);
}

static void buffers_outside_of_ram_break_it(void **state)
{
    const struct {
        uint64_t at;
        uint32_t bytes;
    } bad[] = {{RAM, 1}, {RAM - 1, 2}, {0, UINT32_MAX}, {UINT64_MAX, 1}, {UINT64_MAX - 1, UINT32_MAX}, {1ull << 63, 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setup(state);
        describe(0, bad[i].at, bad[i].bytes, i % 2 != 0 ? 2 : 0, 0);
        offer(0);
        expect_broken("not in RAM");
    }
    setup(state);
    describe(0, 0, RAM, 0, 0);
    offer(0);
    assert_int_equal(virtqueue_pop(&queue, &chain), STATUS_OK);
}

static void other_descriptors_that_were_not_agreed_on_break_it(void **state)
{
    (void)state;
    describe(0, BUFFER, 16, 4, 0);
    offer(0);
    expect_broken("indirect");
    setup(NULL);
    describe(0, BUFFER, 0, 3, 1);
    describe(1, BUFFER, 4, 0, 0);
    offer(0);
    expect_broken("after a writable");
}

static void interrupts_are_as_the_guest_wants(void **state)
{
    (void)state;
    assert_true(virtqueue_wants_interrupt(&queue));
    put16(AVAILABLE, 1);
    assert_false(virtqueue_wants_interrupt(&queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(gives_requests_in_order_and_takes_them_back, setup),
        cmocka_unit_test_setup(running_indexes_wrap, setup),
        cmocka_unit_test_setup(a_request_can_wait_again, setup),
        cmocka_unit_test_setup(buffers_may_cross_slots, setup),
        cmocka_unit_test_setup(rings_must_be_aligned_and_in_ram, setup),
        cmocka_unit_test_setup(a_jump_of_the_index_breaks_it, setup),
        cmocka_unit_test_setup(a_number_beyond_the_table_breaks_it, setup),
        cmocka_unit_test_setup(a_loop_breaks_it, setup),
        cmocka_unit_test_setup(the_longest_chain_is_none, setup),
        cmocka_unit_test_setup(buffers_outside_of_ram_break_it, setup),
        cmocka_unit_test_setup(other_descriptors_that_were_not_agreed_on_break_it, setup),
        cmocka_unit_test_setup(interrupts_are_as_the_guest_wants, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
