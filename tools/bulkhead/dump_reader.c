/* SPDX-License-Identifier: GPL-2.0-only
 * Words of a dump. */
#include "tools/bulkhead/dump_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool dump_reader_fail(struct dump_reader *p, const char *error)
{
    p->error = error;
    return false;
}

void *dump_reader_grow(void *items, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0) {
        return items;
    }
    return realloc(items, (count == 0 ? 1 : 2 * count) * size);
}

bool dump_reader_number(struct dump_reader *p, const char *text, uint64_t most, uint64_t *out)
{
    bool hex = text[0] == '0' && text[1] == 'x';
    const char *digits = text + (hex ? 2 : 0);
    size_t length = strspn(digits, hex ? "0123456789abcdef" : "0123456789");
    if (length == 0 || length > (hex ? 16 : 18) || digits[length] != 0) {
        return dump_reader_fail(p, "not a number");
    }
    *out = strtoull(digits, NULL, hex ? 16 : 10);
    return *out <= most ? true : dump_reader_fail(p, "a number out of range");
}

bool dump_reader_number32(struct dump_reader *p, const char *text, uint32_t *out)
{
    uint64_t wide = 0;
    if (!dump_reader_number(p, text, UINT32_MAX, &wide)) {
        return false;
    }
    *out = (uint32_t)wide;
    return true;
}

bool dump_reader_address(struct dump_reader *p, const char *text, struct dump_address *out)
{
    unsigned domain = 0, bus = 0, device = 0, function = 0;
    int end = 0;
    bool plain = text[strspn(text, "0123456789abcdef:.")] == 0;
    if (!plain || sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 || text[end] != 0 ||
        device > 0x1f || function > 7) {
        return dump_reader_fail(p, "not an address like 0000:3b:00.0");
    }
    *out = (struct dump_address){domain, (uint16_t)(bus << 8 | device << 3 | function)};
    return true;
}

const char *dump_reader_value(const struct dump_reader *p, size_t from, const char *key)
{
    for (size_t i = from; i + 1 < p->count; i += 2) {
        if (strcmp(p->words[i], key) == 0) {
            return p->words[i + 1];
        }
    }
    return NULL;
}

bool dump_reader_field(struct dump_reader *p, size_t from, const char *key, uint64_t most, uint64_t *out)
{
    const char *text = dump_reader_value(p, from, key);
    return text != NULL ? dump_reader_number(p, text, most, out) : dump_reader_fail(p, "a field is missing");
}
