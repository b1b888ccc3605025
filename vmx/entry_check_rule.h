/* SPDX-License-Identifier: GPL-2.0-only
 * One rule of SDM 3C chapter 27, and what many of them ask of an address. */
#ifndef BULKHEAD_VMX_ENTRY_CHECK_RULE_H
#define BULKHEAD_VMX_ENTRY_CHECK_RULE_H

#include "kernel/lib/bits.h"
#include "vmx/entry_check.h"

struct vmx_entry_rule {
    bool broken;
    const char *words;
};

/* The words of the first broken rule, or NULL. */
static inline const char *vmx_entry_first_broken(const struct vmx_entry_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].broken) {
            return rules[i].words;
        }
    }
    return NULL;
}

static inline bool vmx_entry_bit(uint64_t value, unsigned n)
{
    return (value & BIT64(n)) != 0;
}

/* All bits from the highest of a linear address on are alike. */
static inline bool vmx_entry_is_canonical(const struct vmx_capability *c, uint64_t address)
{
    uint64_t high = bits_get(address, 63, c->linear_bits - 1);
    return high == 0 || high == bits_get(UINT64_MAX, 63, c->linear_bits - 1);
}

/* No bit beyond the physical address width. */
static inline bool vmx_entry_is_physical(const struct vmx_capability *c, uint64_t address)
{
    return bits_get(address, 63, c->physical_bits) == 0;
}

/* `align` is a power of two. */
static inline bool vmx_entry_is_place(const struct vmx_capability *c, uint64_t address, uint64_t align)
{
    return vmx_entry_is_physical(c, address) && is_aligned(address, align);
}

/* Every byte of an IA32_PAT is a memory type: 0, 1, 4, 5, 6 or 7. */
static inline bool vmx_entry_is_pat(uint64_t pat)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t type = bits_get(pat, i * 8 + 7, i * 8);
        if (type > 7 || type == 2 || type == 3) {
            return false;
        }
    }
    return true;
}

/* The secondary controls, which count only when they are activated. */
static inline uint32_t vmx_entry_secondary(const struct vmx_entry_state *s)
{
    return (s->controls.primary & VMX_PRIMARY_SECONDARY) != 0 ? s->controls.secondary : 0;
}

static inline bool vmx_entry_is_unrestricted(const struct vmx_entry_state *s)
{
    return (vmx_entry_secondary(s) & VMX_SECONDARY_UNRESTRICTED_GUEST) != 0;
}

/* The guest will be in IA-32e mode. */
static inline bool vmx_entry_is_wide(const struct vmx_entry_state *s)
{
    return (s->controls.entry & VMX_ENTRY_GUEST_64) != 0;
}

/* Ask the groups of rules in turn. */
typedef const char *vmx_entry_group(const struct vmx_entry_state *s);

static inline const char *vmx_entry_first_words(vmx_entry_group *const *groups, size_t count,
                                                const struct vmx_entry_state *s)
{
    const char *words = NULL;
    for (size_t i = 0; i < count && words == NULL; i++) {
        words = groups[i](s);
    }
    return words;
}

enum vmx_entry_cr0 {
    VMX_ENTRY_CR0_PE = 0,
    VMX_ENTRY_CR0_WP = 16,
    VMX_ENTRY_CR0_PG = 31,
};

enum vmx_entry_cr4 {
    VMX_ENTRY_CR4_PAE = 5,
    VMX_ENTRY_CR4_PCIDE = 17,
    VMX_ENTRY_CR4_CET = 23,
};

enum vmx_entry_efer {
    VMX_ENTRY_EFER_LME = 8,
    VMX_ENTRY_EFER_LMA = 10,
};

/* SCE, LME, LMA and NXE; the rest is reserved. */
#define VMX_ENTRY_EFER_BITS (BIT64(0) | BIT64(VMX_ENTRY_EFER_LME) | BIT64(VMX_ENTRY_EFER_LMA) | BIT64(11))

/* Fields of the entry interruption information (SDM 3C table 25-17). */
enum vmx_entry_event_type {
    VMX_ENTRY_EVENT_INTERRUPT = 0,
    VMX_ENTRY_EVENT_NMI = 2,
    VMX_ENTRY_EVENT_EXCEPTION = 3,
    VMX_ENTRY_EVENT_SOFTWARE_INTERRUPT = 4,
    VMX_ENTRY_EVENT_PRIVILEGED = 5,
    VMX_ENTRY_EVENT_SOFTWARE_EXCEPTION = 6,
    VMX_ENTRY_EVENT_OTHER = 7,
    VMX_ENTRY_EVENT_NONE = 8, /* our own: the valid bit is clear */
};

static inline enum vmx_entry_event_type vmx_entry_event_type(uint32_t event)
{
    return vmx_entry_bit(event, 31) ? (enum vmx_entry_event_type)bits_get(event, 10, 8) : VMX_ENTRY_EVENT_NONE;
}

#endif
