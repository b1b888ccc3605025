/* SPDX-License-Identifier: GPL-2.0-only
 * The description of a VMD: a good one, every way to be wrong, and the disks' files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/model/vmd_options.h"

static void test_all_keys(void **state)
{
    struct vmd_options o;
    (void)state;
    assert_null(vmd_options_parse(&o, "id=201d,at=1f.2,lock=1,busmode=2,flr=1,numbered=1,disks=/a/b+c"));
    assert_true(o.wanted && o.config.lock_shadow && o.config.flr && o.config.numbered);
    assert_int_equal(o.config.device, VMD_MODEL_CLIENT);
    assert_int_equal(o.devfunc, 0xfa);
    assert_int_equal(o.config.bus_mode, 2);
    assert_string_equal(o.disk[0], "/a/b");
    assert_string_equal(o.disk[1], "c");
}

static void test_nothing_said(void **state)
{
    struct vmd_options o;
    (void)state;
    assert_null(vmd_options_parse(&o, ""));
    assert_false(o.wanted);
    assert_null(vmd_options_parse(&o, "busmode=1"));
    assert_true(o.wanted);
    assert_int_equal(o.config.device, VMD_MODEL_SERVER);
    assert_int_equal(o.devfunc, 0x88);
    assert_null(vmd_options_open(&o));
}

static void test_wrong_texts(void **state)
{
    static const char *const wrong[] = {"id=28c1",     "id=",      "at=0.0",     "at=nowhere", "lock=2",
                                        "lock=",       "flr=yes",  "busmode=4",  "busmode=01", "numbered",
                                        "disks=a+b+c", "colour=1", "id=28c0,x=1"};
    struct vmd_options o;
    char text[2048];
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_non_null(vmd_options_parse(&o, wrong[i]));
    }
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_non_null(vmd_options_parse(&o, text));
    memcpy(text, "disks=", 6);
    text[6 + VMD_OPTIONS_PATH] = '\0';
    assert_non_null(vmd_options_parse(&o, text));
}

static void test_files(void **state)
{
    char path[] = "/tmp/bulkhead-vmd-XXXXXX";
    char text[128];
    uint8_t data[512] = {1, 2, 3};
    struct vmd_options o;
    int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    snprintf(text, sizeof(text), "disks=%s", path);
    assert_null(vmd_options_parse(&o, text));
    assert_non_null(vmd_options_open(&o)); /* empty */
    close(o.file[0]);
    assert_int_equal(ftruncate(file, 4096), 0);
    assert_null(vmd_options_open(&o));
    assert_int_equal(o.config.disk_bytes[0], 4096);
    assert_true(vmd_options_disk(&o, 0, true, 512, data, sizeof(data)));
    memset(data, 0, sizeof(data));
    assert_true(vmd_options_disk(&o, 0, false, 512, data, sizeof(data)));
    assert_int_equal(data[2], 3);
    assert_false(vmd_options_disk(&o, 0, false, 4096, data, sizeof(data)));
    close(o.file[0]);
    close(file);
    unlink(path);
    assert_null(vmd_options_parse(&o, text));
    assert_non_null(vmd_options_open(&o)); /* gone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_nothing_said),
        cmocka_unit_test(test_wrong_texts),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
