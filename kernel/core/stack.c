/* SPDX-License-Identifier: GPL-2.0-only
 * Stack memory. */
#include "kernel/core/stack.h"

#include "kernel/core/gdt.h"
#include "kernel/core/pages.h"
#include "kernel/core/paging.h"
#include "kernel/core/radix.h"
#include "kernel/core/stack_layout.h"

static enum status map_stack(struct stack_place place)
{
    for (uint64_t at = place.low; at < place.top; at += PAGE_SIZE) {
        struct hpa page;
        enum status status = pages_alloc(&page);
        if (status != STATUS_OK) {
            return status;
        }
        status = paging_map(at, page, PAGE_SIZE, RADIX_READ | RADIX_WRITE);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status stack_init(unsigned cpu)
{
    for (enum stack_kind kind = STACK_NORMAL; kind < STACK_KINDS; kind++) {
        enum status status = map_stack(stack_layout_place(cpu, kind));
        if (status != STATUS_OK) {
            return status;
        }
    }
    gdt_set_ist(cpu, GDT_IST_DOUBLE_FAULT, stack_layout_place(cpu, STACK_DOUBLE_FAULT).top);
    gdt_set_ist(cpu, GDT_IST_NMI, stack_layout_place(cpu, STACK_NMI).top);
    gdt_set_ist(cpu, GDT_IST_MACHINE_CHECK, stack_layout_place(cpu, STACK_MACHINE_CHECK).top);
    return STATUS_OK;
}

void *stack_top(unsigned cpu)
{
    return (void *)stack_layout_place(cpu, STACK_NORMAL).top;
}
