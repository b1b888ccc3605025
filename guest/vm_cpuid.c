/* SPDX-License-Identifier: GPL-2.0-only
 * CPUID of a vCPU. */
#include "guest/vm_cpuid.h"

#include "guest/cpuid.h"
#include "kernel/lib/string.h"

#define XSAVE_LEAF 0xdu

static struct cpuid_context context_of(const struct vm_cpu *cpu)
{
    return (struct cpuid_context){
        .cpu_index = cpu->index,
        .cpu_count = cpu->vm->cpu_count,
        .cr4 = cpu->vcpu.backend->read(&cpu->vcpu, VCPU_CR4),
        .apic_off = !vlapic_is_enabled(&cpu->lapic),
        .x2apic = cpu->lapic.config.x2apic,
        .tsc_deadline = cpu->lapic.config.tsc_deadline,
        .lacks = cpu->vm->backend->lacks != NULL ? cpu->vm->backend->lacks() : 0,
    };
}

struct cpuid vm_cpuid_ask(const struct vm_cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_context context = context_of(cpu);
    return cpuid_filter(leaf, subleaf, cpu_cpuid(leaf, subleaf), &context);
}

/* Leaf 0xd is asked for anew each time: its sizes follow XCR0, which TCG lets a guest set without an exit. */
static struct vm_cpuid *__attribute__((noinline))
fill(struct vm_cpu *cpu, struct vm_cpuid *line, uint32_t leaf, uint32_t subleaf)
{
    *line = (struct vm_cpuid){leaf != XSAVE_LEAF, leaf, subleaf, vm_cpuid_ask(cpu, leaf, subleaf)};
    return line;
}

void vm_cpuid_execute(struct vm_cpu *cpu)
{
    uint64_t *gprs = cpu->vcpu.gprs;
    uint32_t leaf = (uint32_t)gprs[VCPU_RAX], subleaf = (uint32_t)gprs[VCPU_RCX];
    struct vm_cpuid *line = &cpu->cpuid[leaf % VM_CPUID_LINES];
    if (!line->used || line->leaf != leaf || line->subleaf != subleaf) {
        line = fill(cpu, line, leaf, subleaf);
    }
    gprs[VCPU_RAX] = line->answer.eax;
    gprs[VCPU_RBX] = line->answer.ebx;
    gprs[VCPU_RCX] = line->answer.ecx;
    gprs[VCPU_RDX] = line->answer.edx;
}

void vm_cpuid_forget(struct vm_cpu *cpu)
{
    memset(cpu->cpuid, 0, sizeof(cpu->cpuid));
}
