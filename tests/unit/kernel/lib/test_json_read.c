/* SPDX-License-Identifier: GPL-2.0-only
 * Reading control objects: what is JSON and what is not. */
#include "kernel/lib/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct json_read read;

/* From a heap copy without a NUL: reading past the end is the sanitizer's. */
static char *copy;
static enum status parse(const char *line, size_t length)
{
    free(copy);
    copy = malloc(length + (length == 0));
    memcpy(copy, line, length);
    memset(&read, 0xa5, sizeof(read));
    return json_read(&read, copy, length);
}

static void must_be(const char *key, enum json_kind kind, const char *text, const char *raw)
{
    const struct json_member *m = json_read_find(&read, key);
    assert_non_null(m);
    assert_int_equal(m->kind, kind);
    assert_string_equal(m->text, text);
    assert_int_equal(m->raw_length, strlen(raw));
    assert_memory_equal(m->raw, raw, strlen(raw));
}

static void reads_members(void **state)
{
    (void)state;
    const char *line =
        " { \"id\" : [1, {\"a\":[\"x\\u0041\"], \"b\":{}}, []] , \"command\":\"restart\",\t\"guest\":\"u\\u00e4"
        "\\n\\\"\\ud83d\\ude00\\/\", \"n\":-1.5e+10, \"yes\":true, \"no\":false, \"nil\":null, \"\":0}\r";
    assert_int_equal(parse(line, strlen(line)), STATUS_OK);
    assert_int_equal(read.count, 8);
    must_be("id", JSON_ARRAY, "", "[1, {\"a\":[\"x\\u0041\"], \"b\":{}}, []]");
    must_be("command", JSON_STRING, "restart", "\"restart\"");
    must_be("guest", JSON_STRING, "u\xc3\xa4\n\"\xf0\x9f\x98\x80/", "\"u\\u00e4\\n\\\"\\ud83d\\ude00\\/\"");
    must_be("n", JSON_NUMBER, "", "-1.5e+10");
    must_be("yes", JSON_BOOL, "", "true");
    assert_true(json_read_find(&read, "yes")->yes);
    must_be("no", JSON_BOOL, "", "false");
    assert_false(json_read_find(&read, "no")->yes);
    must_be("nil", JSON_NULL, "", "null");
    must_be("", JSON_NUMBER, "", "0");
    assert_null(json_read_find(&read, "a"));
    assert_int_equal(parse("{}", 2), STATUS_OK);
    assert_int_equal(read.count, 0);
    assert_int_equal(parse("{\"a\":{}}", 8), STATUS_OK);
    must_be("a", JSON_OBJECT, "", "{}");
}

static void refuses_what_is_no_json(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t at;
    } cases[] = {
        {"", 0},
        {"  ", 2},
        {"[]", 0},
        {"\"x\"", 0},
        {"{", 1},
        {"{\"a\"", 4},
        {"{\"a\":", 5},
        {"{\"a\":1", 6},
        {"{\"a\":1,", 7},
        {"{\"a\":1,}", 7},
        {"{,}", 1},
        {"{a:1}", 1},
        {"{'a':1}", 1},
        {"{\"a\" 1}", 5},
        {"{\"a\":1 \"b\":2}", 7},
        {"{\"a\":[1,]}", 8},
        {"{\"a\":[1}", 7},
        {"{\"a\":[}]", 6},
        {"{\"a\":1]", 6},
        {"{}{}", 2},
        {"{} x", 3},
        {"{\"a\":01}", 6},
        {"{\"a\":+1}", 5},
        {"{\"a\":-}", 6},
        {"{\"a\":1.}", 7},
        {"{\"a\":.5}", 5},
        {"{\"a\":1e}", 7},
        {"{\"a\":1e+}", 8},
        {"{\"a\":0x1}", 6},
        {"{\"a\":NaN}", 5},
        {"{\"a\":tru}", 5},
        {"{\"a\":truex}", 9},
        {"{\"a\":nul", 5},
        {"{\"a\":\"x}", 8},
        {"{\"a\":\"\\x\"}", 7},
        {"{\"a\":\"\\u12g4\"}", 10},
        {"{\"a\":\"\\ud800\"}", 12},
        {"{\"a\":\"\\ud800\\u0041\"}", 18},
        {"{\"a\":\"\\udc00\"}", 12},
        {"{\"a\":\"\\u0000\"}", 12},
        {"{\"a\":\"\t\"}", 6},
        {"{\"a\":\"\xff\"}", 6},
        {"{\"a\":\"\xc3\"}", 6},
        {"{\"a\":1,\"a\":2}", 10},
        {"{\"a\":1,\"\\u0061\":2}", 15},
        {"{\"a\":1}//", 7},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (parse(cases[i].line, strlen(cases[i].line)) != STATUS_BAD_FORMAT || read.at != cases[i].at ||
            read.count != 0 || read.why == NULL) {
            fail_msg("%s: at %zu, %s", cases[i].line, read.at, read.why);
        }
    }
    assert_int_equal(parse("{\"a\":\"\0\"}", 9), STATUS_BAD_FORMAT);
    assert_int_equal(parse("{\"a\":\0}", 7), STATUS_BAD_FORMAT);
    assert_int_equal(parse("{}\0", 3), STATUS_BAD_FORMAT);
}

static void has_bounds(void **state)
{
    (void)state;
    char line[JSON_READ_BYTES + 2];
    size_t length = (size_t)snprintf(line, sizeof(line), "{\"a\":[[[[[[[1]]]]]]]}");
    assert_int_equal(parse(line, length), STATUS_OK);
    length = (size_t)snprintf(line, sizeof(line), "{\"a\":[[[[[[[[1]]]]]]]]}");
    assert_int_equal(parse(line, length), STATUS_OUT_OF_RANGE);
    for (unsigned members = JSON_READ_MEMBERS; members <= JSON_READ_MEMBERS + 1; members++) {
        length = (size_t)snprintf(line, sizeof(line), "{\"a\":0");
        for (unsigned i = 1; i < members; i++) {
            length += (size_t)snprintf(line + length, sizeof(line) - length, ",\"%u\":0", i);
        }
        line[length++] = '}';
        assert_int_equal(parse(line, length), members == JSON_READ_MEMBERS ? STATUS_OK : STATUS_OUT_OF_RANGE);
    }
    memset(line, 'x', sizeof(line));
    memcpy(line, "{\"a\":\"", 6);
    memcpy(line + JSON_READ_BYTES - 2, "\"} ", 3);
    assert_int_equal(parse(line, JSON_READ_BYTES), STATUS_OK);
    assert_int_equal(strlen(read.members[0].text), JSON_READ_BYTES - 8);
    assert_int_equal(parse(line, JSON_READ_BYTES + 1), STATUS_OUT_OF_RANGE);
    memset(line, '[', JSON_READ_BYTES);
    memcpy(line, "{\"a\":", 5);
    assert_int_equal(parse(line, JSON_READ_BYTES), STATUS_OUT_OF_RANGE);
}

/* Every start of a good line is a bad one. */
static void a_part_is_not_enough(void **state)
{
    (void)state;
    const char *line = "{\"id\":{\"a\":[1,\"b\\u0041\"]},\"command\":\"x\",\"n\":1.5,\"t\":true}";
    assert_int_equal(parse(line, strlen(line)), STATUS_OK);
    for (size_t i = 0; i < strlen(line); i++) {
        assert_int_equal(parse(line, i), STATUS_BAD_FORMAT);
    }
    free(copy);
    copy = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_members),
        cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(has_bounds),
        cmocka_unit_test(a_part_is_not_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
