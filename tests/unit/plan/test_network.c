/* SPDX-License-Identifier: GPL-2.0-only
 * plan/network.c, plan/config_network.c: addresses from names, and what a [network.NAME] table must be. */
#include "plan/network.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "plan/config_codes.h"

#define GUEST(name) "[guest." name "]\ncpus = [1]\nmemory = \"4MiB\"\nkernel = \"k\"\n"
#define GUESTS "version = 1\n" GUEST("a") GUEST("b") GUEST("c")
#define FIRST_LINE 14u /* of what follows GUESTS */

static struct config config;
static struct diag items[8];
static struct diag_list diags;

static enum status parse(const char *text)
{
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    return config_parse(text, strlen(text), "g.toml", &config, &diags);
}

static void reads_all_keys(void **state)
{
    (void)state;
    assert_int_equal(parse(GUESTS "[network.lan]\nguests = [\"a\", \"c\"]\nmtu = 9216\nfilter = true\n"
                                  "macs = [\"52:54:00:00:00:01\", \"02:00:5E:ff:Aa:02\"]\n"
                                  "[network.wan]\nguests = [\"c\", \"b\", \"a\"]\n"),
                     STATUS_OK);
    assert_int_equal(config.network_count, 2);
    const struct config_network *lan = &config.networks[0], *wan = &config.networks[1];
    assert_string_equal(lan->name.text, "lan");
    assert_string_equal(lan->guests.items[1].text, "c");
    assert_int_equal(network_mtu(lan), 9216);
    assert_int_equal(lan->filter.number, 1);
    assert_int_equal(network_mac(lan, 0), 0x525400000001);
    assert_int_equal(network_mac(lan, 1), 0x02005effaa02);
    assert_int_equal(network_mtu(wan), 1500);
    assert_int_equal(wan->filter.number, 0);
    assert_int_equal(network_number(&config, lan, "a"), 0);
    assert_int_equal(network_number(&config, wan, "a"), 1);
    assert_int_equal(network_number(&config, wan, "b"), 0);
}

static void makes_addresses_from_names(void **state)
{
    (void)state;
    char text[NETWORK_MAC_TEXT_SIZE];
    assert_int_equal(parse(GUESTS "[network.lan]\nguests = [\"a\", \"b\"]\n[network.wan]\nguests = [\"a\", \"b\"]\n"),
                     STATUS_OK);
    /* printf lan/a | sha256sum, first six bytes, the first one's bit 0 cleared and bit 1 set */
    assert_string_equal(network_mac_text(network_mac(&config.networks[0], 0), text), "4e:c6:b3:e4:a1:37");
    assert_string_equal(network_mac_text(network_mac(&config.networks[1], 1), text), "46:97:24:20:67:fb");
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(network_mac(&config.networks[i / 2], i % 2),
                                 network_mac(&config.networks[k / 2], k % 2));
        }
    }
}

static void reads_addresses(void **state)
{
    (void)state;
    uint64_t mac = 0;
    static const char *const wrong[] = {"",
                                        "52:54:00:00:00:0",
                                        "52:54:00:00:00:011",
                                        "52-54-00-00-00-01",
                                        "52:54:00:00:0g:01",
                                        "53:54:00:00:00:01",
                                        "ff:ff:ff:ff:ff:ff",
                                        "00:00:00:00:00:00",
                                        "52:54:00:00:00.01"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_false(network_mac_parse(wrong[i], &mac));
    }
    assert_true(network_mac_parse("00:1b:21:AB:cd:eF", &mac));
    assert_int_equal(mac, 0x001b21abcdef);
}

/* What follows the guests, the one diagnostic it brings, and its line counted from there. */
static const struct wrong {
    const char *text;
    enum config_code code;
    unsigned line;
} wrongs[] = {
    {"[network.lan]\n", CONFIG_MISSING_KEY, 0},
    {"[network.lan]\nguests = []\n", CONFIG_BAD_RANGE, 1},
    {"[network.lan]\nguests = [\"a\"]\n", CONFIG_BAD_RANGE, 1},
    {"[network.lan]\nguests = [\"a\", \"a\"]\n", CONFIG_DUPLICATE_ITEM, 1},
    {"[network.lan]\nguests = [\"a\",\n\"d\"]\n", CONFIG_UNKNOWN_GUEST, 2},
    {"[network.lan]\nguests = [\"a\", \"B\"]\n", CONFIG_BAD_NAME, 1},
    {"[network.lan]\nguests = [\"a\", 1]\n", CONFIG_WRONG_TYPE, 1},
    {"[network.lan]\nguests = \"a\"\n", CONFIG_WRONG_TYPE, 1},
    {"[network.lan]\nguests = [\"a\", \"b\"]\nmtu = 575\n", CONFIG_BAD_RANGE, 2},
    {"[network.lan]\nguests = [\"a\", \"b\"]\nmtu = 9217\n", CONFIG_BAD_RANGE, 2},
    {"[network.lan]\nguests = [\"a\", \"b\"]\nfilter = 1\n", CONFIG_WRONG_TYPE, 2},
    {"[network.lan]\nguests = [\"a\", \"b\"]\nmacs = [\"52:54:00:00:00:01\", \"01:00:00:00:00:01\"]\n", CONFIG_BAD_MAC,
     2},
    {"[network.lan]\nguests = [\"a\", \"b\"]\nmacs = [\"52:54:00:00:00:aa\", \"52:54:00:00:00:AA\"]\n",
     CONFIG_DUPLICATE_ITEM, 2},
    {"[network.lan]\nguests = [\"a\", \"b\", \"c\"]\nmacs = [\"52:54:00:00:00:01\", \"52:54:00:00:00:02\"]\n",
     CONFIG_MAC_COUNT, 2},
    {"[network.Lan]\nguests = [\"a\", \"b\"]\n", CONFIG_BAD_NAME, 0},
    {"[network.lan]\nguests = [\"a\", \"b\"]\n[network.lan]\n", CONFIG_DUPLICATE_TABLE, 2},
    {"[netwrok.lan]\nguests = [\"a\", \"b\"]\n", CONFIG_UNKNOWN_TABLE, 0},
};

static void refuses_each_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrongs); i++) {
        char text[1024], where[DIAG_WHERE_SIZE];
        snprintf(text, sizeof(text), GUESTS "%s", wrongs[i].text);
        assert_int_equal(parse(text), STATUS_BAD_FORMAT);
        if (diags.count != 1 || items[0].code != wrongs[i].code) {
            print_error("%s: %zu diagnostics, first BH%04u %s\n", wrongs[i].text, diags.count, items[0].code,
                        items[0].what);
        }
        assert_int_equal(diags.count, 1);
        assert_int_equal(items[0].code, wrongs[i].code);
        snprintf(where, sizeof(where), "g.toml:%u:", FIRST_LINE + wrongs[i].line);
        assert_int_equal(strncmp(items[0].where, where, strlen(where)), 0);
        assert_int_not_equal(items[0].fix[0], 0);
    }
}

static void says_what_was_meant(void **state)
{
    (void)state;
    parse(GUESTS "[netwrok.lan]\n");
    assert_string_equal(items[0].what, "unknown table 'netwrok...'; did you mean '[network.NAME]'?");
    parse(GUESTS "[network.lan]\nguests = [\"a\"]\n");
    assert_string_equal(items[0].what, "'guests' has too few items");
    assert_string_equal(items[0].fix, "name at least 2");
}

/* A guest's PCI bus has places for ten. */
static void refuses_an_eleventh_network(void **state)
{
    (void)state;
    char text[2048] = GUESTS;
    for (unsigned i = 0; i < 11; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "[network.n%u]\nguests = [\"a\", \"%s\"]\n", i,
                 i % 2 == 0 ? "b" : "c");
        assert_int_equal(parse(text), i < CONFIG_NETWORKS_OF_GUEST_MAX ? STATUS_OK : STATUS_BAD_FORMAT);
    }
    assert_int_equal(diags.count, 1);
    assert_int_equal(items[0].code, CONFIG_TOO_MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_keys),      cmocka_unit_test(makes_addresses_from_names),
        cmocka_unit_test(reads_addresses),     cmocka_unit_test(refuses_each_at_its_place),
        cmocka_unit_test(says_what_was_meant), cmocka_unit_test(refuses_an_eleventh_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
