/* SPDX-License-Identifier: GPL-2.0-only
 * Exits of a vCPU. */
#include "guest/vm_exit.h"

#include "guest/cpuid.h"
#include "guest/emulate.h"
#include "guest/vlapic_irq.h"
#include "guest/vlapic_timer.h"
#include "guest/vm_access.h"
#include "guest/vm_caches.h"
#include "guest/vm_cpuid.h"
#include "guest/vm_watch.h"
#include "kernel/core/irq_dispatch.h"
#include "kernel/core/log.h"
#include "kernel/core/machine_check.h"
#include "kernel/core/panic.h"
#include "kernel/core/vcpu_resident.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"

#define MSR_TSC 0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_MACHINE_CHECK 18

/* CR4 bits a guest may set, each only if CPUID offers what it turns on: VME PVI TSD DE PSE PAE MCE PGE PCE OSFXSR
 * OSXMMEXCPT UMIP FSGSBASE PCIDE OSXSAVE SMEP SMAP. */
#define CR4_ALLOWED (MASK64(10, 0) | BIT64(11) | BIT64(16) | BIT64(17) | BIT64(18) | BIT64(20) | BIT64(21))
#define CR4_PAE BIT64(5)
#define CR4_UMIP BIT64(11)
#define CR4_FSGSBASE BIT64(16)
#define CR4_PCIDE BIT64(17)
#define CR4_OSXSAVE BIT64(18)
#define CR4_SMEP BIT64(20)
#define CR4_SMAP BIT64(21)
#define EFER_LMA BIT64(10)

static void exception(struct vm_cpu *cpu, uint8_t vector)
{
    if (!vcpu_inject_exception(&cpu->vcpu, vector)) {
        vm_stop(cpu->vm, VM_CRASHED, "triple fault");
    }
}

static void general_protection(struct vm_cpu *cpu)
{
    if (!vcpu_inject_exception_with(&cpu->vcpu, VECTOR_GP, 0)) {
        vm_stop(cpu->vm, VM_CRASHED, "triple fault");
    }
}

/* Step over the instruction. */
static void skip(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    if (exit->length != 0) {
        vcpu_advance(&cpu->vcpu, exit->length);
    } else {
        vm_access_skip(cpu, exit);
    }
}

static void on_cpuid(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    vm_cpuid_execute(cpu);
    skip(cpu, exit);
}

/* Time and TSC are read together: the same instant by both. */
static enum status tsc_deadline(struct vm_cpu *cpu, bool write, uint64_t *value)
{
    uint64_t now = vm_now(cpu->vm);
    uint64_t tsc = cpu_tsc() + cpu->vcpu.tsc_offset;
    if (!cpu->lapic.config.tsc_deadline) {
        return STATUS_NOT_FOUND;
    }
    vlapic_timer_advance(&cpu->lapic, now);
    if (write) {
        vm_access_count_lapic(cpu, LAPIC_TIMER_INITIAL, VM_COUNT_MSR);
        vlapic_timer_write_deadline(&cpu->lapic, *value, tsc, now);
    } else {
        *value = vlapic_timer_read_deadline(&cpu->lapic);
    }
    return STATUS_OK;
}

static enum status apic_base(struct vm_cpu *cpu, bool write, uint64_t *value)
{
    vm_cpuid_forget(cpu);
    *value = write ? *value : vlapic_base_read(&cpu->lapic);
    return write ? vlapic_base_write(&cpu->lapic, *value) : STATUS_OK;
}

/* The APIC base, the TSC deadline and the x2APIC range. */
static enum status lapic_msr(struct vm_cpu *cpu, uint32_t msr, bool write, uint64_t *value)
{
    uint64_t now = vm_now(cpu->vm);
    uint32_t offset = (msr & 0xff) << 4;
    enum status status;
    if (msr == MSR_APIC_BASE || msr == MSR_TSC_DEADLINE) {
        cpu->look = true;
        return msr == MSR_APIC_BASE ? apic_base(cpu, write, value) : tsc_deadline(cpu, write, value);
    }
    if (write) {
        vm_access_count_lapic(cpu, offset, VM_COUNT_MSR);
        status = vlapic_msr_write(&cpu->lapic, msr, *value, now);
        cpu->look = cpu->look || vlapic_write_matters(&cpu->lapic, offset);
    } else {
        status = vlapic_msr_read(&cpu->lapic, msr, now, value);
        cpu->look = cpu->look || vlapic_read_matters(&cpu->lapic, offset);
    }
    return status;
}

/* The timer's deadline is a value of the guest's TSC, which has just moved. */
static void move_deadline(struct vm_cpu *cpu)
{
    uint64_t now = vm_now(cpu->vm);
    vlapic_timer_move_tsc(&cpu->lapic, cpu_tsc() + cpu->vcpu.tsc_offset, now);
    cpu->look = true;
}

static void on_msr(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    uint64_t *gprs = cpu->vcpu.gprs;
    uint32_t msr = (uint32_t)gprs[VCPU_RCX];
    uint64_t value = (uint32_t)gprs[VCPU_RAX] | gprs[VCPU_RDX] << 32;
    bool write = exit->msr.write;
    enum status status;
    if (guest_msr_is_lapic(msr)) {
        status = lapic_msr(cpu, msr, write, &value);
    } else if (write) {
        status = guest_msr_write(&cpu->vcpu, &cpu->msrs, msr, cpu_tsc(), value);
    } else {
        status = guest_msr_read(&cpu->vcpu, &cpu->msrs, msr, cpu_tsc(), &value);
    }
    if (status != STATUS_OK) {
        log_debug("guest: name=%s vcpu=%u %s of MSR 0x%x refused", cpu->vm->name, cpu->index, write ? "write" : "read",
                  msr);
        general_protection(cpu);
        return;
    }
    if (write && msr == MSR_TSC) {
        move_deadline(cpu);
    }
    if (!write) {
        gprs[VCPU_RAX] = (uint32_t)value;
        gprs[VCPU_RDX] = value >> 32;
    }
    skip(cpu, exit);
}

static void unsupported_instruction(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    if (exit->kind == VCPU_EXIT_MEMORY) {
        vm_stop(cpu->vm, VM_CRASHED, "an instruction at 0x%llx that cannot be emulated touched 0x%llx",
                (unsigned long long)cpu->vcpu.rip, (unsigned long long)exit->memory.at.v);
    } else {
        exception(cpu, VECTOR_UD);
    }
}

static void on_io(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    const struct vcpu_exit_io *io = &exit->io;
    struct vm *vm = cpu->vm;
    if (io->string) {
        if (vm_access_emulate(cpu, exit) != STATUS_OK) {
            unsupported_instruction(cpu, exit);
        }
        return;
    }
    uint64_t *rax = &cpu->vcpu.gprs[VCPU_RAX];
    uint64_t mask = MASK64(8 * io->width - 1, 0);
    if (io->in) {
        uint64_t value = vm_platform_read(vm, &vm->platform.ports, io->port, io->width) & mask;
        *rax = io->width == 4 ? value : (*rax & ~mask) | value;
    } else {
        vm_platform_write(vm, &vm->platform.ports, io->port, io->width, *rax & mask);
    }
    skip(cpu, exit);
}

/* While an event is being delivered (its stack or a table lies there) no instruction made the access: there is nothing
 * to emulate, and each entry would only deliver it again, before any interrupt of the host. */
static void on_memory(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    const struct vcpu_exit_memory *m = &exit->memory;
    if (vm_watch_exit(cpu, exit)) {
        return;
    }
    if (cpu->vcpu.event.kind != VCPU_EVENT_NONE) {
        vm_stop(cpu->vm, VM_CRASHED, "delivery of vector %u reached 0x%llx, where there is no memory (rip 0x%llx)",
                cpu->vcpu.event.vector, (unsigned long long)m->at.v, (unsigned long long)cpu->vcpu.rip);
        return;
    }
    if (m->fetch || m->page_walk) {
        vm_stop(cpu->vm, VM_CRASHED, "%s at 0x%llx, where there is no memory (rip 0x%llx)",
                m->fetch ? "instructions" : "page tables", (unsigned long long)m->at.v,
                (unsigned long long)cpu->vcpu.rip);
        return;
    }
    /* The stack or a descriptor table is there: the instruction at RIP has nothing to do with it. */
    if (cpu->vcpu.event.kind != VCPU_EVENT_NONE) {
        vm_stop(cpu->vm, VM_CRASHED,
                "vector 0x%x was delivered by way of 0x%llx, where there is no memory (rip 0x%llx)",
                cpu->vcpu.event.vector, (unsigned long long)m->at.v, (unsigned long long)cpu->vcpu.rip);
        return;
    }
    if (vm_access_emulate(cpu, exit) != STATUS_OK) {
        unsupported_instruction(cpu, exit);
    }
}

static bool offers(const struct vm_cpu *cpu, uint32_t leaf, unsigned word, unsigned bit)
{
    struct cpuid id = vm_cpuid_ask(cpu, leaf, 0);
    const uint32_t words[4] = {id.eax, id.ebx, id.ecx, id.edx};
    return (words[word] >> bit & 1) != 0;
}

static uint64_t cr4_offered(const struct vm_cpu *cpu)
{
    uint64_t allowed = CR4_ALLOWED;
    allowed &= offers(cpu, 7, 2, 2) ? ~UINT64_C(0) : ~CR4_UMIP;
    allowed &= offers(cpu, 7, 1, 0) ? ~UINT64_C(0) : ~CR4_FSGSBASE;
    allowed &= offers(cpu, 1, 2, 17) ? ~UINT64_C(0) : ~CR4_PCIDE;
    allowed &= offers(cpu, 1, 2, 26) ? ~UINT64_C(0) : ~CR4_OSXSAVE;
    allowed &= offers(cpu, 7, 1, 7) ? ~UINT64_C(0) : ~CR4_SMEP;
    allowed &= offers(cpu, 7, 1, 20) ? ~UINT64_C(0) : ~CR4_SMAP;
    return allowed;
}

static bool write_cr4(struct vm_cpu *cpu, uint64_t value)
{
    struct vcpu *vcpu = &cpu->vcpu;
    bool long_mode = (vcpu->backend->read(vcpu, VCPU_EFER) & EFER_LMA) != 0;
    uint64_t old = vcpu->backend->read(vcpu, VCPU_CR4);
    if ((value & ~cr4_offered(cpu)) != 0 || (long_mode && (value & CR4_PAE) == 0)) {
        return false;
    }
    bool pcide_rises = (value & CR4_PCIDE) != 0 && (old & CR4_PCIDE) == 0;
    if (pcide_rises && (!long_mode || (vcpu->backend->read(vcpu, VCPU_CR3) & 0xfff) != 0)) {
        return false;
    }
    vcpu->backend->write(vcpu, VCPU_CR4, value);
    vm_cpuid_forget(cpu);
    vcpu->flush = vcpu->flush || value != old; /* a changed PGE, PSE, PAE, SMEP ... forgets translations */
    return true;
}

static bool write_cr(struct vm_cpu *cpu, unsigned number, uint64_t value)
{
    if (number == 8) {
        if ((value & ~UINT64_C(0xf)) != 0) {
            return false;
        }
        vlapic_set_tpr(&cpu->lapic, (uint32_t)value << 4);
        cpu->look = true;
        return true;
    }
    return number == 4 && write_cr4(cpu, value);
}

static uint64_t read_cr(const struct vm_cpu *cpu, unsigned number)
{
    return number == 8 ? vlapic_tpr(&cpu->lapic) >> 4 : cpu->vcpu.backend->read(&cpu->vcpu, VCPU_CR4);
}

static void on_cr(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    const struct decode_insn *insn;
    unsigned gpr = exit->cr.gpr;
    if (!exit->cr.known) {
        if (vm_access_decode(cpu, exit, &insn) != STATUS_OK) {
            return;
        }
        gpr = insn->op == DECODE_MOV_TO_CR || insn->op == DECODE_MOV_FROM_CR ? insn->rm : VCPU_GPR_COUNT;
    }
    if (gpr >= VCPU_GPR_COUNT || (exit->cr.number != 4 && exit->cr.number != 8)) {
        vm_stop(cpu->vm, VM_CRASHED, "access to CR%u that nobody asked to see", exit->cr.number);
        return;
    }
    bool wide = vcpu_code_bits(&cpu->vcpu) == 64;
    uint64_t value = wide ? cpu->vcpu.gprs[gpr] : (uint32_t)cpu->vcpu.gprs[gpr];
    if (!exit->cr.write) {
        cpu->vcpu.gprs[gpr] = read_cr(cpu, exit->cr.number);
    } else if (!write_cr(cpu, exit->cr.number, value)) {
        general_protection(cpu);
        return;
    }
    skip(cpu, exit);
}

static void on_xsetbv(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    const uint64_t *gprs = cpu->vcpu.gprs;
    uint64_t value = (uint32_t)gprs[VCPU_RAX] | gprs[VCPU_RDX] << 32;
    uint64_t offered = cpuid_xcr0_allowed(vcpu_resident_xcr0_offer());
    if (vcpu_privilege(&cpu->vcpu) != 0 || (uint32_t)gprs[VCPU_RCX] != 0 ||
        !vcpu_resident_set_xcr0(&cpu->vcpu, value, offered)) {
        general_protection(cpu);
        return;
    }
    skip(cpu, exit);
}

/* A guest can have the delivery of one exception raise the next one for ever, by a breakpoint on its handler's own
 * stack: those come before any interrupt of the host (SDM 3A table 7-2), so no other exit would let one in. */
static void on_exception(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    const struct vcpu_exit_exception *e = &exit->exception;
    if (e->vector == VECTOR_MACHINE_CHECK && machine_check_is_others()) {
        cpu->look = true;
        return;
    }
    if (e->vector == VECTOR_MACHINE_CHECK) {
        if (!machine_check_take(cpu->vm->name)) {
            panic("machine check while guest %s ran: this CPU cannot go on", cpu->vm->name);
        }
        vm_stop(cpu->vm, VM_CRASHED, "machine check while it ran");
        return;
    }
    bool alive = e->has_error ? vcpu_inject_exception_with(&cpu->vcpu, e->vector, e->error)
                              : vcpu_inject_exception(&cpu->vcpu, e->vector);
    if (!alive) {
        vm_stop(cpu->vm, VM_CRASHED, "triple fault");
    }
    cpu_irq_serve();
    cpu->look = true;
}

static void on_wbinvd(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    vm_caches_write_back(cpu->vm);
    skip(cpu, exit);
}

/* What came with the exit is served by the host: interrupts on for a moment. */
static void serve_host(struct vm_cpu *cpu)
{
    uint64_t before = __atomic_load_n(&cpu->vm->device_interrupts, __ATOMIC_RELAXED);
    uint8_t acknowledged = cpu->vcpu.acknowledged;
    if (acknowledged != 0) {
        cpu->vcpu.acknowledged = 0;
        irq_dispatch(acknowledged);
    }
    cpu_irq_serve();
    if (__atomic_load_n(&cpu->vm->device_interrupts, __ATOMIC_RELAXED) != before) {
        cpu->counts[VM_COUNT_INTERRUPT]--;
        cpu->counts[VM_COUNT_DEVICE]++;
    }
}

static enum vm_exit_count kind_of(enum vcpu_exit_kind kind)
{
    static const uint8_t counts[] = {
        [VCPU_EXIT_INTERRUPT] = VM_COUNT_INTERRUPT,
        [VCPU_EXIT_WINDOW] = VM_COUNT_WINDOW,
        [VCPU_EXIT_SLICE] = VM_COUNT_INTERRUPT,
        [VCPU_EXIT_IO] = VM_COUNT_IO,
        [VCPU_EXIT_MEMORY] = VM_COUNT_MMIO,
        [VCPU_EXIT_CPUID] = VM_COUNT_CPUID,
        [VCPU_EXIT_MSR] = VM_COUNT_MSR,
        [VCPU_EXIT_HLT] = VM_COUNT_HLT,
        [VCPU_EXIT_APIC_WRITE] = VM_COUNT_MMIO,
        [VCPU_EXIT_EOI] = VM_COUNT_EOI,
    };
    uint8_t count = kind < ARRAY_LENGTH(counts) ? counts[kind] : 0;
    return count == 0 ? VM_COUNT_OTHER : (enum vm_exit_count)count;
}

/* Where it stood, for whoever has to find out why; registers only, never the guest's memory. */
static void log_state(const struct vm_cpu *cpu)
{
    const struct vcpu *v = &cpu->vcpu;
    const struct cpu_backend *b = v->backend;
    struct vcpu_segment cs = b->read_segment(v, VCPU_CS);
    log_info("guest: name=%s vcpu=%u rip=0x%llx cs=0x%x cs-base=0x%llx cs-attributes=0x%x rsp=0x%llx rflags=0x%llx "
             "cr0=0x%llx cr2=0x%llx cr3=0x%llx cr4=0x%llx efer=0x%llx",
             cpu->vm->name, cpu->index, (unsigned long long)v->rip, cs.selector, (unsigned long long)cs.base,
             cs.attributes, (unsigned long long)v->gprs[VCPU_RSP], (unsigned long long)v->rflags,
             (unsigned long long)b->read(v, VCPU_CR0), (unsigned long long)b->read(v, VCPU_CR2),
             (unsigned long long)b->read(v, VCPU_CR3), (unsigned long long)b->read(v, VCPU_CR4),
             (unsigned long long)b->read(v, VCPU_EFER));
}

/* The register's new value is in the page, and the instruction is over. */
static void on_apic_write(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    cpu->look = true;
    vm_access_count_lapic(cpu, exit->apic.offset, VM_COUNT_MMIO);
    vlapic_was_written(&cpu->lapic, exit->apic.offset, vm_now(cpu->vm));
}

static void handle_rare(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    switch (exit->kind) {
    case VCPU_EXIT_APIC_WRITE:
        on_apic_write(cpu, exit);
        break;
    case VCPU_EXIT_EOI:
        cpu->look = true;
        vlapic_irq_finished(&cpu->lapic, exit->apic.vector);
        break;
    case VCPU_EXIT_PRIORITY:
        cpu->look = true;
        break;
    case VCPU_EXIT_WBINVD:
    case VCPU_EXIT_INVD:
        on_wbinvd(cpu, exit);
        break;
    case VCPU_EXIT_RDPMC:
        general_protection(cpu);
        break;
    case VCPU_EXIT_MONITOR:
    case VCPU_EXIT_MWAIT:
    case VCPU_EXIT_HYPERCALL:
    case VCPU_EXIT_FORBIDDEN:
        exception(cpu, VECTOR_UD);
        break;
    case VCPU_EXIT_TASK_SWITCH:
        vm_stop(cpu->vm, VM_CRASHED, "a hardware task switch (selector 0x%x) is not supported", exit->task.selector);
        break;
    case VCPU_EXIT_SHUTDOWN:
        log_state(cpu);
        vm_stop(cpu->vm, VM_CRASHED, "triple fault of vCPU %u near rip 0x%llx", cpu->index,
                (unsigned long long)cpu->vcpu.rip);
        break;
    default:
        vm_stop(cpu->vm, VM_CRASHED, "%s (code 0x%llx)", exit->text == NULL ? "an exit nobody asked for" : exit->text,
                (unsigned long long)exit->code);
        break;
    }
}

void vm_exit_handle(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    cpu->counts[kind_of(exit->kind)]++;
    switch (exit->kind) {
    case VCPU_EXIT_INTERRUPT:
        serve_host(cpu);
        cpu->look = true;
        break;
    case VCPU_EXIT_WINDOW:
    case VCPU_EXIT_SLICE:
        cpu->look = true; /* the loop offers what waits, or gives the CPU to the next */
        break;
    case VCPU_EXIT_IO:
        on_io(cpu, exit);
        break;
    case VCPU_EXIT_MEMORY:
        on_memory(cpu, exit);
        break;
    case VCPU_EXIT_CPUID:
        on_cpuid(cpu, exit);
        break;
    case VCPU_EXIT_MSR:
        on_msr(cpu, exit);
        break;
    case VCPU_EXIT_CR:
        on_cr(cpu, exit);
        break;
    case VCPU_EXIT_XSETBV:
        on_xsetbv(cpu, exit);
        break;
    case VCPU_EXIT_HLT:
        skip(cpu, exit);
        cpu->state = VM_CPU_HALTED;
        cpu->look = true;
        break;
    case VCPU_EXIT_PAUSE:
        skip(cpu, exit);
        cpu_pause();
        break;
    case VCPU_EXIT_EXCEPTION:
        on_exception(cpu, exit);
        break;
    default:
        handle_rare(cpu, exit);
        break;
    }
}
