/* SPDX-License-Identifier: GPL-2.0-only
 * drivers/tpm_log.c: both formats, their ends, and what is no log. */
#include "drivers/tpm_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint8_t bytes[1024];
static size_t used;

static void put(const void *from, size_t count)
{
    assert_true(used + count <= sizeof(bytes));
    memcpy(bytes + used, from, count);
    used += count;
}

static void put32(uint32_t value)
{
    put(&value, sizeof(value));
}

static void put16(uint16_t value)
{
    put(&value, sizeof(value));
}

static void put_filled(uint8_t value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(&value, 1);
    }
}

static int setup(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof(bytes));
    used = 0;
    return 0;
}

static void put_plain(uint32_t pcr, uint32_t type, const char *text)
{
    put32(pcr);
    put32(type);
    put_filled(0x5a, 20);
    put32((uint32_t)strlen(text));
    put(text, strlen(text));
}

static void test_plain(void **state)
{
    (void)state;
    struct tpm_log log;
    struct tpm_event e;
    put_plain(4, 5, "Calling INT 19h");
    put_plain(8, 0xd, "a\nb");
    assert_int_equal(tpm_log_open(&log, bytes, sizeof(bytes)), STATUS_OK);
    assert_false(log.agile);
    assert_int_equal(tpm_log_next(&log, &e), STATUS_OK);
    assert_int_equal(e.pcr, 4);
    assert_int_equal(e.type, 5);
    assert_int_equal(e.digest_bytes, 20);
    assert_int_equal(e.digest[19], 0x5a);
    assert_string_equal(e.text, "Calling INT 19h");
    assert_string_equal(tpm_log_algorithm_text(e.algorithm), "sha1");
    assert_int_equal(tpm_log_next(&log, &e), STATUS_OK);
    assert_string_equal(e.text, "a");
    assert_int_equal(tpm_log_next(&log, &e), STATUS_NOT_FOUND);
    assert_int_equal(tpm_log_next(&log, &e), STATUS_NOT_FOUND);
}

/* The first event of the newer format: SHA-1 and SHA-256, the latter with `bytes256` bytes. */
static void put_specification(uint32_t algorithms, uint16_t bytes256)
{
    put32(0);
    put32(3);
    put_filled(0, 20);
    put32(16 + 8 + 4 + 8 + 1);
    put("Spec ID Event03", 16);
    put32(0);
    put("\x00\x02\x69\x02", 4);
    put32(algorithms);
    put16(4);
    put16(20);
    put16(0xb);
    put16(bytes256);
    put_filled(0, 1);
}

static void put_agile(uint32_t count, uint16_t second, const void *data, uint32_t size)
{
    put32(7);
    put32(0x80000001);
    put32(count);
    put16(4);
    put_filled(0x11, 20);
    put16(second);
    put_filled(0x22, 32);
    put32(size);
    put(data, size);
}

static void test_agile(void **state)
{
    (void)state;
    struct tpm_log log;
    struct tpm_event e;
    put_specification(2, 32);
    put_agile(2, 0xb, "D\0b\0", 4);
    memset(bytes + used, 0xff, sizeof(bytes) - used);
    assert_int_equal(tpm_log_open(&log, bytes, sizeof(bytes)), STATUS_OK);
    assert_true(log.agile);
    assert_int_equal(tpm_log_next(&log, &e), STATUS_OK);
    assert_int_equal(e.digest_bytes, 32);
    assert_int_equal(e.digest[0], 0x22);
    assert_string_equal(e.text, "Db");
    assert_string_equal(tpm_log_algorithm_text(e.algorithm), "sha256");
    assert_string_equal(tpm_log_type_text(e.type), "EV_EFI_VARIABLE_DRIVER_CONFIG");
    assert_int_equal(tpm_log_next(&log, &e), STATUS_NOT_FOUND);
}

static void expect_bad_event(void)
{
    struct tpm_log log;
    struct tpm_event e;
    assert_int_equal(tpm_log_open(&log, bytes, used), STATUS_OK);
    assert_int_equal(tpm_log_next(&log, &e), STATUS_BAD_FORMAT);
}

static void test_bad_events(void **state)
{
    put_specification(2, 32);
    put_agile(2, 0xc, "", 0); /* an algorithm that was not named */
    expect_bad_event();
    setup(state);
    put_specification(2, 32);
    put_agile(3, 0xb, "", 0); /* more digests than algorithms */
    expect_bad_event();
    setup(state);
    put_specification(2, 32);
    put_agile(0, 0xb, "", 0);
    expect_bad_event();
    setup(state);
    put_specification(2, 32);
    put_agile(2, 0xb, "text", 4);
    used -= 1; /* cut */
    expect_bad_event();
}

static void expect_open(enum status expected)
{
    struct tpm_log log;
    assert_int_equal(tpm_log_open(&log, bytes, used), expected);
}

static void test_bad_first_event(void **state)
{
    expect_open(STATUS_NOT_FOUND);
    put_filled(0, 100);
    expect_open(STATUS_NOT_FOUND);
    setup(state);
    put_specification(0, 32); /* no algorithm */
    expect_open(STATUS_BAD_FORMAT);
    setup(state);
    put_specification(9, 32); /* more than fit */
    expect_open(STATUS_BAD_FORMAT);
    setup(state);
    put_specification(2, 0); /* a digest of no bytes would make no way */
    expect_open(STATUS_BAD_FORMAT);
    setup(state);
    put_specification(2, 65);
    expect_open(STATUS_BAD_FORMAT);
    setup(state);
    put_plain(32, 5, "no such register");
    expect_open(STATUS_BAD_FORMAT);
    setup(state);
    put_plain(1, 5, "too short");
    bytes[28] = 200;
    expect_open(STATUS_BAD_FORMAT);
}

static void test_tables(void **state)
{
    (void)state;
    struct hpa at;
    uint64_t size;
    uint8_t table[76] = "TPM2";
    memcpy(table + 64, &(uint32_t){0x10000}, 4);
    memcpy(table + 68, &(uint64_t){0x7f5e1000}, 8);
    assert_int_equal(tpm_log_of_tpm2(table, 76, &at, &size), STATUS_OK);
    assert_int_equal(at.v, 0x7f5e1000);
    assert_int_equal(size, 0x10000);
    assert_int_equal(tpm_log_of_tpm2(table, 75, &at, &size), STATUS_NOT_FOUND); /* an older revision */
    assert_int_equal(tpm_log_of_tpm2(table, 52, &at, &size), STATUS_NOT_FOUND);
    assert_int_equal(tpm_log_of_tpm2(table, 51, &at, &size), STATUS_BAD_FORMAT);
    memcpy(table + 68, &(uint64_t){UINT64_MAX}, 8);
    assert_int_equal(tpm_log_of_tpm2(table, 76, &at, &size), STATUS_NOT_FOUND); /* wraps */
    memset(table + 64, 0, 12);
    assert_int_equal(tpm_log_of_tpm2(table, 76, &at, &size), STATUS_NOT_FOUND);
    memset(table + 36, 0, 40);
    memcpy(table + 38, &(uint32_t){0x8000}, 4);
    memcpy(table + 42, &(uint64_t){0x1000}, 8);
    assert_int_equal(tpm_log_of_tcpa(table, 50, &at, &size), STATUS_OK);
    assert_int_equal(at.v, 0x1000);
    assert_int_equal(size, 0x8000);
    assert_int_equal(tpm_log_of_tcpa(table, 49, &at, &size), STATUS_BAD_FORMAT);
    table[36] = 1; /* a server's: fields are elsewhere */
    memcpy(table + 40, &(uint64_t){0x9000}, 8);
    memcpy(table + 48, &(uint64_t){0x2000}, 8);
    assert_int_equal(tpm_log_of_tcpa(table, 56, &at, &size), STATUS_OK);
    assert_int_equal(at.v, 0x2000);
    assert_int_equal(size, 0x9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_plain, setup),      cmocka_unit_test_setup(test_agile, setup),
        cmocka_unit_test_setup(test_bad_events, setup), cmocka_unit_test_setup(test_bad_first_event, setup),
        cmocka_unit_test_setup(test_tables, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
