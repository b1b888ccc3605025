/* SPDX-License-Identifier: GPL-2.0-only
 * Sections of a loaded PE image. */
#include "boot/efi/pe_section.h"

#include "kernel/lib/cursor.h"
#include "kernel/lib/string.h"

enum {
    DOS_MAGIC = 0x5a4d,
    DOS_PE_OFFSET = 0x3c,
    NAME_SIZE = 8,
    SECTION_HEADER_SIZE = 40,
    SECTIONS_MAX = 96, /* what Windows' own loader takes */
};

#define PE_MAGIC UINT32_C(0x00004550)

static bool is_named(const uint8_t *field, const char *name)
{
    size_t length = strlen(name);
    return length <= NAME_SIZE && memcmp(field, name, length) == 0 && (length == NAME_SIZE || field[length] == 0);
}

/* c stands at the COFF header; afterwards at the section table. Returns the number of sections. */
static unsigned enter_table(struct cursor *c)
{
    bool magic = cursor_u32(c) == PE_MAGIC;
    cursor_u16(c); /* machine */
    unsigned count = cursor_u16(c);
    cursor_take(c, 12); /* time, symbols */
    uint16_t optional = cursor_u16(c);
    cursor_u16(c); /* characteristics */
    cursor_take(c, optional);
    return magic && !c->failed && count <= SECTIONS_MAX ? count : 0;
}

struct pe_section pe_section_find(const void *image, size_t length, const char *name)
{
    const struct pe_section none = {0};
    struct cursor c = cursor_make(image, length);
    bool magic = cursor_u16(&c) == DOS_MAGIC;
    cursor_take(&c, DOS_PE_OFFSET - 2);
    uint32_t offset = cursor_u32(&c);
    if (c.failed || !magic || offset > length) {
        return none;
    }
    c = cursor_make(image, length);
    cursor_take(&c, offset);
    for (unsigned left = enter_table(&c); left > 0; left--) {
        struct cursor header = cursor_slice(&c, SECTION_HEADER_SIZE);
        const uint8_t *field = cursor_take(&header, NAME_SIZE);
        uint32_t size = cursor_u32(&header), at = cursor_u32(&header);
        if (field == NULL || header.failed) {
            return none;
        }
        if (is_named(field, name)) {
            bool inside = at <= length && size <= length - at;
            return inside ? (struct pe_section){(const uint8_t *)image + at, size} : none;
        }
    }
    return none;
}
