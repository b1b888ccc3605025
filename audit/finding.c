/* SPDX-License-Identifier: GPL-2.0-only
 * Findings and verdict in words. */
#include "audit/state.h"
#include "kernel/lib/format.h"

struct words {
    const char *word; /* stable */
    const char *want; /* how it should be */
};

static const struct words all_words[AUDIT_CODES] = {
    [AUDIT_OK] = {"ok", ""},
    [AUDIT_BAD_FACTS] = {"bad-facts", "a description without contradictions"},
    [AUDIT_SCRATCH] = {"too-many-tables", "no more tables than the owner's memory needs"},
    [AUDIT_TRANSLATION_OFF] = {"translation-off", "GSTS.TES = 1"},
    [AUDIT_ROOT_UNSET] = {"root-unset", "GSTS.RTPS = 1"},
    [AUDIT_ROOT_MODE] = {"root-mode", "a legacy root table, not extended or scalable"},
    [AUDIT_QUEUE_OFF] = {"queue-off", "GSTS.QIES = 1"},
    [AUDIT_REMAPPING_OFF] = {"remapping-off", "GSTS.IRES = IRTPS = 1"},
    [AUDIT_COMPATIBILITY] = {"compatibility-format", "GSTS.CFIS = 0"},
    [AUDIT_REGISTER_RESERVED] = {"register-reserved", "reserved bits 0"},
    [AUDIT_TABLE_PLACE] = {"table-outside", "tables in hypervisor memory"},
    [AUDIT_TABLE_SHARED] = {"table-shared", "a table page for one owner and one use"},
    [AUDIT_TABLE_TWICE] = {"table-twice", "each table page below one parent"},
    [AUDIT_ROOT_RESERVED] = {"root-reserved", "reserved bits 0"},
    [AUDIT_CONTEXT_RESERVED] = {"context-reserved", "reserved bits 0"},
    [AUDIT_CONTEXT_TYPE] = {"context-type", "type 0: untranslated requests only"},
    [AUDIT_CONTEXT_WIDTH] = {"context-width", "an address width of CAP.SAGAW"},
    [AUDIT_CONTEXT_STRANGER] = {"context-of-nobody", "no entry"},
    [AUDIT_CONTEXT_MISSING] = {"context-missing", "an entry for each source id of the owner"},
    [AUDIT_DOMAIN_ID] = {"domain-id", "an id of CAP.ND, one for each table"},
    [AUDIT_TREE_SHARED] = {"tree-shared", "tables of its own"},
    [AUDIT_ENTRY_RESERVED] = {"entry-reserved", "reserved bits 0"},
    [AUDIT_LEAF_SIZE] = {"leaf-size", "leaves no larger than may be"},
    [AUDIT_LEAF_STRANGER] = {"leaf-of-nobody", "the owner's ranges alone"},
    [AUDIT_LEAF_FORBIDDEN] = {"leaf-forbidden", "the owner's ranges alone"},
    [AUDIT_LEAF_OTHER] = {"leaf-of-another", "the owner's ranges alone"},
    [AUDIT_LEAF_RIGHTS] = {"leaf-rights", "no more rights than the range gives"},
    [AUDIT_LEAF_TYPE] = {"leaf-type", "RAM write-back, registers uncached"},
    [AUDIT_LEAF_IDENTITY] = {"leaf-identity", "reserved regions one to one"},
    [AUDIT_LEAF_WINDOW] = {"leaf-window", "nothing at 0xfee00000-0xfeefffff"},
    [AUDIT_IRTE_RESERVED] = {"interrupt-reserved", "reserved bits 0"},
    [AUDIT_IRTE_UNVALIDATED] = {"interrupt-unvalidated", "SVT 1 or 2"},
    [AUDIT_IRTE_SOURCE] = {"interrupt-of-nobody", "an owner's source id"},
    [AUDIT_IRTE_DELIVERY] = {"interrupt-delivery", "physical, fixed or lowest priority"},
    [AUDIT_IRTE_CPU] = {"interrupt-cpu", "a CPU of the owner"},
    [AUDIT_IRTE_VECTOR] = {"interrupt-vector", "a device vector that is the owner's alone"},
    [AUDIT_IRTE_POSTED] = {"interrupt-posted", "a descriptor of the owner"},
    [AUDIT_IRTE_NOTIFY] = {"interrupt-notify", "notifications to a CPU of the owner"},
    [AUDIT_VCPU_OFF] = {"vcpu-without-tables", "nested tables in use"},
    [AUDIT_VCPU_ROOT] = {"vcpu-tables", "the owner's tables"},
    [AUDIT_VCPU_MODE] = {"vcpu-mode", "the tables' depth, write-back, reserved bits 0"},
};

const char *audit_code_text(enum audit_code code)
{
    return (unsigned)code < AUDIT_CODES ? all_words[code].word : "unknown";
}

#define PART_SIZE 64
#define FINDING_SIZE 240

/* " unit=0x..." and " source=...", each only where known. */
static void unit_text(const struct audit_facts *facts, const struct audit_finding *f, char out[PART_SIZE])
{
    bool known = f->unit < facts->unit_count;
    size_t n = 0;
    out[0] = 0;
    if (known) {
        n = format_text(out, PART_SIZE, " unit=0x%llx", (unsigned long long)facts->units[f->unit].base);
    }
    if (f->has_source && n < PART_SIZE) {
        format_text(out + n, PART_SIZE - n, " source=%04x:%02x:%02x.%x", known ? facts->units[f->unit].segment : 0,
                    f->source >> 8, f->source >> 3 & 0x1f, f->source & 7);
    }
}

size_t audit_finding_text(const struct audit_facts *facts, const struct audit_finding *f, char *out, size_t size)
{
    char where[PART_SIZE], other[PART_SIZE] = "", name[PART_SIZE] = "";
    unit_text(facts, f, where);
    if (f->other != AUDIT_NOBODY) {
        format_text(other, sizeof(other), " other=%s", audit_owner_text(facts, f->other));
    }
    if (f->name != NULL) {
        format_text(name, sizeof(name), " name=\"%s\"", f->name);
    }
    return format_text(out, size, "finding=%s guest=%s%s level=%u address=0x%llx value=0x%llx%s%s want=\"%s\"",
                       audit_code_text(f->code), audit_owner_text(facts, f->owner), where, f->level,
                       (unsigned long long)f->address, (unsigned long long)f->value, other, name,
                       all_words[f->code].want);
}

void audit_print_finding(const struct audit_facts *facts, const struct audit_finding *finding,
                         const struct audit_writer *out)
{
    char text[FINDING_SIZE];
    audit_finding_text(facts, finding, text, sizeof(text));
    audit_line(out, "audit: %s", text);
}

static size_t count_guests(const struct audit_facts *facts)
{
    size_t guests = 0;
    for (size_t i = 0; i < facts->owner_count; i++) {
        guests += facts->owners[i].format == AUDIT_NO_TABLES ? 0 : 1;
    }
    return guests;
}

void audit_print(const struct audit_facts *facts, uint32_t owner, const struct audit_result *result, uint64_t ns,
                 const struct audit_writer *out)
{
    audit_line(out,
               "audit: verdict=%s scope=%s guests=%zu units=%zu sources=%llu tables=%llu nested-pages=%llu "
               "device-pages=%llu leaves=%llu entries=%llu findings=%zu ns=%llu",
               result->found == 0 ? "pass" : "fail", owner == AUDIT_ALL ? "all" : audit_owner_text(facts, owner),
               count_guests(facts), facts->unit_count, (unsigned long long)result->contexts,
               (unsigned long long)result->tables, (unsigned long long)result->nested,
               (unsigned long long)result->second, (unsigned long long)result->leaves,
               (unsigned long long)result->entries, result->found, (unsigned long long)ns);
    for (size_t i = 0; i < result->found && i < AUDIT_FINDINGS_MAX; i++) {
        audit_print_finding(facts, &result->findings[i], out);
    }
}
