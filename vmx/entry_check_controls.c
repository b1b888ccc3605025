/* SPDX-License-Identifier: GPL-2.0-only
 * Execution, exit and entry controls, and the fields that they make valid. */
#include "vmx/entry_check_controls.h"

#include "vmx/entry_check_rule.h"

#define EXECUTION " (SDM 3C 27.2.1.1)"
#define EXIT " (SDM 3C 27.2.1.2)"
#define ENTRY " (SDM 3C 27.2.1.3)"

enum {
    MEMORY_UNCACHED = 0,
    MEMORY_WRITE_BACK = 6,
    MSR_ENTRY_BYTES = 16, /* of an MSR area */
};

static bool lacks(uint32_t value, struct vmx_allowed allowed)
{
    return (~value & allowed.must) != 0;
}

static bool exceeds(uint32_t value, struct vmx_allowed allowed)
{
    return (value & ~allowed.may) != 0;
}

static const char *reserved_bits(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    const struct vmx_controls *k = &s->controls;
    bool second = (k->primary & VMX_PRIMARY_SECONDARY) != 0;
    const struct vmx_entry_rule rules[] = {
        {lacks(k->pin, c->pin), "a pin-based control that has to be 1 is 0" EXECUTION},
        {exceeds(k->pin, c->pin), "a pin-based control is set that this CPU does not have" EXECUTION},
        {lacks(k->primary, c->primary), "a primary processor-based control that has to be 1 is 0" EXECUTION},
        {exceeds(k->primary, c->primary),
         "a primary processor-based control is set that this CPU does not have" EXECUTION},
        {second && lacks(k->secondary, c->secondary), "a secondary control that has to be 1 is 0" EXECUTION},
        {second && exceeds(k->secondary, c->secondary),
         "a secondary control is set that this CPU does not have" EXECUTION},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *bitmaps_and_nmi(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    const struct vmx_controls *k = &s->controls;
    bool ports = (k->primary & VMX_PRIMARY_IO_BITMAPS) != 0;
    bool nmi = (k->pin & VMX_PIN_NMI) != 0;
    bool virtual_nmis = (k->pin & VMX_PIN_VIRTUAL_NMIS) != 0;
    const struct vmx_entry_rule rules[] = {
        {s->cr3_target_count > c->cr3_targets, "more CR3 targets than this CPU has" EXECUTION},
        {ports && !vmx_entry_is_place(c, s->io_bitmap_a, PAGE_SIZE),
         "I/O bitmap A is not at a page of physical memory" EXECUTION},
        {ports && !vmx_entry_is_place(c, s->io_bitmap_b, PAGE_SIZE),
         "I/O bitmap B is not at a page of physical memory" EXECUTION},
        {(k->primary & VMX_PRIMARY_MSR_BITMAPS) != 0 && !vmx_entry_is_place(c, s->msr_bitmap, PAGE_SIZE),
         "the MSR bitmap is not at a page of physical memory" EXECUTION},
        {virtual_nmis && !nmi, "virtual NMIs without NMI exiting" EXECUTION},
        {(k->primary & VMX_PRIMARY_NMI_WINDOW) != 0 && !virtual_nmis,
         "NMI-window exiting without virtual NMIs" EXECUTION},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *tpr_shadow(const struct vmx_entry_state *s)
{
    uint32_t k = vmx_entry_secondary(s);
    bool shadow = (s->controls.primary & VMX_PRIMARY_TPR_SHADOW) != 0;
    bool threshold = shadow && (k & VMX_SECONDARY_VIRTUAL_INTERRUPTS) == 0;
    bool compared = threshold && (k & VMX_SECONDARY_APIC_ACCESS) == 0;
    const struct vmx_entry_rule rules[] = {
        {shadow && !vmx_entry_is_place(s->capability, s->virtual_apic, PAGE_SIZE),
         "the virtual-APIC page is not at a page of physical memory" EXECUTION},
        {threshold && s->tpr_threshold > 15, "the TPR threshold is above 15" EXECUTION},
        {compared && bits_get(s->tpr_threshold, 3, 0) > bits_get(s->virtual_apic_tpr, 7, 4),
         "the TPR threshold is above the priority in the virtual-APIC page" EXECUTION},
        {!shadow && (k & VMX_SECONDARY_VIRTUAL_X2APIC) != 0, "x2APIC virtualisation without TPR shadow" EXECUTION},
        {!shadow && (k & VMX_SECONDARY_APIC_REGISTERS) != 0,
         "APIC-register virtualisation without TPR shadow" EXECUTION},
        {!shadow && (k & VMX_SECONDARY_VIRTUAL_INTERRUPTS) != 0,
         "virtual-interrupt delivery without TPR shadow" EXECUTION},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *apic_virtualisation(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    uint32_t k = vmx_entry_secondary(s);
    bool access = (k & VMX_SECONDARY_APIC_ACCESS) != 0;
    bool interrupts = (k & VMX_SECONDARY_VIRTUAL_INTERRUPTS) != 0;
    bool posted = (s->controls.pin & VMX_PIN_POSTED_INTERRUPTS) != 0;
    const struct vmx_entry_rule rules[] = {
        {access && !vmx_entry_is_place(c, s->apic_access, PAGE_SIZE),
         "the APIC-access page is not at a page of physical memory" EXECUTION},
        {access && (k & VMX_SECONDARY_VIRTUAL_X2APIC) != 0,
         "x2APIC virtualisation together with the APIC-access page" EXECUTION},
        {interrupts && (s->controls.pin & VMX_PIN_EXTERNAL_INTERRUPT) == 0,
         "virtual-interrupt delivery without external-interrupt exiting" EXECUTION},
        {posted && !interrupts, "posted interrupts without virtual-interrupt delivery" EXECUTION},
        {posted && (s->controls.exit & VMX_EXIT_ACK_INTERRUPT) == 0,
         "posted interrupts without acknowledging interrupts on exit" EXECUTION},
        {posted && s->posted_vector > 255, "the posted-interrupt notification vector is above 255" EXECUTION},
        {posted && !vmx_entry_is_place(c, s->posted_descriptor, 64),
         "the posted-interrupt descriptor is not at 64 aligned bytes of physical memory" EXECUTION},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static bool bad_eptp_type(const struct vmx_capability *c, uint64_t eptp)
{
    uint64_t type = bits_get(eptp, 2, 0);
    return type != MEMORY_WRITE_BACK && !(type == MEMORY_UNCACHED && c->ept_uncached);
}

static bool bad_eptp_walk(const struct vmx_capability *c, uint64_t eptp)
{
    uint64_t levels = bits_get(eptp, 5, 3) + 1;
    return levels != 4 && !(levels == 5 && c->ept_5_levels);
}

static const char *nested_tables(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    uint32_t k = vmx_entry_secondary(s);
    bool ept = (k & VMX_SECONDARY_EPT) != 0;
    const struct vmx_entry_rule rules[] = {
        {(k & VMX_SECONDARY_VPID) != 0 && s->vpid == 0, "the VPID is 0" EXECUTION},
        {ept && bad_eptp_type(c, s->eptp), "the EPT pointer has a memory type that this CPU does not have" EXECUTION},
        {ept && bad_eptp_walk(c, s->eptp),
         "the EPT pointer has a number of levels that this CPU does not have" EXECUTION},
        {ept && vmx_entry_bit(s->eptp, 6) && !c->ept_ad,
         "the EPT pointer asks for accessed and dirty flags that this CPU does not have" EXECUTION},
        {ept && bits_get(s->eptp, 11, 7) != 0, "the EPT pointer has a reserved bit set" EXECUTION},
        {ept && !vmx_entry_is_physical(c, s->eptp), "the EPT table is not in physical memory" EXECUTION},
        {!ept && (k & VMX_SECONDARY_UNRESTRICTED_GUEST) != 0, "unrestricted guest without EPT" EXECUTION},
        {!ept && (k & VMX_SECONDARY_PML) != 0, "page-modification logging without EPT" EXECUTION},
        {!ept && (k & VMX_SECONDARY_MODE_BASED_EXECUTE) != 0, "mode-based execute control without EPT" EXECUTION},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

/* The area and its last byte; an area of no MSRs is not looked at. */
static bool bad_area(const struct vmx_capability *c, uint32_t count, uint64_t at)
{
    if (count == 0) {
        return false;
    }
    uint64_t last;
    bool wraps = __builtin_add_overflow(at, (uint64_t)count * MSR_ENTRY_BYTES - 1, &last);
    return wraps || !vmx_entry_is_place(c, at, MSR_ENTRY_BYTES) || !vmx_entry_is_physical(c, last);
}

static const char *exit_controls(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    uint32_t k = s->controls.exit;
    const struct vmx_entry_rule rules[] = {
        {lacks(k, c->exit), "an exit control that has to be 1 is 0" EXIT},
        {exceeds(k, c->exit), "an exit control is set that this CPU does not have" EXIT},
        {(k & VMX_EXIT_SAVE_TIMER) != 0 && (s->controls.pin & VMX_PIN_PREEMPTION_TIMER) == 0,
         "exits are to save the preemption timer, which is off" EXIT},
        {bad_area(c, s->exit_store_count, s->exit_store),
         "the MSR area that exits store to is not in physical memory" EXIT},
        {bad_area(c, s->exit_load_count, s->exit_load),
         "the MSR area that exits load from is not in physical memory" EXIT},
    };
    return vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

/* Exceptions that push an error code; #CP (21) does where it exists. */
static bool pushes_error(uint8_t vector)
{
    return vector < 32 && ((BIT32(8) | MASK32(14, 10) | BIT32(17)) & BIT32(vector)) != 0;
}

static bool bad_error_bit(const struct vmx_entry_state *s)
{
    bool delivers = vmx_entry_bit(s->event, 11);
    uint8_t vector = (uint8_t)s->event;
    bool protected = vmx_entry_bit(s->guest.cr0, VMX_ENTRY_CR0_PE);
    if (vmx_entry_event_type(s->event) != VMX_ENTRY_EVENT_EXCEPTION || !protected) {
        return delivers;
    }
    return !s->capability->injects_any_error && vector != 21 && delivers != pushes_error(vector);
}

/* Of a software event, the length of its instruction. */
static bool bad_length(const struct vmx_entry_state *s, enum vmx_entry_event_type type)
{
    bool software = type == VMX_ENTRY_EVENT_SOFTWARE_INTERRUPT || type == VMX_ENTRY_EVENT_PRIVILEGED ||
                    type == VMX_ENTRY_EVENT_SOFTWARE_EXCEPTION;
    return software && (s->event_length > 15 || (s->event_length == 0 && !s->capability->zero_length_injection));
}

static const char *event(const struct vmx_entry_state *s)
{
    enum vmx_entry_event_type type = vmx_entry_event_type(s->event);
    uint8_t vector = (uint8_t)s->event;
    bool traps = (s->capability->primary.may & VMX_PRIMARY_TRAP) != 0;
    const struct vmx_entry_rule rules[] = {
        {type == 1 || (type == VMX_ENTRY_EVENT_OTHER && !traps), "the event to inject is of a reserved type" ENTRY},
        {type == VMX_ENTRY_EVENT_NMI && vector != 2, "the NMI to inject does not have vector 2" ENTRY},
        {type == VMX_ENTRY_EVENT_EXCEPTION && vector > 31, "the exception to inject has a vector above 31" ENTRY},
        {type == VMX_ENTRY_EVENT_OTHER && vector != 0, "the trap flag to inject does not have vector 0" ENTRY},
        {bad_error_bit(s), "the event to inject has an error code and should not, or the reverse" ENTRY},
        {bits_get(s->event, 30, 12) != 0, "the event to inject has a reserved bit set" ENTRY},
        {vmx_entry_bit(s->event, 11) && s->event_error > 0xffff,
         "the error code to inject has a bit above 15 set" ENTRY},
        {bad_length(s, type), "the instruction length of the event to inject is not 1 to 15" ENTRY},
    };
    return type == VMX_ENTRY_EVENT_NONE ? NULL : vmx_entry_first_broken(rules, ARRAY_LENGTH(rules));
}

static const char *entry_controls(const struct vmx_entry_state *s)
{
    const struct vmx_capability *c = s->capability;
    uint32_t k = s->controls.entry;
    const struct vmx_entry_rule before[] = {
        {lacks(k, c->entry), "an entry control that has to be 1 is 0" ENTRY},
        {exceeds(k, c->entry), "an entry control is set that this CPU does not have" ENTRY},
    };
    const struct vmx_entry_rule after[] = {
        {bad_area(c, s->entry_load_count, s->entry_load),
         "the MSR area that entries load from is not in physical memory" ENTRY},
        {(k & (VMX_ENTRY_TO_SMM | VMX_ENTRY_DEACTIVATE_DUAL_MONITOR)) != 0, "an entry to SMM from outside it" ENTRY},
    };
    const char *words = vmx_entry_first_broken(before, ARRAY_LENGTH(before));
    words = words != NULL ? words : event(s);
    return words != NULL ? words : vmx_entry_first_broken(after, ARRAY_LENGTH(after));
}

const char *vmx_entry_check_controls(const struct vmx_entry_state *s)
{
    static vmx_entry_group *const groups[] = {
        reserved_bits, bitmaps_and_nmi, tpr_shadow, apic_virtualisation, nested_tables, exit_controls, entry_controls,
    };
    return vmx_entry_first_words(groups, ARRAY_LENGTH(groups), s);
}
