/* SPDX-License-Identifier: GPL-2.0-only
 * Bounded JSON writer: text, escapes, and what does not fit. */
#include "kernel/lib/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char out[4096];

static void writes_what_it_says(void **state)
{
    (void)state;
    struct json j = json_make(out, sizeof(out));
    json_object(&j, NULL);
    json_text(&j, "name", "user");
    json_text(&j, "none", NULL);
    json_number(&j, "most", UINT64_MAX);
    json_hex(&j, "address", UINT64_C(0xfee00000));
    json_bool(&j, "up", true);
    json_array(&j, "list");
    json_number(&j, NULL, 0);
    json_object(&j, NULL);
    json_bool(&j, "down", false);
    json_close(&j);
    json_object(&j, NULL);
    json_close(&j);
    json_close(&j);
    json_raw(&j, "id", "[1, {}]", 7);
    json_close(&j);
    json_close(&j); /* nothing is open any more */
    assert_string_equal(out,
                        "{\"name\":\"user\",\"none\":null,\"most\":18446744073709551615,\"address\":\"0xfee00000\","
                        "\"up\":true,\"list\":[0,{\"down\":false},{}],\"id\":[1, {}]}");
    assert_int_equal(j.length, strlen(out));
    assert_false(j.cut);
}

static void writes_members_without_an_object(void **state)
{
    (void)state;
    struct json j = json_make(out, sizeof(out));
    assert_string_equal(out, "");
    json_text(&j, "a{", "[");
    json_text(&j, "b", "{");
    json_array(&j, "c");
    json_close(&j);
    json_text(&j, "d", "");
    assert_string_equal(out, "\"a{\":\"[\",\"b\":\"{\",\"c\":[],\"d\":\"\"");
}

static const char *string_of(const void *bytes, size_t length)
{
    struct json j = json_make(out, sizeof(out));
    json_bytes(&j, NULL, bytes, length);
    return out;
}

static void escapes(void **state)
{
    (void)state;
    assert_string_equal(string_of("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\0z", 16),
                        "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u0000z\"");
    assert_string_equal(string_of("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9),
                        "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

static void replaces_what_is_no_utf8(void **state)
{
    (void)state;
#define R "\xef\xbf\xbd"
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"\x80", R},                             /* a continuation alone */
        {"\xc0\xaf", R R},                       /* overlong / */
        {"\xc1\xbf", R R},                       /* overlong */
        {"\xe0\x80\xaf", R R R},                 /* overlong */
        {"\xf0\x80\x80\xaf", R R R R},           /* overlong */
        {"\xed\xa0\x80", R R R},                 /* a surrogate */
        {"\xf4\x90\x80\x80", R R R R},           /* above U+10FFFF */
        {"\xf5\x80\x80\x80", R R R R},           /* no such first byte */
        {"\xe2\x82", R R},                       /* ends too early */
        {"\xe2\x82x", R R "x"},                  /* the same, inside */
        {"\xff\xfe", R R},                       /* never in UTF-8 */
        {"\xed\x9f\xbf", "\xed\x9f\xbf"},        /* the last before the surrogates */
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"} /* U+10FFFF */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *text = string_of(cases[i].bytes, strlen(cases[i].bytes));
        assert_memory_equal(text + 1, cases[i].text, strlen(cases[i].text));
        assert_int_equal(strlen(text), strlen(cases[i].text) + 2);
    }
}

/* Something of every kind into every size: no byte behind it is touched, and all that is open can be closed. */
static void is_well_formed_in_any_size(void **state)
{
    (void)state;
    size_t whole = 0;
    for (size_t size = 1; size < 200; size++) {
        char *small = malloc(size); /* its bounds are the sanitizer's */
        struct json j = json_make(small, size);
        json_object(&j, NULL);
        json_text(&j, "text", "a\"\n\xe2\x82\xac");
        json_array(&j, "list");
        for (unsigned i = 0; i < 5; i++) {
            json_object(&j, NULL);
            json_number(&j, "n", i);
            json_close(&j);
        }
        json_close(&j);
        json_hex(&j, "h", 255);
        json_close(&j);
        assert_true(strlen(small) == j.length && j.length < size);
        assert_int_equal(j.depth + j.skipped, 0);
        int open = 0;
        for (size_t i = 0; i < j.length; i++) {
            open += small[i] == '{' || small[i] == '[';
            open -= small[i] == '}' || small[i] == ']';
            assert_false(small[i] == ',' && (small[i + 1] == '}' || small[i + 1] == ']'));
        }
        assert_int_equal(open, 0);
        assert_true(j.cut || whole == 0 || j.length == whole);
        whole = j.cut ? 0 : j.length;
        free(small);
    }
    assert_int_equal(whole,
                     strlen("{\"text\":\"a\\\"\\nEUR\",\"list\":[{\"n\":0},{\"n\":1},{\"n\":2},{\"n\":3},{\"n\":4}],"
                            "\"h\":\"0xff\"}"));
}

static void leaves_out_what_does_not_fit(void **state)
{
    (void)state;
    struct json j = json_make(out, 24);
    json_object(&j, NULL);
    json_text(&j, "a", "too long for what there is");
    json_number(&j, "b", 1);
    json_array(&j, "a name too long");
    json_text(&j, NULL, "x");
    json_array(&j, NULL);
    json_close(&j);
    json_close(&j);
    json_number(&j, "c", 2);
    json_close(&j);
    assert_string_equal(out, "{\"b\":1,\"c\":2}");
    assert_true(j.cut);
}

static void leaves_out_what_is_too_deep(void **state)
{
    (void)state;
    struct json j = json_make(out, sizeof(out));
    for (unsigned i = 0; i < JSON_DEPTH_MAX + 2; i++) {
        json_array(&j, NULL);
    }
    json_number(&j, NULL, 1);
    for (unsigned i = 0; i < JSON_DEPTH_MAX + 2; i++) {
        json_close(&j);
    }
    assert_string_equal(out, "[[[[[[]]]]]]");
    assert_true(j.cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_says),
        cmocka_unit_test(writes_members_without_an_object),
        cmocka_unit_test(escapes),
        cmocka_unit_test(replaces_what_is_no_utf8),
        cmocka_unit_test(is_well_formed_in_any_size),
        cmocka_unit_test(leaves_out_what_does_not_fit),
        cmocka_unit_test(leaves_out_what_is_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
