/* SPDX-License-Identifier: GPL-2.0-only
 * The Intel VMX backend. */
#include "vmx/vmx.h"

#include "kernel/core/cpu_feature.h"
#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/vcpu_resident.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/hw/phys.h"
#include "kernel/hw/xstate.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "vmx/apicv.h"
#include "vmx/bitmaps.h"
#include "vmx/capability.h"
#include "vmx/controls.h"
#include "vmx/current.h"
#include "vmx/entry_state.h"
#include "vmx/exit.h"
#include "vmx/feature_control.h"
#include "vmx/inject.h"
#include "vmx/instructions.h"
#include "vmx/msr.h"
#include "vmx/posted.h"
#include "vmx/registers.h"
#include "vmx/state.h"
#include "vmx/switch.h"
#include "vmx/timer.h"
#include "vmx/vmcs_build.h"

#define CR4_VMXE BIT64(13)
#define DR6_BREAKPOINTS MASK64(3, 0)
#define DR6_SET (MASK64(3, 0) | BIT64(13) | BIT64(14)) /* B3:0, BD, BS: set in the qualification of a #DB */
#define DR7_GD BIT64(13)
#define VECTOR_DB 1
#define VECTOR_GP 13
#define BELOW_4G (UINT64_C(4) * GIB)

struct vmx_cpu {
    bool enabled;
    struct hpa region; /* VMXON's */
    struct vmx_vpid_pool vpids;
};

static struct {
    struct vmx_capability capability;
    struct vmx_controls controls;
    uint32_t without; /* features to leave unused */
    uint32_t timer;   /* the pin control of the preemption timer; 0: it is not used */
    struct vmx_cpu cpus[CPU_MAX];
} vmx;

/* One block of pages for each vCPU. */
enum vcpu_layout {
    LAYOUT_STATE = 0, /* struct vmx_vcpu */
    LAYOUT_VMCS = 0x1000,
    LAYOUT_MSR_BITMAP = 0x2000,
    LAYOUT_IO_BITMAPS = 0x3000,
    LAYOUT_VIRTUAL_APIC = LAYOUT_IO_BITMAPS + VMX_IO_BITMAP_BYTES,
    LAYOUT_BYTES = LAYOUT_VIRTUAL_APIC + 0x1000,
};
_Static_assert(sizeof(struct vmx_vcpu) <= LAYOUT_VMCS, "the backend's data fits its page");

static const char *quirk(void)
{
    return vmx_quirks_find(&vmx.capability)->name;
}

static void configure(uint32_t without)
{
    vmx.without = without;
}

static uint32_t features(void)
{
    static const struct {
        uint32_t control;
        enum cpu_feature feature;
    } secondary[] = {
        {VMX_SECONDARY_APIC_REGISTERS, CPU_FEATURE_APIC_REGISTERS},
        {VMX_SECONDARY_VIRTUAL_INTERRUPTS, CPU_FEATURE_VIRTUAL_INTERRUPTS},
    };
    uint32_t set = vmx_posted_in_use(&vmx.controls) ? cpu_feature_bit(CPU_FEATURE_POSTED_INTERRUPTS) : 0;
    for (size_t i = 0; i < ARRAY_LENGTH(secondary); i++) {
        set |= (vmx.controls.secondary & secondary[i].control) != 0 ? cpu_feature_bit(secondary[i].feature) : 0;
    }
    return set;
}

static unsigned lacks(void)
{
    static const struct {
        uint32_t control;
        enum vcpu_instruction instruction;
    } enabled_by[] = {
        {VMX_SECONDARY_RDTSCP, VCPU_RDTSCP},
        {VMX_SECONDARY_INVPCID, VCPU_INVPCID},
        {VMX_SECONDARY_XSAVES, VCPU_XSAVES},
    };
    unsigned set = vmx_quirks_find(&vmx.capability)->broken_compaction ? VCPU_XSAVES : 0;
    for (size_t i = 0; i < ARRAY_LENGTH(enabled_by); i++) {
        set |= (vmx.controls.secondary & enabled_by[i].control) == 0 ? enabled_by[i].instruction : 0;
    }
    return set;
}

static const char *refuse(void)
{
    struct vmx_capability c = vmx_capability_read();
    return vmx_capability_refusal(&c);
}

/* Where code in larger pages lets a guest raise a machine check, which is the whole machine's, the pages that the CPU
 * uses are never larger than these: the smaller size of the guest's and ours. */
static unsigned nested_max_leaf(void)
{
    struct vmx_capability c = vmx_capability_read();
    if (!c.page_sizes_safe && !vmx_quirks_find(&c)->page_sizes_safe) {
        return 1;
    }
    if (c.ept_1g) {
        return 3;
    }
    return c.ept_2m ? 2 : 1;
}

/* TPR shadow: MOV from CR8 reads the virtual-APIC page; MOV to it exits, because a lower priority may let an interrupt
 * of the virtual LAPIC through (but where the CPU itself watches TPR: vmx/apicv.h). */
static enum status make_controls(void)
{
    const char *missing;
    enum status status = vmx_controls_make(&vmx.capability, vmx.without, &vmx.controls, &missing);
    vmx.timer = vmx_controls_timer(&vmx.capability, vmx.without);
    vmx.controls.primary |= VMX_PRIMARY_CR8_LOAD;
    return status;
}

static uint64_t address_limit(void)
{
    return vmx.capability.vmcs_below_4g ? BELOW_4G : UINT64_MAX;
}

static void write_revision(struct hpa region)
{
    memcpy(phys_to_virt(region), &vmx.capability.revision, sizeof(vmx.capability.revision));
}

static enum status open_feature_control(void)
{
    struct vmx_feature_control f = vmx_feature_control_decide(msr_read(MSR_FEATURE_CONTROL));
    if (f.kind == VMX_FEATURE_CONTROL_REFUSED) {
        return STATUS_UNSUPPORTED;
    }
    if (f.kind == VMX_FEATURE_CONTROL_WRITE) {
        msr_write(MSR_FEATURE_CONTROL, f.value);
    }
    return STATUS_OK;
}

/* CR4.VMXE and VMXON; off again when the CPU refuses. */
static enum status start_operation(struct hpa region)
{
    cpu_write_cr4(cpu_read_cr4() | CR4_VMXE);
    if (vmx_on(region) == VMX_SUCCEED) {
        return STATUS_OK;
    }
    cpu_write_cr4(cpu_read_cr4() & ~CR4_VMXE);
    return STATUS_HARDWARE;
}

static enum status cpu_enable(unsigned index)
{
    bulkhead_assert(index < CPU_MAX && !vmx.cpus[index].enabled);
    struct vmx_cpu *cpu = &vmx.cpus[index];
    vmx.capability = vmx_capability_read();
    if (vmx_capability_refusal(&vmx.capability) != NULL || make_controls() != STATUS_OK) {
        return STATUS_UNSUPPORTED;
    }
    enum status status = pages_alloc_block(PAGE_SIZE, PAGE_SIZE, address_limit(), &cpu->region);
    if (status != STATUS_OK) {
        return status;
    }
    memset(phys_to_virt(cpu->region), 0, PAGE_SIZE);
    write_revision(cpu->region);
    vcpu_resident_cpu_enable(index);
    status = open_feature_control();
    status = status == STATUS_OK ? start_operation(cpu->region) : status;
    if (status != STATUS_OK) {
        pages_free(cpu->region, PAGE_SIZE);
        return status;
    }
    vmx_invalidate_all(&vmx.capability);
    cpu->vpids = vmx_vpid_pool_make();
    cpu->enabled = true;
    return STATUS_OK;
}

static void cpu_disable(unsigned index)
{
    bulkhead_assert(index < CPU_MAX && vmx.cpus[index].enabled);
    struct vmx_cpu *cpu = &vmx.cpus[index];
    bulkhead_assert(vmx_off() == VMX_SUCCEED);
    cpu_write_cr4(cpu_read_cr4() & ~CR4_VMXE);
    pages_free(cpu->region, PAGE_SIZE);
    *cpu = (struct vmx_cpu){.enabled = false};
}

static void vcpu_build(struct vcpu *vcpu, struct hpa block, const struct radix *nested)
{
    uint8_t *pages = phys_to_virt(block);
    struct vmx_vcpu *v = (struct vmx_vcpu *)pages;
    memset(pages, 0, LAYOUT_BYTES);
    *v = (struct vmx_vcpu){
        .vmcs = hpa_add(block, LAYOUT_VMCS),
        .msr_bitmap = pages + LAYOUT_MSR_BITMAP,
        .io_bitmaps = pages + LAYOUT_IO_BITMAPS,
        .virtual_apic = pages + LAYOUT_VIRTUAL_APIC,
        .nested = nested,
        .eptp = vmx_eptp(&vmx.capability, nested->root),
    };
    const struct vmcs_build setup = {
        .capability = &vmx.capability,
        .controls = &vmx.controls,
        .msr_bitmap = hpa_add(block, LAYOUT_MSR_BITMAP),
        .io_bitmap_a = hpa_add(block, LAYOUT_IO_BITMAPS),
        .io_bitmap_b = hpa_add(block, LAYOUT_IO_BITMAPS + VMX_IO_BITMAP_B),
        .virtual_apic = hpa_add(block, LAYOUT_VIRTUAL_APIC),
    };
    vcpu->data = v;
    vcpu->backend = &vmx_backend;
    vmx_bitmaps_deny_msrs(v->msr_bitmap);
    vmx_bitmaps_deny_ports(v->io_bitmaps);
    write_revision(v->vmcs);
    vmx_current_drop(vcpu); /* VMCLEAR: a VMCS begins its life with it */
    vmx_current_make(vcpu);
    vmcs_build(vcpu, &setup);
    vmx_posted_setup(vcpu, &vmx.controls);
}

static enum status vcpu_init(struct vcpu *vcpu, unsigned cpu, const struct radix *nested)
{
    bulkhead_assert(cpu == cpu_index() && vmx.cpus[cpu].enabled);
    bulkhead_assert(nested->format == &radix_ept && nested->levels == 4);
    struct hpa block;
    vcpu->cpu = cpu;
    enum status status = pages_alloc_block(LAYOUT_BYTES, PAGE_SIZE, address_limit(), &block);
    if (status != STATUS_OK) {
        return status;
    }
    status = vcpu_resident_init(vcpu);
    if (status != STATUS_OK) {
        pages_free(block, LAYOUT_BYTES);
        return status;
    }
    vcpu_build(vcpu, block, nested);
    return STATUS_OK;
}

static void vcpu_free(struct vcpu *vcpu)
{
    struct hpa block = virt_to_phys(vmx_state(vcpu));
    vcpu_resident_free(vcpu);
    vmx_switch_forget(vcpu);
    vmx_current_drop(vcpu);
    memset(phys_to_virt(block), 0, LAYOUT_BYTES);
    pages_free(block, LAYOUT_BYTES);
    vcpu->data = NULL;
}

/* Linear translations go by a new VPID, what came from the nested tables by INVEPT. */
static void __attribute__((noinline)) flush(struct vcpu *vcpu, struct vmx_cpu *cpu)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    if ((vmx.controls.secondary & VMX_SECONDARY_VPID) != 0) {
        if (vmx_vpid_prepare(&cpu->vpids, &v->vpid, vcpu->flush)) {
            vmx_invalidate_all(&vmx.capability);
        }
        vmx_write(VMCS_VPID, v->vpid.number);
    }
    v->vpid.generation = cpu->vpids.generation;
    if (vcpu->flush) {
        vmx_invalidate_ept(&vmx.capability, v->eptp);
        vcpu->flush = false;
    }
}

/* Nothing of the guest ran. */
static void __attribute__((noinline))
explain_failure(struct vmx_vcpu *v, enum vmx_result result, struct vcpu_exit *exit)
{
    *exit = (struct vcpu_exit){.kind = VCPU_EXIT_ENTRY_FAILED, .code = UINT64_MAX};
    if (result == VMX_FAIL_INVALID) {
        exit->text = "there is no current VMCS";
        return;
    }
    exit->code = vmx_read(VMCS_INSTRUCTION_ERROR);
    exit->text = vmx_entry_state_explain(v, &vmx.capability, vmx_entry_state_error((uint32_t)exit->code));
}

/* The CPU leaves DR6 and DR7 to whoever takes the #DB (SDM 3C 28.1); the exit of an INT1 points to itself. */
static void take_debug_exception(struct vcpu *vcpu)
{
    uint32_t info = (uint32_t)vmx_read(VMCS_EXIT_EVENT);
    if ((uint8_t)info != VECTOR_DB) {
        return;
    }
    if (bits_get(info, VMCS_EVENT_TYPE_HIGH, VMCS_EVENT_TYPE_LOW) == VMCS_TYPE_PRIVILEGED) {
        vcpu->rip += vmx_read(VMCS_EXIT_LENGTH);
        return;
    }
    uint64_t dr6 = vmx_switch_read(vcpu, VCPU_DR6) & ~DR6_BREAKPOINTS;
    vmx_switch_write(vcpu, VCPU_DR6, dr6 | (vmx_read(VMCS_QUALIFICATION) & DR6_SET));
    vmx_write(VMCS_GUEST_DR7, vmx_read(VMCS_GUEST_DR7) & ~DR7_GD);
}

/* True: the exit is dealt with, enter again. False: a #GP could not be delivered any more. */
static bool take_cr0(struct vcpu *vcpu, struct vmx_exit_cr cr)
{
    return vmx_registers_show_cr0(vcpu, vcpu->gprs[cr.gpr]) || vcpu_inject_exception_with(vcpu, VECTOR_GP, 0);
}

/* A guest that shut down is reset: the VMCS must be fit for that. */
static void take_shutdown(void)
{
    vmx_write(VMCS_GUEST_ACTIVITY, VMCS_ACTIVE);
    vmx_write(VMCS_GUEST_PENDING_DEBUG, 0);
}

/* What the backend does with an exit before or instead of the guest layer. True: enter again. */
static bool take(struct vcpu *vcpu, enum vmcs_reason reason, struct vcpu_exit *exit)
{
    switch (reason) {
    case VMCS_REASON_EXCEPTION_OR_NMI:
        if (vmx_exit_is_nmi()) {
            vmx_take_nmi();
        } else {
            take_debug_exception(vcpu);
        }
        return false;
    case VMCS_REASON_INTERRUPT:
        vcpu->acknowledged = vmx_posted_acknowledged(&vmx.controls);
        return false;
    case VMCS_REASON_TRIPLE_FAULT:
        take_shutdown();
        return false;
    case VMCS_REASON_CR: {
        struct vmx_exit_cr cr = vmx_exit_cr(vmx_read(VMCS_QUALIFICATION));
        if (cr.number != 0 || cr.access != VMX_CR_MOV_TO) {
            return false;
        }
        if (!take_cr0(vcpu, cr)) {
            exit->kind = VCPU_EXIT_SHUTDOWN;
        }
        return exit->kind != VCPU_EXIT_SHUTDOWN;
    }
    default:
        return false;
    }
}

/* True: enter again. */
static bool enter_once(struct vcpu *vcpu, struct vmx_cpu *cpu, struct vcpu_exit *exit)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    vmx_registers_load(vcpu);
    vmx_inject_prepare(vcpu);
    if (vcpu->slice_end_tsc != 0 || v->timer_on) {
        vmx_timer_prepare(vcpu, vmx.timer, vmx.capability.timer_shift);
    }
    if (vcpu->flush || v->vpid.generation != cpu->vpids.generation) {
        flush(vcpu, cpu);
    }
    enum vmx_result result = vmx_entry_run(vcpu->gprs, &v->frame);
    if (__builtin_expect(result != VMX_SUCCEED, false)) {
        explain_failure(v, result, exit);
        return false;
    }
    uint64_t reason = vmx_read(VMCS_EXIT_REASON);
    vmx_exit_decode(reason & 0xffff, exit);
    if (__builtin_expect((reason & BIT64(VMCS_REASON_ENTRY_FAILED)) != 0, false)) {
        exit->text = vmx_entry_state_explain(v, &vmx.capability, exit->text);
        return false;
    }
    v->frame.launched = 1;
    vmx_registers_store(vcpu);
    if (exit->length != 0) {
        vmx_inject_finish_instruction(vcpu);
    } else {
        vmx_inject_finish(vcpu, reason & 0xffff);
    }
    return take(vcpu, reason & 0xffff, exit);
}

static void run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    struct vmx_cpu *cpu = &vmx.cpus[vcpu->cpu];
    vcpu_resident_load(vcpu);
    vmx_switch_load(vcpu);
    vmx_current_make(vcpu);
    while (enter_once(vcpu, cpu, exit)) {
    }
}

static bool ends_slices(void)
{
    return vmx.timer != 0;
}

static void leave(struct vcpu *vcpu)
{
    vcpu_resident_store(vcpu);
    vmx_switch_store(vcpu);
}

static enum status allow_msr(struct vcpu *vcpu, uint32_t msr, unsigned access)
{
    return vmx_bitmaps_set_msr(vmx_state(vcpu)->msr_bitmap, msr, (access & VCPU_ALLOW_READ) != 0,
                               (access & VCPU_ALLOW_WRITE) != 0);
}

static enum status allow_ports(struct vcpu *vcpu, uint16_t first, uint32_t count, unsigned access)
{
    return vmx_bitmaps_set_ports(vmx_state(vcpu)->io_bitmaps, first, count, access != VCPU_ALLOW_NONE);
}

static bool needs_access_page(void)
{
    return (vmx.controls.secondary & VMX_SECONDARY_APIC_ACCESS) != 0;
}

static unsigned set_apic_mode(struct vcpu *vcpu, enum vcpu_apic_mode mode)
{
    const struct vmx_apicv a = {&vmx.capability, &vmx.controls, vmx_quirks_find(&vmx.capability), vmx.without};
    vmx_current_make(vcpu);
    return vmx_apicv_set_mode(&a, vcpu, mode);
}

static const struct cpu_backend_apic apic = {
    .needs_access_page = needs_access_page,
    .set_pages = vmx_apicv_set_pages,
    .set_mode = set_apic_mode,
    .set_status = vmx_apicv_set_status,
    .set_threshold = vmx_apicv_set_threshold,
};

const struct cpu_backend vmx_backend = {
    .name = "vmx",
    .nested_format = &radix_ept,
    .nested_max_leaf = nested_max_leaf,
    .quirk = quirk,
    .configure = configure,
    .features = features,
    .lacks = lacks,
    .refuse = refuse,
    .cpu_enable = cpu_enable,
    .cpu_disable = cpu_disable,
    .vcpu_init = vcpu_init,
    .vcpu_free = vcpu_free,
    .run = run,
    .ends_slices = ends_slices,
    .leave = leave,
    .read = vmx_registers_read,
    .write = vmx_registers_write,
    .read_segment = vmx_registers_read_segment,
    .read_code = vmx_registers_read_code,
    .write_segment = vmx_registers_write_segment,
    .allow_msr = allow_msr,
    .allow_ports = allow_ports,
    .apic = &apic,
};
