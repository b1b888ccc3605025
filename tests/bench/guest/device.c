/* SPDX-License-Identifier: GPL-2.0-only
 * edu's MSI, raised and acknowledged by writes to its registers, which take no exits. */
#include "tests/bench/guest/device.h"

#include "kernel/hw/cpu.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define ROUNDS 200
#define VECTOR 0x54
#define TURNS_MAX 10000000
#define MESSAGES_TO_CPU_0 0xfee00000

static struct edu edu;
static volatile uint32_t hits;
static volatile uint64_t handler_tsc;

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    handler_tsc = cpu_tsc();
    edu_acknowledge(&edu);
    hits++;
    apic_eoi();
}

/* From the write that raises it to the handler; 0: it did not arrive. */
static uint64_t one_interrupt(void)
{
    uint32_t before = hits;
    uint64_t from = cpu_tsc();
    edu_raise(&edu);
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        if (hits != before) {
            return handler_tsc - from;
        }
    }
    return 0;
}

void device_measure(void)
{
    trap_handle(VECTOR, on_interrupt);
    if (!check(edu_find(&edu) && edu_msi(&edu, true, MESSAGES_TO_CPU_0, VECTOR), "there is an edu device with MSI")) {
        return;
    }
    uint64_t sum = 0;
    cpu_irq_enable();
    for (unsigned i = 0; i < ROUNDS && hits == i; i++) {
        sum += one_interrupt();
    }
    cpu_irq_disable();
    check(hits == ROUNDS, "every interrupt arrived once");
    say("bench: device-interrupt=%llu", (unsigned long long)(sum / ROUNDS));
}
