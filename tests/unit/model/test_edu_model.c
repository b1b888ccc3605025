/* SPDX-License-Identifier: GPL-2.0-only
 * The model of edu, against QEMU's docs/specs/edu.txt, and its repeated commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model/edu_model.h"

static struct {
    struct edu_model edu;
    uint8_t memory[256];
    uint64_t addresses[16];
    unsigned accesses, complaints;
    bool line;
} world;

static void on_read(void *context, uint64_t address, void *data, size_t bytes)
{
    (void)context;
    world.addresses[world.accesses++ % 16] = address;
    memcpy(data, world.memory + address % 128, bytes);
}

static void on_write(void *context, uint64_t address, const void *data, size_t bytes)
{
    (void)context;
    world.addresses[world.accesses++ % 16] = address;
    memcpy(world.memory + address % 128, data, bytes);
}

static void on_interrupt(void *context, bool raised)
{
    (void)context;
    world.line = raised;
}

static void on_complaint(void *context, const char *what)
{
    (void)context;
    assert_non_null(what);
    world.complaints++;
}

static int fresh(void **state)
{
    (void)state;
    static const struct edu_model_io io = {NULL, on_read, on_write, on_interrupt, on_complaint};
    memset(&world, 0, sizeof(world));
    edu_model_reset(&world.edu, &io);
    return 0;
}

static void order(uint64_t source, uint64_t target, uint64_t bytes, uint64_t command)
{
    edu_model_write(&world.edu, EDU_MODEL_SOURCE, 8, source);
    edu_model_write(&world.edu, EDU_MODEL_TARGET, 8, target);
    edu_model_write(&world.edu, EDU_MODEL_COUNT, 8, bytes);
    edu_model_write(&world.edu, EDU_MODEL_COMMAND, 8, command);
}

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(edu_model_read(&world.edu, EDU_MODEL_ID, 4), 0x010000ed);
    edu_model_write(&world.edu, EDU_MODEL_LIVENESS, 4, 0x0f0f0f0f);
    assert_int_equal(edu_model_read(&world.edu, EDU_MODEL_LIVENESS, 4), 0xf0f0f0f0);
    assert_true(edu_model_read(&world.edu, EDU_MODEL_ID, 8) == UINT64_MAX);
    assert_true(edu_model_read(&world.edu, EDU_MODEL_SOURCE, 2) == UINT64_MAX);
    assert_true(edu_model_read(&world.edu, EDU_MODEL_SOURCE + 4, 8) == UINT64_MAX);
    edu_model_write(&world.edu, EDU_MODEL_RAISE, 1, 1);
    assert_false(world.line);
}

static void test_copies(void **state)
{
    (void)state;
    memset(world.memory, 0x5a, 32);
    order(0x7000000000, EDU_MODEL_BUFFER, 16, EDU_MODEL_RUN);
    assert_true(edu_model_running(&world.edu));
    edu_model_step(&world.edu);
    assert_false(edu_model_running(&world.edu));
    order(EDU_MODEL_BUFFER, 0x8000000040, 16, EDU_MODEL_RUN | EDU_MODEL_TO_MEMORY);
    edu_model_step(&world.edu);
    assert_int_equal(world.memory[0x40 + 15], 0x5a);
    assert_int_equal(world.memory[0x40 + 16], 0);
    assert_true(world.addresses[1] == 0x8000000040);
    assert_int_equal(world.complaints, 0);
}

static void test_interrupt(void **state)
{
    (void)state;
    edu_model_write(&world.edu, EDU_MODEL_RAISE, 4, 5);
    assert_true(world.line);
    assert_int_equal(edu_model_read(&world.edu, EDU_MODEL_RAISED, 4), 5);
    edu_model_write(&world.edu, EDU_MODEL_ACKNOWLEDGE, 4, 1);
    assert_true(world.line);
    edu_model_write(&world.edu, EDU_MODEL_ACKNOWLEDGE, 4, 4);
    assert_false(world.line);
    order(0, EDU_MODEL_BUFFER, 4, EDU_MODEL_RUN | EDU_MODEL_NOTIFY);
    assert_false(world.line);
    edu_model_step(&world.edu);
    assert_int_equal(edu_model_read(&world.edu, EDU_MODEL_RAISED, 4), EDU_MODEL_DONE);
}

static void test_repeats(void **state)
{
    (void)state;
    edu_model_write(&world.edu, EDU_MODEL_REPEAT, 8, 5);
    edu_model_write(&world.edu, EDU_MODEL_STRIDE, 8, 0x1000);
    edu_model_write(&world.edu, EDU_MODEL_BURST, 8, 2);
    order(EDU_MODEL_BUFFER, 0x10000, 4, EDU_MODEL_RUN | EDU_MODEL_TO_MEMORY);
    edu_model_step(&world.edu);
    assert_int_equal(world.accesses, 2);
    assert_int_equal(edu_model_read(&world.edu, EDU_MODEL_REPEAT, 8), 3);
    edu_model_step(&world.edu);
    edu_model_step(&world.edu);
    assert_int_equal(world.accesses, 5);
    assert_true(world.addresses[4] == 0x14000);
    assert_false(edu_model_running(&world.edu));
    edu_model_step(&world.edu); /* idle */
    order(EDU_MODEL_BUFFER, 0, 4, EDU_MODEL_RUN | EDU_MODEL_TO_MEMORY);
    edu_model_step(&world.edu);
    assert_int_equal(world.accesses, 6); /* one command's repetition is not the next one's */
}

static void test_rules(void **state)
{
    (void)state;
    order(0, EDU_MODEL_BUFFER + 1, EDU_MODEL_BYTES, EDU_MODEL_RUN);
    edu_model_write(&world.edu, EDU_MODEL_SOURCE, 8, 1);
    assert_int_equal(world.complaints, 1);
    edu_model_step(&world.edu);
    assert_int_equal(world.complaints, 2);
    order(0, 0, 4, EDU_MODEL_RUN); /* not in the buffer */
    edu_model_step(&world.edu);
    assert_int_equal(world.complaints, 3);
    assert_int_equal(world.accesses, 0);
    assert_false(edu_model_running(&world.edu));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_registers, fresh), cmocka_unit_test_setup(test_copies, fresh),
        cmocka_unit_test_setup(test_interrupt, fresh), cmocka_unit_test_setup(test_repeats, fresh),
        cmocka_unit_test_setup(test_rules, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
