/* SPDX-License-Identifier: GPL-2.0-only
 * A decoded DMAR table as JSON. */
#include <string.h>

#include "kernel/lib/sha256.h"
#include "tools/bulkhead/command.h"
#include "tools/bulkhead/dmar_print.h"
#include "tools/bulkhead/json_file.h"
#include "vtd/dmar_diag.h"

/* The names that the ACPI compiler's disassembler gives. */
static const char *const structure_names[DMAR_TYPES] = {
    "Hardware Unit Definition",          "Reserved Memory Region",
    "Root Port ATS Capability",          "Remapping Hardware Static Affinity",
    "ACPI Namespace Device Declaration", "SoC Integrated Address Translation Cache",
    "SoC Integrated Device Property",
};

static const char *scope_name(uint8_t type)
{
    static const char *const names[] = {"PCI Endpoint Device", "PCI Bridge Device", "IOAPIC Device",
                                        "Message-capable HPET Device", "Namespace Device"};
    bool known = type >= DMAR_SCOPE_ENDPOINT && type <= DMAR_SCOPE_ACPI;
    return known ? names[type - DMAR_SCOPE_ENDPOINT] : "Unknown";
}

static bool said(const struct diag_list *diags, enum dmar_diag code)
{
    for (size_t i = 0; i < diags->count; i++) {
        if (diags->items[i].code == code) {
            return true;
        }
    }
    return false;
}

static bool has_long_path(const struct dmar *dmar)
{
    for (size_t n = 0; n < dmar->order_count; n++) {
        struct dmar_scopes scopes = dmar_scopes_of(dmar, n);
        for (size_t i = 0; i < scopes.count; i++) {
            if (scopes.items[i].hop_count > 1) {
                return true;
            }
        }
    }
    return false;
}

static void print_odd(struct json_file *j, const struct dmar_file *file)
{
    static const struct {
        enum dmar_diag code;
        const char *tag;
    } tags[] = {
        {DMAR_DIAG_UNIT_BASE_ZERO, "drhd-base-zero"},
        {DMAR_DIAG_UNIT_TWICE, "drhd-duplicate-base"},
        {DMAR_DIAG_INCLUDE_ALL_TWICE, "several-include-all"},
        {DMAR_DIAG_SCOPE_SHARED, "scope-in-two-drhd"},
        {DMAR_DIAG_UNIT_COVERS_NOTHING, "drhd-no-scope-no-include-all"},
        {DMAR_DIAG_INCLUDE_ALL_NONE, "no-include-all"},
        {DMAR_DIAG_RHSA_NO_UNIT, "rhsa-no-drhd"},
    };
    json_file_open_list(j, "odd");
    if (said(&file->diags, DMAR_DIAG_ODD_LENGTH)) {
        json_file_format(j, NULL, "odd-length-%u", file->dmar.header.length);
    }
    if (has_long_path(&file->dmar)) {
        json_file_text(j, NULL, "multi-hop-path");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(tags); i++) {
        if (said(&file->diags, tags[i].code)) {
            json_file_text(j, NULL, tags[i].tag);
        }
    }
    json_file_close_list(j);
}

static void print_header(struct json_file *j, const struct dmar_header *h)
{
    char reserved[3 * sizeof(h->reserved)];
    for (size_t i = 0; i < sizeof(h->reserved); i++) {
        snprintf(reserved + 3 * i, 4, i + 1 < sizeof(h->reserved) ? "%02X " : "%02X", h->reserved[i]);
    }
    json_file_open_object(j, "header");
    json_file_text(j, "signature", h->signature);
    json_file_number(j, "table_length", h->length);
    json_file_number(j, "revision", h->revision);
    json_file_number(j, "checksum", h->checksum);
    json_file_text(j, "oem_id", h->oem_id);
    json_file_text(j, "oem_table_id", h->oem_table_id);
    json_file_number(j, "oem_revision", h->oem_revision);
    json_file_text(j, "asl_compiler_id", h->creator_id);
    json_file_number(j, "asl_compiler_revision", h->creator_revision);
    json_file_number(j, "host_address_width", h->width_field);
    json_file_number(j, "flags", h->flags);
    json_file_text(j, "reserved", reserved);
    json_file_close_object(j);
}

static void print_counts(struct json_file *j, const struct dmar *d)
{
    const size_t counts[] = {d->unit_count, d->rmrr_count, d->atsr_count, d->rhsa_count,
                             d->andd_count, d->satc_count, d->sidp_count, d->other_count};
    json_file_open_object(j, "counts");
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        if (counts[i] != 0) {
            json_file_number(j, dmar_type_text((uint16_t)i), counts[i]);
        }
    }
    json_file_close_object(j);
}

static void print_path(struct json_file *j, const struct dmar_scope *s)
{
    json_file_open_list(j, "path");
    for (size_t i = 0; i < s->hop_count; i++) {
        json_file_open_list(j, NULL);
        json_file_number(j, NULL, s->hops[i].device);
        json_file_number(j, NULL, s->hops[i].function);
        json_file_close_list(j);
    }
    json_file_close_list(j);
}

static void print_scopes(struct json_file *j, struct dmar_scopes scopes)
{
    if (scopes.count == 0) {
        return; /* the data set has no key then */
    }
    json_file_open_list(j, "scopes");
    for (size_t i = 0; i < scopes.count; i++) {
        const struct dmar_scope *s = &scopes.items[i];
        json_file_open_object(j, NULL);
        json_file_number(j, "offset", s->offset);
        json_file_number(j, "type", s->type);
        json_file_text(j, "iasl_type", scope_name(s->type));
        print_path(j, s);
        json_file_number(j, "length", s->length);
        json_file_number(j, "flags", s->flags);
        json_file_number(j, "reserved", s->reserved);
        json_file_number(j, "enumeration_id", s->enumeration_id);
        json_file_number(j, "bus", s->bus);
        json_file_close_object(j);
    }
    json_file_close_list(j);
}

static void print_address(struct json_file *j, const char *key, uint64_t address)
{
    json_file_format(j, key, "0x%016llx", (unsigned long long)address);
}

/* The fields of ATSR, SATC and SIDP after type and length. */
static void print_flags(struct json_file *j, uint8_t flags, uint8_t reserved, uint16_t segment)
{
    json_file_number(j, "flags", flags);
    json_file_format(j, "reserved", "%02X", reserved);
    json_file_number(j, "segment", segment);
}

static void print_unit(struct json_file *j, const struct dmar_unit *u)
{
    json_file_number(j, "flags", u->flags);
    json_file_number(j, "size_field", u->size_field);
    json_file_number(j, "segment", u->segment);
    print_address(j, "register_base", u->base.v);
}

static void print_rmrr(struct json_file *j, const struct dmar_rmrr *r)
{
    json_file_format(j, "reserved", "%04X", r->reserved);
    json_file_number(j, "segment", r->segment);
    print_address(j, "base", r->base);
    print_address(j, "limit", r->limit);
}

static void print_rhsa(struct json_file *j, const struct dmar_rhsa *r)
{
    json_file_format(j, "reserved", "%08X", r->reserved);
    print_address(j, "base", r->base.v);
    json_file_number(j, "proximity_domain", r->proximity);
}

static void print_andd(struct json_file *j, const struct dmar_andd *a)
{
    json_file_format(j, "reserved", "%06X", a->reserved);
    json_file_number(j, "device_number", a->device_number);
    json_file_text(j, "device_name", a->name);
}

static void print_fields(struct json_file *j, const struct dmar *d, const struct dmar_ref *ref)
{
    switch (ref->type) {
    case DMAR_DRHD:
        print_unit(j, &d->units[ref->index]);
        break;
    case DMAR_RMRR:
        print_rmrr(j, &d->rmrrs[ref->index]);
        break;
    case DMAR_ATSR:
        print_flags(j, d->atsrs[ref->index].flags, d->atsrs[ref->index].reserved, d->atsrs[ref->index].segment);
        break;
    case DMAR_RHSA:
        print_rhsa(j, &d->rhsas[ref->index]);
        break;
    case DMAR_ANDD:
        print_andd(j, &d->andds[ref->index]);
        break;
    case DMAR_SATC:
        print_flags(j, d->satcs[ref->index].flags, d->satcs[ref->index].reserved, d->satcs[ref->index].segment);
        break;
    case DMAR_SIDP:
        json_file_format(j, "reserved", "%04X", d->sidps[ref->index].reserved);
        json_file_number(j, "segment", d->sidps[ref->index].segment);
        break;
    default: /* an unknown type has no known fields */
        break;
    }
}

static void print_subtables(struct json_file *j, const struct dmar *d)
{
    json_file_open_list(j, "subtables");
    for (size_t n = 0; n < d->order_count; n++) {
        const struct dmar_place *place = dmar_place_of(d, n);
        json_file_open_object(j, NULL);
        json_file_number(j, "offset", place->offset);
        json_file_number(j, "type", place->type);
        json_file_text(j, "name", dmar_type_text(place->type));
        json_file_text(j, "iasl_name", place->type < DMAR_TYPES ? structure_names[place->type] : "Unknown");
        json_file_number(j, "length", place->length);
        print_fields(j, d, &d->order[n]);
        print_scopes(j, dmar_scopes_of(d, n));
        json_file_close_object(j);
    }
    json_file_close_list(j);
}

void dmar_print_json(const struct dmar_file *file, FILE *out)
{
    uint8_t digest[SHA256_BYTES];
    char text[SHA256_TEXT_SIZE];
    struct json_file j = json_file_make(out);
    sha256_of(file->bytes, file->length, digest);
    json_file_open_object(&j, NULL);
    json_file_text(&j, "name", file->name);
    json_file_text(&j, "sha256", sha256_text(digest, text));
    json_file_number(&j, "bytes", file->length);
    json_file_bool(&j, "checksum_ok", file->dmar.checksum_ok);
    json_file_text(&j, "decoder", "bulkhead " BULKHEAD_VERSION);
    print_odd(&j, file);
    print_header(&j, &file->dmar.header);
    print_counts(&j, &file->dmar);
    print_subtables(&j, &file->dmar);
    json_file_diagnostics(&j, &file->diags);
    json_file_close_object(&j);
}
