/* SPDX-License-Identifier: GPL-2.0-only
 * SHA-256 against the published examples of FIPS 180-4 and every way of cutting a message. */
#include "kernel/lib/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *message, const char *wanted)
{
    uint8_t digest[SHA256_BYTES];
    char text[SHA256_TEXT_SIZE];
    sha256_of(message, strlen(message), digest);
    assert_string_equal(sha256_text(digest, text), wanted);
}

static void test_published_examples(void **state)
{
    (void)state;
    expect("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnop"
           "qrstu",
           "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void test_million_a(void **state)
{
    (void)state;
    struct sha256 sha = sha256_start();
    char piece[1000];
    uint8_t digest[SHA256_BYTES];
    char text[SHA256_TEXT_SIZE];
    memset(piece, 'a', sizeof(piece));
    for (size_t i = 0; i < 1000; i++) {
        sha256_add(&sha, piece, sizeof(piece));
    }
    sha256_finish(&sha, digest);
    assert_string_equal(sha256_text(digest, text), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_cuts_do_not_matter(void **state)
{
    (void)state;
    uint8_t message[200];
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 7);
    }
    for (size_t length = 0; length <= sizeof(message); length++) {
        uint8_t whole[SHA256_BYTES];
        sha256_of(message, length, whole);
        for (size_t cut = 0; cut <= length; cut += 13) {
            uint8_t parts[SHA256_BYTES];
            struct sha256 sha = sha256_start();
            sha256_add(&sha, message, cut);
            sha256_add(&sha, message + cut, length - cut);
            sha256_finish(&sha, parts);
            assert_memory_equal(whole, parts, SHA256_BYTES);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_examples),
        cmocka_unit_test(test_million_a),
        cmocka_unit_test(test_cuts_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
