/* SPDX-License-Identifier: GPL-2.0-only
 * ACPI root table and the tables it names (ACPI 6.5 5.2.6 to 5.2.8). */
#include "drivers/acpi.h"

#include "drivers/acpi_diag.h"
#include "drivers/acpi_rsdp.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define SIGNATURE_BYTES 4
#define FIX_FIRMWARE "update the firmware; if it stays, report the table to the machine's maker"

uint8_t acpi_sum(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + at[i]);
    }
    return sum;
}

/* "ACPI FACP at 0x7fee0000"; what is not a letter, digit or '_' in the signature becomes '?'. */
static const char *table_where(char where[DIAG_WHERE_SIZE], const uint8_t *bytes, struct hpa at)
{
    char name[SIGNATURE_BYTES + 1] = "????";
    for (size_t i = 0; bytes != NULL && i < SIGNATURE_BYTES; i++) {
        bool plain = (bytes[i] >= 'A' && bytes[i] <= 'Z') || (bytes[i] >= '0' && bytes[i] <= '9') || bytes[i] == '_';
        name[i] = plain ? (char)bytes[i] : '?';
    }
    format_text(where, DIAG_WHERE_SIZE, "ACPI %s at 0x%llx", name, (unsigned long long)at.v);
    return where;
}

static enum status refuse(struct diag_list *diags, uint16_t code, const uint8_t *bytes, struct hpa at, const char *why)
{
    char where[DIAG_WHERE_SIZE];
    diag_add(diags, code, DIAG_WARNING, table_where(where, bytes, at), FIX_FIRMWARE, "%s; the table is not used", why);
    return STATUS_BAD_FORMAT;
}

/* A table as a whole: readable, plausible length, checksum 0. */
static enum status table_view(struct hpa at, struct acpi_view *view, struct diag_list *diags)
{
    const uint8_t *bytes = phys_view(at, ACPI_HEADER_BYTES);
    if (bytes == NULL) {
        return refuse(diags, ACPI_DIAG_TABLE_UNREADABLE, NULL, at, "its header is not in memory that firmware named");
    }
    struct cursor c = cursor_make(bytes, ACPI_HEADER_BYTES);
    cursor_take(&c, SIGNATURE_BYTES);
    uint32_t length = cursor_u32(&c);
    if (length < ACPI_HEADER_BYTES || length > ACPI_TABLE_MAX) {
        return refuse(diags, ACPI_DIAG_TABLE_LENGTH, bytes, at, "its length is below its header or absurdly large");
    }
    const uint8_t *whole = phys_view(at, length);
    if (whole == NULL) {
        return refuse(diags, ACPI_DIAG_TABLE_UNREADABLE, bytes, at, "it runs out of the memory that firmware named");
    }
    if (acpi_sum(whole, length) != 0) {
        return refuse(diags, ACPI_DIAG_TABLE_CHECKSUM, bytes, at, "its checksum is wrong");
    }
    *view = (struct acpi_view){at, whole, length};
    return STATUS_OK;
}

enum status acpi_view_at(struct hpa at, const char *signature, struct acpi_view *view, struct diag_list *diags)
{
    if (at.v == 0) {
        return STATUS_NOT_FOUND;
    }
    enum status status = table_view(at, view, diags);
    if (status == STATUS_OK && memcmp(view->bytes, signature, SIGNATURE_BYTES) != 0) {
        return refuse(diags, ACPI_DIAG_TABLE_UNREADABLE, view->bytes, at, "another table should be there");
    }
    return status;
}

/* A table of which all bytes are there. */
static enum status saved_view(struct acpi_view *view, struct diag_list *diags)
{
    struct cursor c = cursor_make(view->bytes, view->length);
    cursor_take(&c, SIGNATURE_BYTES);
    uint32_t length = cursor_u32(&c);
    const uint8_t *name = view->length >= SIGNATURE_BYTES ? view->bytes : NULL;
    if (length < ACPI_HEADER_BYTES || length > view->length) {
        return refuse(diags, ACPI_DIAG_TABLE_LENGTH, name, view->at,
                      "its length is below its header or above what is there");
    }
    if (acpi_sum(view->bytes, length) != 0) {
        return refuse(diags, ACPI_DIAG_TABLE_CHECKSUM, name, view->at, "its checksum is wrong");
    }
    view->length = length;
    return STATUS_OK;
}

static bool has_signature(const struct acpi_view *view, const char *signature)
{
    return memcmp(view->bytes, signature, SIGNATURE_BYTES) == 0;
}

static enum status root_view(struct hpa at, const char *signature, struct acpi_view *view, struct diag_list *diags)
{
    if (at.v == 0) {
        return STATUS_NOT_FOUND;
    }
    enum status status = table_view(at, view, diags);
    if (status != STATUS_OK) {
        return status;
    }
    return has_signature(view, signature) ? STATUS_OK
                                          : refuse(diags, ACPI_DIAG_ROOT_BAD, view->bytes, at,
                                                   "the RSDP names it as the root table, which it is not");
}

/* Choose the XSDT if it is sound, else the RSDT. */
static enum status find_root(struct acpi *acpi, const struct acpi_rsdp *rsdp, struct acpi_view *root,
                             struct diag_list *diags)
{
    acpi->revision = rsdp->revision;
    acpi->xsdt = root_view(rsdp->xsdt, "XSDT", root, diags) == STATUS_OK;
    if (!acpi->xsdt && root_view(rsdp->rsdt, "RSDT", root, diags) != STATUS_OK) {
        diag_add(diags, ACPI_DIAG_ROOT_BAD, DIAG_ERROR, "ACPI RSDP", FIX_FIRMWARE,
                 "neither the XSDT (0x%llx) nor the RSDT (0x%llx) is usable", (unsigned long long)rsdp->xsdt.v,
                 (unsigned long long)rsdp->rsdt.v);
        return STATUS_BAD_FORMAT;
    }
    acpi->root = root->at;
    return STATUS_OK;
}

static bool seen(const struct acpi_view *tables, size_t count, struct hpa at)
{
    for (size_t i = 0; i < count; i++) {
        if (tables[i].at.v == at.v) {
            return true;
        }
    }
    return false;
}

static bool names_dmar(struct hpa at)
{
    const uint8_t *bytes = phys_view(at, SIGNATURE_BYTES);
    return bytes != NULL && memcmp(bytes, "DMAR", SIGNATURE_BYTES) == 0;
}

static enum status read_entries(struct acpi *acpi, const struct acpi_view *root, struct arena *arena,
                                struct diag_list *diags)
{
    size_t entry_bytes = acpi->xsdt ? sizeof(uint64_t) : sizeof(uint32_t);
    size_t entries = (root->length - ACPI_HEADER_BYTES) / entry_bytes;
    char where[DIAG_WHERE_SIZE];
    if ((root->length - ACPI_HEADER_BYTES) % entry_bytes != 0) {
        diag_add(diags, ACPI_DIAG_ROOT_TAIL, DIAG_NOTE, table_where(where, root->bytes, root->at), "",
                 "its length is not a whole number of entries; the bytes left over are not read");
    }
    struct acpi_view *tables = arena_array(arena, entries, sizeof(*tables));
    if (tables == NULL) {
        return STATUS_NO_MEMORY;
    }
    struct cursor c = cursor_make(root->bytes + ACPI_HEADER_BYTES, entries * entry_bytes);
    for (size_t i = 0; i < entries; i++) {
        struct hpa at = hpa(acpi->xsdt ? cursor_u64(&c) : cursor_u32(&c));
        if (at.v == 0) {
            continue; /* an unused entry: common, and harmless */
        }
        if (seen(tables, acpi->count, at)) {
            diag_add(diags, ACPI_DIAG_TABLE_TWICE, DIAG_NOTE, table_where(where, NULL, at), "",
                     "the root table names it twice; it counts once");
            continue;
        }
        if (table_view(at, &tables[acpi->count], diags) == STATUS_OK) {
            acpi->count++;
        } else {
            acpi->dmar_damaged = acpi->dmar_damaged || names_dmar(at);
        }
    }
    acpi->tables = tables;
    return STATUS_OK;
}

enum status acpi_open(struct acpi *acpi, const uint8_t *rsdp, size_t rsdp_length, struct arena *arena,
                      struct diag_list *diags)
{
    *acpi = (struct acpi){0};
    struct acpi_rsdp found;
    /* A loader's RSDP that is damaged is no reason to give up: the firmware's own may still be in the BIOS area. */
    if (rsdp_length == 0 || acpi_rsdp_parse(&found, rsdp, rsdp_length, diags) != STATUS_OK) {
        enum status status = acpi_rsdp_search(&found, diags);
        if (status != STATUS_OK) {
            return status;
        }
    }
    struct acpi_view root;
    enum status status = find_root(acpi, &found, &root, diags);
    return status == STATUS_OK ? read_entries(acpi, &root, arena, diags) : status;
}

void acpi_take(struct acpi *acpi, struct acpi_view *tables, size_t count, struct diag_list *diags)
{
    *acpi = (struct acpi){.tables = tables};
    for (size_t i = 0; i < count; i++) {
        struct acpi_view view = tables[i];
        if (saved_view(&view, diags) == STATUS_OK) {
            tables[acpi->count++] = view;
        } else {
            acpi->dmar_damaged = acpi->dmar_damaged ||
                                 (view.length >= SIGNATURE_BYTES && memcmp(view.bytes, "DMAR", SIGNATURE_BYTES) == 0);
        }
    }
}

size_t acpi_count(const struct acpi *acpi, const char *signature)
{
    size_t count = 0;
    for (size_t i = 0; i < acpi->count; i++) {
        count += has_signature(&acpi->tables[i], signature);
    }
    return count;
}

enum status acpi_find(const struct acpi *acpi, const char *signature, size_t index, struct acpi_view *view)
{
    for (size_t i = 0; i < acpi->count; i++) {
        if (has_signature(&acpi->tables[i], signature) && index-- == 0) {
            *view = acpi->tables[i];
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}
