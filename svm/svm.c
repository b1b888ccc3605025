/* SPDX-License-Identifier: GPL-2.0-only
 * The AMD SVM backend. */
#include "svm/svm.h"

#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/timer.h"
#include "kernel/core/vcpu_resident.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "svm/asid.h"
#include "svm/capability.h"
#include "svm/entry.h"
#include "svm/exit.h"
#include "svm/inject.h"
#include "svm/msr.h"
#include "svm/permissions.h"
#include "svm/quirks.h"
#include "svm/registers.h"
#include "svm/vmcb.h"

struct svm_cpu {
    bool enabled;
    struct hpa host_save;  /* VM_HSAVE_PA: VMRUN's own */
    struct hpa host_block; /* VMSAVE and VMLOAD of the host */
    struct svm_asid_pool asids;
};

static struct {
    struct svm_capability capability;
    struct svm_exit_features features;
    struct svm_quirks quirks;
    struct svm_quirks without; /* repairs to leave out */
    struct svm_cpu cpus[CPU_MAX];
} svm;

/* One block of pages for each vCPU. */
enum vcpu_layout {
    LAYOUT_DATA = 0, /* struct svm_vcpu */
    LAYOUT_VMCB = 4096,
    LAYOUT_MSRPM = LAYOUT_VMCB + VMCB_SIZE,
    LAYOUT_IOPM = LAYOUT_MSRPM + SVM_MSRPM_BYTES,
    LAYOUT_BYTES = LAYOUT_IOPM + SVM_IOPM_BYTES,
};
_Static_assert(sizeof(struct svm_vcpu) <= LAYOUT_VMCB, "the backend's data fits its page");

static struct svm_capability read_capability(void)
{
    const struct cpuid none = {0};
    uint32_t last = cpu_cpuid(0x80000000, 0).eax;
    struct cpuid leaf_1 = last >= 0x80000001 ? cpu_cpuid(0x80000001, 0) : none;
    struct cpuid leaf_a = last >= 0x8000000a ? cpu_cpuid(0x8000000a, 0) : none;
    bool has_svm = svm_capability_make(leaf_1, leaf_a, 0).svm; /* VM_CR is there only with SVM */
    return svm_capability_make(leaf_1, leaf_a, has_svm ? msr_read(MSR_VM_CR) : 0);
}

static const char *refuse(void)
{
    struct svm_capability c = read_capability();
    return svm_capability_refusal(&c);
}

static unsigned nested_max_leaf(void)
{
    return read_capability().gib_pages ? 3 : 2;
}

const char *svm_quirk_name(void)
{
    return svm.quirks.name;
}

void svm_work_without(struct svm_quirks repairs)
{
    svm.without = repairs;
}

/* SVM has none of these parts, or no way to do without. */
static void configure(uint32_t without)
{
    (void)without;
}

static void read_facts(void)
{
    svm.capability = read_capability();
    svm.features.next_rip = svm.capability.next_rip;
    svm.features.decode_assists = svm.capability.decode_assists;
    svm.quirks = *svm_quirks_find(cpu_cpuid(1, 0), cpu_cpuid(0x40000000, 0));
    if (svm.without.rewrite_cr8) {
        svm.quirks.rewrite_cr8 = false;
    }
    if (svm.without.software_injection) {
        svm.quirks.software_injection = false;
    }
    if (svm.without.loses_shadow) {
        svm.quirks.loses_shadow = false;
    }
    if (svm.without.backup_tick_us != 0) {
        svm.quirks.backup_tick_us = 0;
    }
}

static enum status cpu_enable(unsigned index)
{
    bulkhead_assert(index < CPU_MAX && !svm.cpus[index].enabled);
    struct svm_cpu *cpu = &svm.cpus[index];
    read_facts();
    if (svm_capability_refusal(&svm.capability) != NULL) {
        return STATUS_UNSUPPORTED;
    }
    enum status status = pages_alloc(&cpu->host_save);
    if (status != STATUS_OK) {
        return status;
    }
    status = pages_alloc(&cpu->host_block);
    if (status != STATUS_OK) {
        pages_free(cpu->host_save, PAGE_SIZE);
        return status;
    }
    if (svm.capability.disabled) {
        msr_write(MSR_VM_CR, msr_read(MSR_VM_CR) & ~(uint64_t)VM_CR_SVMDIS);
    }
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
    msr_write(MSR_VM_HSAVE_PA, cpu->host_save.v);
    svm_entry_save_host(cpu->host_block.v);
    cpu->asids = svm_asid_pool_make(svm.capability.asids);
    vcpu_resident_cpu_enable(index);
    vcpu_resident_spare_x87(svm.quirks.spares_x87);
    timer_set_backup(svm.quirks.backup_tick_us * UINT64_C(1000));
    cpu->enabled = true;
    return STATUS_OK;
}

static void cpu_disable(unsigned index)
{
    bulkhead_assert(index < CPU_MAX && svm.cpus[index].enabled);
    struct svm_cpu *cpu = &svm.cpus[index];
    msr_write(MSR_VM_HSAVE_PA, 0);
    msr_write(MSR_EFER, msr_read(MSR_EFER) & ~(uint64_t)EFER_SVME);
    pages_free(cpu->host_save, PAGE_SIZE);
    pages_free(cpu->host_block, PAGE_SIZE);
    *cpu = (struct svm_cpu){.enabled = false};
}

static struct svm_vcpu *data_of(const struct vcpu *vcpu)
{
    return vcpu->data;
}

static void vcpu_build(struct vcpu *vcpu, struct hpa block, const struct radix *nested)
{
    uint8_t *pages = phys_to_virt(block);
    struct svm_vcpu *s = (struct svm_vcpu *)pages;
    *s = (struct svm_vcpu){
        .vmcb = pages + LAYOUT_VMCB,
        .vmcb_at = hpa_add(block, LAYOUT_VMCB),
        .msrpm = pages + LAYOUT_MSRPM,
        .iopm = pages + LAYOUT_IOPM,
    };
    const struct vmcb_setup setup = {
        .iopm = hpa_add(block, LAYOUT_IOPM),
        .msrpm = hpa_add(block, LAYOUT_MSRPM),
        .nested_root = nested->root,
        .spurious_vector = VECTOR_SPURIOUS,
    };
    svm_permissions_deny_msrs(s->msrpm);
    svm_permissions_deny_ports(s->iopm);
    vmcb_init(s->vmcb, &setup);
    vcpu->data = s;
    vcpu->backend = &svm_backend;
}

static enum status vcpu_init(struct vcpu *vcpu, unsigned cpu, const struct radix *nested)
{
    bulkhead_assert(cpu < CPU_MAX && svm.cpus[cpu].enabled);
    bulkhead_assert(nested->format == &radix_npt && nested->levels == 4);
    struct hpa block;
    vcpu->cpu = cpu;
    enum status status = pages_alloc_block(LAYOUT_BYTES, PAGE_SIZE, UINT64_MAX, &block);
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
    struct hpa block = virt_to_phys(data_of(vcpu));
    vcpu_resident_free(vcpu);
    memset(phys_to_virt(block), 0, LAYOUT_BYTES);
    pages_free(block, LAYOUT_BYTES);
    vcpu->data = NULL;
}

static struct vcpu_nested read_nested(const struct vcpu *vcpu)
{
    const uint8_t *vmcb = data_of(vcpu)->vmcb;
    return (struct vcpu_nested){.on = (vmcb_get64(vmcb, VMCB_NESTED_CONTROL_64) & BIT64(0)) != 0,
                                .pointer = vmcb_get64(vmcb, VMCB_NESTED_CR3_64)};
}

/* The order to flush all stays in the control block until it is taken back. */
static void __attribute__((noinline)) put_asid(struct vcpu *vcpu, struct svm_vcpu *s, struct svm_cpu *cpu)
{
    enum svm_asid_flush flush = svm_asid_prepare(&cpu->asids, &s->asid, vcpu->flush);
    vcpu->flush = false;
    s->flushed = flush != SVM_ASID_KEEP;
    vmcb_put64(s->vmcb, VMCB_ASID_32, ((uint64_t)flush << 32) | s->asid.number);
}

static void enter_once(struct vcpu *vcpu, struct svm_vcpu *s, struct svm_cpu *cpu)
{
    svm_registers_load(vcpu);
    svm_inject_prepare(vcpu, s->vmcb, &s->inject,
                       svm.quirks.software_injection ? SVM_INJECT_SOFTWARE : SVM_INJECT_HARDWARE);
    if (svm.quirks.loses_shadow) {
        svm_inject_before_shadow(vcpu, s->vmcb, &s->inject);
    }
    if (vcpu->flush || s->flushed || !svm_asid_stays(&cpu->asids, &s->asid)) {
        put_asid(vcpu, s, cpu);
    }
    svm_entry_run(vcpu->gprs, s->vmcb_at.v, cpu->host_block.v);
    if (svm.quirks.rewrite_cr8) {
        cpu_write_cr8(cpu_read_cr8());
    }
    svm_registers_store(vcpu);
}

static void run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    struct svm_vcpu *s = data_of(vcpu);
    struct svm_cpu *cpu = &svm.cpus[vcpu->cpu];
    vcpu_resident_load(vcpu);
    bool again;
    do {
        enter_once(vcpu, s, cpu);
        again = svm_inject_finish(vcpu, s->vmcb, &s->inject);
        if (svm.quirks.loses_shadow) {
            svm_inject_after_shadow(vcpu, s->vmcb, &s->inject);
        }
    } while (again);
    svm_exit_decode(s->vmcb, &svm.features, exit);
}

static enum status allow_msr(struct vcpu *vcpu, uint32_t msr, unsigned access)
{
    return svm_permissions_set_msr(data_of(vcpu)->msrpm, msr, (access & VCPU_ALLOW_READ) != 0,
                                   (access & VCPU_ALLOW_WRITE) != 0);
}

static enum status allow_ports(struct vcpu *vcpu, uint16_t first, uint32_t count, unsigned access)
{
    return svm_permissions_set_ports(data_of(vcpu)->iopm, first, count, access != VCPU_ALLOW_NONE);
}

const struct cpu_backend svm_backend = {
    .name = "svm",
    .nested_format = &radix_npt,
    .nested_max_leaf = nested_max_leaf,
    .quirk = svm_quirk_name,
    .configure = configure,
    .refuse = refuse,
    .cpu_enable = cpu_enable,
    .cpu_disable = cpu_disable,
    .vcpu_init = vcpu_init,
    .vcpu_free = vcpu_free,
    .read_nested = read_nested,
    .run = run,
    .leave = vcpu_resident_store,
    .read = svm_registers_read,
    .write = svm_registers_write,
    .read_segment = svm_registers_read_segment,
    .read_code = svm_registers_read_code,
    .write_segment = svm_registers_write_segment,
    .allow_msr = allow_msr,
    .allow_ports = allow_ports,
};
