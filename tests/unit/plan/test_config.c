/* SPDX-License-Identifier: GPL-2.0-only
 * plan/config*.c: values, places, every diagnostic and its place, and going on behind errors. */
#include "plan/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci.h"
#include "plan/config_codes.h"
#include "plan/config_keys.h"

#define DIAGS_MAX 40

static struct config config;
static struct diag items[DIAGS_MAX];
static struct diag_list diags;

/* From an exact copy, so that the sanitizer sees every read past the end. */
static enum status parse_bytes(const char *text, size_t length)
{
    char *copy = malloc(length + (length == 0));
    memcpy(copy, text, length);
    diags = diag_list_make(items, DIAGS_MAX);
    enum status status = config_parse(copy, length, "g.toml", &config, &diags);
    free(copy);
    assert_int_equal(status, diags.errors == 0 ? STATUS_OK : STATUS_BAD_FORMAT);
    return status;
}

static enum status parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static void print_diags(void)
{
    for (size_t i = 0; i < diags.count; i++) {
        char line[1024];
        diag_line(&items[i], line, sizeof(line));
        fprintf(stderr, "%s\n", line);
    }
}

static bool has(enum config_code code, const char *where)
{
    for (size_t i = 0; i < diags.count; i++) {
        if (items[i].code == code && strcmp(items[i].where, where) == 0) {
            return items[i].what[0] != 0 && items[i].fix[0] != 0;
        }
    }
    return false;
}

static const struct diag *find(enum config_code code)
{
    for (size_t i = 0; i < diags.count; i++) {
        if (items[i].code == code) {
            return &items[i];
        }
    }
    return NULL;
}

#define GUEST "[guest.a]\ncpus = [1]\nmemory = \"64KiB\"\nkernel = \"k\"\n"

static const char whole[] = "# a comment\n"
                            "version = 1\r\n"
                            "[system]\n"
                            "console = 'com1,115200' # C:\\path\n"
                            "service = \"storage-2\"\n"
                            "unassigned = \"block\"\n"
                            "\n"
                            "[ guest . \"storage-2\" ]\n"
                            "cpus = [ 0x2, # two\n"
                            "\t0b11 , 1_0,\n"
                            "]\n"
                            "memory = \"4GiB\"\n"
                            "\"kernel\" = \"vmlinuz\"\n";

static void reads_values_and_places(void **state)
{
    (void)state;
    char text[1024];
    snprintf(text, sizeof(text), "%s%s", whole,
             "cmdline = \"a\\tb \\\"\\\\ \\u00e9\\U0001F600\"\n"
             "devices = [\"0000:00:0e.0\", \"group:0001:3b:1f.7\"]\n"
             "modules = []\n"
             "[guest.b]\nkernel=\"k\"\nmemory='64KiB'\ncpus=[0]");
    if (parse(text) != STATUS_OK) {
        print_diags();
        fail();
    }
    assert_int_equal(config.version.number, 1);
    assert_string_equal(config.system.console.text, "com1,115200");
    assert_string_equal(config.system.unassigned.text, "block");
    assert_int_equal(config.guest_count, 2);
    const struct config_guest *g = config_find_guest(&config, "storage-2");
    assert_ptr_equal(g, &config.guests[0]);
    assert_int_equal(g->name.at.line, 8);
    assert_int_equal(g->cpus.count, 3);
    assert_int_equal(g->cpus.items[0].number, 2);
    assert_int_equal(g->cpus.items[1].number, 3);
    assert_int_equal(g->cpus.items[2].number, 10);
    assert_int_equal(g->cpus.items[2].at.line, 10);
    assert_int_equal(g->cpus.items[2].at.column, 9);
    assert_int_equal(g->cpus.key.line, 9);
    assert_int_equal(g->cpus.key.column, 1);
    assert_int_equal(g->memory.number, 4 * GIB);
    assert_int_equal(g->memory.at.line, 12);
    assert_int_equal(g->memory.at.column, 10);
    assert_string_equal(g->kernel.text, "vmlinuz");
    assert_string_equal(g->cmdline.text, "a\tb \"\\ \xc3\xa9\xf0\x9f\x98\x80");
    assert_int_equal(g->devices.count, 2);
    assert_int_equal(g->devices.items[0].number, 0x70);
    assert_int_equal(g->devices.items[1].number, 0x00013bffU | CONFIG_DEVICE_GROUP);
    assert_int_equal(g->modules.count, 0);
    assert_int_not_equal(g->modules.at.line, 0);
    assert_int_equal(g->initrd.at.line, 0);
    assert_null(g->initrd.text);
    assert_int_equal(config.guests[1].memory.number, 64 * KIB);
    assert_null(config_find_guest(&config, "c"));
}

struct bad {
    const char *text; /* behind "version = 1\n" GUEST, which are lines 1 to 5 */
    enum config_code code;
    const char *where;
};

static const struct bad bad[] = {
    {"initrd = \"\xff\"", CONFIG_BAD_UTF8, "g.toml:6:11"},
    {"# \xc3\xa9\xc0\x80", CONFIG_BAD_UTF8, "g.toml:6:4"},
    {"# \xed\xa0\x80", CONFIG_BAD_UTF8, "g.toml:6:3"},
    {"# \xf4\x90\x80\x80", CONFIG_BAD_UTF8, "g.toml:6:3"},
    {"# \xe2\x82", CONFIG_BAD_UTF8, "g.toml:6:3"},
    {"# \x01", CONFIG_CONTROL_CHARACTER, "g.toml:6:3"},
    {"# \x7f", CONFIG_CONTROL_CHARACTER, "g.toml:6:3"},
    {"initrd = \"a\\n\"", CONFIG_CONTROL_CHARACTER, "g.toml:6:12"},
    {"initrd = \"a\\u0000\"", CONFIG_CONTROL_CHARACTER, "g.toml:6:12"},
    {"initrd = \"a\"\r", CONFIG_BARE_CR, "g.toml:6:13"},
    {"# a\rb\n", CONFIG_BARE_CR, "g.toml:6:4"},
    {"= 1", CONFIG_BAD_KEY, "g.toml:6:1"},
    {"\xef\xbb\xbf", CONFIG_BAD_KEY, "g.toml:6:1"},
    {"[]", CONFIG_BAD_KEY, "g.toml:6:2"},
    {"[guest.]", CONFIG_BAD_KEY, "g.toml:6:8"},
    {"a.b = 1", CONFIG_DOTTED_KEY, "g.toml:6:1"},
    {"initrd", CONFIG_MISSING_EQUALS, "g.toml:6:7"},
    {"initrd : 1", CONFIG_MISSING_EQUALS, "g.toml:6:8"},
    {"initrd =", CONFIG_BAD_VALUE, "g.toml:6:9"},
    {"initrd = # x", CONFIG_BAD_VALUE, "g.toml:6:10"},
    {"initrd = word", CONFIG_BAD_VALUE, "g.toml:6:10"},
    {"initrd = True", CONFIG_BAD_VALUE, "g.toml:6:10"},
    {"initrd = \"a", CONFIG_BAD_STRING, "g.toml:6:10"},
    {"initrd = 'a\nb'", CONFIG_BAD_STRING, "g.toml:6:10"},
    {"initrd = \"a\\", CONFIG_BAD_ESCAPE, "g.toml:6:12"},
    {"initrd = \"\\q\"", CONFIG_BAD_ESCAPE, "g.toml:6:11"},
    {"initrd = \"\\u12\"", CONFIG_BAD_ESCAPE, "g.toml:6:11"},
    {"initrd = \"\\ud800\"", CONFIG_BAD_ESCAPE, "g.toml:6:11"},
    {"initrd = \"\\U00110000\"", CONFIG_BAD_ESCAPE, "g.toml:6:11"},
    {"modules = [01]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [1__0]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [_1]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [1_]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [+]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [0x]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [0b2]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [-0x1]", CONFIG_BAD_VALUE, "g.toml:6:12"},
    {"modules = [9223372036854775808]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [0x8000000000000000]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"modules = [99999999999999999999999]", CONFIG_BAD_INTEGER, "g.toml:6:12"},
    {"initrd = 1.5", CONFIG_UNUSED_TOML, "g.toml:6:10"},
    {"initrd = 07:32:00", CONFIG_UNUSED_TOML, "g.toml:6:10"},
    {"initrd = nan", CONFIG_UNUSED_TOML, "g.toml:6:10"},
    {"initrd = { a = 1 }", CONFIG_UNUSED_TOML, "g.toml:6:10"},
    {"initrd = \"\"\"a\"\"\"", CONFIG_UNUSED_TOML, "g.toml:6:10"},
    {"initrd = '''a'''", CONFIG_UNUSED_TOML, "g.toml:6:10"},
    {"[[guest]]", CONFIG_UNUSED_TOML, "g.toml:6:1"},
    {"modules = [[\"a\"]]", CONFIG_UNUSED_TOML, "g.toml:6:12"},
    {"modules = [", CONFIG_BAD_ARRAY, "g.toml:6:11"},
    {"modules = [\"a\"", CONFIG_BAD_ARRAY, "g.toml:6:11"},
    {"modules = [\"a\" \"b\"]", CONFIG_BAD_ARRAY, "g.toml:6:16"},
    {"modules = [\"a\"\n[guest.b]", CONFIG_BAD_ARRAY, "g.toml:6:11"},
    {"modules = [,]", CONFIG_BAD_VALUE, "g.toml:6:12"},
    {"modules = [\"a\",,]", CONFIG_BAD_VALUE, "g.toml:6:16"},
    {"modules = [\"a\"\n# \xff\n]", CONFIG_BAD_UTF8, "g.toml:7:3"},
    {"initrd = \"a\" b", CONFIG_TRAILING_TEXT, "g.toml:6:14"},
    {"initrd = \"a\"\"b\"", CONFIG_TRAILING_TEXT, "g.toml:6:13"},
    {"[system] x", CONFIG_TRAILING_TEXT, "g.toml:6:10"},
    {"[system", CONFIG_BAD_TABLE, "g.toml:6:8"},
    {"[sys tem]", CONFIG_BAD_TABLE, "g.toml:6:6"},
    {"[sytem]", CONFIG_UNKNOWN_TABLE, "g.toml:6:2"},
    {"[guest]", CONFIG_UNKNOWN_TABLE, "g.toml:6:2"},
    {"[system.a]", CONFIG_UNKNOWN_TABLE, "g.toml:6:2"},
    {"[guest.a.b]", CONFIG_UNKNOWN_TABLE, "g.toml:6:2"},
    {"[system]\n[system]", CONFIG_DUPLICATE_TABLE, "g.toml:7:1"},
    {"[guest.a]", CONFIG_DUPLICATE_TABLE, "g.toml:6:8"},
    {"memroy = 1", CONFIG_UNKNOWN_KEY, "g.toml:6:1"},
    {"version = 1", CONFIG_UNKNOWN_KEY, "g.toml:6:1"},
    {"\"\" = 1", CONFIG_UNKNOWN_KEY, "g.toml:6:1"},
    {"kernel = \"k\"", CONFIG_DUPLICATE_KEY, "g.toml:6:1"},
    {"'cpus' = [1]", CONFIG_DUPLICATE_KEY, "g.toml:6:1"},
    {"initrd = 1", CONFIG_WRONG_TYPE, "g.toml:6:10"},
    {"initrd = [\"a\"]", CONFIG_WRONG_TYPE, "g.toml:6:10"},
    {"modules = \"a\"", CONFIG_WRONG_TYPE, "g.toml:6:11"},
    {"modules = [true]", CONFIG_WRONG_TYPE, "g.toml:6:12"},
    {"[guest.b]\nmemory = \"512\"", CONFIG_BAD_SIZE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"MiB\"", CONFIG_BAD_SIZE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"1MB\"", CONFIG_BAD_SIZE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"1 GiB\"", CONFIG_BAD_SIZE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"\"", CONFIG_BAD_SIZE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"6KiB\"", CONFIG_BAD_SIZE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"18446744073709551616KiB\"", CONFIG_BAD_SIZE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"18014398509481984KiB\"", CONFIG_BAD_SIZE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"0MiB\"", CONFIG_BAD_RANGE, "g.toml:7:10"},
    {"[guest.b]\nmemory = \"1000TiB\"", CONFIG_BAD_RANGE, "g.toml:7:10"},
    {"[guest.b]\ncpus = []", CONFIG_BAD_RANGE, "g.toml:7:8"},
    {"[guest.b]\ncpus = [1024]", CONFIG_BAD_RANGE, "g.toml:7:9"},
    {"[guest.b]\ncpus = [0, -1]", CONFIG_BAD_RANGE, "g.toml:7:12"},
    {"[guest.b]\nkernel = \"\"", CONFIG_BAD_RANGE, "g.toml:7:10"},
    {"[guest.B]", CONFIG_BAD_NAME, "g.toml:6:8"},
    {"[guest.b_c]", CONFIG_BAD_NAME, "g.toml:6:8"},
    {"[guest.\"\"]", CONFIG_BAD_NAME, "g.toml:6:8"},
    {"[guest.block]", CONFIG_BAD_NAME, "g.toml:6:8"},
    {"[guest.a2345678901234567890123456789012]", CONFIG_BAD_NAME, "g.toml:6:8"},
    {"[system]\nservice = \"A b\"", CONFIG_BAD_NAME, "g.toml:7:11"},
    {"devices = [\"00:02.0\"]", CONFIG_BAD_DEVICE, "g.toml:6:12"},
    {"devices = [\"group:\"]", CONFIG_BAD_DEVICE, "g.toml:6:12"},
    {"devices = [\"0000:00:20.0\"]", CONFIG_BAD_DEVICE, "g.toml:6:12"},
    {"[guest.b]", CONFIG_MISSING_KEY, "g.toml:6:1"},
    {"[system]\nservice = \"b\"", CONFIG_UNKNOWN_GUEST, "g.toml:7:11"},
    {"[system]\nservice = \"block\"", CONFIG_UNKNOWN_GUEST, "g.toml:7:11"},
    {"[system]\nunassigned = \"b\"", CONFIG_UNKNOWN_GUEST, "g.toml:7:14"},
    {"[guest.b]\ncpus = [1, 2, 1]", CONFIG_DUPLICATE_ITEM, "g.toml:7:15"},
    {"[guest.b]\nshare = false\ncpus = [1, 2, 1]", CONFIG_DUPLICATE_ITEM, "g.toml:8:15"},
    {"share = 1", CONFIG_WRONG_TYPE, "g.toml:6:9"},
    {"share-core = \"yes\"", CONFIG_WRONG_TYPE, "g.toml:6:14"},
    {"unsafe-interrupts = 1", CONFIG_WRONG_TYPE, "g.toml:6:21"},
    {"[system]\ninventory = \"true\"", CONFIG_WRONG_TYPE, "g.toml:7:13"},
    {"rmrr = true", CONFIG_WRONG_TYPE, "g.toml:6:8"},
    {"rmrr = \"\"", CONFIG_BAD_WORD, "g.toml:6:8"},
    {"rmrr = \"Map\"", CONFIG_BAD_WORD, "g.toml:6:8"},
    {"[device.\"8086:28c0\"]\nreset = \"flrr\"", CONFIG_BAD_WORD, "g.toml:7:9"},
    {"[device.\"8086:28c0\"]\nrom = \"false\"", CONFIG_WRONG_TYPE, "g.toml:7:7"},
    {"[device.\"8086:28c0\"]\ngsi = 17", CONFIG_NOT_BY_ID, "g.toml:7:1"},
    {"[device.\"8086:28c0\"]\nexpect = \"8086:28c0\"", CONFIG_NOT_BY_ID, "g.toml:7:1"},
    {"[device.\"8086:28c\"]", CONFIG_BAD_DEVICE, "g.toml:6:9"},
    {"[device.\"8086-28c0\"]", CONFIG_BAD_DEVICE, "g.toml:6:9"},
    {"[device.\"8086:28c0\"]\n[device.'8086:28C0']", CONFIG_DUPLICATE_TABLE, "g.toml:7:9"},
    {"[device.\"0000:00:02.0\"]\nexpect = \"8086\"", CONFIG_BAD_ID, "g.toml:7:10"},
    {"[device.\"0000:00:02.0\"]\nexpect = \"8086:28g0\"", CONFIG_BAD_ID, "g.toml:7:10"},
    {"kernel-sha256 = \"6923dd\"", CONFIG_BAD_SHA256, "g.toml:6:17"},
    {"kernel-sha256 = \"6923dd1bc0460082c5d55a831908c24a282860b7f1cd6c2b79cf1bc8857c639g\"", CONFIG_BAD_SHA256,
     "g.toml:6:17"},
    {"initrd-sha256 = \"6923dd1bc0460082c5d55a831908c24a282860b7f1cd6c2b79cf1bc8857c639c\"", CONFIG_NEEDS_KEY,
     "g.toml:6:1"},
    {"fallback-kernel = \"old\"", CONFIG_NEEDS_KEY, "g.toml:6:1"},
    {"fallback-initrd = \"old\"", CONFIG_NEEDS_KEY, "g.toml:6:1"},
    {"fallback-cmdline = \"\"", CONFIG_NEEDS_KEY, "g.toml:6:1"},
    {"autostart = \"no\"", CONFIG_WRONG_TYPE, "g.toml:6:13"},
    {"autostart = false", CONFIG_NONE_STARTS, "g.toml:6:1"},
    {"autostart = false\n[system]\nservice = \"a\"", CONFIG_NONE_STARTS, "g.toml:6:1"},
    {"on-reboot = \"reset\"", CONFIG_BAD_WORD, "g.toml:6:13"},
    {"on-poweroff = \"off\"", CONFIG_BAD_WORD, "g.toml:6:15"},
    {"restart = true", CONFIG_WRONG_TYPE, "g.toml:6:11"},
    {"restart = \"on-crash\"", CONFIG_BAD_WORD, "g.toml:6:11"},
    {"watchdog = \"restart\"", CONFIG_BAD_WORD, "g.toml:6:12"},
    {"watch = [\"0x1000\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1000+0x800\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1000+0x0\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1000+0x2000\", \"0x2000+0x1000\"]", CONFIG_WATCH_OVERLAPS, "g.toml:6:27"},
    {"fault-limit = 10", CONFIG_WRONG_TYPE, "g.toml:6:15"},
    {"fault-limit = \"10\"", CONFIG_BAD_RATE, "g.toml:6:15"},
    {"fault-limit = \"10/\"", CONFIG_BAD_RATE, "g.toml:6:15"},
    {"fault-limit = \"/10ms\"", CONFIG_BAD_RATE, "g.toml:6:15"},
    {"fault-limit = \"10/10\"", CONFIG_BAD_RATE, "g.toml:6:15"},
    {"fault-limit = \"10/10 ms\"", CONFIG_BAD_RATE, "g.toml:6:15"},
    {"fault-limit = \"-1/10ms\"", CONFIG_BAD_RATE, "g.toml:6:15"},
    {"fault-limit = \"1/18446744073709551616us\"", CONFIG_BAD_RATE, "g.toml:6:15"},
    {"fault-limit = \"1/18446744073709551615min\"", CONFIG_BAD_RATE, "g.toml:6:15"},
    {"fault-limit = \"1/0ms\"", CONFIG_BAD_RANGE, "g.toml:6:15"},
    {"fault-limit = \"1/1441min\"", CONFIG_BAD_RANGE, "g.toml:6:15"},
    {"fault-limit = \"16777216/s\"", CONFIG_BAD_RANGE, "g.toml:6:15"},
    {"irq-limit = \"0/s\"", CONFIG_BAD_RANGE, "g.toml:6:13"},
    {"on-fault = \"stop\"", CONFIG_BAD_WORD, "g.toml:6:12"},
    {"watch = \"0x1000+0x1000\"", CONFIG_WRONG_TYPE, "g.toml:6:9"},
    {"watch = [\"0x1000\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1000+\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"+0x1000\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1000+0\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1001+0x1000\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1000+0x800\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1000+0x1000 \"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0xfffffffffffff000+0x2000\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x10000000000000000+0x1000\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0+0x10000000000\"]", CONFIG_BAD_WATCH, "g.toml:6:10"},
    {"watch = [\"0x1000+0x2000\", \"8192+4096\"]", CONFIG_WATCH_OVERLAPS, "g.toml:6:27"},
    {"watch = [\"0x1000+0x1000\"]\non-watch = \"log\"", CONFIG_BAD_WORD, "g.toml:7:12"},
    {"on-watch = \"allow\"", CONFIG_NEEDS_KEY, "g.toml:6:1"},
    {"watch-armed = false", CONFIG_NEEDS_KEY, "g.toml:6:1"},
    {"watch-after-s = 1", CONFIG_NEEDS_KEY, "g.toml:6:1"},
    {"fault-severity = \"fatal\"", CONFIG_BAD_WORD, "g.toml:6:18"},
    {"[system]\nslice-us = 999", CONFIG_BAD_RANGE, "g.toml:7:12"},
    {"[system]\nevents-level = \"loud\"", CONFIG_BAD_WORD, "g.toml:7:16"},
    {"[system]\nslice-us = 100001", CONFIG_BAD_RANGE, "g.toml:7:12"},
    {"devices = [\"0000:00:02.0\",\n\"group:0000:00:02.0\"]", CONFIG_DUPLICATE_ITEM, "g.toml:7:1"},
};

static void refuses_each_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        char text[512];
        snprintf(text, sizeof(text), "version = 1\n" GUEST "%s", bad[i].text);
        enum status status = parse(text);
        if (status != STATUS_BAD_FORMAT || !has(bad[i].code, bad[i].where)) {
            fprintf(stderr, "case %zu, %s: no BH%04u at %s, but\n", i, bad[i].text, (unsigned)bad[i].code,
                    bad[i].where);
            print_diags();
            fail();
        }
    }
}

static void the_ends_of_guests_and_what_follows_them(void **state)
{
    (void)state;
    assert_int_equal(parse("version = 1\n" GUEST
                           "on-reboot = \"stop\"\non-poweroff = \"restart\"\nrestart = \"always\"\n"
                           "watchdog = \"event\"\n[guest.b]\ncpus = [2]\nmemory = \"16MiB\"\nkernel = \"k\"\n"
                           "autostart = false\n"),
                     STATUS_OK);
    const struct config_guest *a = &config.guests[0], *b = &config.guests[1];
    assert_int_equal(a->on_reboot.number, CONFIG_REBOOT_STOPS);
    assert_int_equal(a->on_poweroff.number, CONFIG_POWEROFF_RESTARTS);
    assert_int_equal(a->restart.number, CONFIG_RESTART_ALWAYS);
    assert_int_equal(a->watchdog.number, CONFIG_WATCHDOG_EVENT);
    assert_true(config_guest_starts(a));
    assert_false(config_guest_starts(b));
    assert_int_equal(b->watchdog.at.line | b->on_poweroff.at.line, 0);
    assert_int_equal(b->on_reboot.number, CONFIG_REBOOT_RESTARTS);
    assert_int_equal(b->restart.number, CONFIG_RESTART_NEVER);
}

static void refuses_an_empty_file(void **state)
{
    (void)state;
    parse("");
    assert_true(has(CONFIG_NO_GUEST, "g.toml:1:1"));
    assert_true(has(CONFIG_MISSING_KEY, "g.toml:1:1"));
    parse_bytes("\0", 1);
    assert_true(has(CONFIG_CONTROL_CHARACTER, "g.toml:1:1"));
    parse("version = 2\n" GUEST);
    assert_true(has(CONFIG_BAD_RANGE, "g.toml:1:11"));
}

static void goes_on_behind_errors(void **state)
{
    (void)state;
    parse("version = 1\n"
          "[guest.a]\n"
          "cpus = [1,\n"     /* 3: never closed */
          "memory = 4GiB\n"  /* 4 */
          "kernel = \"k\n"   /* 5 */
          "initrd = \xff\n"  /* 6 */
          "modules = [\n"    /* 7 */
          "  word,\n"        /* 8 */
          "  \"b\" ]\n"      /* 9: skipped with its array */
          "[nonsense]\n"     /* 10 */
          "anything = 1\n"   /* 11: not looked at */
          "[guest.b]\n"      /* 12 */
          "cpus = 1\n"       /* 13 */
          "memroy = \"1\"\n" /* 14 */
          "kernel = 'k'\n");
    assert_true(has(CONFIG_BAD_ARRAY, "g.toml:3:8"));
    assert_true(has(CONFIG_BAD_VALUE, "g.toml:4:10"));
    assert_true(has(CONFIG_BAD_STRING, "g.toml:5:10"));
    assert_true(has(CONFIG_BAD_UTF8, "g.toml:6:10"));
    assert_true(has(CONFIG_BAD_VALUE, "g.toml:8:3"));
    assert_true(has(CONFIG_UNKNOWN_TABLE, "g.toml:10:2"));
    assert_true(has(CONFIG_WRONG_TYPE, "g.toml:13:8"));
    assert_true(has(CONFIG_UNKNOWN_KEY, "g.toml:14:1"));
    assert_true(has(CONFIG_MISSING_KEY, "g.toml:12:1"));
    assert_int_equal(diags.count, 9);
    assert_int_equal(config.guest_count, 2);
}

static void says_what_was_meant(void **state)
{
    (void)state;
    parse("version = 1\n" GUEST "inird = \"x\"\n");
    const struct diag *d = find(CONFIG_UNKNOWN_KEY);
    assert_string_equal(d->what, "unknown key 'inird'; did you mean 'initrd'?");
    assert_string_equal(d->fix, "write initrd");
    parse("version = 1\n" GUEST "xyzzy = 1\n");
    assert_string_equal(find(CONFIG_UNKNOWN_KEY)->what, "unknown key 'xyzzy'");
    parse("version = 1\n" GUEST "[geust.b]\n");
    assert_string_equal(find(CONFIG_UNKNOWN_TABLE)->what, "unknown table 'geust...'; did you mean '[guest.NAME]'?");
    parse("version = 1\n" GUEST "memory = 4GiB\n");
    assert_string_equal(find(CONFIG_BAD_VALUE)->fix, "strings need quotes: \"4GiB\"");
    parse("version = 1\n[guest.storage]\ncpus=[1]\nmemory='4KiB'\nkernel='k'\n[system]\nservice='storag'\n");
    assert_string_equal(find(CONFIG_UNKNOWN_GUEST)->fix, "write \"storage\"");
    parse("version = 1\n" GUEST "initrd = 5\n");
    assert_string_equal(find(CONFIG_WRONG_TYPE)->what, "'initrd' takes a string, not an integer");
    assert_true(config_keys_near("cpu", "cpus"));
    assert_false(config_keys_near("cpu", "vfs"));
    assert_false(config_keys_near("a", "a very long word that goes on and on"));
}

/* --- limits */

static char big[CONFIG_FILE_MAX + 2];

static size_t append(size_t at, const char *text)
{
    memcpy(big + at, text, strlen(text) + 1);
    return at + strlen(text);
}

static size_t append_guests(unsigned count, const char *more)
{
    size_t at = append(0, "version = 1\n");
    for (unsigned i = 0; i < count; i++) {
        char text[128];
        snprintf(text, sizeof(text), "[guest.g%u]\ncpus = [1]\nmemory = \"64KiB\"\nkernel = \"k\"\n", i);
        at = append(append(at, text), more);
    }
    return at;
}

static void limits_are_errors(void **state)
{
    (void)state;
    append_guests(CONFIG_GUESTS_MAX, "");
    assert_int_equal(parse(big), STATUS_OK);
    append_guests(CONFIG_GUESTS_MAX + 1, "");
    parse(big);
    assert_true(has(CONFIG_TOO_MANY, "g.toml:258:1"));
    assert_int_equal(diags.count, 1);

    for (unsigned extra = 0; extra < 2; extra++) {
        size_t at = append(append_guests(1, ""), "[guest.b]\nmemory = '4KiB'\nkernel = 'k'\ncpus = [");
        for (unsigned i = 0; i < CONFIG_CPUS_MAX + extra; i++) {
            char text[16];
            snprintf(text, sizeof(text), "%u,\n", i);
            at = append(at, text);
        }
        append(at, "]\n");
        assert_int_equal(parse(big), extra == 0 ? STATUS_OK : STATUS_BAD_FORMAT);
        assert_int_equal(diags.count, extra);
        assert_true(extra == 0 || has(CONFIG_TOO_MANY, "g.toml:73:1"));
    }

    char filler[2048];
    char more[2100];
    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = 0;
    snprintf(more, sizeof(more), "cmdline = \"%s\"\n", filler);
    append_guests(CONFIG_GUESTS_MAX, more);
    parse(big);
    assert_non_null(find(CONFIG_TEXT_FULL));
    append_guests(CONFIG_GUESTS_MAX - 2, more);
    assert_int_equal(parse(big), STATUS_OK);

    memset(big, '#', sizeof(big));
    parse_bytes(big, CONFIG_FILE_MAX + 1);
    assert_true(has(CONFIG_TOO_MANY, "g.toml:1:1"));
}

/* The scale test's file: every guest has as many devices as makes 4,096 in all. */
static void has_room_for_4096_devices(void **state)
{
    (void)state;
    size_t at = append(0, "version = 1\n");
    for (unsigned i = 0; i < 64; i++) {
        char text[128];
        snprintf(text, sizeof(text), "[guest.g%u]\ncpus = [%u]\nmemory = \"64KiB\"\nkernel = \"k\"\ndevices = [", i, i);
        at = append(at, text);
        for (unsigned k = 0; k < 64; k++) {
            snprintf(text, sizeof(text), "\"group:%04x:%02x:%02x.0\", ", i, k / 32, k % 32);
            at = append(at, text);
        }
        at = append(at, "]\n");
    }
    assert_int_equal(parse(big), STATUS_OK);
    assert_int_equal(config.guests[63].devices.items[63].number, CONFIG_DEVICE_GROUP | 63U << 16 | 0x1f8);
    assert_true(sizeof(config) < 640 * KIB);
}

static void cut_names_keep_the_place(void **state)
{
    (void)state;
    diags = diag_list_make(items, DIAGS_MAX);
    const char *name = "/a/very/long/path/to/the/place/where/the/configuration/lies/guests.toml";
    assert_int_equal(config_parse("x", 1, name, &config, &diags), STATUS_BAD_FORMAT);
    assert_string_equal(items[0].where + CONFIG_WHERE_NAME_MAX, ":1:2");
}

/* Cut anywhere, the text is refused or read; never out of bounds, never without end. */
static void survives_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        size_t length = strlen(bad[i].text);
        for (size_t cut = 0; cut <= length; cut++) {
            (void)!parse_bytes(bad[i].text, cut);
        }
    }
}

static void reads_tables_of_devices(void **state)
{
    (void)state;
    assert_int_equal(parse("version = 1\n" GUEST "[device.\"0000:3b:00.0\"]\ngsi = 17\n[device.'0000:00:02.1']\n"),
                     STATUS_OK);
    assert_int_equal(config.device_count, 2);
    const struct config_device *d = config_find_device(&config, (struct sbdf){0x3b00});
    assert_ptr_equal(d, &config.devices[0]);
    assert_int_equal(d->gsi.number, 17);
    assert_string_equal(d->address.text, "0000:3b:00.0");
    assert_int_equal(config_find_device(&config, (struct sbdf){0x11})->gsi.at.line, 0);
    assert_null(config_find_device(&config, (struct sbdf){0x12}));
}

static void an_address_wins_over_an_id(void **state)
{
    (void)state;
    assert_int_equal(parse("version = 1\n" GUEST "[device.\"8086:28C0\"]\nreset = 'd3d0'\nrom = false\nrmrr = 'map'\n"
                           "[device.'0000:00:0e.0']\nreset = 'none'\nexpect = \"8086:28c0\"\nrom = true\n"),
                     STATUS_OK);
    const struct config_device *by_id = config_find_device_id(&config, 0x8086, 0x28c0);
    assert_ptr_equal(by_id, &config.devices[0]);
    assert_true(by_id->by_id && by_id->address.number == 0x808628c0);
    assert_null(config_find_device_id(&config, 0x8086, 0x28c1));
    assert_null(config_find_device(&config, (struct sbdf){0x808628c0}));

    struct config_device d = config_device_of(&config, (struct sbdf){0x70}, 0x8086, 0x28c0);
    assert_int_equal(d.reset.number, CONFIG_RESET_NONE);
    assert_int_equal(d.expect.number, 0x808628c0);
    assert_int_equal(d.rmrr.number, CONFIG_RMRR_MAP);
    assert_true(d.rom.number != 0);
    assert_string_equal(d.address.text, "0000:00:0e.0");

    d = config_device_of(&config, (struct sbdf){0x78}, 0x8086, 0x28c0);
    assert_int_equal(d.reset.number, CONFIG_RESET_D3);
    assert_int_equal(d.expect.at.line, 0);
    assert_true(d.rom.at.line != 0 && d.rom.number == 0);

    d = config_device_of(&config, (struct sbdf){0x70}, 0x10de, 1); /* another one sits there */
    assert_int_equal(d.reset.number, CONFIG_RESET_NONE);
    assert_int_equal(d.rmrr.at.line, 0);
    d = config_device_of(&config, (struct sbdf){0x78}, 0x10de, 1);
    assert_int_equal(d.address.at.line, 0);
    assert_int_equal(d.rom.at.line, 0);
}

static void reads_words(void **state)
{
    (void)state;
    assert_int_equal(parse("version = 1\n[system]\ninventory = true\naudit = true\n" GUEST
                           "rmrr = \"map\"\nunsafe-interrupts = true\nshare-core = true\n"),
                     STATUS_OK);
    assert_int_equal(config.guests[0].rmrr.number, CONFIG_RMRR_MAP);
    assert_int_equal(config.guests[0].unsafe_interrupts.number, 1);
    assert_int_equal(config.guests[0].share_core.number, 1);
    assert_int_equal(config.system.inventory.number, 1);
    assert_int_equal(config.system.audit.number, 1);
    parse("version = 1\n" GUEST "rmrr = 'mapp'\n");
    assert_string_equal(find(CONFIG_BAD_WORD)->fix, "write \"map\"");
    parse("version = 1\n" GUEST "[device.'8086:28c0']\nreset = 'secondary-bus'\n");
    assert_string_equal(find(CONFIG_BAD_WORD)->what, "\"secondary-bus\" is none of the words that 'reset' takes");
    assert_string_equal(find(CONFIG_BAD_WORD)->fix, "write \"flr\", \"d3d0\", \"bus\" or \"none\"");
}

/* A VF's own word, then, of trust alone, its PF's; of each the address's table before the id's. */
static void says_whom_it_trusts(void **state)
{
    (void)state;
    assert_int_equal(
        parse("version = 1\n[guest.a]\nmemory = \"2MiB\"\ncpus = [0]\nkernel = \"k\"\n"
              "[device.\"0000:3d:00.0\"]\nvfs = 16\ntrusted = true\nats = true\n[device.\"8086:37c9\"]\nats = true\n"
              "[device.\"0000:3d:01.1\"]\ntrusted = false\nats = false\n"),
        STATUS_OK);
    struct pci_function functions[] = {
        {.at = sbdf_make(0, 0x3d, 0, 0), .vendor = 0x8086, .device = 0x37c8},
        {.at = sbdf_make(0, 0x3d, 1, 0), .vendor = 0x8086, .device = 0x37c9, .is_vf = true, .pf = 0},
        {.at = sbdf_make(0, 0x3d, 1, 1), .vendor = 0x8086, .device = 0x37c9, .is_vf = true, .pf = 0},
        {.at = sbdf_make(0, 0x3e, 0, 0), .vendor = 0x8086, .device = 0x37c8},
        {.at = sbdf_make(0, 0x3e, 0, 1), .vendor = 0x8086, .device = 0x37ff, .is_vf = true, .pf = 77},
    };
    const struct pci_facts pci = {.functions = functions, .count = ARRAY_LENGTH(functions)};
    const bool trusted[] = {true, true, false, false, false}, ats[] = {true, true, false, false, false};
    for (size_t i = 0; i < ARRAY_LENGTH(functions); i++) {
        assert_int_equal(config_device_is_trusted(&config, &pci, &functions[i]), trusted[i]);
        assert_int_equal(config_device_uses_ats(&config, &functions[i]), ats[i]);
    }
    assert_int_equal(config.devices[0].vfs.number, 16);
}

static void refuses_bad_tables_of_devices(void **state)
{
    (void)state;
    parse("version = 1\n" GUEST "[device.\"3b:00\"]\ngsi = 17\n");
    assert_string_equal(find(CONFIG_BAD_DEVICE)->fix,
                        "write [device.\"0000:3b:00.0\"], or [device.\"8086:28c0\"] for every device with that id");
    parse("version = 1\n" GUEST "[device.\"0000:3b:00.0\"]\n[device.'0000:3b:00.0']\n");
    assert_non_null(find(CONFIG_DUPLICATE_TABLE));
    parse("version = 1\n" GUEST "[device.\"0000:3b:00.0\"]\ngsi = 1024\n");
    assert_non_null(find(CONFIG_BAD_RANGE));
    parse("version = 1\n" GUEST "[devise.\"0000:3b:00.0\"]\n");
    assert_string_equal(find(CONFIG_UNKNOWN_TABLE)->what,
                        "unknown table 'devise...'; did you mean '[device.\"ADDRESS-OR-ID\"]'?");
}

static void reads_what_is_watched(void **state)
{
    (void)state;
    parse("version = 1\n" GUEST "watch = ['0x1000000+0x200000', '4096+8192']\nwatch-after-s = 60\n");
    const struct config_guest *g = &config.guests[0];
    assert_int_equal(g->watch.count, 2);
    struct config_range first = config_range_of(&g->watch.items[0]), second = config_range_of(&g->watch.items[1]);
    assert_true(first.start == 0x1000000 && first.size == 0x200000 && second.start == 4096 && second.size == 8192);
    assert_true(config_guest_arms_watch(g) && g->watch_after.number == 60);
    parse("version = 1\n" GUEST "watch = ['0+0x1000']\nwatch-armed = false\n");
    assert_false(config_guest_arms_watch(g));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values_and_places),
        cmocka_unit_test(refuses_each_at_its_place),
        cmocka_unit_test(the_ends_of_guests_and_what_follows_them),
        cmocka_unit_test(refuses_an_empty_file),
        cmocka_unit_test(goes_on_behind_errors),
        cmocka_unit_test(says_what_was_meant),
        cmocka_unit_test(limits_are_errors),
        cmocka_unit_test(cut_names_keep_the_place),
        cmocka_unit_test(survives_every_cut),
        cmocka_unit_test(has_room_for_4096_devices),
        cmocka_unit_test(an_address_wins_over_an_id),
        cmocka_unit_test(reads_words),
        cmocka_unit_test(reads_tables_of_devices),
        cmocka_unit_test(says_whom_it_trusts),
        cmocka_unit_test(refuses_bad_tables_of_devices),
        cmocka_unit_test(reads_what_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
