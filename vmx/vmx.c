/* SPDX-License-Identifier: GPL-2.0-only
 * The Intel VMX backend. */
#include "vmx/vmx.h"

#include "kernel/core/cpu_feature.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time_calibrate.h"
#include "kernel/core/vcpu_resident.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "vmx/apicv.h"
#include "vmx/bitmaps.h"
#include "vmx/capability.h"
#include "vmx/controls.h"
#include "vmx/current.h"
#include "vmx/entry_state.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/instructions.h"
#include "vmx/operation.h"
#include "vmx/posted.h"
#include "vmx/registers.h"
#include "vmx/state.h"
#include "vmx/switch.h"
#include "vmx/take.h"
#include "vmx/timer.h"
#include "vmx/vmcs_build.h"

#define RFLAGS_IF BIT64(9)
#define BELOW_4G (UINT64_C(4) * GIB)

struct vmx_cpu {
    bool enabled;
    struct hpa region; /* VMXON's */
    struct vmx_vpid_pool vpids;
} CPU_ALIGNED;

static struct {
    struct vmx_capability capability;
    struct vmx_controls controls;
    uint32_t without; /* features to leave unused */
    uint32_t timer;   /* the pin control of the preemption timer; 0: it is not used */
    const struct vmx_quirks *quirks;
    uint64_t patience; /* VMX_QUIRKS_HOLD_US in TSC ticks */
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
    return vmx.quirks->name;
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
    vmx.quirks = vmx_quirks_find(&vmx.capability);
    vmx.patience = time_tsc_hz() / 1000000 * VMX_QUIRKS_HOLD_US;
    vmx.timer = vmx_controls_timer(&vmx.capability, vmx.without);
    vmx.controls.primary |= VMX_PRIMARY_CR8_LOAD;
    return status;
}

/* One set of controls is for all CPUs: one that differs cannot take part. */
static enum status take_capability(unsigned index)
{
    struct vmx_capability before = vmx.capability;
    vmx.capability = vmx_capability_read();
    if (index != 0 && !vmx_operation_is_alike(&before, &vmx.capability)) {
        log_error("cpu: VMX of CPU %u differs from that of CPU 0", index);
        return STATUS_UNSUPPORTED;
    }
    return vmx_capability_refusal(&vmx.capability) == NULL ? make_controls() : STATUS_UNSUPPORTED;
}

static uint64_t address_limit(void)
{
    return vmx.capability.vmcs_below_4g ? BELOW_4G : UINT64_MAX;
}

static void write_revision(struct hpa region)
{
    memcpy(phys_to_virt(region), &vmx.capability.revision, sizeof(vmx.capability.revision));
}

static enum status cpu_enable(unsigned index)
{
    bulkhead_assert(index < CPU_MAX && !vmx.cpus[index].enabled);
    struct vmx_cpu *cpu = &vmx.cpus[index];
    enum status status = take_capability(index);
    if (status != STATUS_OK) {
        return status;
    }
    status = pages_alloc_block(PAGE_SIZE, PAGE_SIZE, address_limit(), &cpu->region);
    if (status != STATUS_OK) {
        return status;
    }
    memset(phys_to_virt(cpu->region), 0, PAGE_SIZE);
    write_revision(cpu->region);
    vcpu_resident_cpu_enable(index);
    status = vmx_operation_start(&vmx.capability, cpu->region);
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
    vmx_operation_end();
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
        .vpids = &vmx.cpus[vcpu->cpu].vpids,
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

static struct vcpu_nested read_nested(const struct vcpu *vcpu)
{
    vmx_current_make(vcpu);
    bool secondary = (vmx_read(VMCS_PRIMARY_CONTROLS) & VMX_PRIMARY_SECONDARY) != 0;
    return (struct vcpu_nested){.on = secondary && (vmx_read(VMCS_SECONDARY_CONTROLS) & VMX_SECONDARY_EPT) != 0,
                                .pointer = vmx_read(VMCS_EPT_POINTER)};
}

/* Linear translations go by a new VPID, what came from the nested tables by INVEPT. */
static void __attribute__((noinline)) flush(struct vcpu *vcpu)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    if ((vmx.controls.secondary & VMX_SECONDARY_VPID) != 0) {
        if (vmx_vpid_prepare(v->vpids, &v->vpid, vcpu->flush)) {
            vmx_invalidate_all(&vmx.capability);
        }
        vmx_write(VMCS_VPID, v->vpid.number);
    }
    v->vpid.generation = v->vpids->generation;
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

/* The preemption timer ends slices, and (a quirk) runs that hold the host up. For the latter its value stays: every
 * entry loads it anew, and the clock of vmx_quirks_host_is_due() goes on. */
static void __attribute__((noinline)) prepare_timer(struct vcpu *vcpu, struct vmx_vcpu *v)
{
    uint64_t slice = vcpu->slice_end_tsc, held = vmx.timer != 0 ? v->held_until : 0;
    if (slice == 0 && held != 0 && v->timer_on && v->timer_held == held) {
        return;
    }
    v->timer_held = slice == 0 ? held : 0;
    uint64_t end = slice == 0 || (held != 0 && held < slice) ? held : slice;
    vmx_timer_prepare(vcpu, end, vmx.timer, vmx.capability.timer_shift);
}

/* The CPU would hold the host's interrupts up once more. */
static bool __attribute__((noinline)) host_is_due(struct vmx_vcpu *v, struct vcpu_exit *exit)
{
    if (!vmx_quirks_host_is_due(&v->held_until, true, cpu_tsc(), vmx.patience)) {
        return false;
    }
    exit->kind = VCPU_EXIT_INTERRUPT;
    return true;
}

/* True: enter again. */
static bool enter_once(struct vcpu *vcpu, struct vmx_vcpu *v, struct vcpu_exit *exit)
{
    vmx_registers_load(vcpu);
    vmx_inject_prepare(vcpu);
    if ((vcpu->slice_end_tsc | v->held_until | v->timer_on) != 0) {
        prepare_timer(vcpu, v);
    }
    if (vcpu->flush || v->vpid.generation != v->vpids->generation) {
        flush(vcpu);
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
        return false; /* nothing is to be stored */
    }
    v->frame.launched = 1;
    vmx_registers_store(vcpu);
    /* What has a length and is no access to a control register needs nothing more. */
    if (exit->length != 0 && exit->kind != VCPU_EXIT_CR) {
        vmx_inject_finish_instruction(vcpu);
        return false;
    }
    vmx_inject_finish(vcpu, reason & 0xffff);
    return vmx_take(vcpu, &vmx.controls, reason & 0xffff, exit);
}

static void run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    vcpu_resident_load(vcpu);
    vmx_switch_load(vcpu);
    vmx_current_make(vcpu);
    if ((vcpu->rflags & RFLAGS_IF) != 0) {
        v->held_until = 0;
    } else if (vmx.quirks->holds_host && host_is_due(v, exit)) {
        return;
    }
    while (enter_once(vcpu, v, exit)) {
    }
    if (exit->kind == VCPU_EXIT_SLICE && v->held_until != 0) {
        exit->kind = VCPU_EXIT_INTERRUPT; /* the host's turn: no slice ended */
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
    const struct vmx_apicv a = {&vmx.capability, &vmx.controls, vmx.quirks, vmx.without};
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
    .read_nested = read_nested,
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
