/* SPDX-License-Identifier: GPL-2.0-only
 * Instructions that fault, step or break: tests/guest/exceptions/code.S. */
#ifndef BULKHEAD_TESTS_GUEST_EXCEPTIONS_H
#define BULKHEAD_TESTS_GUEST_EXCEPTIONS_H

#include "kernel/lib/types.h"
#include "tests/guest/lib/machine.h"

void raise_divide(void *unused);
void raise_breakpoint(void *unused);
void raise_undefined(void *unused);
void raise_x87(void *unused);
void raise_x87_clear(void);
void use_x87(void *unused);
void read_at(void *address);
void write_at(void *address);
void jump_to(void *address);
void load_ds(void *selector);
uint64_t read_at_value(uint64_t address);

uint64_t debug_read_dr6(void);
void debug_write_dr6(uint64_t value);
void debug_write_dr0(uint64_t value);
void debug_write_dr7(uint64_t value);

/* Run with TF from the first of nine instructions on; where each of them ends; the last such place. */
void step_over(void);
extern const uint64_t step_expected[];
extern const uint8_t step_end[];

void break_code(void);
extern const uint8_t break_here[];

#endif
