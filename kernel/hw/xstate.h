/* SPDX-License-Identifier: GPL-2.0-only
 * FPU, vector and debug registers: state that the hypervisor carries for guests and never uses itself. */
#ifndef BULKHEAD_HW_XSTATE_H
#define BULKHEAD_HW_XSTATE_H

#include "kernel/lib/types.h"

/* CR0 and CR4 of this CPU so that the functions below may be used: FXSAVE always, XSAVE when asked for. */
void xstate_enable(bool xsave);

/* area: 64-byte aligned; 512 bytes, or with XSAVE as many as CPUID leaf 0xd says for the bits in XCR0. XSAVE and
 * XRSTOR handle every component that XCR0 enables at that moment. */
void xstate_fxsave(void *area);
void xstate_fxrstor(const void *area);
void xstate_xsave(void *area);
/* components: as in XCR0; those that XCR0 does not have are left out. */
void xstate_xrstor(const void *area, uint64_t components);

uint64_t xstate_read_xcr0(void);
/* Reserved bits are #GP and so a panic. */
void xstate_write_xcr0(uint64_t value);

/* DR0..DR3. */
void xstate_read_breakpoints(uint64_t dr[4]);
void xstate_write_breakpoints(const uint64_t dr[4]);
/* DR6; bits 63:32 of value must be 0. */
uint64_t xstate_read_dr6(void);
void xstate_write_dr6(uint64_t value);

#endif
