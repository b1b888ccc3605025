/* SPDX-License-Identifier: GPL-2.0-only
 * The state that an entry loads, but for the segments. */
#include "vmx/entry_check_guest.h"

#include "vmx/entry_check_rule.h"

#define REGISTERS " (SDM 3C 27.3.1.1)"
#define TABLES " (SDM 3C 27.3.1.3)"
#define FLAGS " (SDM 3C 27.3.1.4)"
#define OTHER " (SDM 3C 27.3.1.5)"
#define PDPTES " (SDM 3C 27.3.1.6)"

enum {
    RFLAGS_TF = 8,
    RFLAGS_IF = 9,
    RFLAGS_VM = 17,
    DEBUGCTL_BTF = 1,
    ACCESS_LONG = 13,
    VECTOR_DB = 1,
    VECTOR_MC = 18,
};

/* Bits of the interruptibility state. */
enum blocking { BY_STI, BY_MOV_SS, BY_SMI, BY_NMI, BY_ENCLAVE };

/* Bits of the pending debug exceptions beside the breakpoints in 3:0. */
enum pending { PENDING_ENABLED = 12, PENDING_STEP = 14, PENDING_RTM = 16 };

enum activity { ACTIVE, HALTED, SHUTDOWN, WAIT_SIPI };

static bool has_paging(const struct vmx_entry_state *s)
{
    return vmx_entry_bit(s->guest.cr0, VMX_ENTRY_CR0_PG);
}

static const char *control_registers(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    const struct vmx_entry_guest *g = &s->guest;
    uint64_t free = vmx_entry_is_unrestricted(s) ? BIT64(VMX_ENTRY_CR0_PE) | BIT64(VMX_ENTRY_CR0_PG) : 0;
    bool pae = vmx_entry_bit(g->cr4, VMX_ENTRY_CR4_PAE);
    bool loads_debug = (s->controls.entry & VMX_ENTRY_LOAD_DEBUG) != 0;
    const struct vmx_entry_rule rules[] = {
        {(~g->cr0 & c->cr0_fixed0 & ~free) != 0, "guest CR0 lacks a bit that CR0_FIXED0 wants set" REGISTERS},
        {(g->cr0 & ~c->cr0_fixed1) != 0, "guest CR0 sets a bit that CR0_FIXED1 does not allow" REGISTERS},
        {has_paging(s) && !vmx_entry_bit(g->cr0, VMX_ENTRY_CR0_PE), "guest CR0.PG without CR0.PE" REGISTERS},
        {(~g->cr4 & c->cr4_fixed0) != 0, "guest CR4 lacks a bit that CR4_FIXED0 wants set" REGISTERS},
        {(g->cr4 & ~c->cr4_fixed1) != 0, "guest CR4 sets a bit that CR4_FIXED1 does not allow" REGISTERS},
        {vmx_entry_bit(g->cr4, VMX_ENTRY_CR4_CET) && !vmx_entry_bit(g->cr0, VMX_ENTRY_CR0_WP),
         "guest CR4.CET without CR0.WP" REGISTERS},
        /* 5:3 and everything above RTM. */
        {loads_debug && (bits_get(g->debugctl, 63, 16) != 0 || bits_get(g->debugctl, 5, 3) != 0),
         "guest DEBUGCTL sets a reserved bit" REGISTERS},
        {vmx_entry_is_wide(s) && !has_paging(s), "a 64-bit guest without CR0.PG" REGISTERS},
        {vmx_entry_is_wide(s) && !pae, "a 64-bit guest without CR4.PAE" REGISTERS},
        {!vmx_entry_is_wide(s) && vmx_entry_bit(g->cr4, VMX_ENTRY_CR4_PCIDE),
         "guest CR4.PCIDE outside IA-32e mode" REGISTERS},
        {!vmx_entry_is_physical(c, g->cr3), "guest CR3 has a bit beyond the physical address width" REGISTERS},
        {loads_debug && bits_get(g->dr7, 63, 32) != 0, "guest DR7 has a bit above 31 set" REGISTERS},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *msrs(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    const struct vmx_entry_guest *g = &s->guest;
    bool efer = (s->controls.entry & VMX_ENTRY_LOAD_EFER) != 0;
    bool lma = vmx_entry_bit(g->efer, VMX_ENTRY_EFER_LMA), lme = vmx_entry_bit(g->efer, VMX_ENTRY_EFER_LME);
    const struct vmx_entry_rule rules[] = {
        {!vmx_entry_is_canonical(c, g->sysenter_esp), "guest SYSENTER_ESP is not canonical" REGISTERS},
        {!vmx_entry_is_canonical(c, g->sysenter_eip), "guest SYSENTER_EIP is not canonical" REGISTERS},
        {(s->controls.entry & VMX_ENTRY_LOAD_PAT) != 0 && !vmx_entry_is_pat(g->pat),
         "guest PAT has a reserved memory type" REGISTERS},
        {efer && (g->efer & ~VMX_ENTRY_EFER_BITS) != 0, "guest EFER sets a reserved bit" REGISTERS},
        {efer && lma != vmx_entry_is_wide(s), "guest EFER.LMA differs from the IA-32e mode control" REGISTERS},
        {efer && has_paging(s) && lma != lme, "guest EFER.LMA and LME differ with paging on" REGISTERS},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *tables(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    const struct vmx_entry_guest *g = &s->guest;
    const struct vmx_entry_rule rules[] = {
        {!vmx_entry_is_canonical(c, g->gdtr.base), "guest GDTR base is not canonical" TABLES},
        {!vmx_entry_is_canonical(c, g->idtr.base), "guest IDTR base is not canonical" TABLES},
        {g->gdtr.limit > 0xffff, "guest GDTR limit is above 0xffff" TABLES},
        {g->idtr.limit > 0xffff, "guest IDTR limit is above 0xffff" TABLES},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

/* In 64-bit code the bits beyond the linear width need only be alike. */
static bool bad_rip(const struct vmx_entry_state *s)
{
    if (!vmx_entry_is_wide(s) || !vmx_entry_bit(s->guest.segments[VCPU_CS].access, ACCESS_LONG)) {
        return bits_get(s->guest.rip, 63, 32) != 0;
    }
    uint64_t high = bits_get(s->guest.rip, 63, s->capability->linear_bits);
    return high != 0 && high != bits_get(UINT64_MAX, 63, s->capability->linear_bits);
}

static const char *flags(const struct vmx_entry_state *s)
{
    uint64_t f = s->guest.rflags;
    const uint64_t reserved = MASK64(63, 22) | BIT64(15) | BIT64(5) | BIT64(3);
    bool old = vmx_entry_bit(f, RFLAGS_VM);
    const struct vmx_entry_rule rules[] = {
        {bad_rip(s), "guest RIP is outside its address space" FLAGS},
        {(f & reserved) != 0, "guest RFLAGS sets a reserved bit" FLAGS},
        {!vmx_entry_bit(f, 1), "guest RFLAGS bit 1 is clear" FLAGS},
        {old && vmx_entry_is_wide(s), "guest RFLAGS.VM in IA-32e mode" FLAGS},
        {old && !vmx_entry_bit(s->guest.cr0, VMX_ENTRY_CR0_PE), "guest RFLAGS.VM in real mode" FLAGS},
        {vmx_entry_event_type(s->event) == VMX_ENTRY_EVENT_INTERRUPT && !vmx_entry_bit(f, RFLAGS_IF),
         "an external interrupt is to be injected with RFLAGS.IF clear" FLAGS},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

/* May this event be injected into a vCPU in this activity state? */
static bool bad_event_for_activity(uint32_t activity, enum vmx_entry_event_type type, uint8_t vector)
{
    bool machine_check = type == VMX_ENTRY_EVENT_EXCEPTION && vector == VECTOR_MC;
    switch (activity) {
    case HALTED:
        return type != VMX_ENTRY_EVENT_INTERRUPT && type != VMX_ENTRY_EVENT_NMI && type != VMX_ENTRY_EVENT_OTHER &&
               !machine_check && !(type == VMX_ENTRY_EVENT_EXCEPTION && vector == VECTOR_DB);
    case SHUTDOWN:
        return type != VMX_ENTRY_EVENT_NMI && !machine_check;
    case WAIT_SIPI:
        return true;
    default:
        return false;
    }
}

static bool bad_activity(const struct vmx_capability *c, uint32_t activity)
{
    switch (activity) {
    case ACTIVE:
        return false;
    case HALTED:
        return !c->activity_hlt;
    case SHUTDOWN:
        return !c->activity_shutdown;
    case WAIT_SIPI:
        return !c->activity_wait_sipi;
    default:
        return true;
    }
}

static const char *activities(const struct vmx_entry_state *s)
{
    uint32_t now = s->guest.activity, blocked = s->guest.interruptibility;
    enum vmx_entry_event_type type = vmx_entry_event_type(s->event);
    bool shadow = vmx_entry_bit(blocked, BY_STI) || vmx_entry_bit(blocked, BY_MOV_SS);
    const struct vmx_entry_rule rules[] = {
        {bad_activity(s->capability, now), "the activity state is one that this CPU does not have" OTHER},
        {now == HALTED && bits_get(s->guest.segments[VCPU_SS].access, 6, 5) != 0,
         "activity state HLT outside ring 0" OTHER},
        {now != ACTIVE && shadow, "blocking by STI or MOV SS in a guest that is not active" OTHER},
        {type != VMX_ENTRY_EVENT_NONE && bad_event_for_activity(now, type, (uint8_t)s->event),
         "the event to inject cannot reach a guest in this activity state" OTHER},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *blocking(const struct vmx_entry_state *s)
{
    uint32_t b = s->guest.interruptibility;
    enum vmx_entry_event_type type = vmx_entry_event_type(s->event);
    bool sti = vmx_entry_bit(b, BY_STI), mov_ss = vmx_entry_bit(b, BY_MOV_SS);
    bool virtual_nmis = (s->controls.pin & VMX_PIN_VIRTUAL_NMIS) != 0;
    bool nmi = type == VMX_ENTRY_EVENT_NMI;
    const struct vmx_entry_rule rules[] = {
        {bits_get(b, 31, 5) != 0, "the interruptibility state has a reserved bit set" OTHER},
        {sti && mov_ss, "blocking by STI and by MOV SS at once" OTHER},
        {sti && !vmx_entry_bit(s->guest.rflags, RFLAGS_IF), "blocking by STI with RFLAGS.IF clear" OTHER},
        {type == VMX_ENTRY_EVENT_INTERRUPT && (sti || mov_ss),
         "an external interrupt is to be injected while blocked" OTHER},
        {nmi && mov_ss, "an NMI is to be injected while blocked by MOV SS" OTHER},
        {vmx_entry_bit(b, BY_SMI), "blocking by SMI outside SMM" OTHER},
        {nmi && virtual_nmis && vmx_entry_bit(b, BY_NMI), "an NMI is to be injected while NMIs are blocked" OTHER},
        {vmx_entry_bit(b, BY_ENCLAVE) && mov_ss, "an enclave interruption with blocking by MOV SS" OTHER},
        {nmi && sti, "an NMI is to be injected while blocked by STI, which some CPUs refuse" OTHER},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

/* Single-stepping goes on: a #DB has to be pending exactly then when an instruction's shadow or HLT delayed it. */
static bool bad_step(const struct vmx_entry_state *s)
{
    bool delayed = (s->guest.interruptibility & (BIT32(BY_STI) | BIT32(BY_MOV_SS))) != 0 || s->guest.activity == HALTED;
    bool steps = vmx_entry_bit(s->guest.rflags, RFLAGS_TF) && !vmx_entry_bit(s->guest.debugctl, DEBUGCTL_BTF);
    return delayed && vmx_entry_bit(s->guest.pending_debug, PENDING_STEP) != steps;
}

static const char *pending_debug(const struct vmx_entry_state *s)
{
    uint64_t p = s->guest.pending_debug;
    const uint64_t reserved = MASK64(11, 4) | BIT64(13) | BIT64(15) | MASK64(63, 17);
    bool rtm = vmx_entry_bit(p, PENDING_RTM);
    const struct vmx_entry_rule rules[] = {
        {(p & reserved) != 0, "the pending debug exceptions have a reserved bit set" OTHER},
        {bad_step(s), "the pending single-step does not fit RFLAGS.TF behind an interrupt shadow or HLT" OTHER},
        {rtm && (p & ~BIT64(PENDING_RTM)) != BIT64(PENDING_ENABLED),
         "a pending debug exception of a transaction together with others" OTHER},
        {rtm && vmx_entry_bit(s->guest.interruptibility, BY_MOV_SS),
         "a pending debug exception of a transaction with blocking by MOV SS" OTHER},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *link_pointer(const struct vmx_entry_state *s)
{
    uint64_t link = s->guest.link_pointer;
    bool bad = link != UINT64_MAX && !vmx_entry_is_place(s->capability, link, PAGE_SIZE);
    return bad ? "the VMCS link pointer is not at a page of physical memory" OTHER : NULL;
}

/* Bits 2:1, 8:5 and those beyond the physical width of a present entry. */
static const char *page_directory_pointers(const struct vmx_entry_state *s)
{
    bool pae = has_paging(s) && vmx_entry_bit(s->guest.cr4, VMX_ENTRY_CR4_PAE) && !vmx_entry_is_wide(s);
    const uint64_t reserved = MASK64(2, 1) | MASK64(8, 5);
    for (unsigned i = 0; pae && i < ARRAY_LENGTH(s->guest.pdpte); i++) {
        uint64_t entry = s->guest.pdpte[i];
        if ((entry & 1) != 0 && ((entry & reserved) != 0 || !vmx_entry_is_physical(s->capability, entry))) {
            return "a page-directory-pointer entry of PAE paging has a reserved bit set" PDPTES;
        }
    }
    return NULL;
}

const char *vmx_entry_check_registers(const struct vmx_entry_state *s)
{
    const char *words = control_registers(s);
    return words != NULL ? words : msrs(s);
}

const char *vmx_entry_check_guest(const struct vmx_entry_state *s)
{
    static vmx_entry_group *const groups[] = {
        tables, flags, activities, blocking, pending_debug, link_pointer, page_directory_pointers,
    };
    return vmx_entry_first_words(groups, ARRAY_LENGTH(groups), s);
}
