/* SPDX-License-Identifier: GPL-2.0-only
 * _S5 in AML: the forms that firmware writes, and what is left alone. */
#include "drivers/acpi_sleep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct acpi_sleep found;

/* From a heap copy: reading past the end is the sanitizer's. */
static enum status find(const char *aml, size_t length)
{
    uint8_t *copy = malloc(length + 1);
    memcpy(copy, aml, length);
    memset(&found, 0xff, sizeof(found));
    enum status status = acpi_sleep_s5(copy, length, &found);
    free(copy);
    return status;
}

#define FIND(text) find(text, sizeof(text) - 1)

static void reads_what_firmware_writes(void **state)
{
    (void)state;
    /* QEMU's: Name (\_S5, Package (0x04) {Zero, Zero, Zero, Zero}) */
    assert_int_equal(FIND("\x10\x20\x08\\_S5_\x12\x06\x04\x00\x00\x00\x00"), STATUS_OK);
    assert_true(found.type_a == 0 && found.type_b == 0);
    /* PCH firmware: Package () {0x07, Zero, Zero, Zero}; iasl's bytes */
    assert_int_equal(FIND("\x08_S5_\x12\x07\x04\x0a\x07\x00\x00\x00"), STATUS_OK);
    assert_true(found.type_a == 7 && found.type_b == 0);
    assert_int_equal(FIND("\x08_S5_\x12\x08\x02\x0b\x05\x00\x0a\x05\x14"), STATUS_OK);
    assert_true(found.type_a == 5 && found.type_b == 5);
    assert_int_equal(FIND("\x08_S5_\x12\x45\x00\x02\x01\x01"), STATUS_OK); /* a length of two bytes */
    assert_true(found.type_a == 1 && found.type_b == 1);
    /* twice the same, as when both an old and a new place are served */
    assert_int_equal(FIND("\x08_S5_\x12\x04\x02\x01\x01\x08\\_S5_\x12\x04\x02\x01\x01"), STATUS_OK);
}

static void takes_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(FIND(""), STATUS_NOT_FOUND);
    assert_int_equal(FIND("\x08_S4_\x12\x04\x02\x01\x01"), STATUS_NOT_FOUND);
    assert_int_equal(FIND("_S5_\x12\x04\x02\x01\x01"), STATUS_NOT_FOUND);         /* a use, not its name */
    assert_int_equal(FIND("\x14\x09_S5_\x00\xa4\x00\x01\x01"), STATUS_NOT_FOUND); /* a method */
    assert_int_equal(FIND("\x08_S5_\x13\x04\x02\x01\x01"), STATUS_NOT_FOUND);     /* a package of variable length */
    assert_int_equal(FIND("\x08_S5_\x12\x04\x01\x01\x01"), STATUS_NOT_FOUND);     /* of one element */
    assert_int_equal(FIND("\x08_S5_\x12\x05\x02\x0a\x08\x00"), STATUS_NOT_FOUND); /* more than three bits */
    assert_int_equal(FIND("\x08_S5_\x12\x06\x02TYPA\x01"), STATUS_NOT_FOUND);     /* by another name's value */
    assert_int_equal(FIND("\x08_S5_\x12\x03\x02\x01\x01"), STATUS_NOT_FOUND);     /* the package ends before */
    assert_int_equal(FIND("\x08_S5_\x12\x00\x02\x01\x01"), STATUS_NOT_FOUND);
    assert_int_equal(FIND("\x08_S5_\x12\x04\x02\x01\x01\x08_S5_\x12\x04\x02\x01\x00"), STATUS_CONFLICT);
}

static void a_part_is_not_enough(void **state)
{
    (void)state;
    static const char whole[] = "\x08\\_S5_\x12\x47\x00\x02\x0a\x05\x0a\x05";
    assert_int_equal(FIND(whole), STATUS_OK);
    for (size_t i = 0; i + 1 < sizeof(whole) - 1; i++) {
        assert_int_equal(find(whole, i), STATUS_NOT_FOUND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_firmware_writes),
        cmocka_unit_test(takes_nothing_else),
        cmocka_unit_test(a_part_is_not_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
