/* SPDX-License-Identifier: GPL-2.0-only
 * Reader of DHCP answers. */
#include "boot/efi/dhcp.h"

#include "kernel/lib/string.h"

enum {
    SERVER_AT = 20,
    FILE_AT = 108,
    FILE_BYTES = 128,
    OPTIONS_AT = 240, /* behind the fixed fields and the magic cookie */
};

enum { OPTION_PAD = 0, OPTION_SERVER = 54, OPTION_BOOT_FILE = 67, OPTION_END = 255 };

struct cursor dhcp_option(const void *packet, size_t length, uint8_t wanted)
{
    struct cursor c = cursor_make(packet, length);
    cursor_take(&c, OPTIONS_AT);
    while (cursor_left(&c) > 1) {
        uint8_t code = cursor_u8(&c);
        if (code == OPTION_END) {
            break;
        }
        if (code == OPTION_PAD) {
            continue;
        }
        struct cursor value = cursor_slice(&c, cursor_u8(&c));
        if (code == wanted && !value.failed) {
            return value;
        }
    }
    return cursor_make(NULL, 0);
}

static struct cursor field(const void *packet, size_t length, size_t at, size_t bytes)
{
    struct cursor c = cursor_make(packet, length);
    cursor_take(&c, at);
    return cursor_slice(&c, bytes);
}

void dhcp_server(const void *packet, size_t length, uint8_t out[DHCP_ADDRESS_BYTES])
{
    static const uint8_t none[DHCP_ADDRESS_BYTES] = {0};
    struct cursor fixed = field(packet, length, SERVER_AT, DHCP_ADDRESS_BYTES);
    struct cursor option = dhcp_option(packet, length, OPTION_SERVER);
    const uint8_t *at = cursor_take(&fixed, DHCP_ADDRESS_BYTES);
    const uint8_t *named = cursor_take(&option, DHCP_ADDRESS_BYTES);
    if (at == NULL || (memcmp(at, none, sizeof(none)) == 0 && named != NULL)) {
        at = named;
    }
    memcpy(out, at != NULL ? at : none, sizeof(none));
}

void dhcp_boot_folder(const void *packet, size_t length, char out[DHCP_FOLDER_MAX])
{
    struct cursor name = field(packet, length, FILE_AT, FILE_BYTES);
    if (cursor_left(&name) == 0 || name.bytes[0] == 0) {
        name = dhcp_option(packet, length, OPTION_BOOT_FILE);
    }
    size_t used = 0, folder = 0;
    while (used + 1 < DHCP_FOLDER_MAX && cursor_left(&name) != 0) {
        char c = (char)cursor_u8(&name);
        if (c == 0) {
            break;
        }
        out[used++] = c >= ' ' && c <= '~' ? c : '?';
        folder = c == '/' || c == '\\' ? used : folder;
    }
    out[folder] = 0;
}
