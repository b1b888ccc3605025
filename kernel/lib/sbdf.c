/* SPDX-License-Identifier: GPL-2.0-only
 * PCI addresses as text. */
#include "kernel/lib/sbdf.h"

#include "kernel/lib/format.h"

char *sbdf_text(struct sbdf s, char text[SBDF_TEXT_SIZE])
{
    unsigned domain = sbdf_segment(s);
    if (sbdf_is_vmd(s)) {
        domain = domain - SBDF_VMD_FIRST + SBDF_VMD_LINUX;
    }
    format_text(text, SBDF_TEXT_SIZE, "%04x:%02x:%02x.%u", domain, sbdf_bus(s), sbdf_device(s), sbdf_function(s));
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

/* Linux's domain number in `digits` characters: four for firmware's segments, five for those behind a VMD. */
static bool parse_segment(const char *text, size_t digits, unsigned *segment)
{
    unsigned domain = 0;
    if (!parse_hex(text, digits, &domain)) {
        return false;
    }
    bool vmd = domain >= SBDF_VMD_LINUX && domain - SBDF_VMD_LINUX <= UINT16_MAX - SBDF_VMD_FIRST;
    *segment = vmd ? domain - SBDF_VMD_LINUX + SBDF_VMD_FIRST : domain;
    return digits == 5 ? vmd : domain < SBDF_VMD_FIRST;
}

bool sbdf_parse(const char *text, size_t length, struct sbdf *out)
{
    unsigned segment = 0;
    unsigned bus = 0;
    unsigned device = 0;
    unsigned function = 0;
    bool long_form = length == SBDF_TEXT_SIZE - 1;
    if (!long_form && length != SBDF_TEXT_SIZE - 2) {
        return false;
    }
    size_t digits = long_form ? 5 : 4;
    const char *rest = text + digits;
    bool well_formed = parse_segment(text, digits, &segment) && rest[0] == ':' && parse_hex(rest + 1, 2, &bus) &&
                       rest[3] == ':' && parse_hex(rest + 4, 2, &device) && rest[6] == '.' &&
                       parse_hex(rest + 7, 1, &function);
    if (!well_formed || device > 0x1f || function > 7) {
        return false;
    }
    *out = sbdf_make(segment, bus, device, function);
    return true;
}
