/* SPDX-License-Identifier: GPL-2.0-only
 * DMAR: the table as a whole (VT-d 4.1 8.1 and 8.2). */
#include "vtd/dmar.h"

#include "kernel/lib/cursor.h"
#include "kernel/lib/string.h"
#include "vtd/dmar_check.h"
#include "vtd/dmar_decode.h"
#include "vtd/dmar_diag.h"

#define STRUCTURE_HEADER_BYTES 4
#define WIDTH_LEAST 32
#define WIDTH_MOST 52 /* what x86 page tables can hold */

enum walk {
    WALK_STRUCTURE, /* one more */
    WALK_SHORT,     /* one more, but shorter than its type's fixed part */
    WALK_END,       /* exactly at the table's end */
    WALK_TRAILING,  /* 1 to 3 bytes are left */
    WALK_BROKEN,    /* a length below 4 or past the table's end: there is no next one */
};

static enum walk next_structure(struct cursor *table, struct dmar_place *place, struct cursor *body)
{
    size_t left = cursor_left(table);
    *place = (struct dmar_place){.offset = (uint32_t)table->position};
    if (left < STRUCTURE_HEADER_BYTES) {
        return left == 0 ? WALK_END : WALK_TRAILING;
    }
    place->type = cursor_u16(table);
    place->length = cursor_u16(table);
    if (place->length < STRUCTURE_HEADER_BYTES || place->length > left) {
        return WALK_BROKEN;
    }
    *body = cursor_slice(table, place->length - (size_t)STRUCTURE_HEADER_BYTES);
    return place->length < dmar_decode_smallest(place->type) ? WALK_SHORT : WALK_STRUCTURE;
}

static void read_header(struct dmar_header *h, const uint8_t *bytes)
{
    struct cursor c = cursor_make(bytes, DMAR_HEADER_BYTES);
    dmar_copy_text(h->signature, cursor_take(&c, 4), 4);
    h->length = cursor_u32(&c);
    h->revision = cursor_u8(&c);
    h->checksum = cursor_u8(&c);
    dmar_copy_text(h->oem_id, cursor_take(&c, 6), 6);
    dmar_copy_text(h->oem_table_id, cursor_take(&c, 8), 8);
    h->oem_revision = cursor_u32(&c);
    dmar_copy_text(h->creator_id, cursor_take(&c, 4), 4);
    h->creator_revision = cursor_u32(&c);
    h->width_field = cursor_u8(&c);
    h->flags = cursor_u8(&c);
    memcpy(h->reserved, cursor_take(&c, sizeof(h->reserved)), sizeof(h->reserved));
}

/* The table's own length where the bytes given hold it; else what can be read, after an error. */
static size_t check_length(const struct dmar_header *h, size_t length, struct diag_list *diags)
{
    if (h->length < DMAR_HEADER_BYTES || h->length > length) {
        dmar_report(diags, DMAR_DIAG_LENGTH, DIAG_ERROR, 4, "give the whole table",
                    "the header says %u bytes, %zu are there and %u is the least", h->length, length,
                    DMAR_HEADER_BYTES);
        return h->length > length ? length : DMAR_HEADER_BYTES;
    }
    if (h->length < length) {
        dmar_report(diags, DMAR_DIAG_EXTRA, DIAG_NOTE, h->length, "", "%zu bytes after the table's end are not read",
                    length - h->length);
    }
    if (h->length % 4 != 0) {
        dmar_report(diags, DMAR_DIAG_ODD_LENGTH, DIAG_NOTE, 4, "", "the table's length, %u, is not a multiple of 4",
                    h->length);
    }
    return h->length;
}

static bool sums_to_zero(const uint8_t *bytes, size_t length)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

static void check_header(struct dmar *dmar, struct diag_list *diags)
{
    const struct dmar_header *h = &dmar->header;
    uint8_t reserved = h->flags & ~(DMAR_FLAG_INTERRUPT_REMAP | DMAR_FLAG_X2APIC_OPT_OUT | DMAR_FLAG_DMA_OPT_IN);
    for (size_t i = 0; i < sizeof(h->reserved); i++) {
        reserved |= h->reserved[i];
    }
    if (reserved != 0) {
        dmar_report(diags, DMAR_DIAG_RESERVED, DIAG_NOTE, 37, "", "reserved bits of the table's header are set");
    }
    if (h->revision != 1 && h->revision != 2) {
        dmar_report(diags, DMAR_DIAG_REVISION, DIAG_NOTE, 8, "", "table revision %u is neither 1 nor 2", h->revision);
    }
    dmar->interrupt_remapping = (h->flags & DMAR_FLAG_INTERRUPT_REMAP) != 0;
    dmar->address_bits = h->width_field + 1U;
    if (dmar->address_bits < WIDTH_LEAST || dmar->address_bits > WIDTH_MOST) {
        dmar_report(diags, DMAR_DIAG_WIDTH, DIAG_WARNING, 36, DMAR_FIX_FIRMWARE,
                    "a host address width of %u bits cannot be; the processor's own is used", dmar->address_bits);
        dmar->address_bits = WIDTH_MOST;
    }
}

static size_t count_type(struct cursor table, uint16_t first, uint16_t last)
{
    struct dmar_place place;
    struct cursor body;
    size_t count = 0;
    for (;;) {
        enum walk walk = next_structure(&table, &place, &body);
        if (walk != WALK_STRUCTURE && walk != WALK_SHORT) {
            return count;
        }
        count += walk == WALK_STRUCTURE && place.type >= first && place.type <= last;
    }
}

static enum status allocate(struct dmar *dmar, struct cursor table, struct arena *arena)
{
    dmar->units = arena_array(arena, count_type(table, DMAR_DRHD, DMAR_DRHD), sizeof(*dmar->units));
    dmar->rmrrs = arena_array(arena, count_type(table, DMAR_RMRR, DMAR_RMRR), sizeof(*dmar->rmrrs));
    dmar->atsrs = arena_array(arena, count_type(table, DMAR_ATSR, DMAR_ATSR), sizeof(*dmar->atsrs));
    dmar->rhsas = arena_array(arena, count_type(table, DMAR_RHSA, DMAR_RHSA), sizeof(*dmar->rhsas));
    dmar->andds = arena_array(arena, count_type(table, DMAR_ANDD, DMAR_ANDD), sizeof(*dmar->andds));
    dmar->satcs = arena_array(arena, count_type(table, DMAR_SATC, DMAR_SATC), sizeof(*dmar->satcs));
    dmar->sidps = arena_array(arena, count_type(table, DMAR_SIDP, DMAR_SIDP), sizeof(*dmar->sidps));
    dmar->others = arena_array(arena, count_type(table, DMAR_TYPES, UINT16_MAX), sizeof(*dmar->others));
    dmar->order = arena_array(arena, count_type(table, 0, UINT16_MAX), sizeof(*dmar->order));
    bool all = dmar->units != NULL && dmar->rmrrs != NULL && dmar->atsrs != NULL && dmar->rhsas != NULL &&
               dmar->andds != NULL && dmar->satcs != NULL && dmar->sidps != NULL && dmar->others != NULL &&
               dmar->order != NULL;
    return all ? STATUS_OK : STATUS_NO_MEMORY;
}

static void check_end(enum walk walk, struct cursor table, const struct dmar_place *place, struct diag_list *diags)
{
    if (walk == WALK_BROKEN) {
        dmar_report(diags, DMAR_DIAG_STRUCTURE_LENGTH, DIAG_ERROR, place->offset, DMAR_FIX_FIRMWARE,
                    "a structure of type %u and length %u cannot be; what follows is not read", place->type,
                    place->length);
    }
    if (walk != WALK_TRAILING) {
        return;
    }
    size_t left = cursor_left(&table);
    uint8_t any = 0;
    while (cursor_left(&table) != 0) {
        any |= cursor_u8(&table);
    }
    dmar_report(diags, DMAR_DIAG_TRAILING, any == 0 ? DIAG_NOTE : DIAG_WARNING, place->offset, "",
                "%zu bytes after the last structure are too few for another and are not read", left);
}

static enum status read_structures(struct dmar *dmar, struct cursor table, struct arena *arena, struct diag_list *diags)
{
    struct dmar_place place;
    struct cursor body;
    enum walk walk = next_structure(&table, &place, &body);
    for (; walk == WALK_STRUCTURE || walk == WALK_SHORT; walk = next_structure(&table, &place, &body)) {
        if (walk == WALK_SHORT) {
            dmar_report(diags, DMAR_DIAG_STRUCTURE_LENGTH, DIAG_ERROR, place.offset, DMAR_FIX_FIRMWARE,
                        "a %s of length %u is shorter than its fixed part", dmar_type_text(place.type), place.length);
            continue;
        }
        enum status status = dmar_decode(dmar, &place, body, arena, diags);
        if (status != STATUS_OK) {
            return status;
        }
    }
    check_end(walk, table, &place, diags);
    return STATUS_OK;
}

static enum status parse_whole(struct dmar *dmar, const uint8_t *bytes, size_t length, struct arena *arena,
                               struct diag_list *diags)
{
    read_header(&dmar->header, bytes);
    if (memcmp(bytes, "DMAR", 4) != 0) {
        dmar_report(diags, DMAR_DIAG_SIGNATURE, DIAG_ERROR, 0, "give a DMAR table", "the signature is \"%s\"",
                    dmar->header.signature);
        return STATUS_BAD_FORMAT;
    }
    length = check_length(&dmar->header, length, diags);
    dmar->checksum_ok = dmar->header.length == length && sums_to_zero(bytes, length);
    if (!dmar->checksum_ok) {
        dmar_report(diags, DMAR_DIAG_CHECKSUM, DIAG_ERROR, 9, DMAR_FIX_FIRMWARE, "the table's checksum is wrong");
    }
    check_header(dmar, diags);
    struct cursor table = cursor_make(bytes, length);
    cursor_take(&table, DMAR_HEADER_BYTES);
    enum status status = allocate(dmar, table, arena);
    if (status == STATUS_OK) {
        status = read_structures(dmar, table, arena, diags);
    }
    if (status == STATUS_OK) {
        dmar_check(dmar, diags);
    }
    return status;
}

enum status dmar_parse(struct dmar *dmar, const void *bytes, size_t length, struct arena *arena,
                       struct diag_list *diags)
{
    *dmar = (struct dmar){0};
    size_t errors = diags->errors;
    if (length < DMAR_HEADER_BYTES) {
        dmar_report(diags, DMAR_DIAG_SHORT, DIAG_ERROR, 0, "give the whole table", "%zu bytes are fewer than %u",
                    length, DMAR_HEADER_BYTES);
        return STATUS_BAD_FORMAT;
    }
    enum status status = parse_whole(dmar, bytes, length, arena, diags);
    if (status == STATUS_NO_MEMORY) {
        dmar_report(diags, DMAR_DIAG_NO_MEMORY, DIAG_ERROR, 0, "", "no memory for the facts of %zu bytes", length);
        *dmar = (struct dmar){.header = dmar->header};
        return status;
    }
    return diags->errors == errors ? status : STATUS_BAD_FORMAT;
}

size_t dmar_arena_bytes(size_t table_bytes)
{
    /* The densest table is one of scopeless 8-byte structures: about 60 bytes of facts each; doubled to be sure. */
    return 4 * KIB + 16 * table_bytes;
}

const char *dmar_type_text(uint16_t type)
{
    static const char *const names[DMAR_TYPES] = {"DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP"};
    return type < DMAR_TYPES ? names[type] : "UNKNOWN";
}

const struct dmar_place *dmar_place_of(const struct dmar *dmar, size_t n)
{
    size_t index = dmar->order[n].index;
    switch (dmar->order[n].type) {
    case DMAR_DRHD:
        return &dmar->units[index].place;
    case DMAR_RMRR:
        return &dmar->rmrrs[index].place;
    case DMAR_ATSR:
        return &dmar->atsrs[index].place;
    case DMAR_RHSA:
        return &dmar->rhsas[index].place;
    case DMAR_ANDD:
        return &dmar->andds[index].place;
    case DMAR_SATC:
        return &dmar->satcs[index].place;
    case DMAR_SIDP:
        return &dmar->sidps[index].place;
    default:
        return &dmar->others[index];
    }
}

struct dmar_scopes dmar_scopes_of(const struct dmar *dmar, size_t n)
{
    size_t index = dmar->order[n].index;
    switch (dmar->order[n].type) {
    case DMAR_DRHD:
        return dmar->units[index].scopes;
    case DMAR_RMRR:
        return dmar->rmrrs[index].scopes;
    case DMAR_ATSR:
        return dmar->atsrs[index].scopes;
    case DMAR_SATC:
        return dmar->satcs[index].scopes;
    case DMAR_SIDP:
        return dmar->sidps[index].scopes;
    default:
        return (struct dmar_scopes){0};
    }
}
