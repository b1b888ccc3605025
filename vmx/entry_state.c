/* SPDX-License-Identifier: GPL-2.0-only
 * The snapshot behind a failed entry. */
#include "vmx/entry_state.h"

#include "vmx/entry_check.h"

static struct vmx_entry_segment segment(enum vcpu_segment_name which)
{
    unsigned step = VMCS_FIELD_STEP * which;
    return (struct vmx_entry_segment){
        .base = vmx_read(VMCS_GUEST_ES_BASE + step),
        .limit = (uint32_t)vmx_read(VMCS_GUEST_ES_LIMIT + step),
        .access = (uint32_t)vmx_read(VMCS_GUEST_ES_ACCESS + step),
        .selector = (uint16_t)vmx_read(VMCS_GUEST_ES_SELECTOR + step),
    };
}

static void read_guest(struct vmx_entry_guest *g, const struct vmx_capability *c)
{
    *g = (struct vmx_entry_guest){
        .cr0 = vmx_read(VMCS_GUEST_CR0),
        .cr3 = vmx_read(VMCS_GUEST_CR3),
        .cr4 = vmx_read(VMCS_GUEST_CR4),
        .dr7 = vmx_read(VMCS_GUEST_DR7),
        .rip = vmx_read(VMCS_GUEST_RIP),
        .rsp = vmx_read(VMCS_GUEST_RSP),
        .rflags = vmx_read(VMCS_GUEST_RFLAGS),
        .debugctl = vmx_read(VMCS_GUEST_DEBUGCTL),
        .sysenter_esp = vmx_read(VMCS_GUEST_SYSENTER_ESP),
        .sysenter_eip = vmx_read(VMCS_GUEST_SYSENTER_EIP),
        .pat = vmx_read(VMCS_GUEST_PAT),
        .efer = vmx_read(VMCS_GUEST_EFER),
        .gdtr = {vmx_read(VMCS_GUEST_GDTR_BASE), (uint32_t)vmx_read(VMCS_GUEST_GDTR_LIMIT)},
        .idtr = {vmx_read(VMCS_GUEST_IDTR_BASE), (uint32_t)vmx_read(VMCS_GUEST_IDTR_LIMIT)},
        .activity = (uint32_t)vmx_read(VMCS_GUEST_ACTIVITY),
        .interruptibility = (uint32_t)vmx_read(VMCS_GUEST_INTERRUPTIBILITY),
        .pending_debug = vmx_read(VMCS_GUEST_PENDING_DEBUG),
        .link_pointer = vmx_read(VMCS_LINK_POINTER),
        .interrupt_status = c->virtual_interrupts ? (uint16_t)vmx_read(VMCS_GUEST_INTERRUPT_STATUS) : 0,
    };
    for (unsigned i = 0; i < VCPU_SEGMENT_COUNT; i++) {
        g->segments[i] = segment(i);
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(g->pdpte); i++) {
        g->pdpte[i] = vmx_read(VMCS_GUEST_PDPTE_0 + VMCS_FIELD_STEP * i);
    }
}

static void read_host(struct vmx_entry_host *h)
{
    *h = (struct vmx_entry_host){
        .cr0 = vmx_read(VMCS_HOST_CR0),
        .cr3 = vmx_read(VMCS_HOST_CR3),
        .cr4 = vmx_read(VMCS_HOST_CR4),
        .rip = vmx_read(VMCS_HOST_RIP),
        .fs_base = vmx_read(VMCS_HOST_FS_BASE),
        .gs_base = vmx_read(VMCS_HOST_GS_BASE),
        .gdtr_base = vmx_read(VMCS_HOST_GDTR_BASE),
        .idtr_base = vmx_read(VMCS_HOST_IDTR_BASE),
        .tr_base = vmx_read(VMCS_HOST_TR_BASE),
        .sysenter_esp = vmx_read(VMCS_HOST_SYSENTER_ESP),
        .sysenter_eip = vmx_read(VMCS_HOST_SYSENTER_EIP),
        .pat = vmx_read(VMCS_HOST_PAT),
        .efer = vmx_read(VMCS_HOST_EFER),
        .es = (uint16_t)vmx_read(VMCS_HOST_ES_SELECTOR),
        .cs = (uint16_t)vmx_read(VMCS_HOST_CS_SELECTOR),
        .ss = (uint16_t)vmx_read(VMCS_HOST_SS_SELECTOR),
        .ds = (uint16_t)vmx_read(VMCS_HOST_DS_SELECTOR),
        .fs = (uint16_t)vmx_read(VMCS_HOST_FS_SELECTOR),
        .gs = (uint16_t)vmx_read(VMCS_HOST_GS_SELECTOR),
        .tr = (uint16_t)vmx_read(VMCS_HOST_TR_SELECTOR),
        .long_mode = true,
    };
}

static void read_controls(struct vmx_entry_state *s, const struct vmx_vcpu *v, const struct vmx_capability *c)
{
    s->capability = c;
    s->controls = (struct vmx_controls){
        .pin = (uint32_t)vmx_read(VMCS_PIN_CONTROLS),
        .primary = (uint32_t)vmx_read(VMCS_PRIMARY_CONTROLS),
        .secondary = (uint32_t)vmx_read(VMCS_SECONDARY_CONTROLS),
        .exit = (uint32_t)vmx_read(VMCS_EXIT_CONTROLS),
        .entry = (uint32_t)vmx_read(VMCS_ENTRY_CONTROLS),
    };
    s->cr3_target_count = (uint32_t)vmx_read(VMCS_CR3_TARGET_COUNT);
    s->io_bitmap_a = vmx_read(VMCS_IO_BITMAP_A);
    s->io_bitmap_b = vmx_read(VMCS_IO_BITMAP_B);
    s->msr_bitmap = vmx_read(VMCS_MSR_BITMAP);
    s->virtual_apic = vmx_read(VMCS_VIRTUAL_APIC);
    s->virtual_apic_tpr = v->virtual_apic[0x80];
    s->tpr_threshold = (uint32_t)vmx_read(VMCS_TPR_THRESHOLD);
    s->apic_access = c->apic_access ? vmx_read(VMCS_APIC_ACCESS) : 0;
    s->posted_descriptor = c->posted_interrupts ? vmx_read(VMCS_POSTED_DESCRIPTOR) : 0;
    s->posted_vector = c->posted_interrupts ? (uint16_t)vmx_read(VMCS_POSTED_VECTOR) : 0;
    s->vpid = c->vpid ? (uint16_t)vmx_read(VMCS_VPID) : 0;
    s->eptp = vmx_read(VMCS_EPT_POINTER);
}

static void read_entry(struct vmx_entry_state *s)
{
    s->event = (uint32_t)vmx_read(VMCS_ENTRY_EVENT);
    s->event_error = (uint32_t)vmx_read(VMCS_ENTRY_EVENT_ERROR);
    s->event_length = (uint32_t)vmx_read(VMCS_ENTRY_LENGTH);
    s->exit_store_count = (uint32_t)vmx_read(VMCS_EXIT_MSR_STORE_COUNT);
    s->exit_load_count = (uint32_t)vmx_read(VMCS_EXIT_MSR_LOAD_COUNT);
    s->entry_load_count = (uint32_t)vmx_read(VMCS_ENTRY_MSR_LOAD_COUNT);
    s->exit_store = vmx_read(VMCS_EXIT_MSR_STORE);
    s->exit_load = vmx_read(VMCS_EXIT_MSR_LOAD);
    s->entry_load = vmx_read(VMCS_ENTRY_MSR_LOAD);
}

const char *vmx_entry_state_explain(const struct vmx_vcpu *v, const struct vmx_capability *capability,
                                    const char *otherwise)
{
    struct vmx_entry_state s = {0};
    read_controls(&s, v, capability);
    read_entry(&s);
    read_guest(&s.guest, capability);
    read_host(&s.host);
    const char *why = vmx_entry_check(&s);
    return why == NULL ? otherwise : why;
}

const char *vmx_entry_state_error(uint32_t error)
{
    static const char *const texts[] = {
        [1] = "VMCALL in VMX root operation",
        [2] = "VMCLEAR with an invalid address",
        [3] = "VMCLEAR of the VMXON region",
        [4] = "VMLAUNCH of a VMCS that is not clear",
        [5] = "VMRESUME of a VMCS that was not launched",
        [6] = "VMRESUME after VMXOFF",
        [7] = "VM entry with invalid control fields",
        [8] = "VM entry with invalid host state",
        [9] = "VMPTRLD with an invalid address",
        [10] = "VMPTRLD of the VMXON region",
        [11] = "VMPTRLD with an incorrect revision",
        [12] = "VMREAD or VMWRITE of a component that does not exist",
        [13] = "VMWRITE to a read-only component",
        [15] = "VMXON in VMX root operation",
        [26] = "VM entry with events blocked by MOV SS",
        [28] = "INVEPT or INVVPID with an invalid operand",
    };
    return error < ARRAY_LENGTH(texts) && texts[error] != NULL ? texts[error]
                                                               : "a VMX instruction error without a name";
}
