/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupts that arrive, of which a witness expects none; and those that this guest tries to send to others' CPUs. */
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "tests/guest/attest/attest.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define FIRST_VECTOR 0x20u

static volatile uint32_t stray;

static void on_any(struct trap_frame *frame)
{
    stray++;
    if (frame->vector != TRAP_NMI) {
        apic_eoi();
    }
}

void attest_interrupts_init(void)
{
    trap_handle(TRAP_NMI, on_any);
    for (unsigned vector = FIRST_VECTOR; vector < APIC_SPURIOUS_VECTOR; vector++) {
        trap_handle((uint8_t)vector, on_any);
    }
}

uint32_t attest_interrupts_stray(void)
{
    return stray;
}

/* To every APIC id that is not of this guest: fixed, NMI, INIT, startup. That they reach nobody shows in the others. */
void attest_ipis(void)
{
    static const uint32_t kinds[] = {APIC_ICR_FIXED | 0x41, APIC_ICR_NMI, APIC_ICR_INIT, APIC_ICR_STARTUP | 0x08};
    struct attest_tally t = attest_begin("ipis", ATTEST_NO_DEVICE, 0, 0);
    uint32_t before = stray;
    for (uint32_t id = smp_expected(); id < 0xff; id++) {
        for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
            apic_ipi(id, kinds[i] | APIC_ICR_ASSERT);
            cpu_irq_serve();
            ATTEST_JUDGE(&t, stray == before, "an IPI (0x%x) to APIC id %u came back", kinds[i], id);
            before = stray;
        }
    }
    attest_end(&t);
}
