/* SPDX-License-Identifier: GPL-2.0-only
 * Selectors, bases, limits and access rights, in the order of the manual. */
#include "vmx/entry_check_segments.h"

#include "vmx/entry_check_rule.h"

#define SEGMENTS " (SDM 3C 27.3.1.2)"
/* The same sentence for each register of enum vcpu_segment_name. */
#define EACH(words)                                                                                                    \
    {                                                                                                                  \
        "guest ES " words SEGMENTS, "guest CS " words SEGMENTS, "guest SS " words SEGMENTS,                            \
            "guest DS " words SEGMENTS, "guest FS " words SEGMENTS, "guest GS " words SEGMENTS,                        \
            "guest LDTR " words SEGMENTS, "guest TR " words SEGMENTS                                                   \
    }

enum {
    SELECTOR_TI = 2, /* bit */
    ACCESS_S = 4,    /* bits of the access rights */
    ACCESS_PRESENT = 7,
    ACCESS_LONG = 13,
    ACCESS_BIG = 14,
    ACCESS_GRANULAR = 15,
    ACCESS_UNUSABLE = 16,
    ACCESS_VIRTUAL_8086 = 0xf3, /* the only value there: present, DPL 3, read/write accessed data */
    TYPE_ACCESSED = 0,          /* bits of the type of a code or data segment */
    TYPE_READABLE = 1,
    TYPE_CODE = 3,
    TYPE_DATA_WRITE = 3, /* whole types, all accessed */
    TYPE_DATA_WRITE_DOWN = 7,
    TYPE_CODE_EXECUTE = 9,
    TYPE_CODE_READ = 11,
    TYPE_CODE_CONFORMING = 13,
    TYPE_CODE_READ_CONFORMING = 15,
    TYPE_LDT = 2,
    TYPE_BUSY_TSS_16 = 3,
    TYPE_BUSY_TSS = 11,
    RFLAGS_VM = 17,
};

static uint32_t type_of(const struct vmx_entry_segment *g)
{
    return g->access & 0xf;
}

static uint32_t dpl_of(const struct vmx_entry_segment *g)
{
    return (uint32_t)bits_get(g->access, 6, 5);
}

static uint32_t rpl_of(const struct vmx_entry_segment *g)
{
    return g->selector & 3u;
}

static bool is_usable(const struct vmx_entry_segment *g)
{
    return !vmx_entry_bit(g->access, ACCESS_UNUSABLE);
}

static bool is_virtual_8086(const struct vmx_entry_state *s)
{
    return vmx_entry_bit(s->guest.rflags, RFLAGS_VM);
}

/* Bits 31:17 and 11:8 of the access rights. */
static bool has_reserved(const struct vmx_entry_segment *g)
{
    return bits_get(g->access, 31, 17) != 0 || bits_get(g->access, 11, 8) != 0;
}

/* A limit in bytes cannot have bits 31:20, one in pages ends in 0xfff. */
static bool bad_granularity(const struct vmx_entry_segment *g)
{
    bool granular = vmx_entry_bit(g->access, ACCESS_GRANULAR);
    return granular ? (g->limit & 0xfff) != 0xfff : (g->limit & 0xfff00000) != 0;
}

static const char *selectors(const struct vmx_entry_state *s)
{
    const struct vmx_entry_segment *seg = s->guest.segments;
    bool strict = !is_virtual_8086(s) && !vmx_entry_is_unrestricted(s);
    const struct vmx_entry_rule rules[] = {
        {vmx_entry_bit(seg[VCPU_TR].selector, SELECTOR_TI), "guest TR selector points into the LDT" SEGMENTS},
        {is_usable(&seg[VCPU_LDTR]) && vmx_entry_bit(seg[VCPU_LDTR].selector, SELECTOR_TI),
         "guest LDTR selector points into the LDT" SEGMENTS},
        {strict && rpl_of(&seg[VCPU_SS]) != rpl_of(&seg[VCPU_CS]), "guest SS and CS have different RPLs" SEGMENTS},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

/* CS, and whatever of SS, DS and ES is usable, lie below 4 GiB. */
static bool bad_low_base(const struct vmx_entry_segment *g, unsigned which)
{
    bool low = which == VCPU_CS || which == VCPU_SS || which == VCPU_DS || which == VCPU_ES;
    return low && (which == VCPU_CS || is_usable(g)) && bits_get(g->base, 63, 32) != 0;
}

static bool bad_wide_base(const struct vmx_capability *c, const struct vmx_entry_segment *g, unsigned which)
{
    bool wide = which == VCPU_TR || which == VCPU_FS || which == VCPU_GS || (which == VCPU_LDTR && is_usable(g));
    return wide && !vmx_entry_is_canonical(c, g->base);
}

static const char *bases_and_limits(const struct vmx_entry_state *s)
{
    static const char *const not_canonical[] = EACH("base is not canonical");
    static const char *const above_4g[] = EACH("base is above 4 GiB");
    static const char *const not_selector[] = EACH("base is not its selector times 16 in virtual-8086 mode");
    static const char *const not_64k[] = EACH("limit is not 0xffff in virtual-8086 mode");
    for (unsigned i = 0; i < VCPU_SEGMENT_COUNT; i++) {
        const struct vmx_entry_segment *g = &s->guest.segments[i];
        bool old = is_virtual_8086(s) && i <= VCPU_GS;
        const struct vmx_entry_rule rules[] = {
            {old && g->base != (uint64_t)g->selector << 4, not_selector[i]},
            {bad_wide_base(s->capability, g, i), not_canonical[i]},
            {bad_low_base(g, i), above_4g[i]},
            {old && g->limit != 0xffff, not_64k[i]},
        };
        const char *words = vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
        if (words != NULL) {
            return words;
        }
    }
    return NULL;
}

static bool bad_code_type(const struct vmx_entry_state *s, uint32_t type)
{
    bool code = type == TYPE_CODE_EXECUTE || type == TYPE_CODE_READ || type == TYPE_CODE_CONFORMING ||
                type == TYPE_CODE_READ_CONFORMING;
    return !code && !(type == TYPE_DATA_WRITE && vmx_entry_is_unrestricted(s));
}

static bool bad_type(const struct vmx_entry_state *s, const struct vmx_entry_segment *g, unsigned which)
{
    uint32_t type = type_of(g);
    if (which == VCPU_CS) {
        return bad_code_type(s, type);
    }
    if (which == VCPU_SS) {
        return type != TYPE_DATA_WRITE && type != TYPE_DATA_WRITE_DOWN;
    }
    return !vmx_entry_bit(type, TYPE_ACCESSED) ||
           (vmx_entry_bit(type, TYPE_CODE) && !vmx_entry_bit(type, TYPE_READABLE));
}

static bool bad_code_dpl(const struct vmx_entry_state *s)
{
    const struct vmx_entry_segment *cs = &s->guest.segments[VCPU_CS];
    uint32_t stack = dpl_of(&s->guest.segments[VCPU_SS]);
    switch (type_of(cs)) {
    case TYPE_DATA_WRITE:
        return dpl_of(cs) != 0;
    case TYPE_CODE_EXECUTE:
    case TYPE_CODE_READ:
        return dpl_of(cs) != stack;
    default:
        return dpl_of(cs) > stack;
    }
}

static bool bad_stack_dpl(const struct vmx_entry_state *s)
{
    const struct vmx_entry_segment *ss = &s->guest.segments[VCPU_SS];
    bool zero =
        type_of(&s->guest.segments[VCPU_CS]) == TYPE_DATA_WRITE || !vmx_entry_bit(s->guest.cr0, VMX_ENTRY_CR0_PE);
    return (!vmx_entry_is_unrestricted(s) && dpl_of(ss) != rpl_of(ss)) || (zero && dpl_of(ss) != 0);
}

static bool bad_dpl(const struct vmx_entry_state *s, const struct vmx_entry_segment *g, unsigned which)
{
    if (which == VCPU_CS) {
        return bad_code_dpl(s);
    }
    if (which == VCPU_SS) {
        return bad_stack_dpl(s);
    }
    return is_usable(g) && !vmx_entry_is_unrestricted(s) && type_of(g) <= TYPE_CODE_READ && dpl_of(g) < rpl_of(g);
}

/* Access rights of CS to GS outside virtual-8086 mode. */
static const char *access(const struct vmx_entry_state *s, unsigned which)
{
    static const char *const types[] = EACH("has a type that it cannot have");
    static const char *const systems[] = EACH("is a system segment");
    static const char *const dpls[] = EACH("has a privilege level that does not fit");
    static const char *const absents[] = EACH("is not present");
    static const char *const reserveds[] = EACH("has a reserved bit of its access rights set");
    static const char *const granularities[] = EACH("limit and granularity do not fit");
    const struct vmx_entry_segment *g = &s->guest.segments[which];
    bool used = which == VCPU_CS || is_usable(g);
    const struct vmx_entry_rule rules[] = {
        {used && bad_type(s, g, which), types[which]},
        {used && !vmx_entry_bit(g->access, ACCESS_S), systems[which]},
        {bad_dpl(s, g, which), dpls[which]},
        {used && !vmx_entry_bit(g->access, ACCESS_PRESENT), absents[which]},
        {used && has_reserved(g), reserveds[which]},
        {which == VCPU_CS && vmx_entry_is_wide(s) && vmx_entry_bit(g->access, ACCESS_LONG) &&
             vmx_entry_bit(g->access, ACCESS_BIG),
         "guest CS is 64-bit code with a default size of 32 bits" SEGMENTS},
        {used && bad_granularity(g), granularities[which]},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *accesses(const struct vmx_entry_state *s)
{
    static const char *const not_f3[] = EACH("access rights are not 0xf3 in virtual-8086 mode");
    for (unsigned i = VCPU_ES; i <= VCPU_GS; i++) {
        const char *words = NULL;
        if (!is_virtual_8086(s)) {
            words = access(s, i);
        } else if (s->guest.segments[i].access != ACCESS_VIRTUAL_8086) {
            words = not_f3[i];
        }
        if (words != NULL) {
            return words;
        }
    }
    return NULL;
}

static const char *task(const struct vmx_entry_state *s)
{
    const struct vmx_entry_segment *g = &s->guest.segments[VCPU_TR];
    bool small = type_of(g) == TYPE_BUSY_TSS_16 && !vmx_entry_is_wide(s);
    const struct vmx_entry_rule rules[] = {
        {!small && type_of(g) != TYPE_BUSY_TSS, "guest TR is not a busy TSS" SEGMENTS},
        {vmx_entry_bit(g->access, ACCESS_S), "guest TR is not a system segment" SEGMENTS},
        {!vmx_entry_bit(g->access, ACCESS_PRESENT), "guest TR is not present" SEGMENTS},
        {has_reserved(g), "guest TR has a reserved bit of its access rights set" SEGMENTS},
        {bad_granularity(g), "guest TR limit and granularity do not fit" SEGMENTS},
        {!is_usable(g), "guest TR is unusable" SEGMENTS},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *local_table(const struct vmx_entry_state *s)
{
    const struct vmx_entry_segment *g = &s->guest.segments[VCPU_LDTR];
    const struct vmx_entry_rule rules[] = {
        {type_of(g) != TYPE_LDT, "guest LDTR is not an LDT" SEGMENTS},
        {vmx_entry_bit(g->access, ACCESS_S), "guest LDTR is not a system segment" SEGMENTS},
        {!vmx_entry_bit(g->access, ACCESS_PRESENT), "guest LDTR is not present" SEGMENTS},
        {has_reserved(g), "guest LDTR has a reserved bit of its access rights set" SEGMENTS},
        {bad_granularity(g), "guest LDTR limit and granularity do not fit" SEGMENTS},
    };
    return is_usable(g) ? vmx_entry_first_broken(rules, ARRAY_LENGTH(rules)) : NULL;
}

const char *vmx_entry_check_segments(const struct vmx_entry_state *s)
{
    static vmx_entry_group *const groups[] = {
        selectors, bases_and_limits, accesses, task, local_table,
    };
    return vmx_entry_first_words(groups, ARRAY_LENGTH(groups), s);
}
