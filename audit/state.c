/* SPDX-License-Identifier: GPL-2.0-only
 * Findings, and which table pages were seen. */
#include "audit/state.h"

#include "audit/lookup.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"

struct audit_finding audit_finding_of(enum audit_code code)
{
    return (struct audit_finding){.code = code, .unit = AUDIT_NO_UNIT, .owner = AUDIT_NOBODY, .other = AUDIT_NOBODY};
}

void audit_found(struct audit_state *s, const struct audit_finding *finding)
{
    struct audit_result *r = s->result;
    if (r->found < AUDIT_FINDINGS_MAX) {
        r->findings[r->found] = *finding;
    }
    r->found++;
    r->codes[finding->code]++;
}

/* What the map holds of a page: users 63:32, level 15:8, uses 7:0. */
static uint64_t claim_make(enum audit_use use, uint32_t user, unsigned level)
{
    return (uint64_t)user << 32 | (uint64_t)level << 8 | (uint64_t)use;
}

/* One owner's vCPUs and devices may share tables, page by page in the same places. */
static bool may_join(uint64_t claim, enum audit_use use, uint32_t user, unsigned level)
{
    uint64_t uses = bits_get(claim, 7, 0);
    bool both =
        (use == AUDIT_USE_SECOND && uses == AUDIT_USE_NESTED) || (use == AUDIT_USE_NESTED && uses == AUDIT_USE_SECOND);
    return both && claim >> 32 == user && bits_get(claim, 15, 8) == level;
}

static enum audit_code claim_page(struct audit_state *s, uint64_t page, enum audit_use use, uint32_t user,
                                  unsigned level)
{
    bool fresh = false;
    uint64_t *claim = audit_map_at(&s->map, page | AUDIT_TAG_PAGE, &fresh);
    if (claim == NULL) {
        return AUDIT_SCRATCH;
    }
    if (fresh) {
        *claim = claim_make(use, user, level);
        return AUDIT_OK;
    }
    if (may_join(*claim, use, user, level)) {
        *claim |= (uint64_t)use;
        return AUDIT_OK;
    }
    bool same = *claim >> 32 == user && (bits_get(*claim, 7, 0) & (uint64_t)use) != 0;
    return same ? AUDIT_TABLE_TWICE : AUDIT_TABLE_SHARED;
}

static void refuse_table(struct audit_state *s, enum audit_code code, uint64_t page, const struct audit_finding *where)
{
    struct audit_finding f = *where;
    f.code = code;
    f.value = page;
    const struct audit_range *range = audit_range_at(s->facts, page);
    f.other = range == NULL ? AUDIT_NOBODY : range->owner;
    audit_found(s, &f);
}

const uint64_t *audit_table(struct audit_state *s, uint64_t page, enum audit_use use, uint32_t user, unsigned level,
                            const struct audit_finding *where)
{
    page = align_down(page, PAGE_SIZE);
    const void *view = audit_in_memory(s->facts, page, PAGE_SIZE) ? phys_view(hpa(page), PAGE_SIZE) : NULL;
    enum audit_code code = view == NULL ? AUDIT_TABLE_PLACE : claim_page(s, page, use, user, level);
    if (code != AUDIT_OK) {
        refuse_table(s, code, page, where);
        return NULL;
    }
    s->result->tables++;
    return view;
}

void audit_line(const struct audit_writer *out, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    format_text_v(text, sizeof(text), fmt, args);
    va_end(args);
    out->line(out->context, text);
}

const char *audit_owner_text(const struct audit_facts *facts, uint32_t owner)
{
    if (owner == AUDIT_HOST) {
        return "hypervisor";
    }
    return owner < facts->owner_count ? facts->owners[owner].name : "nobody";
}
