/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupts of a device of one's own: an edu's MSI to each CPU by physical and logical names, to several at once,
 * moved about, while interrupts are off, while the CPU sleeps, and not at all. Two CPUs. With "storm=MS" first a storm
 * of them for so long, during the second phase of a share guest with "ms=MS" beside it (tests/guest/share). */
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define MESSAGE 0xfee00000u
#define LOGICAL 4u
#define LOWEST 0x100u
#define FIRST 0x51
#define VECTORS 16
#define WAIT_US 500000
#define SETTLE_US 5000
#define MOVED_US 200000 /* for a CPU whose thread of the emulator has to get a turn first */
#define ROUNDS 100
#define CPUS 2
#define STORM_GAP_MS 300 /* before each phase of a share guest */
#define MOVE_EVERY 1024

static struct edu edu;
static volatile uint32_t hits[CPUS][VECTORS], total;

static void on_interrupt(struct trap_frame *frame)
{
    unsigned cpu = apic_id() & (CPUS - 1);
    __atomic_add_fetch(&hits[cpu][frame->vector - FIRST], 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
    apic_eoi();
}

static void forget(void)
{
    for (unsigned i = 0; i < CPUS * VECTORS; i++) {
        hits[i / VECTORS][i % VECTORS] = 0;
    }
    total = 0;
}

static uint32_t to_cpu(unsigned number)
{
    return MESSAGE | smp_apic_id(number) << 12;
}

/* Raise once with interrupts on here; afterwards CPU 0 and 1 got as many of the vector as wanted. */
static bool raise_once(uint32_t wanted)
{
    forget();
    cpu_irq_enable();
    edu_raise(&edu);
    bool came = machine_wait_for(&total, wanted, WAIT_US);
    machine_wait_us(SETTLE_US);
    cpu_irq_disable();
    edu_acknowledge(&edu);
    return came && total == wanted;
}

static void one_message(uint32_t address, uint16_t data, uint32_t on_0, uint32_t on_1, const char *what)
{
    unsigned n = (data & 0xff) - FIRST;
    (void)edu_msi(&edu, true, address, data);
    bool came = raise_once(on_0 + on_1);
    check(came && hits[0][n] == on_0 && hits[1][n] == on_1, "%s: %u and %u here and there", what, hits[0][n],
          hits[1][n]);
}

static void lowest_priority(void)
{
    (void)edu_msi(&edu, true, MESSAGE | 3u << 12 | LOGICAL, LOWEST | (FIRST + 4));
    check(raise_once(1), "lowest priority among both reaches one of them");
}

static void while_off(void)
{
    (void)edu_msi(&edu, true, to_cpu(0), FIRST + 5);
    forget();
    edu_raise(&edu);
    for (unsigned i = 0; i < WAIT_US / SETTLE_US && !apic_vector_bit(LAPIC_IRR, FIRST + 5); i++) {
        machine_wait_us(SETTLE_US);
    }
    check(total == 0 && apic_vector_bit(LAPIC_IRR, FIRST + 5), "with interrupts off it waits in IRR");
    edu_acknowledge(&edu);
    edu_raise(&edu);
    cpu_irq_enable();
    (void)machine_wait_for(&total, 1, WAIT_US);
    machine_wait_us(SETTLE_US);
    cpu_irq_disable();
    edu_acknowledge(&edu);
    expect_in(hits[0][5], 1, 2, "and comes when they are on; a second one may have joined it");
}

static void raise_later(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 200000; i++) {
        cpu_pause();
    }
    edu_raise(&edu);
}

static void while_asleep(void)
{
    unsigned woken = 0;
    (void)edu_msi(&edu, true, to_cpu(0), FIRST + 6);
    for (unsigned i = 0; i < 5; i++) {
        forget();
        smp_run(1, raise_later, NULL);
        while (total == 0) {
            cpu_irq_wait();
        }
        edu_acknowledge(&edu);
        woken += smp_wait(1, WAIT_US) && hits[0][6] == 1;
    }
    expect(woken, 5, "it wakes a CPU from HLT");
}

/* Another vector, another CPU, each time, while MSI is on: rather one too many than one too few. */
static void moved_about(void)
{
    unsigned right = 0;
    (void)edu_msi(&edu, true, to_cpu(0), FIRST + 8);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned cpu = i % CPUS, n = 8 + i % 7;
        edu_msi_change(&edu, to_cpu(cpu), (uint16_t)(FIRST + n));
        forget();
        cpu_irq_enable();
        edu_raise(&edu);
        (void)machine_wait_for(&hits[cpu][n], 1, WAIT_US);
        cpu_irq_disable();
        edu_acknowledge(&edu);
        right += hits[cpu][n] >= 1;
    }
    expect(right, ROUNDS, "each of %u messages came to the CPU and vector it was moved to", ROUNDS);
}

static void switched_off(void)
{
    (void)edu_msi(&edu, true, to_cpu(0), FIRST + 7);
    check(raise_once(1), "on");
    (void)edu_msi(&edu, false, to_cpu(0), FIRST + 7);
    check(raise_once(0), "off: nothing comes");
}

static struct {
    uint64_t end;
    uint32_t raised, moved;
} storm;

/* As fast as it goes, and every now and then the message moves to another vector: the unit has to forget its entry. */
static void rage(void *argument)
{
    (void)argument;
    while (cpu_tsc() < storm.end) {
        edu_raise(&edu);
        edu_acknowledge(&edu);
        if (++storm.raised % MOVE_EVERY == 0) {
            edu_msi_change(&edu, to_cpu(0), (uint16_t)(FIRST + ++storm.moved % VECTORS));
        }
    }
}

static void storm_for(uint64_t ms)
{
    uint64_t from = cpu_tsc();
    machine_wait_us(50000);
    uint64_t per_ms = (cpu_tsc() - from) / 50;
    uint64_t start = (2 * STORM_GAP_MS + ms) * per_ms;
    check(cpu_tsc() < start, "the storm has not begun yet");
    (void)edu_msi(&edu, true, to_cpu(0), FIRST);
    while (cpu_tsc() < start) {
        cpu_pause();
    }
    forget();
    storm.end = start + ms * per_ms;
    cpu_irq_enable();
    smp_run(1, rage, NULL);
    bool ended = smp_wait(1, 2000 * ms);
    cpu_irq_disable();
    say("STORM: raised=%u taken=%u moved=%u", storm.raised, total, storm.moved);
    check(ended && total > 0, "the storm is over");
}

void guest_main(void)
{
    if (!check(edu_find(&edu) && edu_msi(&edu, false, MESSAGE, FIRST), "there is an edu device with MSI")) {
        return;
    }
    trap_init();
    apic_init();
    for (unsigned i = 0; i < VECTORS; i++) {
        trap_handle((uint8_t)(FIRST + i), on_interrupt);
    }
    if (!expect(smp_start(), CPUS, "CPUs")) {
        return;
    }
    if (machine_option("storm", 0) != 0) {
        storm_for(machine_option("storm", 0));
        return;
    }
    one_message(to_cpu(0), FIRST, 1, 0, "physical, this CPU");
    one_message(to_cpu(1), FIRST + 1, 0, 1, "physical, the other, which sleeps");
    one_message(MESSAGE | 1u << 12 | LOGICAL, FIRST + 2, 1, 0, "logical, this CPU");
    one_message(MESSAGE | 2u << 12 | LOGICAL, FIRST + 2, 0, 1, "logical, the other");
    one_message(MESSAGE | 2u << 12 | LOGICAL, LOWEST | (FIRST + 2), 0, 1, "lowest priority, the other alone");
    one_message(MESSAGE | 3u << 12 | LOGICAL, FIRST + 3, 1, 1, "logical, both");
    one_message(MESSAGE | 0xffu << 12, FIRST + 3, 1, 1, "physical, everybody");
    lowest_priority();
    apic_write(LAPIC_LDR, 0x80000000);
    (void)edu_msi(&edu, true, MESSAGE | 1u << 12 | LOGICAL, FIRST + 2);
    machine_wait_us(MOVED_US); /* a message that moves may come once more: the last one did, to the other CPU */
    check(raise_once(0), "nobody has this logical id any more");
    apic_write(LAPIC_LDR, 0x01000000);
    check(raise_once(1), "the id is back while the message stands");
    apic_write(LAPIC_LDR, 0x80000000);
    check(raise_once(0), "and gone again");
    apic_write(LAPIC_LDR, 0x01000000);
    while_off();
    while_asleep();
    moved_about();
    switched_off();
}
