/* SPDX-License-Identifier: GPL-2.0-only
 * DMA remapping of the model, legacy mode (VT-d 4.1 chapters 3, 7.1.3, 9.1, 9.3, 9.8). */
#include "tests/model/vtd_model_internal.h"

#define LEVELS_MAX 5

enum { RIGHT_READ = 1, RIGHT_WRITE = 2, TT_PASS = 2 };

/* One request on its way through the unit. */
struct walk {
    struct vtd_model *m;
    uint16_t sid;
    uint64_t address;
    bool write;
    bool use;  /* caches are looked at */
    bool fill; /* and filled */

    struct vtd_model_pair context;
    uint16_t did;
    unsigned levels;
    bool silent; /* FPD */
    uint64_t host;
};

static bool reserved(struct vtd_model *m, const char *what, uint64_t low, uint64_t high)
{
    model_violation(m, "%s: 0x%llx 0x%llx", what, (unsigned long long)low, (unsigned long long)high);
    return true;
}

static unsigned load_context(struct walk *w)
{
    struct vtd_model *m = w->m;
    uint64_t raw[2];
    if (!model_read_table(m, m->root + (uint64_t)(w->sid >> 8) * 16, raw, sizeof(raw))) {
        return FAULT_ROOT_ACCESS;
    }
    if ((raw[0] & 1) == 0) {
        return FAULT_ROOT_ABSENT;
    }
    if (((raw[0] & (MASK64(11, 1) | ~model_host_limit(m))) != 0 || raw[1] != 0) &&
        reserved(m, "root entry with reserved bits", raw[0], raw[1])) {
        return FAULT_ROOT_RESERVED;
    }
    if (!model_read_table(m, (raw[0] & MASK64(63, 12)) + (uint64_t)(w->sid & 0xff) * 16, raw, sizeof(raw))) {
        model_violation(m, "context table outside memory: 0x%llx", (unsigned long long)raw[0]);
        return FAULT_CONTEXT_ACCESS;
    }
    w->context = (struct vtd_model_pair){raw[0], raw[1]};
    w->silent = bits_get(raw[0], 1, 1) != 0;
    return (raw[0] & 1) == 0 ? FAULT_CONTEXT_ABSENT : 0;
}

/* TT, AW and DID must be what the unit can do; everything else is zero. */
static unsigned check_context(struct walk *w)
{
    struct vtd_model *m = w->m;
    struct vtd_model_pair c = w->context;
    unsigned tt = (unsigned)bits_get(c.low, 3, 2);
    unsigned aw = (unsigned)bits_get(c.high, 2, 0);
    unsigned did = (unsigned)bits_get(c.high, 23, 8);
    uint64_t beyond = c.low & MASK64(63, 12) & ~model_host_limit(m);
    if ((c.low & MASK64(11, 4)) != 0 || beyond != 0 || (c.high & (BIT64(7) | MASK64(63, 24))) != 0) {
        reserved(m, "context entry with reserved bits", c.low, c.high);
        return FAULT_CONTEXT_RESERVED;
    }
    if (did >= UINT32_C(1) << (4 + 2 * CAP_ND(m->config.cap))) {
        reserved(m, "context entry with a domain id beyond CAP.ND", c.low, c.high);
        return FAULT_CONTEXT_RESERVED;
    }
    if (tt == 3 || (tt == 1 && !ECAP_DT(m->config.ecap)) || (tt == TT_PASS && !ECAP_PT(m->config.ecap))) {
        reserved(m, "context entry with a translation type the unit lacks", c.low, c.high);
        return FAULT_CONTEXT_INVALID;
    }
    if (aw < 1 || aw > 3 || (CAP_SAGAW(m->config.cap) & (1U << aw)) == 0) {
        reserved(m, "context entry with a width that CAP.SAGAW lacks", c.low, c.high);
        return FAULT_CONTEXT_INVALID;
    }
    if (did == 0 && CAP_CM(m->config.cap)) {
        reserved(m, "domain id 0 is the unit's own under caching mode", c.low, c.high);
    }
    return 0;
}

static unsigned find_context(struct walk *w)
{
    struct vtd_model *m = w->m;
    struct vtd_model_context_entry *cached = w->use ? model_context_find(m, w->sid) : NULL;
    unsigned reason = 0;
    if (cached != NULL) {
        w->context = cached->entry;
        w->silent = bits_get(w->context.low, 1, 1) != 0;
        reason = cached->reason;
    } else {
        reason = load_context(w);
        reason = reason == 0 ? check_context(w) : reason;
    }
    w->levels = (unsigned)bits_get(w->context.high, 2, 0) + 2;
    w->did = reason == 0 ? (uint16_t)bits_get(w->context.high, 23, 8) : 0;
    if (cached == NULL && w->fill && (reason == 0 || CAP_CM(m->config.cap))) {
        model_context_fill(m, &(struct vtd_model_context_entry){
                                  .sid = w->sid, .did = w->did, .reason = (uint8_t)reason, .entry = w->context});
    }
    return reason;
}

unsigned model_context_of(struct vtd_model *m, uint16_t sid, struct vtd_model_pair *out)
{
    struct walk w = {.m = m, .sid = sid, .use = true, .fill = true};
    unsigned reason = find_context(&w);
    *out = w.context;
    return reason;
}

static unsigned level_shift(unsigned level)
{
    return 12 + 9 * (level - 1);
}

static bool leaf_at(uint64_t entry, unsigned level)
{
    return level == 1 || (level <= 3 && bits_get(entry, 7, 7) != 0);
}

/* Reserved bits of a second-level entry that allows something (9.8). Not among them, as EPT has them: 2 (execute), 6:3
 * (memory type, of leaves), 8 and 9 (accessed, dirty), 10: ignored in legacy mode. */
static bool entry_reserved(struct vtd_model *m, uint64_t entry, unsigned level)
{
    uint64_t bad = MASK64(51, 12) & ~model_host_limit(m);
    bool leaf = leaf_at(entry, level);
    if (!leaf || !ECAP_SC(m->config.ecap)) {
        bad |= BIT64(11);
    }
    if (level > 3) {
        bad |= BIT64(7);
    }
    if (leaf && level > 1) {
        bad |= MASK64(level_shift(level) - 1, 12);
        if ((CAP_SLLPS(m->config.cap) & BIT64(level - 2)) == 0) {
            bad |= BIT64(7);
        }
    }
    if (!ECAP_DT(m->config.ecap)) {
        bad |= BIT64(62);
    }
    return (entry & bad) != 0 && reserved(m, "second-level entry with reserved bits", entry, level);
}

static unsigned refusal(bool write)
{
    return write ? FAULT_NO_WRITE : FAULT_NO_READ;
}

static void remember(struct walk *w, const struct vtd_model_iotlb_entry *e)
{
    bool negative = e->reason != 0;
    if (w->fill && (!negative || CAP_CM(w->m->config.cap))) {
        model_iotlb_fill(w->m, e);
    }
}

/* Where the walk starts: the deepest cached table that covers the address, else the root. */
static uint64_t start(struct walk *w, unsigned *level, unsigned *rights)
{
    *level = w->levels;
    *rights = RIGHT_READ | RIGHT_WRITE;
    for (unsigned l = 2; w->use && l <= w->levels; l++) {
        struct vtd_model_paging_entry *e = model_paging_find(w->m, w->did, w->address, l);
        if (e != NULL) {
            *level = l - 1;
            *rights = e->rights;
            return e->table;
        }
    }
    return w->context.low & MASK64(63, 12);
}

static unsigned finish(struct walk *w, uint64_t entry, unsigned level, unsigned rights)
{
    unsigned shift = level_shift(level);
    struct vtd_model_iotlb_entry e = {.shift = (uint8_t)shift, .rights = (uint8_t)rights, .did = w->did};
    e.iova = w->address & ~(BIT64(shift) - 1);
    e.host = entry & MASK64(51, 12) & ~(BIT64(shift) - 1);
    if (e.host <= INTERRUPT_LAST && e.host + (BIT64(shift) - 1) >= INTERRUPT_FIRST) {
        reserved(w->m, "second-level leaf leads to the interrupt addresses", entry, level);
    }
    w->host = e.host | (w->address & (BIT64(shift) - 1));
    remember(w, &e);
    return (rights & (w->write ? RIGHT_WRITE : RIGHT_READ)) != 0 ? 0 : refusal(w->write);
}

static unsigned fail(struct walk *w, unsigned reason)
{
    remember(w, &(struct vtd_model_iotlb_entry){
                    .shift = 12, .reason = (uint8_t)reason, .did = w->did, .iova = w->address & ~UINT64_C(0xfff)});
    return reason;
}

static unsigned walk_tables(struct walk *w)
{
    unsigned level = 0;
    unsigned rights = 0;
    uint64_t table = start(w, &level, &rights);
    for (; level >= 1; level--) {
        uint64_t entry = 0;
        unsigned index = (unsigned)(w->address >> level_shift(level)) & 0x1ff;
        if (!model_read_table(w->m, table + (uint64_t)index * 8, &entry, 8)) {
            model_violation(w->m, "second-level table outside memory: 0x%llx", (unsigned long long)table);
            return fail(w, FAULT_PAGE_TABLE_ACCESS);
        }
        rights &= (unsigned)entry & (RIGHT_READ | RIGHT_WRITE);
        if ((entry & (RIGHT_READ | RIGHT_WRITE)) == 0 || rights == 0) {
            return fail(w, refusal(w->write));
        }
        if (entry_reserved(w->m, entry, level)) {
            return fail(w, FAULT_PAGE_RESERVED);
        }
        if (leaf_at(entry, level)) {
            return finish(w, entry, level, rights);
        }
        table = entry & MASK64(51, 12);
        if (w->fill) {
            model_paging_fill(w->m,
                              &(struct vtd_model_paging_entry){.level = (uint8_t)level,
                                                               .rights = (uint8_t)rights,
                                                               .did = w->did,
                                                               .iova = w->address & ~(BIT64(level_shift(level)) - 1),
                                                               .table = table});
        }
    }
    return FAULT_PAGE_RESERVED;
}

static unsigned lookup(struct walk *w)
{
    struct vtd_model_iotlb_entry *e = w->use ? model_iotlb_find(w->m, w->did, w->address) : NULL;
    if (e == NULL) {
        return walk_tables(w);
    }
    if (e->reason != 0) {
        /* What is remembered is that nothing is there; the reason follows the request. */
        return e->reason == FAULT_NO_READ || e->reason == FAULT_NO_WRITE ? refusal(w->write) : e->reason;
    }
    w->host = e->host | (w->address & (BIT64(e->shift) - 1));
    return (e->rights & (w->write ? RIGHT_WRITE : RIGHT_READ)) != 0 ? 0 : refusal(w->write);
}

static bool in_protected_memory(const struct vtd_model *m, uint64_t address)
{
    uint64_t low = BIT64(m->config.pmr_shift) - 1;
    if ((m->reg[VTD_R_PMEN] & PMEN_PRS) == 0) {
        return false;
    }
    if (CAP_PLMR(m->config.cap) && address >= m->reg[VTD_R_PLMBASE] && address <= (m->reg[VTD_R_PLMLIMIT] | low)) {
        return true;
    }
    return CAP_PHMR(m->config.cap) && address >= m->reg[VTD_R_PHMBASE] && address <= (m->reg[VTD_R_PHMLIMIT] | low);
}

static uint64_t address_limit(const struct walk *w)
{
    unsigned width = (unsigned)CAP_MGAW(w->m->config.cap) + 1;
    unsigned tables = 12 + 9 * w->levels;
    return BIT64(width < tables ? width : tables) - 1;
}

/* With TE on. 0, or the fault reason; blocked without a fault when *dropped. */
static unsigned translate(struct walk *w, bool *dropped)
{
    unsigned reason = find_context(w);
    if (reason != 0) {
        return reason;
    }
    if (w->address > address_limit(w)) {
        return FAULT_BEYOND_WIDTH;
    }
    if (bits_get(w->context.low, 3, 2) == TT_PASS) {
        w->host = w->address;
        *dropped = in_protected_memory(w->m, w->address);
        return 0;
    }
    return lookup(w);
}

/* True: reaches w->host. */
static bool resolve(struct walk *w)
{
    struct vtd_model *m = w->m;
    if ((model_gsts(m) & GC_TE) == 0) {
        w->host = w->address;
        return !in_protected_memory(m, w->address);
    }
    bool dropped = false;
    unsigned reason = translate(w, &dropped);
    if (reason != 0 && !w->silent) {
        model_fault_record(m, w->sid, w->address & MASK64(63, 12), reason, !w->write);
    }
    return reason == 0 && !dropped;
}

static bool is_interrupt(uint64_t address)
{
    return address >= INTERRUPT_FIRST && address <= INTERRUPT_LAST;
}

enum vtd_model_outcome vtd_model_translate(struct vtd_model *m, uint16_t sid, uint64_t address, bool write,
                                           uint64_t *host)
{
    if (is_interrupt(address)) {
        return write ? VTD_MODEL_INTERRUPT : VTD_MODEL_BLOCKED;
    }
    struct walk w = {.m = m, .sid = sid, .address = address, .write = write, .use = true, .fill = true};
    if (!resolve(&w)) {
        return VTD_MODEL_BLOCKED;
    }
    *host = w.host;
    return VTD_MODEL_PASSED;
}

static bool ask(struct vtd_model *m, struct walk *w, uint64_t *host)
{
    bool quiet = m->quiet;
    m->quiet = true;
    bool passed = !is_interrupt(w->address) && resolve(w);
    m->quiet = quiet;
    *host = passed ? w->host : 0;
    return passed;
}

bool vtd_model_may(struct vtd_model *m, uint16_t sid, uint64_t address, bool write, uint64_t *host)
{
    struct walk w = {.m = m, .sid = sid, .address = address, .write = write};
    return ask(m, &w, host);
}

bool vtd_model_may_now(struct vtd_model *m, uint16_t sid, uint64_t address, bool write, uint64_t *host)
{
    struct walk w = {.m = m, .sid = sid, .address = address, .write = write, .use = true};
    return ask(m, &w, host);
}

struct visitor {
    struct vtd_model *m;
    vtd_model_visit *visit;
    void *context;
    uint64_t limit;
};

/* Depth is at most LEVELS_MAX: level falls by one with every call. */
static void visit_table(const struct visitor *v, uint64_t table, unsigned level, uint64_t from, unsigned rights)
{
    unsigned shift = level_shift(level);
    for (unsigned i = 0; i < 512 && level <= LEVELS_MAX; i++) {
        uint64_t entry = 0;
        uint64_t iova = from + ((uint64_t)i << shift);
        if (!model_read_table(v->m, table + (uint64_t)i * 8, &entry, 8) || iova > v->limit) {
            return;
        }
        unsigned both = rights & (unsigned)entry & (RIGHT_READ | RIGHT_WRITE);
        if (both == 0 || entry_reserved(v->m, entry, level)) {
            continue;
        }
        if (leaf_at(entry, level)) {
            uint64_t host = entry & MASK64(51, 12) & ~(BIT64(shift) - 1);
            v->visit(v->context, iova, host, BIT64(shift), (both & RIGHT_READ) != 0, (both & RIGHT_WRITE) != 0);
        } else {
            visit_table(v, entry & MASK64(51, 12), level - 1, iova, both);
        }
    }
}

bool vtd_model_reach(struct vtd_model *m, uint16_t sid, vtd_model_visit *visit, void *context)
{
    struct walk w = {.m = m, .sid = sid};
    bool quiet = m->quiet;
    bool bounded = (model_gsts(m) & GC_TE) != 0;
    m->quiet = true;
    if (bounded && find_context(&w) == 0) {
        bounded = bits_get(w.context.low, 3, 2) != TT_PASS;
        struct visitor v = {.m = m, .visit = visit, .context = context, .limit = address_limit(&w)};
        if (bounded) {
            visit_table(&v, w.context.low & MASK64(63, 12), w.levels, 0, RIGHT_READ | RIGHT_WRITE);
        }
    }
    m->quiet = quiet;
    return bounded;
}
