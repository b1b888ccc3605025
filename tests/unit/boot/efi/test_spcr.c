/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/spcr.c: firmware's serial console, and tables that name none or lie. */
#include "boot/efi/spcr.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define SIZE 80
#define KIND 36
#define SPACE 40
#define ADDRESS 44
#define BAUD 58

static uint8_t table[SIZE];
static struct spcr_console console;

static void sum(void)
{
    uint8_t total = 0;
    table[9] = 0;
    for (size_t i = 0; i < SIZE; i++) {
        total = (uint8_t)(total + table[i]);
    }
    table[9] = (uint8_t)-total;
}

static int make(void **state)
{
    (void)state;
    memset(table, 0, sizeof(table));
    memcpy(table, "SPCR", 4);
    table[4] = SIZE;
    table[SPACE] = 1;
    table[ADDRESS] = 0xf8;
    table[ADDRESS + 1] = 0x02;
    table[BAUD] = 4;
    sum();
    return 0;
}

static enum status changed(size_t at, uint8_t value)
{
    make(NULL);
    table[at] = value;
    sum();
    return spcr_read(table, sizeof(table), &console);
}

static void test_a_sound_one(void **state)
{
    (void)state;
    assert_int_equal(spcr_read(table, sizeof(table), &console), STATUS_OK);
    assert_int_equal(console.port, 0x2f8);
    assert_int_equal(console.baud, 19200);
    assert_int_equal(changed(KIND, 1), STATUS_OK);
    assert_int_equal(changed(KIND, 0x12), STATUS_OK);
    assert_int_equal(changed(BAUD, 0), STATUS_OK);
    assert_int_equal(console.baud, 115200);
}

static void test_no_16550_at_a_port(void **state)
{
    (void)state;
    assert_int_equal(changed(KIND, 3), STATUS_UNSUPPORTED); /* ARM's */
    assert_int_equal(changed(SPACE, 0), STATUS_UNSUPPORTED);
    assert_int_equal(changed(ADDRESS + 1, 0), STATUS_UNSUPPORTED);
    assert_int_equal(changed(ADDRESS + 1, 0xff), STATUS_OK);
    assert_int_equal(changed(ADDRESS + 2, 1), STATUS_UNSUPPORTED);
    assert_int_equal(changed(BAUD, 5), STATUS_UNSUPPORTED);
}

static void test_lies(void **state)
{
    (void)state;
    assert_int_equal(changed(4, SIZE - 1), STATUS_BAD_FORMAT);
    assert_int_equal(changed(4, SIZE + 1), STATUS_BAD_FORMAT);
    make(NULL);
    table[20]++;
    assert_int_equal(spcr_read(table, sizeof(table), &console), STATUS_BAD_FORMAT);
    make(NULL);
    for (size_t length = 0; length < SIZE; length++) {
        uint8_t *copy = malloc(length + 1);
        memcpy(copy + 1, table, length);
        assert_int_equal(spcr_read(copy + 1, length, &console), STATUS_BAD_FORMAT);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_sound_one, make),
        cmocka_unit_test_setup(test_no_16550_at_a_port, make),
        cmocka_unit_test_setup(test_lies, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
