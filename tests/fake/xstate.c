/* SPDX-License-Identifier: GPL-2.0-only
 * FPU, vector and debug registers that hold nothing, but for x87 state and XCR0. */
#include "tests/fake/xstate.h"

#include "kernel/hw/xstate.h"

#include "kernel/lib/string.h"

#define X87_BYTES 160 /* MXCSR among them, as if it were x87's */
#define XSTATE_BV 512

static uint64_t xcr0 = 1;
static struct fake_x87 x87;

struct fake_x87 *fake_x87(void)
{
    return &x87;
}

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
    uint8_t *to = area;
    memcpy(to, x87.registers, X87_BYTES);
    to[XSTATE_BV] |= 1;
}

void xstate_xrstor(const void *area, uint64_t components)
{
    if ((components & 1) != 0) {
        memcpy(x87.registers, area, X87_BYTES);
        x87.loads++;
    }
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
