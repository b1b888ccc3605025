/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/boot_cfg.c: what a list says, and every way to write it wrong. */
#include "boot/efi/boot_cfg.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define HEX32 "00112233445566778899aabbccddeeff"
#define HEX HEX32 "FFEEDDCCBBAA99887766554433221100"

static struct boot_cfg cfg;
static struct boot_cfg_error error;

static enum status parse(const char *text)
{
    memset(&error, 0, sizeof(error));
    return boot_cfg_parse(text, strlen(text), &cfg, &error);
}

static void test_a_whole_list(void **state)
{
    (void)state;
    assert_int_equal(parse("# comment\r\n"
                           "\n"
                           "\tkernel  /bulkhead/bulkhead.elf  \r\n"
                           "sha256 " HEX "\n"
                           "cmdline console=com2,115200  debug\n"
                           "module \\images\\vmlinuz\n"
                           "module images/storage.img storage.img with words\n"
                           "sha256 " HEX),
                     STATUS_OK);
    assert_string_equal(cfg.kernel.path, "/bulkhead/bulkhead.elf");
    assert_true(cfg.kernel.pinned);
    assert_int_equal(cfg.kernel.sha256[1], 0x11);
    assert_int_equal(cfg.kernel.sha256[31], 0);
    assert_int_equal(cfg.kernel.line, 3);
    assert_string_equal(cfg.cmdline, "console=com2,115200  debug");
    assert_int_equal(cfg.module_count, 2);
    assert_string_equal(cfg.modules[0].text, "vmlinuz");
    assert_false(cfg.modules[0].pinned);
    assert_string_equal(cfg.modules[1].path, "images/storage.img");
    assert_string_equal(cfg.modules[1].text, "storage.img with words");
    assert_true(cfg.modules[1].pinned);
    assert_ptr_equal(boot_cfg_unpinned(&cfg), &cfg.modules[0]);
}

static void test_all_pinned(void **state)
{
    (void)state;
    assert_int_equal(parse("kernel k\nsha256 " HEX "\nmodule m\nsha256 " HEX "\n"), STATUS_OK);
    assert_null(boot_cfg_unpinned(&cfg));
    assert_int_equal(parse("kernel k\nmodule m\nsha256 " HEX "\n"), STATUS_OK);
    assert_ptr_equal(boot_cfg_unpinned(&cfg), &cfg.kernel);
}

static void test_wrong_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *what;
    } cases[] = {
        {"", 0, "no kernel is named"},
        {"module m\n", 0, "no kernel is named"},
        {"kernel\n", 1, "no file is named"},
        {"kernel a/\n", 1, "no file is named"},
        {"kernel a b\n", 1, "words behind the kernel's file"},
        {"kernel a\nkernel b\n", 2, "a second kernel"},
        {"kernel a\ncmdline x\ncmdline y\n", 3, "a second cmdline"},
        {"kernel a\nmodule\n", 2, "no file is named"},
        {"kernel a\ninitrd b\n", 2, "an unknown key"},
        {"kernel a\nKernel b\n", 2, "an unknown key"},
        {"sha256 " HEX "\nkernel a\n", 1, "a sha256 line with no file before it"},
        {"kernel a\ncmdline x\nsha256 " HEX "\n", 3, "a sha256 line with no file before it"},
        {"kernel a\nsha256 " HEX "\nsha256 " HEX "\n", 3, "a sha256 line with no file before it"},
        {"kernel a\nsha256 " HEX32 "\n", 2, "a sha256 line needs 64 hexadecimal digits"},
        {"kernel a\nsha256 " HEX "0\n", 2, "a sha256 line needs 64 hexadecimal digits"},
        {"kernel a\nsha256 g" HEX32 HEX32 "\n", 2, "a sha256 line needs 64 hexadecimal digits"},
        {"kernel a\nsha256 " HEX32 HEX32 " file\n", 2, "a sha256 line needs 64 hexadecimal digits"},
        {"kernel a\x01\n", 1, "a character that is not plain ASCII"},
        {"kernel \xc3\xa4\n", 1, "a character that is not plain ASCII"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(parse(cases[i].text), STATUS_BAD_FORMAT);
        assert_string_equal(error.what, cases[i].what);
        assert_int_equal(error.line, cases[i].line);
        assert_true(strlen(error.fix) > 10);
    }
}

static void test_a_digit_that_is_none(void **state)
{
    (void)state;
    char text[] = "kernel a\nsha256 " HEX;
    for (size_t at = strlen("kernel a\nsha256 "); at < sizeof(text) - 1; at++) {
        char kept = text[at];
        text[at] = 'g';
        assert_int_equal(parse(text), STATUS_BAD_FORMAT);
        text[at] = kept;
    }
    assert_int_equal(parse(text), STATUS_OK);
}

static void test_long_texts(void **state)
{
    (void)state;
    static char text[4096];
    snprintf(text, sizeof(text), "kernel %0255d\n", 0);
    assert_int_equal(parse(text), STATUS_OK);
    snprintf(text, sizeof(text), "kernel %0256d\n", 0);
    assert_int_equal(parse(text), STATUS_BAD_FORMAT);
    assert_string_equal(error.what, "the path is too long");
    snprintf(text, sizeof(text), "kernel a\ncmdline %01023d\nmodule m %01023d\n", 0, 0);
    assert_int_equal(parse(text), STATUS_OK);
    snprintf(text, sizeof(text), "kernel a\ncmdline %01024d\n", 0);
    assert_int_equal(parse(text), STATUS_BAD_FORMAT);
    snprintf(text, sizeof(text), "kernel a\nmodule m %01024d\n", 0);
    assert_int_equal(parse(text), STATUS_BAD_FORMAT);
    assert_string_equal(error.what, "the module's text is too long");
}

static void test_too_many_modules(void **state)
{
    (void)state;
    static const char head[] = "kernel a\n", line[] = "module m\n";
    static char text[4096];
    size_t used = sizeof(head) - 1;
    memcpy(text, head, used);
    for (unsigned i = 0; i < BOOT_MODULES_MAX; i++) {
        memcpy(text + used, line, sizeof(line));
        used += sizeof(line) - 1;
    }
    assert_int_equal(parse(text), STATUS_OK);
    memcpy(text + used, line, sizeof(line));
    assert_int_equal(parse(text), STATUS_BAD_FORMAT);
    assert_string_equal(error.what, "too many modules");
    assert_int_equal(error.line, BOOT_MODULES_MAX + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_list), cmocka_unit_test(test_all_pinned),
        cmocka_unit_test(test_wrong_lines),  cmocka_unit_test(test_a_digit_that_is_none),
        cmocka_unit_test(test_long_texts),   cmocka_unit_test(test_too_many_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
