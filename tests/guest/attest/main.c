/* SPDX-License-Identifier: GPL-2.0-only
 * Attacks first, then stays as a witness: looks at its own memory and counts interrupts until the time is up.
 *   targets=0x...,0x...  addresses of the machine to aim at     seed=N  order of attempts
 *   budget=N  ms for each bulk class, 0: all attempts           seconds=N  how long to stay
 *   turn=N  ms from the start until this guest's devices attack: a unit with one record loses those of two at once
 *   pause=N  ms after each DMA attempt, so that the log has room for its records       spoil=1  see attest.h */
#include "kernel/hw/cpu.h"
#include "tests/guest/attest/attest.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"

#define VERSION 1
#define ROUND_US 1000000u
#define SHORT_MS 1000u

static struct config_guest guest;

static struct attest_options options(void)
{
    return (struct attest_options){
        .seed = (uint32_t)machine_option("seed", 1),
        .class_ms = machine_option("budget", 1000),
        .seconds = machine_option("seconds", 30),
        .dma_from = machine_option("turn", 0) * (PM_TIMER_HZ / 1000),
        .dma_pause_us = machine_option("pause", 0) * 1000,
        .spoil = machine_option("spoil", 0) != 0,
    };
}

static void begin(const struct attest_options *o)
{
    uint64_t start, bytes;
    say("ATTEST begin version=%u ticket=%llu seed=%u budget-ms=%llu cpus=%u witnessed=0x%llx", VERSION,
        (unsigned long long)machine_option("ticket", 0), o->seed, (unsigned long long)o->class_ms, smp_expected(),
        (unsigned long long)attest_memory_bytes());
    for (unsigned i = 0; machine_ram(i, &start, &bytes); i++) {
        say("ATTEST ram start=0x%llx bytes=0x%llx", (unsigned long long)start, (unsigned long long)bytes);
    }
}

static void attack_by_devices(const struct attest_options *o)
{
    attest_config_own(&guest);
    while (guest.count != 0 && machine_ticks() < o->dma_from) {
        machine_wait_us(1000);
    }
    attest_devices(o, &guest);
}

/* Turns are by the clock: classes that may take long come after the devices. */
static void attack(const struct attest_options *o)
{
    bool devices_first = o->class_ms == 0 || o->class_ms > SHORT_MS;
    config_find(&guest);
    if (devices_first) {
        attack_by_devices(o);
    }
    attest_instructions();
    attest_msrs(o);
    attest_ports(o);
    attest_ipis();
    attest_pages(o, &guest);
    attest_config_absent(o, &guest);
    if (!devices_first) {
        attack_by_devices(o);
    }
    say("ATTEST attacked attempts=%llu escapes=%llu", (unsigned long long)attest_attempts(),
        (unsigned long long)attest_escapes());
}

/* Interrupts are on all the time: one that somebody else sent would come now. */
static void watch(const struct attest_options *o)
{
    uint64_t until = o->seconds * PM_TIMER_HZ;
    for (unsigned round = 1;; round++) {
        uint64_t first = 0;
        say("ATTEST look round=%u", round);
        if (o->spoil && round == 1) {
            attest_memory_spoil();
        }
        cpu_irq_enable();
        machine_wait_us(ROUND_US);
        cpu_irq_disable();
        uint64_t changed = attest_memory_changed(o->seed, &first);
        say("ATTEST witness round=%u bytes=0x%llx changed=%llu first=0x%llx stray=%u", round,
            (unsigned long long)attest_memory_bytes(), (unsigned long long)changed, (unsigned long long)first,
            attest_interrupts_stray());
        if (machine_ticks() > until) {
            break;
        }
    }
}

void guest_main(void)
{
    struct attest_options o = options();
    (void)machine_ticks();
    if (!on_bulkhead()) {
        say("ATTEST refused why=\"not on Bulkhead\"");
        return;
    }
    attest_memory_map();
    attest_interrupts_init();
    attest_memory_fill(o.seed);
    begin(&o);
    attack(&o);
    watch(&o);
    say("ATTEST end");
}
