/* SPDX-License-Identifier: GPL-2.0-only
 * PCI addresses as text. */
#include "kernel/lib/sbdf.h"

#include "kernel/lib/format.h"

char *sbdf_text(struct sbdf s, char text[SBDF_TEXT_SIZE])
{
    format_text(text, SBDF_TEXT_SIZE, "%04x:%02x:%02x.%u", sbdf_segment(s), sbdf_bus(s), sbdf_device(s),
                sbdf_function(s));
    return text;
}

/* The value of `count` hex digits at text; false when one is not a digit. */
static bool parse_hex(const char *text, size_t count, unsigned *out)
{
    unsigned value = 0;
    for (size_t i = 0; i < count; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            value = value << 4 | (unsigned)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value = value << 4 | (unsigned)(c - 'a' + 10);
        } else if (c >= 'A' && c <= 'F') {
            value = value << 4 | (unsigned)(c - 'A' + 10);
        } else {
            return false;
        }
    }
    *out = value;
    return true;
}

bool sbdf_parse(const char *text, size_t length, struct sbdf *out)
{
    unsigned segment = 0;
    unsigned bus = 0;
    unsigned device = 0;
    unsigned function = 0;
    bool well_formed = length == SBDF_TEXT_SIZE - 1 && parse_hex(text, 4, &segment) && text[4] == ':' &&
                       parse_hex(text + 5, 2, &bus) && text[7] == ':' && parse_hex(text + 8, 2, &device) &&
                       text[10] == '.' && parse_hex(text + 11, 1, &function);
    if (!well_formed || device > 0x1f || function > 7) {
        return false;
    }
    *out = sbdf_make(segment, bus, device, function);
    return true;
}
