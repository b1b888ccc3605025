/* SPDX-License-Identifier: GPL-2.0-only
 * Addresses and numbers of the networks between guests. */
#include "plan/network.h"

#include "kernel/lib/format.h"
#include "kernel/lib/sha256.h"
#include "kernel/lib/string.h"

#define MAC_BYTES 6
#define MAC_MULTICAST BIT64(40) /* of the first byte, which is 47:40 (IEEE 802 8.2) */
#define MAC_LOCAL BIT64(41)

/* '/' is in no name: no two pairs of names make the same text. */
static uint64_t derive(const char *network, const char *guest)
{
    uint8_t digest[SHA256_BYTES];
    struct sha256 sha = sha256_start();
    sha256_add(&sha, network, strlen(network));
    sha256_add(&sha, "/", 1);
    sha256_add(&sha, guest, strlen(guest));
    sha256_finish(&sha, digest);
    uint64_t mac = 0;
    for (size_t i = 0; i < MAC_BYTES; i++) {
        mac = mac << 8 | digest[i];
    }
    return (mac & ~MAC_MULTICAST) | MAC_LOCAL;
}

uint64_t network_mac(const struct config_network *network, size_t index)
{
    return index < network->macs.count ? network->macs.items[index].number
                                       : derive(network->name.text, network->guests.items[index].text);
}

unsigned network_mtu(const struct config_network *network)
{
    return network->mtu.at.line == 0 ? NETWORK_MTU : (unsigned)network->mtu.number;
}

static bool is_on(const struct config_network *network, const char *guest)
{
    for (size_t i = 0; i < network->guests.count; i++) {
        if (strcmp(network->guests.items[i].text, guest) == 0) {
            return true;
        }
    }
    return false;
}

size_t network_number(const struct config *config, const struct config_network *network, const char *guest)
{
    size_t before = 0;
    for (const struct config_network *n = config->networks; n != network; n++) {
        before += is_on(n, guest);
    }
    return before;
}

/* -1: none. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | ('a' - 'A'));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool network_mac_parse(const char *text, uint64_t *mac)
{
    *mac = 0;
    if (strlen(text) != NETWORK_MAC_TEXT_SIZE - 1) {
        return false;
    }
    for (size_t i = 0; i < NETWORK_MAC_TEXT_SIZE - 1; i++) {
        int digit = hex_digit(text[i]);
        if (i % 3 == 2 ? text[i] != ':' : digit < 0) {
            return false;
        }
        *mac = i % 3 == 2 ? *mac : *mac << 4 | (unsigned)digit;
    }
    return *mac != 0 && (*mac & MAC_MULTICAST) == 0;
}

char *network_mac_text(uint64_t mac, char text[NETWORK_MAC_TEXT_SIZE])
{
    for (size_t i = 0; i < MAC_BYTES; i++) {
        format_text(text + 3 * i, NETWORK_MAC_TEXT_SIZE - 3 * i, "%02x%s",
                    (unsigned)bits_get(mac, 47 - 8 * i, 40 - 8 * i), i + 1 < MAC_BYTES ? ":" : "");
    }
    return text;
}
