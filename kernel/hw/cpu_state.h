/* SPDX-License-Identifier: GPL-2.0-only
 * Per-CPU machine state that C cannot load: descriptor tables, task register, GS base, stack (SDM 3A 2.4, 8.7). */
#ifndef BULKHEAD_HW_CPU_STATE_H
#define BULKHEAD_HW_CPU_STATE_H

#include "kernel/lib/types.h"

/* Load the GDT, and reload CS with code_selector and SS, DS, ES with data_selector; FS and GS become null. */
void cpu_load_gdt(const void *table, size_t bytes, uint16_t code_selector, uint16_t data_selector);
void cpu_load_idt(const void *table, size_t bytes);
void cpu_load_task(uint16_t selector);

/* The pointer that cpu_set_local gave this CPU. It lives at the start of the block itself: block[0] must be the
 * block's own address before the call, so that one load through GS fetches it. */
void cpu_set_local(void *block);
void *cpu_local(void);

/* Frame pointer (RBP) of the caller. */
uint64_t cpu_frame_pointer(void);

/* Leave the current stack for good and call run(argument) on the one that ends at `top` (16-byte aligned). */
_Noreturn void cpu_continue_on(void *top, void (*run)(void *), void *argument);

#endif
