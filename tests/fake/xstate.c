/* SPDX-License-Identifier: GPL-2.0-only
 * FPU, vector and debug registers that hold nothing, but for XCR0. */
#include "kernel/hw/xstate.h"

#include "kernel/lib/string.h"

static uint64_t xcr0 = 1;

void xstate_enable(bool xsave)
{
    (void)xsave;
}

void xstate_fxsave(void *area)
{
    (void)area;
}

void xstate_fxrstor(const void *area)
{
    (void)area;
}

void xstate_xsave(void *area)
{
    (void)area;
}

void xstate_xrstor(const void *area)
{
    (void)area;
}

uint64_t xstate_read_xcr0(void)
{
    return xcr0;
}

void xstate_write_xcr0(uint64_t value)
{
    xcr0 = value;
}

void xstate_read_breakpoints(uint64_t dr[4])
{
    memset(dr, 0, 4 * sizeof(*dr));
}

void xstate_write_breakpoints(const uint64_t dr[4])
{
    (void)dr;
}
