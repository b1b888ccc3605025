/* SPDX-License-Identifier: GPL-2.0-only
 * GDT and TSS of every CPU. */
#include "kernel/core/gdt.h"

#include "kernel/core/percpu.h"
#include "kernel/hw/cpu_state.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

enum {
    TASK_BYTES = 104, /* SDM 3A 8.7 figure 8-11 */
    TASK_IST1 = 36,   /* offset; one 64-bit pointer each */
    TASK_IO_MAP = 102,
    GDT_SLOTS = 5,
    EMERGENCY_STACK_BYTES = 4096,
};

#define SEGMENT_CODE64 UINT64_C(0x00209b0000000000) /* present, ring 0, code, readable, accessed, long */
#define SEGMENT_DATA UINT64_C(0x0000930000000000)   /* present, ring 0, writable, accessed */

struct gdt_cpu {
    uint64_t slots[GDT_SLOTS];
    uint8_t task[TASK_BYTES] __attribute__((aligned(16)));
} CPU_ALIGNED;

static struct {
    struct gdt_cpu cpus[CPU_MAX];
    /* For faults of the boot CPU before it has its own stacks. */
    uint8_t emergency_stack[EMERGENCY_STACK_BYTES] __attribute__((aligned(16)));
} gdt;

/* Low and high half of a 64-bit TSS descriptor (SDM 3A 8.2.3 figure 8-4). */
static uint64_t task_low(uint64_t base)
{
    return bits_make(TASK_BYTES - 1, 15, 0) | bits_make(base, 39, 16) | bits_make(0x9, 43, 40) | BIT64(47) |
           bits_make(base >> 24, 63, 56);
}

static uint64_t task_high(uint64_t base)
{
    return base >> 32;
}

void gdt_set_ist(unsigned cpu, enum gdt_ist ist, uint64_t top)
{
    memcpy(gdt.cpus[cpu].task + TASK_IST1 + sizeof(top) * (ist - 1), &top, sizeof(top));
}

static void fill(unsigned cpu)
{
    struct gdt_cpu *g = &gdt.cpus[cpu];
    uint64_t task = (uint64_t)g->task;
    g->slots[GDT_CODE / 8] = SEGMENT_CODE64;
    g->slots[GDT_DATA / 8] = SEGMENT_DATA;
    g->slots[GDT_TASK / 8] = task_low(task);
    g->slots[GDT_TASK / 8 + 1] = task_high(task);
    uint16_t no_io_map = TASK_BYTES;
    memcpy(g->task + TASK_IO_MAP, &no_io_map, sizeof(no_io_map));
}

void gdt_load(unsigned cpu)
{
    fill(cpu);
    if (cpu == 0) {
        uint64_t top = (uint64_t)(gdt.emergency_stack + EMERGENCY_STACK_BYTES);
        gdt_set_ist(cpu, GDT_IST_DOUBLE_FAULT, top);
        gdt_set_ist(cpu, GDT_IST_NMI, top);
        gdt_set_ist(cpu, GDT_IST_MACHINE_CHECK, top);
    }
    cpu_load_gdt(gdt.cpus[cpu].slots, sizeof(gdt.cpus[cpu].slots), GDT_CODE, GDT_DATA);
    cpu_load_task(GDT_TASK);
}

uint64_t gdt_base(unsigned cpu)
{
    return (uint64_t)gdt.cpus[cpu].slots;
}

uint64_t gdt_task_base(unsigned cpu)
{
    return (uint64_t)gdt.cpus[cpu].task;
}
