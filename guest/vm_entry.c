/* SPDX-License-Identifier: GPL-2.0-only
 * Entry state: flat segments, interrupts off, in protected or long mode. */
#include "guest/vm_entry.h"

#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"

#define CR0_PE BIT64(0)
#define CR0_ET BIT64(4)
#define CR0_NE BIT64(5)
#define CR0_WP BIT64(16)
#define CR0_PG BIT64(31)
#define CR4_PAE BIT64(5)
#define EFER_LME BIT64(8)
#define EFER_LMA BIT64(10)
#define RFLAGS_ALWAYS 2
/* Linux asks for the first; multiboot leaves them open, but xv6's GDT has its code and data where QEMU's loader has. */
#define LINUX_CODE 0x10
#define MULTIBOOT_CODE 0x08
#define DATA_BEHIND_CODE 0x08
#define TYPE_CODE 0xb /* read, accessed */
#define TYPE_DATA 0x3 /* write, accessed */
#define TYPE_TSS_BUSY 0xb

static void flat_segments(struct vcpu *vcpu, bool long_mode, uint16_t selector)
{
    struct vcpu_segment code = {.selector = selector,
                                .limit = UINT32_MAX,
                                .attributes = TYPE_CODE | VCPU_SEGMENT_S | VCPU_SEGMENT_PRESENT |
                                              VCPU_SEGMENT_GRANULAR |
                                              (long_mode ? VCPU_SEGMENT_LONG : VCPU_SEGMENT_BIG)};
    struct vcpu_segment data = {.selector = (uint16_t)(selector + DATA_BEHIND_CODE),
                                .limit = UINT32_MAX,
                                .attributes = TYPE_DATA | VCPU_SEGMENT_S | VCPU_SEGMENT_PRESENT |
                                              VCPU_SEGMENT_GRANULAR | VCPU_SEGMENT_BIG};
    struct vcpu_segment task = {.limit = 0x67, .attributes = TYPE_TSS_BUSY | VCPU_SEGMENT_PRESENT};
    static const enum vcpu_segment_name names[] = {VCPU_ES, VCPU_SS, VCPU_DS, VCPU_FS, VCPU_GS};
    vcpu->backend->write_segment(vcpu, VCPU_CS, code);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        vcpu->backend->write_segment(vcpu, names[i], data);
    }
    vcpu->backend->write_segment(vcpu, VCPU_TR, task);
}

static void long_mode(struct vcpu *vcpu, const struct image_entry *entry)
{
    const struct cpu_backend *b = vcpu->backend;
    b->write(vcpu, VCPU_CR4, CR4_PAE);
    b->write(vcpu, VCPU_CR3, entry->cr3);
    b->write(vcpu, VCPU_EFER, EFER_LME | EFER_LMA);
    b->write(vcpu, VCPU_CR0, CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
    b->write(vcpu, VCPU_GDTR_BASE, entry->gdt_base);
    b->write(vcpu, VCPU_GDTR_LIMIT, entry->gdt_limit);
}

void vm_entry_set(struct vm_cpu *cpu, const struct image_entry *entry)
{
    struct vcpu *vcpu = &cpu->vcpu;
    vcpu_reset(vcpu, VCPU_RESET_POWER_ON, cpu_cpuid(1, 0).eax);
    if (cpu->index != 0) {
        return;
    }
    flat_segments(vcpu, entry->long_mode, entry->kind == IMAGE_MULTIBOOT ? MULTIBOOT_CODE : LINUX_CODE);
    if (entry->long_mode) {
        long_mode(vcpu, entry);
    } else {
        vcpu->backend->write(vcpu, VCPU_CR0, CR0_PE | CR0_ET);
    }
    vcpu->rip = entry->rip;
    vcpu->rflags = RFLAGS_ALWAYS;
    vcpu->gprs[VCPU_RDX] = 0;
    vcpu->gprs[VCPU_RAX] = entry->rax;
    vcpu->gprs[VCPU_RBX] = entry->rbx;
    vcpu->gprs[VCPU_RSI] = entry->rsi;
}
