/* SPDX-License-Identifier: GPL-2.0-only
 * DMAR structures (VT-d 4.1 8.3 to 8.9), each by itself. */
#include "vtd/dmar_decode.h"

#include <stdarg.h>

#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "vtd/dmar_scopes.h"

/* What decoding of one structure needs; body is what is not yet read of it. */
struct source {
    const struct dmar_place *place;
    struct cursor body;
    struct arena *arena;
    struct diag_list *diags;
};

void dmar_report(struct diag_list *diags, enum dmar_diag code, enum diag_severity severity, uint32_t offset,
                 const char *fix, const char *what, ...)
{
    char where[DIAG_WHERE_SIZE];
    char text[DIAG_TEXT_SIZE];
    va_list args;
    va_start(args, what);
    format_text_v(text, sizeof(text), what, args);
    va_end(args);
    format_text(where, sizeof(where), "DMAR offset 0x%x", offset);
    diag_add(diags, (uint16_t)code, severity, where, fix, "%s", text);
}

void dmar_copy_text(char *out, const uint8_t *text, size_t bytes)
{
    size_t i = 0;
    for (; i < bytes && text[i] != 0; i++) {
        out[i] = text[i] >= 0x20 && text[i] < 0x7f ? (char)text[i] : ' ';
    }
    out[i] = 0;
}

size_t dmar_decode_smallest(uint16_t type)
{
    switch (type) {
    case DMAR_DRHD:
        return 16;
    case DMAR_RMRR:
        return 24;
    case DMAR_RHSA:
        return 20;
    case DMAR_ATSR:
    case DMAR_ANDD:
    case DMAR_SATC:
    case DMAR_SIDP:
        return 8;
    default:
        return 4;
    }
}

static void note_reserved(const struct source *s, uint64_t reserved)
{
    if (reserved != 0) {
        dmar_report(s->diags, DMAR_DIAG_RESERVED, DIAG_NOTE, s->place->offset, "", "reserved bits of the %s are set",
                    dmar_type_text(s->place->type));
    }
}

static enum status read_scopes(const struct source *s, struct dmar_scopes *scopes)
{
    struct cursor rest = cursor_make(s->body.bytes + s->body.position, cursor_left(&s->body));
    return dmar_scopes_read(scopes, s->place, rest, s->arena, s->diags);
}

static enum status decode_drhd(struct dmar_unit *unit, struct source *s)
{
    *unit = (struct dmar_unit){.place = *s->place};
    unit->flags = cursor_u8(&s->body);
    unit->size_field = cursor_u8(&s->body);
    unit->segment = cursor_u16(&s->body);
    unit->base = hpa(cursor_u64(&s->body));
    unit->include_all = (unit->flags & DMAR_DRHD_INCLUDE_ALL) != 0;
    unit->window = PAGE_SIZE << bits_get(unit->size_field, 3, 0); /* VT-d 4.1 8.3: 2^N pages */
    note_reserved(s, bits_get(unit->flags, 7, 1) | bits_get(unit->size_field, 7, 4));
    if (unit->window > PAGE_SIZE) {
        dmar_report(s->diags, DMAR_DIAG_UNIT_WINDOW, DIAG_NOTE, s->place->offset, "",
                    "the unit has %llu KiB of registers, not 4", (unsigned long long)(unit->window / KIB));
    }
    return read_scopes(s, &unit->scopes);
}

static enum status decode_rmrr(struct dmar_rmrr *rmrr, struct source *s)
{
    *rmrr = (struct dmar_rmrr){.place = *s->place};
    rmrr->reserved = cursor_u16(&s->body);
    rmrr->segment = cursor_u16(&s->body);
    rmrr->base = cursor_u64(&s->body);
    rmrr->limit = cursor_u64(&s->body);
    note_reserved(s, rmrr->reserved);
    return read_scopes(s, &rmrr->scopes);
}

static enum status decode_atsr(struct dmar_atsr *atsr, struct source *s)
{
    *atsr = (struct dmar_atsr){.place = *s->place};
    atsr->flags = cursor_u8(&s->body);
    atsr->reserved = cursor_u8(&s->body);
    atsr->segment = cursor_u16(&s->body);
    note_reserved(s, bits_get(atsr->flags, 7, 1) | atsr->reserved);
    return read_scopes(s, &atsr->scopes);
}

static void decode_rhsa(struct dmar_rhsa *rhsa, struct source *s)
{
    *rhsa = (struct dmar_rhsa){.place = *s->place};
    rhsa->reserved = cursor_u32(&s->body);
    rhsa->base = hpa(cursor_u64(&s->body));
    rhsa->proximity = cursor_u32(&s->body);
    note_reserved(s, rhsa->reserved);
    if (cursor_left(&s->body) != 0) {
        dmar_report(s->diags, DMAR_DIAG_STRUCTURE_ODD, DIAG_NOTE, s->place->offset, "",
                    "the RHSA has %zu bytes after its last field; they are not read", cursor_left(&s->body));
    }
}

static enum status decode_andd(struct dmar_andd *andd, struct source *s)
{
    *andd = (struct dmar_andd){.place = *s->place};
    andd->reserved = cursor_u16(&s->body);
    andd->reserved |= (uint32_t)cursor_u8(&s->body) << 16;
    andd->device_number = cursor_u8(&s->body);
    note_reserved(s, andd->reserved);
    size_t bytes = cursor_left(&s->body);
    const uint8_t *text = cursor_take(&s->body, bytes);
    char *name = arena_array(s->arena, bytes + 1, 1);
    if (name == NULL) {
        return STATUS_NO_MEMORY;
    }
    dmar_copy_text(name, text, bytes);
    andd->name = name;
    if (bytes == 0 || text[bytes - 1] != 0) {
        dmar_report(s->diags, DMAR_DIAG_ANDD_NAME, DIAG_WARNING, s->place->offset, DMAR_FIX_FIRMWARE,
                    "the ACPI device's name does not end in a NUL");
    }
    return STATUS_OK;
}

static enum status decode_satc(struct dmar_satc *satc, struct source *s)
{
    *satc = (struct dmar_satc){.place = *s->place};
    satc->flags = cursor_u8(&s->body);
    satc->reserved = cursor_u8(&s->body);
    satc->segment = cursor_u16(&s->body);
    note_reserved(s, bits_get(satc->flags, 7, 1) | satc->reserved);
    return read_scopes(s, &satc->scopes);
}

static enum status decode_sidp(struct dmar_sidp *sidp, struct source *s)
{
    *sidp = (struct dmar_sidp){.place = *s->place};
    sidp->reserved = cursor_u16(&s->body);
    sidp->segment = cursor_u16(&s->body);
    note_reserved(s, sidp->reserved);
    return read_scopes(s, &sidp->scopes);
}

static void decode_other(struct dmar_place *other, const struct source *s)
{
    *other = *s->place;
    dmar_report(s->diags, DMAR_DIAG_STRUCTURE_UNKNOWN, DIAG_NOTE, s->place->offset, "",
                "structure type %u is not in VT-d 4.1; it is not used", s->place->type);
}

enum status dmar_decode(struct dmar *dmar, const struct dmar_place *place, struct cursor body, struct arena *arena,
                        struct diag_list *diags)
{
    struct source s = {place, body, arena, diags};
    struct dmar_ref *ref = &dmar->order[dmar->order_count++];
    ref->type = place->type;
    switch (place->type) {
    case DMAR_DRHD:
        ref->index = dmar->unit_count++;
        return decode_drhd(&dmar->units[ref->index], &s);
    case DMAR_RMRR:
        ref->index = dmar->rmrr_count++;
        return decode_rmrr(&dmar->rmrrs[ref->index], &s);
    case DMAR_ATSR:
        ref->index = dmar->atsr_count++;
        return decode_atsr(&dmar->atsrs[ref->index], &s);
    case DMAR_RHSA:
        ref->index = dmar->rhsa_count++;
        decode_rhsa(&dmar->rhsas[ref->index], &s);
        return STATUS_OK;
    case DMAR_ANDD:
        ref->index = dmar->andd_count++;
        return decode_andd(&dmar->andds[ref->index], &s);
    case DMAR_SATC:
        ref->index = dmar->satc_count++;
        return decode_satc(&dmar->satcs[ref->index], &s);
    case DMAR_SIDP:
        ref->index = dmar->sidp_count++;
        return decode_sidp(&dmar->sidps[ref->index], &s);
    default:
        ref->index = dmar->other_count++;
        decode_other(&dmar->others[ref->index], &s);
        return STATUS_OK;
    }
}
