/* SPDX-License-Identifier: GPL-2.0-only
 * The state that an exit loads. */
#include "vmx/entry_check_host.h"

#include "vmx/entry_check_rule.h"

#define REGISTERS " (SDM 3C 27.2.2)"
#define SEGMENTS " (SDM 3C 27.2.3)"
#define SIZE " (SDM 3C 27.2.4)"

static const char *registers(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    const struct vmx_entry_host *h = &s->host;
    uint32_t k = s->controls.exit;
    bool wide = (k & VMX_EXIT_HOST_64) != 0;
    bool lma = vmx_entry_bit(h->efer, VMX_ENTRY_EFER_LMA), lme = vmx_entry_bit(h->efer, VMX_ENTRY_EFER_LME);
    const struct vmx_entry_rule rules[] = {
        {(~h->cr0 & c->cr0_fixed0) != 0, "host CR0 lacks a bit that CR0_FIXED0 wants set" REGISTERS},
        {(h->cr0 & ~c->cr0_fixed1) != 0, "host CR0 sets a bit that CR0_FIXED1 does not allow" REGISTERS},
        {(~h->cr4 & c->cr4_fixed0) != 0, "host CR4 lacks a bit that CR4_FIXED0 wants set" REGISTERS},
        {(h->cr4 & ~c->cr4_fixed1) != 0, "host CR4 sets a bit that CR4_FIXED1 does not allow" REGISTERS},
        {vmx_entry_bit(h->cr4, VMX_ENTRY_CR4_CET) && !vmx_entry_bit(h->cr0, VMX_ENTRY_CR0_WP),
         "host CR4.CET without CR0.WP" REGISTERS},
        {!vmx_entry_is_physical(c, h->cr3), "host CR3 has a bit beyond the physical address width" REGISTERS},
        {!vmx_entry_is_canonical(c, h->sysenter_esp), "host SYSENTER_ESP is not canonical" REGISTERS},
        {!vmx_entry_is_canonical(c, h->sysenter_eip), "host SYSENTER_EIP is not canonical" REGISTERS},
        {(k & VMX_EXIT_LOAD_PAT) != 0 && !vmx_entry_is_pat(h->pat), "host PAT has a reserved memory type" REGISTERS},
        {(k & VMX_EXIT_LOAD_EFER) != 0 && (h->efer & ~VMX_ENTRY_EFER_BITS) != 0,
         "host EFER sets a reserved bit" REGISTERS},
        {(k & VMX_EXIT_LOAD_EFER) != 0 && (lma != wide || lme != wide),
         "host EFER.LMA and LME differ from the host's address-space size" REGISTERS},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

/* RPL and TI of a host selector are 0. */
static bool bad_selector(uint16_t selector)
{
    return (selector & 7) != 0;
}

static const char *selectors(const struct vmx_entry_state *s)
{
    const struct vmx_entry_host *h = &s->host;
    const struct vmx_entry_rule rules[] = {
        {bad_selector(h->cs), "host CS has an RPL or table indicator" SEGMENTS},
        {bad_selector(h->ss), "host SS has an RPL or table indicator" SEGMENTS},
        {bad_selector(h->ds), "host DS has an RPL or table indicator" SEGMENTS},
        {bad_selector(h->es), "host ES has an RPL or table indicator" SEGMENTS},
        {bad_selector(h->fs), "host FS has an RPL or table indicator" SEGMENTS},
        {bad_selector(h->gs), "host GS has an RPL or table indicator" SEGMENTS},
        {bad_selector(h->tr), "host TR has an RPL or table indicator" SEGMENTS},
        {h->cs == 0, "host CS is null" SEGMENTS},
        {h->tr == 0, "host TR is null" SEGMENTS},
        {h->ss == 0 && (s->controls.exit & VMX_EXIT_HOST_64) == 0, "host SS is null with a 32-bit host" SEGMENTS},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *bases(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    const struct vmx_entry_host *h = &s->host;
    const struct vmx_entry_rule rules[] = {
        {!vmx_entry_is_canonical(c, h->fs_base), "host FS base is not canonical" SEGMENTS},
        {!vmx_entry_is_canonical(c, h->gs_base), "host GS base is not canonical" SEGMENTS},
        {!vmx_entry_is_canonical(c, h->gdtr_base), "host GDTR base is not canonical" SEGMENTS},
        {!vmx_entry_is_canonical(c, h->idtr_base), "host IDTR base is not canonical" SEGMENTS},
        {!vmx_entry_is_canonical(c, h->tr_base), "host TR base is not canonical" SEGMENTS},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *address_size(const struct vmx_entry_state *s)
{
    const struct vmx_entry_host *h = &s->host;
    bool wide = (s->controls.exit & VMX_EXIT_HOST_64) != 0;
    const struct vmx_entry_rule rules[] = {
        {!h->long_mode && vmx_entry_is_wide(s), "a 64-bit guest entered from a 32-bit host" SIZE},
        {h->long_mode != wide, "the host's address-space size is not the one at the entry" SIZE},
        {!wide && vmx_entry_bit(h->cr4, VMX_ENTRY_CR4_PCIDE), "host CR4.PCIDE with a 32-bit host" SIZE},
        {!wide && bits_get(h->rip, 63, 32) != 0, "host RIP is above 4 GiB with a 32-bit host" SIZE},
        {wide && !vmx_entry_bit(h->cr4, VMX_ENTRY_CR4_PAE), "host CR4.PAE is clear with a 64-bit host" SIZE},
        {wide && !vmx_entry_is_canonical(s->capability, h->rip), "host RIP is not canonical" SIZE},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

const char *vmx_entry_check_host(const struct vmx_entry_state *s)
{
    static vmx_entry_group *const groups[] = {registers, selectors, bases, address_size};
    return vmx_entry_first_words(groups, ARRAY_LENGTH(groups), s);
}
