/* SPDX-License-Identifier: GPL-2.0-only
 * Segments and task state of each CPU (SDM 3A 3.4.5, 8.7). */
#ifndef BULKHEAD_CORE_GDT_H
#define BULKHEAD_CORE_GDT_H

#include "kernel/lib/types.h"

enum {
    GDT_CODE = 0x08, /* 64-bit code, ring 0 */
    GDT_DATA = 0x10,
    GDT_TASK = 0x18, /* two slots: 64-bit TSS */
};

/* Interrupt stack table entries, as gates name them: faults that must not trust the current stack. */
enum gdt_ist {
    GDT_IST_DOUBLE_FAULT = 1,
    GDT_IST_NMI = 2,
    GDT_IST_MACHINE_CHECK = 3,
};

/* Load GDT and TSS of CPU number `cpu` on this CPU. GS base is zero afterwards: percpu_init() comes next. */
void gdt_load(unsigned cpu);

/* Use the stack that ends at `top` for that IST entry of `cpu`. Before, all three share a small one of the boot. */
void gdt_set_ist(unsigned cpu, enum gdt_ist ist, uint64_t top);

/* Linear addresses for a CPU backend that must restore them itself (VMX host state). */
uint64_t gdt_base(unsigned cpu);
uint64_t gdt_task_base(unsigned cpu);

#endif
