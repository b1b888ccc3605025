/* SPDX-License-Identifier: GPL-2.0-only
 * A decoded DMAR table as text for people. */
#include "tools/bulkhead/dmar_print.h"

static void print_scopes(struct dmar_scopes scopes, uint16_t segment, FILE *out)
{
    static const char *const kinds[] = {"endpoint", "bridge", "I/O APIC", "HPET", "ACPI device"};
    for (size_t i = 0; i < scopes.count; i++) {
        const struct dmar_scope *s = &scopes.items[i];
        bool known = s->type >= DMAR_SCOPE_ENDPOINT && s->type <= DMAR_SCOPE_ACPI;
        fprintf(out, "         %-11s %04x:%02x", known ? kinds[s->type - DMAR_SCOPE_ENDPOINT] : "unknown", segment,
                s->bus);
        for (size_t h = 0; h < s->hop_count; h++) {
            fprintf(out, "%s%02x.%x", h == 0 ? ":" : " > ", s->hops[h].device, s->hops[h].function);
        }
        if (s->type >= DMAR_SCOPE_IOAPIC) {
            fprintf(out, "  id %u", s->enumeration_id);
        }
        if (s->flags != 0) {
            fprintf(out, "  flags 0x%02x", s->flags);
        }
        fputc('\n', out);
    }
}

static void print_unit(const struct dmar_unit *u, FILE *out)
{
    fprintf(out, "segment %04x registers 0x%llx (%llu KiB)%s\n", u->segment, (unsigned long long)u->base.v,
            (unsigned long long)(u->window / KIB), u->include_all ? " INCLUDE_ALL" : "");
    print_scopes(u->scopes, u->segment, out);
}

static void print_rmrr(const struct dmar_rmrr *r, FILE *out)
{
    fprintf(out, "segment %04x 0x%llx..0x%llx\n", r->segment, (unsigned long long)r->base,
            (unsigned long long)r->limit);
    print_scopes(r->scopes, r->segment, out);
}

static void print_atsr(const struct dmar_atsr *a, FILE *out)
{
    fprintf(out, "segment %04x%s\n", a->segment, (a->flags & DMAR_ATSR_ALL_PORTS) != 0 ? " ALL_PORTS" : "");
    print_scopes(a->scopes, a->segment, out);
}

static void print_satc(const struct dmar_satc *s, FILE *out)
{
    fprintf(out, "segment %04x%s\n", s->segment, (s->flags & DMAR_SATC_ATC_REQUIRED) != 0 ? " ATC_REQUIRED" : "");
    print_scopes(s->scopes, s->segment, out);
}

static void print_structure(const struct dmar *d, size_t n, FILE *out)
{
    const struct dmar_place *place = dmar_place_of(d, n);
    size_t i = d->order[n].index;
    fprintf(out, "0x%04x  %-8s", place->offset, dmar_type_text(place->type));
    switch (place->type) {
    case DMAR_DRHD:
        print_unit(&d->units[i], out);
        break;
    case DMAR_RMRR:
        print_rmrr(&d->rmrrs[i], out);
        break;
    case DMAR_ATSR:
        print_atsr(&d->atsrs[i], out);
        break;
    case DMAR_RHSA:
        fprintf(out, "registers 0x%llx proximity %u\n", (unsigned long long)d->rhsas[i].base.v, d->rhsas[i].proximity);
        break;
    case DMAR_ANDD:
        fprintf(out, "device %u %s\n", d->andds[i].device_number, d->andds[i].name);
        break;
    case DMAR_SATC:
        print_satc(&d->satcs[i], out);
        break;
    case DMAR_SIDP:
        fprintf(out, "segment %04x\n", d->sidps[i].segment);
        print_scopes(d->sidps[i].scopes, d->sidps[i].segment, out);
        break;
    default:
        fprintf(out, "type %u, %u bytes\n", place->type, place->length);
        break;
    }
}

void dmar_print_text(const struct dmar_file *file, FILE *out)
{
    const struct dmar *d = &file->dmar;
    fprintf(out, "%s: %s \"%s\" \"%s\", %zu bytes, revision %u, checksum %s\n", file->name, d->header.signature,
            d->header.oem_id, d->header.oem_table_id, file->length, d->header.revision,
            d->checksum_ok ? "right" : "wrong");
    fprintf(out, "host addresses of %u bits, interrupt remapping %s%s%s\n\n", d->address_bits,
            d->interrupt_remapping ? "yes" : "no",
            (d->header.flags & DMAR_FLAG_X2APIC_OPT_OUT) != 0 ? ", x2APIC opt-out" : "",
            (d->header.flags & DMAR_FLAG_DMA_OPT_IN) != 0 ? ", DMA protection opt-in" : "");
    for (size_t n = 0; n < d->order_count; n++) {
        print_structure(d, n, out);
    }
    fputc('\n', out);
    for (size_t i = 0; i < file->diags.count; i++) {
        char line[DIAG_WHERE_SIZE + 2 * DIAG_TEXT_SIZE + 64];
        diag_line(&file->diags.items[i], line, sizeof(line));
        fprintf(out, "%s\n", line);
    }
    fprintf(out, "%s: %zu errors in %zu diagnostics\n", file->diags.errors == 0 ? "accepted" : "refused",
            file->diags.errors, file->diags.count + file->diags.dropped);
}
