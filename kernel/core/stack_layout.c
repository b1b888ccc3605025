/* SPDX-License-Identifier: GPL-2.0-only
 * Stack addresses. */
#include "kernel/core/stack_layout.h"

static const struct {
    uint64_t bytes;
    const char *text;
} kinds[STACK_KINDS] = {
    [STACK_NORMAL] = {32 * KIB, "kernel"},
    [STACK_DOUBLE_FAULT] = {16 * KIB, "double fault"},
    [STACK_NMI] = {16 * KIB, "NMI"},
    [STACK_MACHINE_CHECK] = {16 * KIB, "machine check"},
};

struct stack_place stack_layout_place(unsigned cpu, enum stack_kind kind)
{
    uint64_t cell = (uint64_t)cpu * STACK_KINDS + kind;
    uint64_t top = STACK_WINDOW + (cell + 1) * STACK_CELL;
    return (struct stack_place){top - kinds[kind].bytes, top};
}

bool stack_layout_find(uint64_t address, unsigned cpus, struct stack_spot *out)
{
    if (address < STACK_WINDOW || address - STACK_WINDOW >= (uint64_t)cpus * STACK_KINDS * STACK_CELL) {
        return false;
    }
    uint64_t cell = (address - STACK_WINDOW) / STACK_CELL;
    out->cpu = (unsigned)(cell / STACK_KINDS);
    out->kind = (enum stack_kind)(cell % STACK_KINDS);
    out->guard = address < stack_layout_place(out->cpu, out->kind).low;
    return true;
}

const char *stack_kind_text(enum stack_kind kind)
{
    return kinds[kind].text;
}
