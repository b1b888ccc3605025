/* SPDX-License-Identifier: GPL-2.0-only
 * Where each CPU's stacks are in the address space. Pure.
 * A window in the upper half; each stack is the top of a 64 KiB cell whose rest is never mapped: the guard. */
#ifndef BULKHEAD_CORE_STACK_LAYOUT_H
#define BULKHEAD_CORE_STACK_LAYOUT_H

#include "kernel/lib/types.h"

#define STACK_WINDOW UINT64_C(0xffff800000000000)
#define STACK_CELL (64 * KIB)

enum stack_kind {
    STACK_NORMAL,
    STACK_DOUBLE_FAULT,
    STACK_NMI,
    STACK_MACHINE_CHECK,
    STACK_KINDS,
};

struct stack_place {
    uint64_t low; /* first mapped byte */
    uint64_t top; /* one past the last; 16-byte aligned */
};

struct stack_place stack_layout_place(unsigned cpu, enum stack_kind kind);

struct stack_spot {
    unsigned cpu;
    enum stack_kind kind;
    bool guard; /* in the unmapped part */
};

/* Which stack does address belong to? False when it is outside the window of `cpus` CPUs. */
bool stack_layout_find(uint64_t address, unsigned cpus, struct stack_spot *out);

/* "kernel", "double fault", "NMI", "machine check". */
const char *stack_kind_text(enum stack_kind kind);

#endif
