/* SPDX-License-Identifier: GPL-2.0-only
 * The agent's JSON: what is read, what is refused and why, what is written again. */
#include "tools/bulkheadd/jtree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/types.h"

/* A copy that ends where the text does, so that the sanitizer sees a byte read behind it. */
static bool parse(struct jtree *tree, const char *text, size_t length, const char **why)
{
    char *exact = malloc(length != 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, text, length);
    bool good = jtree_parse(tree, exact, length, why);
    free(exact);
    return good;
}

static void assert_again(const char *text, const char *wanted)
{
    struct jtree tree;
    struct text out = {0};
    const char *why = "";
    assert_true(parse(&tree, text, strlen(text), &why));
    jtree_write(&out, tree.root);
    assert_string_equal(text_string(&out), wanted);
    text_free(&out);
    jtree_free(&tree);
}

static void test_values(void **state)
{
    (void)state;
    assert_again(" null ", "null");
    assert_again("\t[ ]\r\n", "[]");
    assert_again("{}", "{}");
    assert_again("[true,false,[],{},-0,12.5e-3,\"\"]", "[true,false,[],{},-0,12.5e-3,\"\"]");
    assert_again("{\"a\":{\"b\":[1,{\"c\":2}]},\"d\":3}", "{\"a\":{\"b\":[1,{\"c\":2}]},\"d\":3}");
    assert_again("\"\\u0041\\n\\/\\u00e4\\u20ac\\ud83d\\ude00\\u0000\"",
                 "\"A\\u000a/\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd\"");
    assert_again("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "a value is expected"},
        {"[1,]", "a value is expected"},
        {"{\"a\":}", "a value is expected"},
        {"nul", "a value is expected"},
        {"[1 2]", "',' or a closing bracket is expected"},
        {"[1}", "',' or a closing bracket is expected"},
        {"[", "a value is expected"},
        {"{\"a\" 1}", "':' is expected"},
        {"{1:2}", "a member's name is expected"},
        {"{\"a\":1,}", "a member's name is expected"},
        {"{} {}", "text behind the value"},
        {"01", "a number that JSON does not know"},
        {"-", "a number that JSON does not know"},
        {"1.", "a number that JSON does not know"},
        {"1e+", "a number that JSON does not know"},
        {"\"a", "a string is not closed"},
        {"\"\\", "an escape that JSON does not know"},
        {"\"\\x\"", "an escape that JSON does not know"},
        {"\"\\u12\"", "\\u needs four hexadecimal digits"},
        {"\"\\ud83d\"", "half of a surrogate pair"},
        {"\"\\ud83d\\u0041\"", "half of a surrogate pair"},
        {"\"\\ude00\"", "half of a surrogate pair"},
        {"\"\t\"", "a control character in a string"},
        {"\"\xff\"", "bytes that are not UTF-8"},
        {"\"\xe2\x82", "bytes that are not UTF-8"},
        {"\"\xed\xa0\x80\"", "bytes that are not UTF-8"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested too deeply"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct jtree tree;
        const char *why = "";
        assert_false(parse(&tree, cases[i].text, strlen(cases[i].text), &why));
        assert_string_equal(why, cases[i].why);
    }
}

static void test_too_many_values(void **state)
{
    (void)state;
    struct jtree tree;
    struct text text = {0};
    const char *why = "";
    text_put(&text, "[0");
    for (size_t i = 2; i < JTREE_NODES_MAX; i++) {
        text_put(&text, ",0");
    }
    text_put(&text, "]");
    assert_true(parse(&tree, text.bytes, text.length, &why)); /* the list is one of them */
    assert_int_equal(tree.count, JTREE_NODES_MAX);
    jtree_free(&tree);
    text.bytes[text.length - 1] = ',';
    text_put(&text, "0]");
    assert_false(parse(&tree, text.bytes, text.length, &why));
    assert_string_equal(why, "too many values");
    text_free(&text);
}

static void test_members(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":\"x\",\"n\":18446744073709551615,\"m\":18446744073709551616,\"f\":1.5,\"t\":true,"
        "\"z\":false,\"l\":[1,2],\"a\":\"second\",\"neg\":-1}";
    struct jtree tree;
    const char *why = "";
    assert_true(parse(&tree, text, sizeof(text) - 1, &why));
    const struct jtree_node *root = tree.root;
    assert_string_equal(jtree_text(root, "a"), "x");
    assert_null(jtree_text(root, "n"));
    assert_null(jtree_text(root, "none"));
    assert_int_equal(jtree_number(root, "n", 7), UINT64_MAX);
    assert_int_equal(jtree_number(root, "m", 7), 7);
    assert_int_equal(jtree_number(root, "f", 7), 7);
    assert_int_equal(jtree_number(root, "neg", 7), 7);
    assert_int_equal(jtree_number(root, "a", 7), 7);
    assert_true(jtree_is_true(root, "t"));
    assert_false(jtree_is_true(root, "z"));
    assert_false(jtree_is_true(root, "a"));
    assert_string_equal(jtree_items(root, "l")->next->text, "2");
    assert_null(jtree_items(root, "a"));
    assert_null(jtree_get(jtree_get(root, "l"), "a"));
    assert_null(jtree_get(NULL, "a"));
    struct text out = {0};
    jtree_write_members(&out, jtree_get(root, "l"), "x");
    assert_int_equal(out.length, 0);
    text_put(&out, "{");
    jtree_write_members(&out, root, "a");
    assert_true(strncmp(out.bytes, "{,\"n\":18446744073709551615,", 26) == 0);
    assert_null(strstr(out.bytes, "second"));
    text_free(&out);
    jtree_free(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_many_values),
        cmocka_unit_test(test_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
