/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/dhcp.c: fixed fields and options, each before the other, and packets that end anywhere. */
#include "boot/efi/dhcp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define SERVER 20
#define FILE_NAME 108
#define OPTIONS 240
#define SIZE 600

static uint8_t packet[SIZE];
static size_t length;
static uint8_t address[DHCP_ADDRESS_BYTES];
static char folder[DHCP_FOLDER_MAX];

static int make(void **state)
{
    (void)state;
    memset(packet, 0, sizeof(packet));
    length = OPTIONS;
    return 0;
}

static void add(uint8_t code, const char *value, size_t bytes)
{
    packet[length] = code;
    packet[length + 1] = (uint8_t)bytes;
    memcpy(packet + length + 2, value, bytes);
    length += 2 + bytes;
}

static const char *folder_of(const char *name)
{
    strncpy((char *)packet + FILE_NAME, name, 128);
    dhcp_boot_folder(packet, length, folder);
    return folder;
}

static void test_fixed_fields(void **state)
{
    (void)state;
    memcpy(packet + SERVER, "\x0a\x00\x02\x02", 4);
    add(54, "\x01\x02\x03\x04", 4);
    add(67, "other/file", 10);
    dhcp_server(packet, length, address);
    assert_memory_equal(address, "\x0a\x00\x02\x02", 4);
    assert_string_equal(folder_of("EFI/BOOT/BOOTX64.EFI"), "EFI/BOOT/");
    assert_string_equal(folder_of("a\\b\\c.efi"), "a\\b\\");
    assert_string_equal(folder_of("plain.efi"), "");
    assert_string_equal(folder_of("\x1b[2J\xc3/x"), "?[2J?/");
}

static void test_options(void **state)
{
    (void)state;
    packet[length++] = 0; /* padding */
    add(53, "\x05", 1);
    add(54, "\x01\x02\x03\x04", 4);
    add(67, "net/boot/file", 13);
    dhcp_server(packet, length, address);
    assert_memory_equal(address, "\x01\x02\x03\x04", 4);
    assert_string_equal(folder_of(""), "net/boot/");
    add(67, "second/file", 11);
    assert_string_equal(folder_of(""), "net/boot/");
    struct cursor none = dhcp_option(packet, length, 43);
    assert_int_equal(cursor_left(&none), 0);
}

static void test_what_stands_behind_the_end(void **state)
{
    (void)state;
    packet[length++] = 255;
    add(54, "\x01\x02\x03\x04", 4);
    add(67, "net/boot/file", 13);
    dhcp_server(packet, length, address);
    assert_memory_equal(address, "\0\0\0\0", 4);
    assert_string_equal(folder_of(""), "");
}

static void test_lengths_that_lie(void **state)
{
    (void)state;
    add(67, "net/boot/file", 13);
    packet[OPTIONS + 1] = 14; /* past the packet's end */
    assert_string_equal(folder_of(""), "");
    make(NULL);
    add(54, "\x01\x02\x03", 3);
    dhcp_server(packet, length, address);
    assert_memory_equal(address, "\0\0\0\0", 4);
}

static void test_the_longest_name(void **state)
{
    (void)state;
    char name[255];
    memset(name, 'a', sizeof(name));
    name[254] = '/';
    add(67, name, sizeof(name));
    assert_int_equal(strlen(folder_of("")), 255);
    memset(packet + FILE_NAME, '/', 128); /* no zero at its end: what follows is not of it */
    dhcp_boot_folder(packet, length, folder);
    assert_int_equal(strlen(folder), 128);
}

static void test_a_packet_cut_anywhere(void **state)
{
    (void)state;
    add(67, "net/boot/file", 13);
    add(54, "\x01\x02\x03\x04", 4);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy + 1, packet, cut);
        dhcp_server(copy + 1, cut, address);
        assert_memory_equal(address, "\0\0\0\0", 4);
        dhcp_boot_folder(copy + 1, cut, folder);
        assert_string_equal(folder, cut < OPTIONS + 15 ? "" : "net/boot/");
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fixed_fields, make),
        cmocka_unit_test_setup(test_options, make),
        cmocka_unit_test_setup(test_what_stands_behind_the_end, make),
        cmocka_unit_test_setup(test_lengths_that_lie, make),
        cmocka_unit_test_setup(test_the_longest_name, make),
        cmocka_unit_test_setup(test_a_packet_cut_anywhere, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
