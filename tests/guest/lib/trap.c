/* SPDX-License-Identifier: GPL-2.0-only
 * Exceptions and interrupts (SDM 3A 6.14). */
#include "tests/guest/lib/trap.h"

#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "tests/guest/lib/layout.h"
#include "tests/guest/lib/report.h"

#define STUB_BYTES 16
#define GATE_PRESENT_INTERRUPT 0x8e00

extern uint8_t trap_stubs[], trap_stubs_software[], trap_landed[];
bool trap_try_call(void (*fn)(void *), void *argument, uint64_t *stack);
void trap_dispatch(struct trap_frame *frame);

static struct {
    uint64_t idt[512];
    trap_handler *handlers[256];
    uint64_t landing; /* stack of the running trap_try(), or 0 */
    struct trap_frame caught;
    bool ready;
} trap;

static void load_idt(const void *table, uint16_t limit)
{
    struct {
        uint8_t pad[6];
        uint16_t limit;
        uint64_t base;
    } pointer = {{0}, limit, (uintptr_t)table};
    asm volatile("lidt %0" : : "m"(pointer.limit), "m"(pointer.base));
}

static void fill(const uint8_t *stubs)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t at = (uintptr_t)stubs + (uint64_t)i * STUB_BYTES;
        trap.idt[2 * i] = bits_get(at, 15, 0) | (uint64_t)SELECTOR_CODE64 << 16 |
                          (uint64_t)GATE_PRESENT_INTERRUPT << 32 | bits_make(at >> 16, 63, 48);
        trap.idt[2 * i + 1] = at >> 32;
    }
}

void trap_init(void)
{
    if (!trap.ready) {
        fill(trap_stubs);
        trap.ready = true;
    }
    load_idt(trap.idt, sizeof(trap.idt) - 1);
}

void trap_handle(uint8_t vector, trap_handler *handler)
{
    trap.handlers[vector] = handler;
}

void trap_gate_present(uint8_t vector, bool present)
{
    trap.idt[2 * vector] = bits_set(trap.idt[2 * vector], 47, 47, present);
}

void trap_software_stubs(bool on)
{
    fill(on ? trap_stubs_software : trap_stubs);
}

void trap_break_idt(void)
{
    load_idt(trap.idt, 0);
}

bool trap_try(void (*fn)(void *argument), void *argument, struct trap_frame *caught)
{
    bool trapped = trap_try_call(fn, argument, &trap.landing);
    trap.landing = 0;
    if (trapped && caught != NULL) {
        *caught = trap.caught;
    }
    return trapped;
}

static _Noreturn void unexpected(const struct trap_frame *frame)
{
    check(false, "no unexpected exception: vector %u error 0x%x rip 0x%llx cr2 0x%llx", (unsigned)frame->vector,
          (unsigned)frame->error, (unsigned long long)frame->rip, (unsigned long long)cpu_read_cr2());
    report_end();
}

void trap_dispatch(struct trap_frame *frame)
{
    if (trap.handlers[frame->vector] != NULL) {
        trap.handlers[frame->vector](frame);
        return;
    }
    if (trap.landing == 0 || frame->vector >= 32) {
        unexpected(frame);
    }
    trap.caught = *frame;
    frame->rip = (uintptr_t)trap_landed;
    frame->rsp = trap.landing;
    frame->rflags = 2;
    frame->cs = SELECTOR_CODE64;
    frame->ss = SELECTOR_DATA;
}
