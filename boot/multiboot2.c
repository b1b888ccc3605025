/* SPDX-License-Identifier: GPL-2.0-only
 * Reader of the multiboot2 information block (Multiboot2 Specification 2.0, chapter 3.6). */
#include "boot/multiboot2.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/string.h"

enum tag {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_LOADER_NAME = 2,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_RSDP_1 = 14,         /* copy of the ACPI 1.0 RSDP */
    TAG_RSDP_2 = 15,         /* copy of the ACPI 2.0 and later RSDP */
    TAG_EFI_MEMORY_MAP = 17, /* as UEFI's GetMemoryMap gives it */
};

enum {
    HEADER_SIZE = 8, /* of the block, and of every tag: two 32-bit fields */
    TAG_ALIGN = 8,
    E820_ENTRY_MIN = 24, /* base, length, type, reserved; later versions may be longer */
    EFI_ENTRY_MIN = 40,  /* UEFI 2.10 7.2.3: type, physical, virtual, pages, attribute */
    RSDP_1_SIZE = 20,    /* ACPI 6.5 5.2.5.3 */
    RSDP_2_SIZE = 36,
    EFI_PAGE_SIZE = 4096,
};

struct parser {
    struct boot_info *out;
    struct cursor efi_map; /* kept until it is clear that there is no E820 map */
    bool has_e820, has_efi, has_rsdp_2;
};

/* Multiboot2 3.6.8: types not listed are reserved. */
static enum memory_kind e820_kind(uint32_t type)
{
    switch (type) {
    case 1:
        return MEMORY_RAM;
    case 3:
        return MEMORY_ACPI;
    case 4:
        return MEMORY_ACPI_NVS;
    case 5:
        return MEMORY_UNUSABLE;
    default:
        return MEMORY_RESERVED;
    }
}

/* UEFI 2.10 7.2.3 and table 7.10: what is free once boot services have ended. */
static enum memory_kind efi_kind(uint32_t type)
{
    switch (type) {
    case 1: /* loader code: holds us and our modules, which are laid over it later */
    case 2: /* loader data */
    case 3: /* boot services code */
    case 4: /* boot services data */
    case 7: /* conventional */
        return MEMORY_RAM;
    case 8:
        return MEMORY_UNUSABLE;
    case 9:
        return MEMORY_ACPI;
    case 10:
        return MEMORY_ACPI_NVS;
    default:
        return MEMORY_RESERVED;
    }
}

/* Add one firmware range; empty ones are common and skipped. */
static enum status add_range(struct boot_info *out, uint64_t start, uint64_t size, enum memory_kind kind)
{
    if (size == 0) {
        return STATUS_OK;
    }
    enum status status = memory_map_add(&out->memory, start, size, kind);
    return status == STATUS_OUT_OF_RANGE ? STATUS_BAD_FORMAT : status;
}

/* The rest of c as a string, NULL when no NUL ends it there; its length is given too. */
static const char *take_text(struct cursor *c, size_t *length)
{
    size_t left = cursor_left(c);
    const char *text = (const char *)cursor_take(c, left);
    if (text == NULL) {
        return NULL;
    }
    *length = strnlen(text, left);
    return *length < left ? text : NULL;
}

static enum status read_text(struct cursor *c, char out[BOOT_TEXT_MAX])
{
    size_t length = 0;
    const char *text = take_text(c, &length);
    if (text == NULL) {
        return STATUS_BAD_FORMAT;
    }
    if (length >= BOOT_TEXT_MAX) {
        return STATUS_UNSUPPORTED;
    }
    memcpy(out, text, length + 1);
    return STATUS_OK;
}

/* The name is only shown: cut when too long. */
static enum status read_loader_name(struct cursor *c, struct boot_info *out)
{
    size_t length = 0;
    const char *text = take_text(c, &length);
    if (text == NULL) {
        return STATUS_BAD_FORMAT;
    }
    size_t kept = length < sizeof(out->loader) ? length : sizeof(out->loader) - 1;
    memcpy(out->loader, text, kept);
    out->loader[kept] = 0;
    return STATUS_OK;
}

static enum status read_module(struct cursor *c, struct boot_info *out)
{
    uint32_t start = cursor_u32(c);
    uint32_t end = cursor_u32(c);
    if (c->failed || end <= start) {
        return STATUS_BAD_FORMAT;
    }
    if (out->module_count == BOOT_MODULES_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    struct boot_module *module = &out->modules[out->module_count++];
    module->start = hpa(start);
    module->size = end - start;
    return read_text(c, module->text);
}

static enum status read_e820(struct cursor *c, struct boot_info *out)
{
    uint32_t entry_size = cursor_u32(c);
    cursor_u32(c); /* entry version: later ones stay compatible */
    if (c->failed || entry_size < E820_ENTRY_MIN || cursor_left(c) % entry_size != 0) {
        return STATUS_BAD_FORMAT;
    }
    while (cursor_left(c) > 0) {
        struct cursor entry = cursor_slice(c, entry_size);
        uint64_t start = cursor_u64(&entry);
        uint64_t size = cursor_u64(&entry);
        enum status status = add_range(out, start, size, e820_kind(cursor_u32(&entry)));
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status read_efi_map(struct cursor *c, struct boot_info *out)
{
    uint32_t entry_size = cursor_u32(c);
    cursor_u32(c); /* descriptor version */
    if (c->failed || entry_size < EFI_ENTRY_MIN || cursor_left(c) % entry_size != 0) {
        return STATUS_BAD_FORMAT;
    }
    while (cursor_left(c) > 0) {
        struct cursor entry = cursor_slice(c, entry_size);
        uint32_t type = cursor_u32(&entry);
        cursor_u32(&entry); /* padding */
        uint64_t start = cursor_u64(&entry);
        cursor_u64(&entry); /* virtual address */
        uint64_t size = 0;
        if (__builtin_mul_overflow(cursor_u64(&entry), (uint64_t)EFI_PAGE_SIZE, &size)) {
            return STATUS_BAD_FORMAT;
        }
        enum status status = add_range(out, start, size, efi_kind(type));
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status read_rsdp(struct cursor *c, struct boot_info *out, size_t minimum)
{
    size_t length = cursor_left(c);
    if (length < minimum) {
        return STATUS_BAD_FORMAT;
    }
    out->rsdp_length = length < BOOT_RSDP_MAX ? length : BOOT_RSDP_MAX;
    memcpy(out->rsdp, cursor_take(c, out->rsdp_length), out->rsdp_length);
    return STATUS_OK;
}

static enum status read_tag(struct parser *p, uint32_t type, struct cursor *c)
{
    switch (type) {
    case TAG_COMMAND_LINE:
        return read_text(c, p->out->cmdline);
    case TAG_LOADER_NAME:
        return read_loader_name(c, p->out);
    case TAG_MODULE:
        return read_module(c, p->out);
    case TAG_MEMORY_MAP:
        p->has_e820 = true;
        return read_e820(c, p->out);
    case TAG_EFI_MEMORY_MAP:
        p->has_efi = true;
        p->efi_map = *c;
        return STATUS_OK;
    case TAG_RSDP_1:
        return p->has_rsdp_2 ? STATUS_OK : read_rsdp(c, p->out, RSDP_1_SIZE);
    case TAG_RSDP_2:
        p->has_rsdp_2 = true;
        return read_rsdp(c, p->out, RSDP_2_SIZE);
    default:
        return STATUS_OK;
    }
}

static enum status read_tags(struct parser *p, struct cursor *c)
{
    for (;;) {
        uint32_t type = cursor_u32(c);
        uint32_t size = cursor_u32(c);
        if (c->failed || size < HEADER_SIZE) {
            return STATUS_BAD_FORMAT;
        }
        if (type == TAG_END) {
            return STATUS_OK;
        }
        struct cursor payload = cursor_slice(c, size - HEADER_SIZE);
        if (payload.failed) {
            return STATUS_BAD_FORMAT;
        }
        enum status status = read_tag(p, type, &payload);
        if (status != STATUS_OK) {
            return status;
        }
        cursor_take(c, align_up(c->position, TAG_ALIGN) - c->position);
    }
}

/* Modules are in the way of nothing but free memory, so they must lie where the map knows something. */
static enum status lay_modules_over_map(struct boot_info *out)
{
    for (size_t i = 0; i < out->module_count; i++) {
        const struct boot_module *module = &out->modules[i];
        if (!memory_map_covers(&out->memory, module->start.v, module->size)) {
            return STATUS_BAD_FORMAT;
        }
    }
    for (size_t i = 0; i < out->module_count; i++) {
        const struct boot_module *module = &out->modules[i];
        enum status status = add_range(out, module->start.v, module->size, MEMORY_LOADER);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status multiboot2_parse(const void *info, size_t max_bytes, struct boot_info *out)
{
    memset(out, 0, sizeof(*out));
    struct cursor header = cursor_make(info, max_bytes);
    uint32_t total = cursor_u32(&header);
    if (header.failed || total < HEADER_SIZE || total > max_bytes) {
        return STATUS_BAD_FORMAT;
    }
    struct parser p = {.out = out};
    struct cursor c = cursor_make(info, total);
    cursor_take(&c, HEADER_SIZE);
    enum status status = read_tags(&p, &c);
    if (status == STATUS_OK && !p.has_e820 && p.has_efi) {
        status = read_efi_map(&p.efi_map, out);
    }
    if (status == STATUS_OK && out->memory.count == 0) {
        status = STATUS_NOT_FOUND;
    }
    return status == STATUS_OK ? lay_modules_over_map(out) : status;
}
