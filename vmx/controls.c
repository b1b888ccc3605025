/* SPDX-License-Identifier: GPL-2.0-only
 * Control fields of a VMCS: required, wanted and allowed bits put together. */
#include "vmx/controls.h"

#include "kernel/core/cpu_feature.h"

enum field { PIN, PRIMARY, SECONDARY, EXIT, ENTRY, FIELDS };

/* Reserved bits of the default1 class (SDM 3D A.2): set because the CPU says so, without a meaning of their own. */
static const uint32_t default1[FIELDS] = {
    [PIN] = BIT32(1) | BIT32(2) | BIT32(4),
    [PRIMARY] = BIT32(1) | MASK32(6, 4) | BIT32(8) | MASK32(14, 13) | BIT32(26),
    [EXIT] = MASK32(1, 0) | MASK32(8, 3) | BIT32(10) | BIT32(11) | BIT32(13) | BIT32(14) | BIT32(16) | BIT32(17),
    [ENTRY] = MASK32(1, 0) | MASK32(8, 3) | BIT32(12),
};

struct control {
    enum field field;
    uint32_t bit;
    const char *missing; /* of a required one: the refusal */
};

#define NEEDS(what) "this CPU's VMX has no " what

/* In the order in which a CPU that lacks several is told: what users know by name comes first. */
static const struct control required[] = {
    {PRIMARY, VMX_PRIMARY_SECONDARY, NEEDS("secondary controls, and so no EPT: Westmere (2010) or later is needed")},
    {SECONDARY, VMX_SECONDARY_EPT, NEEDS("EPT (extended page tables): Westmere (2010) or later is needed")},
    {SECONDARY, VMX_SECONDARY_UNRESTRICTED_GUEST, NEEDS("unrestricted guest: Westmere (2010) or later is needed")},
    {PRIMARY, VMX_PRIMARY_MSR_BITMAPS, NEEDS("MSR bitmaps")},
    {PRIMARY, VMX_PRIMARY_IO_BITMAPS, NEEDS("I/O bitmaps")},
    {PRIMARY, VMX_PRIMARY_TPR_SHADOW, NEEDS("TPR shadow")},
    {PRIMARY, VMX_PRIMARY_TSC_OFFSET, NEEDS("TSC offsetting")},
    {PRIMARY, VMX_PRIMARY_HLT, NEEDS("HLT exiting")},
    {PRIMARY, VMX_PRIMARY_INTERRUPT_WINDOW, NEEDS("interrupt-window exiting")},
    {PRIMARY, VMX_PRIMARY_NMI_WINDOW, NEEDS("NMI-window exiting")},
    {PRIMARY, VMX_PRIMARY_MONITOR, NEEDS("MONITOR exiting")},
    {PRIMARY, VMX_PRIMARY_MWAIT, NEEDS("MWAIT exiting")},
    {PRIMARY, VMX_PRIMARY_RDPMC, NEEDS("RDPMC exiting")},
    {PIN, VMX_PIN_EXTERNAL_INTERRUPT, NEEDS("external-interrupt exiting")},
    {PIN, VMX_PIN_NMI, NEEDS("NMI exiting")},
    {PIN, VMX_PIN_VIRTUAL_NMIS, NEEDS("virtual NMIs")},
    {EXIT, VMX_EXIT_HOST_64, NEEDS("64-bit host")},
    {EXIT, VMX_EXIT_SAVE_EFER, NEEDS("saving of IA32_EFER by exits")},
    {EXIT, VMX_EXIT_LOAD_EFER, NEEDS("loading of IA32_EFER by exits")},
    {EXIT, VMX_EXIT_SAVE_PAT, NEEDS("saving of IA32_PAT by exits")},
    {EXIT, VMX_EXIT_LOAD_PAT, NEEDS("loading of IA32_PAT by exits")},
    {EXIT, VMX_EXIT_SAVE_DEBUG, NEEDS("saving of the debug controls by exits")},
    {ENTRY, VMX_ENTRY_GUEST_64, NEEDS("64-bit guests")},
    {ENTRY, VMX_ENTRY_LOAD_EFER, NEEDS("loading of IA32_EFER by entries")},
    {ENTRY, VMX_ENTRY_LOAD_PAT, NEEDS("loading of IA32_PAT by entries")},
    {ENTRY, VMX_ENTRY_LOAD_DEBUG, NEEDS("loading of the debug controls by entries")},
};

/* Checked above, but set only while the guest is in such a state. */
static const struct control later[] = {
    {PRIMARY, VMX_PRIMARY_INTERRUPT_WINDOW, NULL},
    {PRIMARY, VMX_PRIMARY_NMI_WINDOW, NULL},
    {ENTRY, VMX_ENTRY_GUEST_64, NULL},
};

/* Used when allowed. What CPUID offers the guest follows from some of these: RDTSCP, INVPCID, XSAVES. */
static const struct control wanted[] = {
    {SECONDARY, VMX_SECONDARY_RDTSCP, NULL},
    {SECONDARY, VMX_SECONDARY_INVPCID, NULL},
    {SECONDARY, VMX_SECONDARY_XSAVES, NULL},
    {SECONDARY, VMX_SECONDARY_WBINVD, NULL},
};

static void gather(const struct control *list, size_t count, uint32_t bits[FIELDS])
{
    for (size_t i = 0; i < count; i++) {
        bits[list[i].field] |= list[i].bit;
    }
}

static bool has(uint32_t without, enum cpu_feature feature)
{
    return (without & cpu_feature_bit(feature)) == 0;
}

/* The optional features, with the dependencies of SDM 3C 27.2.1.1. */
static void add_features(const struct vmx_capability *c, uint32_t without, uint32_t bits[FIELDS])
{
    if (c->vpid && c->invvpid_all && has(without, CPU_FEATURE_VPID)) {
        bits[SECONDARY] |= VMX_SECONDARY_VPID;
    }
    if (!c->apic_access || !c->apic_registers || !has(without, CPU_FEATURE_APIC_REGISTERS)) {
        return;
    }
    bits[SECONDARY] |= VMX_SECONDARY_APIC_ACCESS | VMX_SECONDARY_APIC_REGISTERS;
    if (!c->virtual_interrupts || !has(without, CPU_FEATURE_VIRTUAL_INTERRUPTS)) {
        return;
    }
    bits[SECONDARY] |= VMX_SECONDARY_VIRTUAL_INTERRUPTS;
    if (c->posted_interrupts && (c->exit.may & VMX_EXIT_ACK_INTERRUPT) != 0 &&
        has(without, CPU_FEATURE_POSTED_INTERRUPTS)) {
        bits[PIN] |= VMX_PIN_POSTED_INTERRUPTS;
        bits[EXIT] |= VMX_EXIT_ACK_INTERRUPT;
    }
}

static const char *find_missing(const uint32_t may[FIELDS])
{
    for (size_t i = 0; i < ARRAY_LENGTH(required); i++) {
        if ((may[required[i].field] & required[i].bit) == 0) {
            return required[i].missing;
        }
    }
    return NULL;
}

/* A control that the CPU forces on and that this backend does not expect would cause exits without a handler. */
static const char *find_forced(const uint32_t must[FIELDS], const uint32_t bits[FIELDS])
{
    for (unsigned f = 0; f < FIELDS; f++) {
        if ((must[f] & ~bits[f] & ~default1[f]) != 0) {
            return f == PRIMARY ? "this CPU's VMX cannot leave a processor-based control off (CR3 exiting on the first "
                                  "CPUs with VMX): Westmere (2010) or later is needed"
                                : "this CPU's VMX cannot leave a control off that Bulkhead does not use";
        }
    }
    return NULL;
}

enum status vmx_controls_make(const struct vmx_capability *c, uint32_t without, struct vmx_controls *out,
                              const char **missing)
{
    const uint32_t may[FIELDS] = {c->pin.may, c->primary.may, c->secondary.may, c->exit.may, c->entry.may};
    const uint32_t must[FIELDS] = {c->pin.must, c->primary.must, c->secondary.must, c->exit.must, c->entry.must};
    uint32_t bits[FIELDS] = {0}, want[FIELDS] = {0}, off[FIELDS] = {0};
    *missing = find_missing(may);
    if (*missing != NULL) {
        return STATUS_UNSUPPORTED;
    }
    gather(required, ARRAY_LENGTH(required), bits);
    gather(later, ARRAY_LENGTH(later), off);
    gather(wanted, ARRAY_LENGTH(wanted), want);
    for (unsigned f = 0; f < FIELDS; f++) {
        bits[f] = (bits[f] & ~off[f]) | (want[f] & may[f]);
    }
    add_features(c, without, bits);
    *missing = find_forced(must, bits);
    if (*missing != NULL) {
        return STATUS_UNSUPPORTED;
    }
    *out = (struct vmx_controls){
        .pin = bits[PIN] | must[PIN],
        .primary = bits[PRIMARY] | must[PRIMARY],
        .secondary = bits[SECONDARY] | must[SECONDARY],
        .exit = bits[EXIT] | must[EXIT],
        .entry = bits[ENTRY] | must[ENTRY],
    };
    return STATUS_OK;
}

uint32_t vmx_controls_timer(const struct vmx_capability *c, uint32_t without)
{
    return c->preemption_timer && has(without, CPU_FEATURE_PREEMPTION_TIMER) ? VMX_PIN_PREEMPTION_TIMER : 0;
}

struct vmx_controls vmx_controls_apic_mode(const struct vmx_capability *c, uint32_t without,
                                           struct vmx_controls initial, enum vmx_apic_mode mode)
{
    const uint32_t features = VMX_SECONDARY_APIC_REGISTERS | VMX_SECONDARY_VIRTUAL_INTERRUPTS;
    struct vmx_controls now = initial;
    if (mode == VMX_APIC_XAPIC) {
        return now;
    }
    now.secondary &= ~(uint32_t)VMX_SECONDARY_APIC_ACCESS;
    if (mode == VMX_APIC_X2APIC && c->virtual_x2apic && has(without, CPU_FEATURE_VIRTUAL_X2APIC) &&
        (initial.secondary & VMX_SECONDARY_APIC_REGISTERS) != 0) {
        now.secondary |= VMX_SECONDARY_VIRTUAL_X2APIC;
        return now;
    }
    now.secondary &= ~features;
    now.pin &= ~(uint32_t)VMX_PIN_POSTED_INTERRUPTS;
    return now;
}
