/* SPDX-License-Identifier: GPL-2.0-only
 * Single CPU instructions (SDM 2A, 2B). */
#include "kernel/hw/cpu.h"

#define RFLAGS_IF (UINT64_C(1) << 9)

struct cpuid cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

uint64_t cpu_tsc(void)
{
    uint32_t low;
    uint32_t high;
    /* LFENCE: the counter is read after every earlier instruction (SDM 2B RDTSC). */
    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

void cpu_pause(void)
{
    asm volatile("pause" : : : "memory");
}

void cpu_irq_enable(void)
{
    asm volatile("sti" : : : "memory");
}

void cpu_irq_disable(void)
{
    asm volatile("cli" : : : "memory");
}

uint64_t cpu_irq_save(void)
{
    uint64_t flags;
    asm volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

void cpu_irq_restore(uint64_t flags)
{
    if ((flags & RFLAGS_IF) != 0) {
        cpu_irq_enable();
    }
}

/* STI holds interrupts off for one more instruction (SDM 2B STI). It must not be PAUSE: QEMU's TCG 7.2 leaves it by a
 * way of its own that keeps them off for the instruction after it too. */
void cpu_irq_serve(void)
{
    asm volatile("sti; nop; nop; cli" : : : "memory");
}

void cpu_irq_wait(void)
{
    asm volatile("sti; hlt; cli" : : : "memory");
}

_Noreturn void cpu_stop(void)
{
    for (;;) {
        asm volatile("cli; hlt" : : : "memory");
    }
}

/* True when old was still there; else old becomes what is. */
static bool replace_pair(uint64_t *at, uint64_t old[2], uint64_t low, uint64_t high)
{
    bool done;
    asm volatile("lock cmpxchg16b %1"
                 : "=@ccz"(done), "+m"(*(volatile unsigned __int128 *)at), "+a"(old[0]), "+d"(old[1])
                 : "b"(low), "c"(high)
                 : "memory");
    return done;
}

void cpu_store_pair(uint64_t *at, uint64_t low, uint64_t high)
{
    uint64_t old[2] = {at[0], at[1]};
    while (!replace_pair(at, old, low, high)) {
    }
}

void cpu_fence(void)
{
    asm volatile("mfence" : : : "memory");
}

static size_t cache_line(void)
{
    return (size_t)((cpu_cpuid(1, 0).ebx >> 8) & 0xff) * 8;
}

void cpu_flush(const void *at, size_t bytes)
{
    /* CPUID is slow, and traps in a nested guest: asked once. Two CPUs asking at once find the same. */
    static size_t line;
    if (line == 0) {
        line = cache_line() != 0 ? cache_line() : 64;
    }
    uintptr_t end = (uintptr_t)at + bytes;
    for (uintptr_t p = (uintptr_t)at & ~(line - 1); p < end; p += line) {
        asm volatile("clflush %0" : "+m"(*(volatile uint8_t *)p) : : "memory");
    }
    cpu_fence();
}

void cpu_wbinvd(void)
{
    asm volatile("wbinvd" : : : "memory");
}

/* Only the form with a memory operand does it. */
void cpu_clear_buffers(void)
{
    uint16_t selector;
    asm volatile("movw %%ss, %0" : "=m"(selector));
    asm volatile("verw %0" : : "m"(selector) : "cc", "memory");
}

uint64_t cpu_read_cr0(void)
{
    uint64_t value;
    asm volatile("movq %%cr0, %0" : "=r"(value) : : "memory");
    return value;
}

uint64_t cpu_read_cr2(void)
{
    uint64_t value;
    asm volatile("movq %%cr2, %0" : "=r"(value) : : "memory");
    return value;
}

uint64_t cpu_read_cr3(void)
{
    uint64_t value;
    asm volatile("movq %%cr3, %0" : "=r"(value) : : "memory");
    return value;
}

uint64_t cpu_read_cr4(void)
{
    uint64_t value;
    asm volatile("movq %%cr4, %0" : "=r"(value) : : "memory");
    return value;
}

uint64_t cpu_read_cr8(void)
{
    uint64_t value;
    asm volatile("movq %%cr8, %0" : "=r"(value) : : "memory");
    return value;
}

void cpu_write_cr0(uint64_t value)
{
    asm volatile("movq %0, %%cr0" : : "r"(value) : "memory");
}

void cpu_write_cr2(uint64_t value)
{
    asm volatile("movq %0, %%cr2" : : "r"(value) : "memory");
}

void cpu_write_cr3(uint64_t value)
{
    asm volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

void cpu_write_cr4(uint64_t value)
{
    asm volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

void cpu_write_cr8(uint64_t value)
{
    asm volatile("movq %0, %%cr8" : : "r"(value) : "memory");
}

void cpu_invlpg(uint64_t address)
{
    asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}
