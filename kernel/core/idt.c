/* SPDX-License-Identifier: GPL-2.0-only
 * IDT gates and the parting of exceptions from interrupts. */
#include "kernel/core/idt.h"

#include "kernel/core/exception.h"
#include "kernel/core/gdt.h"
#include "kernel/core/irq_dispatch.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/cpu_state.h"
#include "kernel/lib/bits.h"

#define IDT_VECTORS 256
#define IDT_STUB_BYTES 16  /* stride of idt_stubs */
#define GATE_INTERRUPT 0xe /* 64-bit interrupt gate: interrupts off on entry */

extern const char idt_stubs[];

struct idt_gate {
    uint64_t low, high;
};
_Static_assert(sizeof(struct idt_gate) == 16, "SDM 3A figure 6-8");

static struct {
    struct idt_gate gates[IDT_VECTORS];
} idt;

static struct idt_gate gate_make(uint64_t entry, unsigned ist)
{
    uint64_t low = bits_make(entry, 15, 0) | bits_make(GDT_CODE, 31, 16) | bits_make(ist, 34, 32) |
                   bits_make(GATE_INTERRUPT, 43, 40) | BIT64(47) | bits_make(entry >> 16, 63, 48);
    return (struct idt_gate){low, entry >> 32};
}

static unsigned ist_of(unsigned vector)
{
    switch (vector) {
    case VECTOR_DOUBLE_FAULT:
        return GDT_IST_DOUBLE_FAULT;
    case VECTOR_NMI:
        return GDT_IST_NMI;
    case VECTOR_MACHINE_CHECK:
        return GDT_IST_MACHINE_CHECK;
    default:
        return 0; /* the current stack */
    }
}

void idt_init(void)
{
    for (unsigned vector = 0; vector < IDT_VECTORS; vector++) {
        idt.gates[vector] = gate_make((uint64_t)idt_stubs + (uint64_t)vector * IDT_STUB_BYTES, ist_of(vector));
    }
}

void idt_load(void)
{
    cpu_load_idt(idt.gates, sizeof(idt.gates));
}

uint64_t idt_base(void)
{
    return (uint64_t)idt.gates;
}

void idt_dispatch(struct trap_frame *frame)
{
    if (frame->vector < VECTOR_EXCEPTIONS) {
        exception_handle(frame);
    } else {
        irq_dispatch((uint8_t)frame->vector);
    }
}
