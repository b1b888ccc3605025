/* SPDX-License-Identifier: GPL-2.0-only
 * DMAR device scopes (VT-d 4.1 8.3.1). */
#include "vtd/dmar_scopes.h"

#include "vtd/dmar_decode.h"

#define SCOPE_FIXED_BYTES 6 /* type, length, flags, reserved, enumeration id, start bus */
#define HOP_BYTES 2
#define SCOPE_SMALLEST (SCOPE_FIXED_BYTES + HOP_BYTES)

/* One scope's fields and a cursor over its path. False: its length cannot be. */
static bool next_scope(struct cursor *c, struct dmar_scope *scope, struct cursor *path)
{
    scope->type = cursor_u8(c);
    scope->length = cursor_u8(c);
    scope->flags = cursor_u8(c);
    scope->reserved = cursor_u8(c);
    scope->enumeration_id = cursor_u8(c);
    scope->bus = cursor_u8(c);
    if (c->failed || scope->length < SCOPE_SMALLEST || scope->length % HOP_BYTES != 0) {
        return false;
    }
    *path = cursor_slice(c, scope->length - (size_t)SCOPE_FIXED_BYTES);
    return !path->failed;
}

static size_t count_scopes(struct cursor body)
{
    struct dmar_scope scope;
    struct cursor path;
    size_t count = 0;
    while (cursor_left(&body) != 0 && next_scope(&body, &scope, &path)) {
        count++;
    }
    return count;
}

static enum status read_path(struct dmar_scope *scope, struct cursor path, struct arena *arena, struct diag_list *diags)
{
    scope->hop_count = cursor_left(&path) / HOP_BYTES;
    struct dmar_hop *hops = arena_array(arena, scope->hop_count, sizeof(*hops));
    if (hops == NULL) {
        return STATUS_NO_MEMORY;
    }
    scope->hops = hops;
    for (size_t i = 0; i < scope->hop_count; i++) {
        hops[i].device = cursor_u8(&path);
        hops[i].function = cursor_u8(&path);
        if (hops[i].device > 31 || hops[i].function > 7) {
            dmar_report(diags, DMAR_DIAG_SCOPE_PATH, DIAG_ERROR, scope->offset, DMAR_FIX_FIRMWARE,
                        "step %zu of the device scope's path is device %u function %u, which PCI does not have", i,
                        hops[i].device, hops[i].function);
        }
    }
    return STATUS_OK;
}

/* VT-d 4.1 8.3 to 8.9 say for each structure which scopes it may hold. */
static bool may_hold(uint16_t structure, uint8_t scope)
{
    switch (structure) {
    case DMAR_RMRR:
    case DMAR_SIDP:
        return scope == DMAR_SCOPE_ENDPOINT || scope == DMAR_SCOPE_BRIDGE;
    case DMAR_ATSR:
        return scope == DMAR_SCOPE_BRIDGE;
    case DMAR_SATC:
        return scope == DMAR_SCOPE_ENDPOINT;
    default:
        return true;
    }
}

static void check_scope(const struct dmar_scope *scope, uint16_t structure, struct diag_list *diags)
{
    if (scope->type < DMAR_SCOPE_ENDPOINT || scope->type > DMAR_SCOPE_ACPI) {
        dmar_report(diags, DMAR_DIAG_SCOPE_TYPE, DIAG_WARNING, scope->offset, "",
                    "device scope type %u is not in VT-d 4.1; what it names is taken to be in no scope", scope->type);
    } else if (!may_hold(structure, scope->type)) {
        dmar_report(diags, DMAR_DIAG_SCOPE_MISPLACED, DIAG_NOTE, scope->offset, "",
                    "device scope type %u does not belong into %s", scope->type, dmar_type_text(structure));
    }
    if (scope->reserved != 0 || (structure != DMAR_SIDP && scope->flags != 0)) {
        dmar_report(diags, DMAR_DIAG_RESERVED, DIAG_NOTE, scope->offset, "",
                    "reserved bytes of a device scope are set");
    }
}

enum status dmar_scopes_read(struct dmar_scopes *scopes, const struct dmar_place *place, struct cursor body,
                             struct arena *arena, struct diag_list *diags)
{
    *scopes = (struct dmar_scopes){0};
    size_t count = count_scopes(body);
    struct dmar_scope *items = arena_array(arena, count, sizeof(*items));
    if (items == NULL) {
        return STATUS_NO_MEMORY;
    }
    scopes->items = items;
    uint32_t body_offset = place->offset + place->length - (uint32_t)body.length;
    while (cursor_left(&body) != 0) {
        struct dmar_scope scope = {.offset = body_offset + (uint32_t)body.position};
        struct cursor path;
        if (!next_scope(&body, &scope, &path)) {
            dmar_report(diags, DMAR_DIAG_SCOPE_LENGTH, DIAG_ERROR, scope.offset, DMAR_FIX_FIRMWARE,
                        "a device scope of length %u is too short, odd or runs past its %s; the %s's rest is not read",
                        scope.length, dmar_type_text(place->type), dmar_type_text(place->type));
            return STATUS_OK;
        }
        enum status status = read_path(&scope, path, arena, diags);
        if (status != STATUS_OK) {
            return status;
        }
        check_scope(&scope, place->type, diags);
        items[scopes->count++] = scope;
    }
    return STATUS_OK;
}
