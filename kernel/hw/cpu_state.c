/* SPDX-License-Identifier: GPL-2.0-only
 * Descriptor tables, task register, GS base, stack switch. */
#include "kernel/hw/cpu_state.h"

#include "kernel/hw/msr.h"
#include "kernel/lib/string.h"

#define MSR_GS_BASE 0xc0000101

/* Limit and base as LGDT and LIDT read them: 10 packed bytes (SDM 3A 3.5.1). */
struct table_pointer {
    uint8_t bytes[10];
};

static struct table_pointer table_pointer_make(const void *table, size_t bytes)
{
    struct table_pointer p;
    uint16_t limit = (uint16_t)(bytes - 1);
    uint64_t base = (uint64_t)table;
    memcpy(p.bytes, &limit, sizeof(limit));
    memcpy(p.bytes + 2, &base, sizeof(base));
    return p;
}

void cpu_load_gdt(const void *table, size_t bytes, uint16_t code_selector, uint16_t data_selector)
{
    struct table_pointer p = table_pointer_make(table, bytes);
    asm volatile("lgdt %0" : : "m"(p) : "memory");
    asm volatile("pushq %0\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "movw %1, %%ss\n\t"
                 "movw %1, %%ds\n\t"
                 "movw %1, %%es\n\t"
                 "xorl %%eax, %%eax\n\t"
                 "movw %%ax, %%fs\n\t"
                 "movw %%ax, %%gs"
                 :
                 : "r"((uint64_t)code_selector), "r"(data_selector)
                 : "rax", "memory");
}

void cpu_load_idt(const void *table, size_t bytes)
{
    struct table_pointer p = table_pointer_make(table, bytes);
    asm volatile("lidt %0" : : "m"(p) : "memory");
}

void cpu_load_task(uint16_t selector)
{
    asm volatile("ltr %0" : : "r"(selector) : "memory");
}

void cpu_set_local(void *block)
{
    msr_write(MSR_GS_BASE, (uint64_t)block);
}

void *cpu_local(void)
{
    void *block;
    asm volatile("movq %%gs:0, %0" : "=r"(block));
    return block;
}

uint64_t cpu_frame_pointer(void)
{
    /* Our own RBP points at the caller's saved one. */
    uint64_t saved;
    asm volatile("movq (%%rbp), %0" : "=r"(saved) : : "memory");
    return saved;
}

_Noreturn void cpu_continue_on(void *top, void (*run)(void *), void *argument)
{
    asm volatile("movq %0, %%rsp\n\t"
                 "xorl %%ebp, %%ebp\n\t" /* backtraces end here */
                 "pushq $0\n\t"
                 "pushq $0\n\t"
                 "call *%1\n\t"
                 "ud2"
                 :
                 : "r"(top), "r"(run), "D"(argument)
                 : "memory");
    __builtin_unreachable();
}
