/* SPDX-License-Identifier: GPL-2.0-only
 * FPU, vector and debug registers. */
#include "kernel/hw/xstate.h"

#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"

#define CR0_MP BIT64(1)
#define CR0_EM BIT64(2)
#define CR0_TS BIT64(3)
#define CR0_NE BIT64(5)
#define CR4_OSFXSR BIT64(9)
#define CR4_OSXMMEXCPT BIT64(10)
#define CR4_OSXSAVE BIT64(18)

void xstate_enable(bool xsave)
{
    cpu_write_cr0((cpu_read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
    cpu_write_cr4(cpu_read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | (xsave ? CR4_OSXSAVE : 0));
}

void xstate_fxsave(void *area)
{
    asm volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void xstate_fxrstor(const void *area)
{
    asm volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

void xstate_xsave(void *area)
{
    asm volatile("xsave64 (%0)" : : "r"(area), "a"(UINT32_MAX), "d"(UINT32_MAX) : "memory");
}

void xstate_xrstor(const void *area, uint64_t components)
{
    uint32_t low = (uint32_t)components, high = (uint32_t)(components >> 32);
    asm volatile("xrstor64 (%0)" : : "r"(area), "a"(low), "d"(high) : "memory");
}

uint64_t xstate_read_xcr0(void)
{
    uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

void xstate_write_xcr0(uint64_t value)
{
    asm volatile("xsetbv" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(0) : "memory");
}

void xstate_read_breakpoints(uint64_t dr[4])
{
    asm volatile("mov %%db0, %0" : "=r"(dr[0]));
    asm volatile("mov %%db1, %0" : "=r"(dr[1]));
    asm volatile("mov %%db2, %0" : "=r"(dr[2]));
    asm volatile("mov %%db3, %0" : "=r"(dr[3]));
}

void xstate_write_breakpoints(const uint64_t dr[4])
{
    asm volatile("mov %0, %%db0" : : "r"(dr[0]));
    asm volatile("mov %0, %%db1" : : "r"(dr[1]));
    asm volatile("mov %0, %%db2" : : "r"(dr[2]));
    asm volatile("mov %0, %%db3" : : "r"(dr[3]));
}

uint64_t xstate_read_dr6(void)
{
    uint64_t value;
    asm volatile("mov %%db6, %0" : "=r"(value));
    return value;
}

void xstate_write_dr6(uint64_t value)
{
    asm volatile("mov %0, %%db6" : : "r"(value));
}
