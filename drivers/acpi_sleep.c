/* SPDX-License-Identifier: GPL-2.0-only
 * Finding Name (_S5, Package () {a, b, ...}) in AML (ACPI 6.5 20.2.5.4). */
#include "drivers/acpi_sleep.h"

#include "kernel/lib/cursor.h"
#include "kernel/lib/string.h"

#define SLEEP_TYPE_MAX 7

enum aml {
    AML_ZERO = 0x00,
    AML_ONE = 0x01,
    AML_NAME = 0x08,
    AML_BYTE = 0x0a,
    AML_WORD = 0x0b,
    AML_DWORD = 0x0c,
    AML_PACKAGE = 0x12,
    AML_ROOT = 0x5c,
};

/* The package as its own cursor (ACPI 6.5 20.2.4): its length counts the bytes of the length itself. */
static struct cursor take_package(struct cursor *c)
{
    size_t start = c->position;
    uint8_t lead = cursor_u8(c);
    unsigned more = lead >> 6;
    size_t length = more == 0 ? lead & 0x3f : lead & 0x0f;
    for (unsigned i = 0; i < more; i++) {
        length |= (size_t)cursor_u8(c) << (4 + 8 * i);
    }
    size_t used = c->position - start;
    return cursor_slice(c, length >= used ? length - used : SIZE_MAX);
}

/* A number that an S5 type can be; else the cursor has failed. */
static uint8_t take_type(struct cursor *c)
{
    uint64_t value = UINT64_MAX;
    switch (cursor_u8(c)) {
    case AML_ZERO:
        value = 0;
        break;
    case AML_ONE:
        value = 1;
        break;
    case AML_BYTE:
        value = cursor_u8(c);
        break;
    case AML_WORD:
        value = cursor_u16(c);
        break;
    case AML_DWORD:
        value = cursor_u32(c);
        break;
    default:
        break;
    }
    c->failed |= value > SLEEP_TYPE_MAX;
    return (uint8_t)value;
}

static bool take_name(struct cursor *c)
{
    bool named = cursor_u8(c) == AML_NAME;
    if (named && cursor_left(c) != 0 && c->bytes[c->position] == AML_ROOT) {
        cursor_take(c, 1);
    }
    const uint8_t *name = cursor_take(c, 4);
    return named && name != NULL && memcmp(name, "_S5_", 4) == 0;
}

static bool read_at(const uint8_t *aml, size_t length, struct acpi_sleep *out)
{
    struct cursor c = cursor_make(aml, length);
    if (!take_name(&c) || cursor_u8(&c) != AML_PACKAGE) {
        return false;
    }
    struct cursor package = take_package(&c);
    bool two = cursor_u8(&package) >= 2;
    out->type_a = take_type(&package);
    out->type_b = take_type(&package);
    return two && !package.failed;
}

enum status acpi_sleep_s5(const uint8_t *aml, size_t length, struct acpi_sleep *out)
{
    enum status status = STATUS_NOT_FOUND;
    *out = (struct acpi_sleep){0};
    for (size_t at = 0; at < length; at++) {
        struct acpi_sleep found;
        if (!read_at(aml + at, length - at, &found)) {
            continue;
        }
        if (status == STATUS_OK && (found.type_a != out->type_a || found.type_b != out->type_b)) {
            return STATUS_CONFLICT;
        }
        *out = found;
        status = STATUS_OK;
    }
    return status;
}
