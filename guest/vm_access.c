/* SPDX-License-Identifier: GPL-2.0-only
 * Memory as a vCPU sees it. */
#include "guest/vm_access.h"

#include "guest/emulate.h"
#include "guest/page_walk.h"
#include "guest/watch.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define CR2_FAULT 14
#define CR4_SMEP BIT64(20)

/* Why an access of the emulated instruction ended, beyond a status. */
struct access {
    struct vm_cpu *cpu;
    struct page_walk_mode mode;
    const struct vcpu_exit *exit;
    bool single; /* one memory operand: its guest-physical address is the exit's */
    bool told;   /* that it writes to watched memory */
    bool faulted;
    uint64_t fault_linear;
    uint32_t fault_error;
};

static struct page_walk_mode mode_of(const struct vcpu *vcpu)
{
    return (struct page_walk_mode){
        .cr0 = vcpu->backend->read(vcpu, VCPU_CR0),
        .cr3 = vcpu->backend->read(vcpu, VCPU_CR3),
        .cr4 = vcpu->backend->read(vcpu, VCPU_CR4),
        .efer = vcpu->backend->read(vcpu, VCPU_EFER),
        .user = vcpu_privilege(vcpu) == 3,
    };
}

/* For code at RIP: the CPU has just fetched there itself, so rights are not asked for again. */
static struct page_walk_mode fetch_mode(const struct vcpu_code *code)
{
    return (struct page_walk_mode){
        .cr0 = code->cr0, .cr3 = code->cr3, .cr4 = code->cr4 & ~CR4_SMEP, .efer = code->efer};
}

static enum decode_mode decode_mode_of(const struct vcpu_code *code)
{
    return code->bits == 64 ? DECODE_64 : code->bits == 32 ? DECODE_32 : DECODE_16;
}

/* Up to 15 bytes; fewer when the next page is not there. */
static size_t fetch(struct vm_cpu *cpu, const struct vcpu_code *code, uint8_t bytes[DECODE_MAX_LENGTH])
{
    struct page_walk_mode mode = fetch_mode(code);
    size_t got = 0;
    while (got < DECODE_MAX_LENGTH) {
        struct gpa at;
        uint32_t error = 0;
        uint64_t here = code->linear + got;
        size_t part = PAGE_SIZE - (here & (PAGE_SIZE - 1));
        part = part < DECODE_MAX_LENGTH - got ? part : DECODE_MAX_LENGTH - got;
        if (page_walk(&cpu->vm->memory, &mode, here, PAGE_WALK_FETCH, &at, &error) != STATUS_OK ||
            guest_memory_read(&cpu->vm->memory, at, bytes + got, part) != STATUS_OK) {
            break;
        }
        got += part;
    }
    return got;
}

/* An instruction that may lie across pages, or comes with the exit. */
static enum status decode_slowly(struct vm_cpu *cpu, const struct vcpu_exit *exit, const struct vcpu_code *code)
{
    uint8_t bytes[DECODE_MAX_LENGTH];
    size_t count = exit->byte_count;
    if (count != 0) {
        memcpy(bytes, exit->bytes, count);
    } else {
        count = fetch(cpu, code, bytes);
    }
    return count == 0 ? STATUS_NOT_FOUND : decode_instruction(bytes, count, decode_mode_of(code), &cpu->insn);
}

/* One that is within a page, with room after it: its place is remembered. */
static enum status decode_in_page(struct vm_cpu *cpu, const struct vcpu_code *code)
{
    uint8_t bytes[CODE_CACHE_BYTES];
    struct page_walk_mode mode = fetch_mode(code);
    struct page_walk_trace trace;
    struct gpa at;
    uint32_t error = 0;
    if (page_walk_traced(&cpu->vm->memory, &mode, code->linear, PAGE_WALK_FETCH, &at, &error, &trace) != STATUS_OK) {
        return STATUS_NOT_FOUND;
    }
    const uint8_t *from = guest_memory_at(&cpu->vm->memory, at, CODE_CACHE_BYTES);
    if (from == NULL) {
        return STATUS_NOT_FOUND;
    }
    memcpy(bytes, from, CODE_CACHE_BYTES);
    enum status status = decode_instruction(bytes, DECODE_MAX_LENGTH, decode_mode_of(code), &cpu->insn);
    if (status == STATUS_OK) {
        code_cache_put(&cpu->code_cache, code, &trace, from, bytes, &cpu->insn);
    }
    return status;
}

static enum status __attribute__((noinline))
decode_anew(struct vm_cpu *cpu, const struct vcpu_exit *exit, const struct vcpu_code *code)
{
    bool in_page = exit->byte_count == 0 && (code->linear & (PAGE_SIZE - 1)) <= PAGE_SIZE - CODE_CACHE_BYTES;
    return in_page ? decode_in_page(cpu, code) : decode_slowly(cpu, exit, code);
}

enum status vm_access_decode(struct vm_cpu *cpu, const struct vcpu_exit *exit, const struct decode_insn **insn)
{
    struct vcpu_code code;
    cpu->vcpu.backend->read_code(&cpu->vcpu, &code);
    *insn = code_cache_find(&cpu->code_cache, &code);
    if (*insn != NULL) {
        return STATUS_OK;
    }
    *insn = &cpu->insn;
    return decode_anew(cpu, exit, &code);
}

void __attribute__((noinline)) vm_access_skip(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    struct vcpu_code code;
    cpu->vcpu.backend->read_code(&cpu->vcpu, &code);
    const struct decode_insn *insn = code_cache_find(&cpu->code_cache, &code);
    if (insn == NULL) {
        if (decode_anew(cpu, exit, &code) != STATUS_OK) {
            return;
        }
        insn = &cpu->insn;
    }
    vcpu_advance(&cpu->vcpu, insn->length);
}

static enum status translate(struct access *a, uint64_t linear, bool write, struct gpa *at)
{
    enum status status =
        page_walk(&a->cpu->vm->memory, &a->mode, linear, write ? PAGE_WALK_WRITE : PAGE_WALK_READ, at, &a->fault_error);
    if (status == STATUS_NOT_FOUND) {
        a->faulted = true;
        a->fault_linear = linear;
    }
    return status;
}

/* The local APIC's page is the vCPU's own and needs no lock; RAM none either; everything else is on the bus. */
static bool is_lapic(const struct vm_cpu *cpu, uint64_t at)
{
    return vlapic_is_enabled(&cpu->lapic) && !vlapic_is_x2apic(&cpu->lapic) &&
           align_down(at, PAGE_SIZE) == vlapic_page(&cpu->lapic);
}

static uint64_t device_read(struct vm_cpu *cpu, uint64_t at, unsigned width)
{
    struct vm *vm = cpu->vm;
    if (is_lapic(cpu, at)) {
        uint64_t value = vlapic_read(&cpu->lapic, at & (PAGE_SIZE - 1), width, vm_now(vm));
        cpu->look = cpu->look || vlapic_read_matters(&cpu->lapic, (uint32_t)at & (PAGE_SIZE - 1));
        return value;
    }
    return vm_platform_read(vm, &vm->platform.mmio, at, width);
}

void vm_access_count_lapic(struct vm_cpu *cpu, uint64_t offset, enum vm_exit_count was)
{
    enum vm_exit_count count;
    if (offset == LAPIC_EOI) {
        count = VM_COUNT_EOI;
    } else if (offset == LAPIC_ICR_LOW || offset == LAPIC_ICR_HIGH || offset == LAPIC_SELF_IPI) {
        count = VM_COUNT_IPI;
    } else if (offset == LAPIC_TIMER_INITIAL) {
        count = VM_COUNT_TIMER;
    } else {
        return;
    }
    cpu->counts[was]--;
    cpu->counts[count]++;
}

static void device_write(struct vm_cpu *cpu, uint64_t at, unsigned width, uint64_t value)
{
    struct vm *vm = cpu->vm;
    if (is_lapic(cpu, at)) {
        vm_access_count_lapic(cpu, at & (PAGE_SIZE - 1), VM_COUNT_MMIO);
        vlapic_write(&cpu->lapic, at & (PAGE_SIZE - 1), width, value, vm_now(vm));
        cpu->look = cpu->look || vlapic_write_matters(&cpu->lapic, (uint32_t)at & (PAGE_SIZE - 1));
        return;
    }
    vm_platform_write(vm, &vm->platform.mmio, at, width, value);
}

/* A part of an operand, within a page. Parts of odd widths come from operands across pages. */
struct piece {
    struct gpa at;
    unsigned width;
    unsigned shift; /* its place in the value, in bits */
};

/* One or two pieces, all translated before any is used. Returns how many; 0: *status says why not. */
static unsigned cut(struct access *a, uint64_t linear, unsigned width, bool write, struct piece pieces[2],
                    enum status *status)
{
    unsigned left = (unsigned)(PAGE_SIZE - linear % PAGE_SIZE);
    bool crosses = width > left;
    pieces[0] = (struct piece){.width = crosses ? left : width};
    pieces[1] = (struct piece){.width = width - left, .shift = 8 * left};
    *status = translate(a, linear, write, &pieces[0].at);
    if (*status == STATUS_OK && crosses) {
        *status = translate(a, linear + left, write, &pieces[1].at);
    }
    return *status != STATUS_OK ? 0 : crosses ? 2 : 1;
}

static bool is_device_width(unsigned width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

static uint64_t read_piece(const struct access *a, const struct piece *p)
{
    uint64_t value = 0;
    if (guest_memory_read(&a->cpu->vm->memory, p->at, &value, p->width) == STATUS_OK) {
        return value;
    }
    if (is_device_width(p->width)) {
        return device_read(a->cpu, p->at.v, p->width);
    }
    for (unsigned i = 0; i < p->width; i++) {
        value |= (device_read(a->cpu, p->at.v + i, 1) & 0xff) << (8 * i);
    }
    return value;
}

static bool may_write(const struct access *a, const struct piece *p)
{
    struct watch *watch = a->cpu->vm->memory.watch;
    if (watch == NULL) {
        return true;
    }
    return a->told ? !watch_denies(watch, p->at.v, p->width) : watch_emulated_write(watch, p->at.v, p->width);
}

static void write_piece(const struct access *a, const struct piece *p, uint64_t value)
{
    if (!may_write(a, p) || guest_memory_write(&a->cpu->vm->memory, p->at, &value, p->width) == STATUS_OK) {
        return;
    }
    if (is_device_width(p->width)) {
        device_write(a->cpu, p->at.v, p->width, value);
        return;
    }
    for (unsigned i = 0; i < p->width; i++) {
        device_write(a->cpu, p->at.v + i, 1, value >> (8 * i) & 0xff);
    }
}

static enum status read_linear(void *context, uint64_t linear, unsigned width, uint64_t *value)
{
    struct access *a = context;
    struct piece pieces[2];
    enum status status;
    if (a->single) {
        *value = read_piece(a, &(struct piece){.at = a->exit->memory.at, .width = width});
        return STATUS_OK;
    }
    unsigned count = cut(a, linear, width, false, pieces, &status);
    *value = 0;
    for (unsigned i = 0; i < count; i++) {
        *value |= read_piece(a, &pieces[i]) << pieces[i].shift;
    }
    return status;
}

static enum status write_linear(void *context, uint64_t linear, unsigned width, uint64_t value)
{
    struct access *a = context;
    struct piece pieces[2];
    enum status status;
    if (a->single) {
        write_piece(a, &(struct piece){.at = a->exit->memory.at, .width = width}, value);
        return STATUS_OK;
    }
    unsigned count = cut(a, linear, width, true, pieces, &status);
    for (unsigned i = 0; i < count; i++) {
        write_piece(a, &pieces[i], value >> pieces[i].shift);
    }
    return status;
}

static uint64_t read_port(void *context, uint16_t port, unsigned width)
{
    struct vm *vm = ((struct access *)context)->cpu->vm;
    return vm_platform_read(vm, &vm->platform.ports, port, width);
}

static void write_port(void *context, uint16_t port, unsigned width, uint64_t value)
{
    struct vm *vm = ((struct access *)context)->cpu->vm;
    vm_platform_write(vm, &vm->platform.ports, port, width, value);
}

/* Segment bases are read only where linear addresses are wanted. */
static void load_bases(const struct vcpu *vcpu, struct decode_registers *regs)
{
    static const enum vcpu_segment_name names[DECODE_SEGMENTS] = {
        [DECODE_ES] = VCPU_ES, [DECODE_CS] = VCPU_CS, [DECODE_SS] = VCPU_SS,
        [DECODE_DS] = VCPU_DS, [DECODE_FS] = VCPU_FS, [DECODE_GS] = VCPU_GS,
    };
    for (unsigned i = 0; i < DECODE_SEGMENTS; i++) {
        regs->segment_base[i] = vcpu->backend->read_segment(vcpu, names[i]).base;
    }
}

/* General registers were changed in place. RIP moved by a finished instruction goes through vcpu_advance, so that
 * shadow and single step are right. */
static void store_registers(struct vcpu *vcpu, const struct decode_registers *regs, const struct decode_insn *insn)
{
    vcpu->rflags = regs->rflags;
    if (regs->rip != vcpu->rip) {
        vcpu_advance(vcpu, insn->length);
    }
}

static enum status inject_page_fault(struct access *a)
{
    struct vcpu *vcpu = &a->cpu->vcpu;
    vcpu->backend->write(vcpu, VCPU_CR2, a->fault_linear);
    if (!vcpu_inject_exception_with(vcpu, CR2_FAULT, a->fault_error)) {
        vm_stop(a->cpu->vm, VM_CRASHED, "triple fault");
    }
    return STATUS_OK;
}

static bool is_string(enum decode_op op)
{
    return op >= DECODE_MOVS && op <= DECODE_OUTS;
}

static enum status emulate(struct access *a)
{
    struct vm_cpu *cpu = a->cpu;
    const struct decode_insn *insn;
    struct decode_registers regs = {.gpr = cpu->vcpu.gprs, .rip = cpu->vcpu.rip, .rflags = cpu->vcpu.rflags};
    enum status status = vm_access_decode(cpu, a->exit, &insn);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* unreadable now: run again, it will fault by itself */
    }
    a->single = a->exit->kind == VCPU_EXIT_MEMORY && !a->told && !is_string(insn->op);
    if (!a->single) {
        a->mode = mode_of(&cpu->vcpu);
        load_bases(&cpu->vcpu, &regs);
    }
    const struct emulate_io io = {a, read_linear, write_linear, read_port, write_port};
    status = emulate_run(insn, &regs, &io);
    if (status == STATUS_OK || a->faulted) {
        store_registers(&cpu->vcpu, &regs, insn);
    }
    return a->faulted ? inject_page_fault(a) : status;
}

enum status vm_access_emulate(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    struct access a = {.cpu = cpu, .exit = exit};
    return emulate(&a);
}

enum status vm_access_emulate_blocked(struct vm_cpu *cpu, const struct vcpu_exit *exit)
{
    struct access a = {.cpu = cpu, .exit = exit, .told = true};
    return emulate(&a);
}
