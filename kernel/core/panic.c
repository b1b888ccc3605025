/* SPDX-License-Identifier: GPL-2.0-only
 * Panic: stop the CPUs, say why, stop the devices, show registers, backtrace and the last log lines, halt. */
#include "kernel/core/panic.h"

#include <stdarg.h>

#include "kernel/core/backtrace.h"
#include "kernel/core/image.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/log.h"
#include "kernel/core/log_panic.h"
#include "kernel/core/panic_control.h"
#include "kernel/core/percpu.h"
#include "kernel/core/power.h"
#include "kernel/core/smp.h"
#include "kernel/core/stack_layout.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/cpu_state.h"
#include "kernel/lib/format.h"

#define MESSAGE_SIZE 256
#define BACKTRACE_MAX 24
#define HISTORY_LINES 16
#define NOBODY UINT32_MAX

static struct {
    uint32_t owner; /* index of the CPU that panics, NOBODY before */
    uint32_t depth; /* panics of the owner, nested ones included */
    void (*device_stop)(void);
    bool reset;
    char message[MESSAGE_SIZE]; /* the first one: a nested panic repeats it */
} state = {.owner = NOBODY};

void panic_set_device_stop(void (*stop)(void))
{
    state.device_stop = stop;
}

void panic_set_reset(bool reset)
{
    state.reset = reset;
}

bool panic_in_progress(void)
{
    return __atomic_load_n(&state.owner, __ATOMIC_SEQ_CST) != NOBODY;
}

static _Noreturn void end(void)
{
    if (state.reset) {
        log_error("panic: resetting the machine");
        power_reset();
    }
    log_error("panic: halted");
    cpu_stop();
}

/* The first CPU to panic goes on; others stop here; the owner once more is a nested panic. */
static void enter(const char *message)
{
    cpu_irq_disable();
    uint32_t nobody = NOBODY;
    uint32_t self = percpu_self() != NULL ? cpu_index() : 0;
    if (__atomic_compare_exchange_n(&state.owner, &nobody, self, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        format_text(state.message, sizeof(state.message), "%s", message);
        state.depth = 1;
        return;
    }
    if (nobody != self) {
        cpu_stop();
    }
    state.depth++;
    if (state.depth == 2) {
        log_error("panic: %s", message);
        log_error("panic: inside the panic: %s", state.message);
        end();
    }
    cpu_stop();
}

static void print_registers(const struct trap_frame *f)
{
    log_error("panic: rip %016llx cs %04llx rflags %08llx vector %llu error %llx", (unsigned long long)f->rip,
              (unsigned long long)f->cs, (unsigned long long)f->rflags, (unsigned long long)f->vector,
              (unsigned long long)f->error);
    log_error("panic: rax %016llx rbx %016llx rcx %016llx rdx %016llx", (unsigned long long)f->rax,
              (unsigned long long)f->rbx, (unsigned long long)f->rcx, (unsigned long long)f->rdx);
    log_error("panic: rsi %016llx rdi %016llx rbp %016llx rsp %016llx", (unsigned long long)f->rsi,
              (unsigned long long)f->rdi, (unsigned long long)f->rbp, (unsigned long long)f->rsp);
    log_error("panic: r8  %016llx r9  %016llx r10 %016llx r11 %016llx", (unsigned long long)f->r8,
              (unsigned long long)f->r9, (unsigned long long)f->r10, (unsigned long long)f->r11);
    log_error("panic: r12 %016llx r13 %016llx r14 %016llx r15 %016llx", (unsigned long long)f->r12,
              (unsigned long long)f->r13, (unsigned long long)f->r14, (unsigned long long)f->r15);
    log_error("panic: cr0 %08llx cr2 %016llx cr3 %016llx cr4 %08llx", (unsigned long long)cpu_read_cr0(),
              (unsigned long long)cpu_read_cr2(), (unsigned long long)cpu_read_cr3(),
              (unsigned long long)cpu_read_cr4());
}

/* The boot stack lies in the image's data; all others in the stack window. */
static bool is_stack(uint64_t start)
{
    if (start >= (uint64_t)image_data_start && start <= (uint64_t)image_data_end - 16) {
        return true;
    }
    struct stack_spot low;
    struct stack_spot high;
    return stack_layout_find(start, cpu_count() != 0 ? cpu_count() : 1, &low) && !low.guard &&
           stack_layout_find(start + 15, CPU_MAX, &high) && high.cpu == low.cpu && high.kind == low.kind;
}

static void print_backtrace(uint64_t rip, uint64_t rbp)
{
    uint64_t addresses[BACKTRACE_MAX];
    size_t count = backtrace_collect(rbp, is_stack, addresses, BACKTRACE_MAX);
    if (rip != 0) {
        log_error("panic: at   %016llx", (unsigned long long)rip);
    }
    for (size_t i = 0; i < count; i++) {
        log_error("panic: from %016llx", (unsigned long long)addresses[i]);
    }
}

static _Noreturn void finish(const struct trap_frame *frame, uint64_t rip, uint64_t rbp)
{
    smp_stop_others();
    log_panic_begin();
    last_boot_panics();
    log_error("panic: CPU %u: %s", state.owner, state.message);
    if (state.device_stop != NULL) {
        state.device_stop();
    }
    if (frame != NULL) {
        print_registers(frame);
    }
    print_backtrace(rip, rbp);
    log_error("panic: the last log lines were");
    log_panic_history(HISTORY_LINES);
    end();
}

_Noreturn void panic_exception(const struct trap_frame *frame, const char *what)
{
    enter(what);
    finish(frame, frame->rip, frame->rbp);
}

_Noreturn void panic(const char *fmt, ...)
{
    char message[MESSAGE_SIZE];
    va_list args;
    va_start(args, fmt);
    format_text_v(message, sizeof(message), fmt, args);
    va_end(args);
    enter(message);
    finish(NULL, 0, cpu_frame_pointer());
}
