/* SPDX-License-Identifier: GPL-2.0-only
 * Functions of the machine that a host test reaches only by mistake, so that layers which can call them link. Weak: a
 * test that means them has its own. */
#include <stdio.h>
#include <stdlib.h>

#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/hw/xstate.h"

#define WEAK __attribute__((weak))

static _Noreturn void never(const char *what)
{
    fprintf(stderr, "fake: %s was called\n", what);
    abort();
}

WEAK struct cpuid cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)leaf, (void)subleaf;
    never(__func__);
}

WEAK uint64_t cpu_tsc(void)
{
    never(__func__);
}

WEAK void cpu_irq_serve(void)
{
    never(__func__);
}

WEAK unsigned cpu_index(void)
{
    never(__func__);
}

WEAK void smp_kick(unsigned cpu_number)
{
    (void)cpu_number;
    never(__func__);
}

WEAK uint64_t msr_read(uint32_t msr)
{
    (void)msr;
    never(__func__);
}

WEAK void msr_write(uint32_t msr, uint64_t value)
{
    (void)msr, (void)value;
    never(__func__);
}

WEAK void xstate_enable(bool xsave)
{
    (void)xsave;
    never(__func__);
}

WEAK void xstate_fxsave(void *area)
{
    (void)area;
    never(__func__);
}

WEAK void xstate_fxrstor(const void *area)
{
    (void)area;
    never(__func__);
}

WEAK void xstate_xsave(void *area)
{
    (void)area;
    never(__func__);
}

WEAK void xstate_xrstor(const void *area)
{
    (void)area;
    never(__func__);
}

WEAK uint64_t xstate_read_xcr0(void)
{
    never(__func__);
}

WEAK void xstate_write_xcr0(uint64_t value)
{
    (void)value;
    never(__func__);
}

WEAK void xstate_read_breakpoints(uint64_t dr[4])
{
    (void)dr;
    never(__func__);
}

WEAK void xstate_write_breakpoints(const uint64_t dr[4])
{
    (void)dr;
    never(__func__);
}
