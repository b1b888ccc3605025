/* SPDX-License-Identifier: GPL-2.0-only
 * guest/image_pins.c: pinned images start a guest, changed ones do not, their fallback only if it is as pinned. */
#include "guest/image_pins.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KERNEL "6923dd1bc0460082c5d55a831908c24a282860b7f1cd6c2b79cf1bc8857c639c" /* of "kernel" */
#define INITRD                                                                                                         \
    "09E6C018d2c8c4903308613dd1b72484d57eadf12ec50ddc8f52e5accce470f2"         /* of "initrd", partly in capitals      \
                                                                                */
#define OLD "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4" /* of "old" */

static struct image_set images, fallback;

static int setup(void **state)
{
    (void)state;
    images = (struct image_set){.kernel = {.bytes = "kernel", .size = 6},
                                .initrd = {.bytes = "initrd", .size = 6},
                                .kernel_name = "vmlinuz",
                                .initrd_name = "guest.img",
                                .kernel_sha256 = KERNEL,
                                .initrd_sha256 = INITRD};
    fallback = (struct image_set){0};
    return 0;
}

static void add_fallback(const char *pin)
{
    fallback =
        (struct image_set){.kernel = {.bytes = "old", .size = 3}, .kernel_name = "vmlinuz.old", .kernel_sha256 = pin};
}

static void test_pinned_and_right(void **state)
{
    (void)state;
    add_fallback(OLD);
    struct image_pins pins = image_pins_choose(&images, &fallback);
    assert_ptr_equal(pins.use, &images);
    assert_int_equal(pins.count, 0);
    assert_true(pins.checked);
}

static void test_not_pinned(void **state)
{
    (void)state;
    images.kernel_sha256 = images.initrd_sha256 = NULL;
    struct image_pins pins = image_pins_choose(&images, &fallback);
    assert_ptr_equal(pins.use, &images);
    assert_false(pins.checked);
}

static void test_changed_and_no_fallback(void **state)
{
    (void)state;
    images.kernel.bytes = "kerneL";
    images.initrd.size = 5;
    struct image_pins pins = image_pins_choose(&images, &fallback);
    assert_null(pins.use);
    assert_int_equal(pins.count, 2); /* both are told */
    assert_string_equal(pins.mismatches[0].name, "vmlinuz");
    assert_string_equal(pins.mismatches[0].expected, KERNEL);
    assert_string_not_equal(pins.mismatches[0].found, KERNEL);
    assert_string_equal(pins.mismatches[1].name, "guest.img");
    assert_false(pins.mismatches[1].fallback);
}

static void test_changed_with_fallback(void **state)
{
    (void)state;
    images.initrd.bytes = "Initrd";
    add_fallback(OLD);
    struct image_pins pins = image_pins_choose(&images, &fallback);
    assert_ptr_equal(pins.use, &fallback);
    assert_int_equal(pins.count, 1);
    add_fallback(NULL); /* not pinned itself: taken as it is */
    assert_ptr_equal(image_pins_choose(&images, &fallback).use, &fallback);
}

static void test_fallback_changed_too(void **state)
{
    (void)state;
    images.kernel.size = 0;
    add_fallback(KERNEL);
    struct image_pins pins = image_pins_choose(&images, &fallback);
    assert_null(pins.use);
    assert_int_equal(pins.count, 2);
    assert_true(pins.mismatches[1].fallback);
    assert_string_equal(pins.mismatches[1].found, OLD);
}

static void test_short_pin_never_matches(void **state)
{
    (void)state;
    images.kernel_sha256 = "6923dd";
    assert_null(image_pins_choose(&images, &fallback).use);
    images.kernel_sha256 = "";
    assert_null(image_pins_choose(&images, &fallback).use);
    images.kernel_sha256 = KERNEL "00";
    assert_null(image_pins_choose(&images, &fallback).use);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pinned_and_right, setup),
        cmocka_unit_test_setup(test_not_pinned, setup),
        cmocka_unit_test_setup(test_changed_and_no_fallback, setup),
        cmocka_unit_test_setup(test_changed_with_fallback, setup),
        cmocka_unit_test_setup(test_fallback_changed_too, setup),
        cmocka_unit_test_setup(test_short_pin_never_matches, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
