/* SPDX-License-Identifier: GPL-2.0-only
 * Ways to open the interrupt window, instruction by instruction: tests/guest/windows/code.S. All return with interrupts
 * off. */
#ifndef BULKHEAD_TESTS_GUEST_WINDOWS_H
#define BULKHEAD_TESTS_GUEST_WINDOWS_H

#include "kernel/lib/types.h"

void window_sti_nops(void);
void window_sti_cli(void);
void window_popf(void);
void window_iret(void);
void window_lower_cr8(void);
/* Interrupts on; `rounds` times MOV SS and a NOP. */
void window_mov_ss(unsigned rounds);
extern const uint8_t window_after_sti[], window_after_mov_ss[];

#endif
