/* SPDX-License-Identifier: GPL-2.0-only
 * BARs over RAM, interrupt controllers, the ECAM, firmware's area, holes where a host has devices, and each other:
 * what was there stays, the BAR is nowhere meanwhile, and it is back when it moves back. */
#include "guest/memory.h"
#include "guest/vlapic.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "tests/guest/config/config.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

#define RAM_TARGET UINT64_C(0x800000) /* above this image, in 16 MiB */
#define ROM 0x30u
#define ROM_ENABLE 1u
#define BAR_REACH UINT64_C(0x800000) /* the largest BAR that is put over RAM */
#define SCRATCH 0x66666666u

static void fill(uint64_t at, uint64_t bytes, uint32_t seed)
{
    for (uint64_t i = 0; i < bytes; i += 4) {
        *(volatile uint32_t *)(uintptr_t)(at + i) = (uint32_t)(at + i) ^ seed;
    }
}

static bool is_filled(uint64_t at, uint64_t bytes, uint32_t seed)
{
    for (uint64_t i = 0; i < bytes; i += 4) {
        if (*(volatile uint32_t *)(uintptr_t)(at + i) != ((uint32_t)(at + i) ^ seed)) {
            return false;
        }
    }
    return true;
}

static unsigned slot(const struct config_function *f)
{
    return f->devfn >> 3;
}

/* Home again: the register says so, and a known device answers with what it kept. */
static void comes_back(const struct config_function *f, unsigned bar, const char *from)
{
    config_bar_move(f, bar, f->at[bar]);
    bool good = config_bar(f, bar) == f->at[bar];
    if (bar == 0 && f->probe != NULL) {
        good &= config_has_mark(f, f->at[0], f->probe->mark);
    }
    check(good, "00:%02x.0 BAR %u is back from %s, nothing of it changed", slot(f), bar, from);
}

static void over_ram(const struct config_function *f, unsigned bar)
{
    uint64_t bytes = f->size[bar];
    fill(RAM_TARGET, bytes, 0);
    config_bar_move(f, bar, RAM_TARGET);
    expect(config_bar(f, bar), RAM_TARGET, "00:%02x.0 BAR %u over RAM: the register takes it", slot(f), bar);
    check(is_filled(RAM_TARGET, bytes, 0), "RAM there reads as RAM");
    fill(RAM_TARGET, bytes, SCRATCH);
    check(is_filled(RAM_TARGET, bytes, SCRATCH), "RAM there is written as RAM");
    expect(mmio_read32(hpa(f->at[bar])), CONFIG_ONES, "and where the BAR was, nobody answers");
    comes_back(f, bar, "RAM");
    check(is_filled(RAM_TARGET, bytes, SCRATCH), "RAM there kept its bytes");
}

static void rom_over_ram(const struct config_function *f)
{
    uint32_t mask = f->writable[ROM / 4] & 0xfffff800, old = config_read(CONFIG_PORTS, f->devfn, ROM, 4);
    if (mask == 0) {
        return;
    }
    fill(RAM_TARGET, ~mask + 1, 0);
    config_write(CONFIG_PORTS, f->devfn, ROM, 4, (uint32_t)RAM_TARGET | ROM_ENABLE);
    bool good = is_filled(RAM_TARGET, ~mask + 1, 0);
    fill(RAM_TARGET, ~mask + 1, SCRATCH);
    good &= is_filled(RAM_TARGET, ~mask + 1, SCRATCH);
    config_write(CONFIG_PORTS, f->devfn, ROM, 4, old);
    check(good && is_filled(RAM_TARGET, ~mask + 1, SCRATCH), "00:%02x.0 option ROM over RAM: RAM stays", slot(f));
}

static uint32_t sum_of_firmware(void)
{
    uint32_t sum = 0;
    for (uint64_t at = GUEST_FIRMWARE_START; at < GUEST_FIRMWARE_END; at += 4) {
        sum = sum * 31 + *(volatile uint32_t *)(uintptr_t)at;
    }
    return sum;
}

/* The first MiB, where a BAR of 1 MiB covers vectors, firmware's tables and all. */
static void over_firmware(const struct config_function *f, unsigned bar)
{
    uint32_t sum = sum_of_firmware();
    config_bar_move(f, bar, align_down(GUEST_FIRMWARE_START, f->size[bar]));
    expect(sum_of_firmware(), sum, "00:%02x.0 BAR %u over firmware's area: its tables stay", slot(f), bar);
    comes_back(f, bar, "firmware's area");
}

static void over_controllers(const struct config_function *f, unsigned bar)
{
    uint32_t version = apic_read(LAPIC_VERSION), pins = ioapic_read(1);
    uint32_t id = config_read(CONFIG_ECAM, 0, 0, 4);
    config_bar_move(f, bar, align_down(GUEST_LAPIC_START, f->size[bar]));
    apic_write(LAPIC_TPR, 0x40);
    check(apic_read(LAPIC_VERSION) == version && apic_read(LAPIC_TPR) == 0x40,
          "00:%02x.0 BAR %u over the local APIC: that one answers", slot(f), bar);
    apic_write(LAPIC_TPR, 0);
    config_bar_move(f, bar, align_down(GUEST_IOAPIC_START, f->size[bar]));
    check(ioapic_read(1) == pins, "00:%02x.0 BAR %u over the I/O APIC: that one answers", slot(f), bar);
    config_bar_move(f, bar, align_down(GUEST_ECAM_START, f->size[bar]));
    expect(config_read(CONFIG_ECAM, 0, 0, 4), id, "00:%02x.0 BAR %u over the ECAM: that one answers", slot(f), bar);
    expect(config_read(CONFIG_ECAM, f->devfn, 0, 4), f->id, "and so does this function's own part of it");
    comes_back(f, bar, "the controllers");
}

/* Nobody's addresses to the guest; a host's HPET, remapping units, flash, devices. The edge of the window, and its
 * other side, too. */
static void over_holes(const struct config_function *f, unsigned bar)
{
    static const uint64_t holes[] = {0xfed00000, 0xfed90000, 0xfec80000, 0xfff00000, 0xfeb00000, 0xe0100000,
                                     0xf0000000, 0xfe000000, 0xbf800000, 0x04000000, 0x7f000000};
    unsigned answers = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(holes); i++) {
        uint64_t to = align_down(holes[i], f->size[bar]);
        config_bar_move(f, bar, to);
        mmio_write32(hpa(holes[i] + 0x24), SCRATCH);
        answers += mmio_read32(hpa(holes[i])) != CONFIG_ONES || mmio_read32(hpa(holes[i] + 0x24)) != CONFIG_ONES;
    }
    expect(answers, 0, "00:%02x.0 BAR %u over %zu holes: nobody answers there", slot(f), bar, ARRAY_LENGTH(holes));
    comes_back(f, bar, "holes");
}

/* Beyond all that tables can hold, and at the end of 64 bits; nothing is accessed there. */
static void out_of_reach(const struct config_function *f, unsigned bar)
{
    static const uint64_t places[] = {0xffffffffff800000, 0x0010000000000000, 0x0000800000000000, 0x000000ff00000000};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        config_bar_move(f, bar, align_down(places[i], f->size[bar]));
        config_bar_move(f, bar, align_down(places[i], f->size[bar]) | 0xf); /* type bits are no address */
    }
    comes_back(f, bar, "beyond all addresses");
}

/* In the window it goes where the guest wants, and memory decode switches it. */
static void inside(const struct config_function *f)
{
    uint64_t to = align_down(GUEST_BAR32_END - f->size[0], f->size[0]);
    config_bar_move(f, 0, to);
    check(config_has_mark(f, to, f->probe->mark), "00:%02x.0 BAR 0 moves within its window", slot(f));
    uint32_t command = config_read(CONFIG_PORTS, f->devfn, 4, 2);
    config_write(CONFIG_PORTS, f->devfn, 4, 2, command & ~2u);
    check(mmio_read32(hpa(to + f->probe->offset)) == CONFIG_ONES, "00:%02x.0 without memory decode nobody answers",
          slot(f));
    config_write(CONFIG_PORTS, f->devfn, 4, 2, command);
    comes_back(f, 0, "the window's end");
}

static void each_bar(const struct config_function *f)
{
    if (f->probe != NULL) {
        config_mark(f, f->at[0], f->probe->mark);
    }
    for (unsigned bar = 0; bar < CONFIG_BARS; bar++) {
        if (f->size[bar] != 0 && f->size[bar] <= BAR_REACH) {
            over_ram(f, bar);
            over_firmware(f, bar);
            over_controllers(f, bar);
            over_holes(f, bar);
            out_of_reach(f, bar);
        }
    }
    rom_over_ram(f);
    if (f->probe != NULL) {
        inside(f);
    }
}

/* Who was there first keeps the place; the other one appears when it is free. */
static void over_each_other(const struct config_function *first, const struct config_function *second)
{
    uint64_t place = align_up(first->at[0], second->size[0]);
    if (place != first->at[0] || second->size[0] > first->size[0]) {
        return;
    }
    config_mark(first, first->at[0], first->probe->mark);
    config_mark(second, second->at[0], second->probe->mark & 0x000f);
    config_bar_move(second, 0, place);
    check(config_has_mark(first, place, first->probe->mark), "00:%02x.0 over 00:%02x.0: the first one answers",
          slot(second), slot(first));
    config_bar_move(first, 0, RAM_TARGET);
    check(config_has_mark(second, place, second->probe->mark & 0x000f), "it left: the second one answers");
    config_bar_move(first, 0, place);
    check(config_has_mark(second, place, second->probe->mark & 0x000f), "it wants back: who is there stays");
    config_bar_move(second, 0, second->at[0]);
    check(config_has_mark(first, place, first->probe->mark) &&
              config_has_mark(second, second->at[0], second->probe->mark & 0x000f),
          "both are home, each with its own state");
}

void config_bars(const struct config_guest *guest)
{
    const struct config_function *known[CONFIG_FUNCTIONS];
    unsigned count = 0;
    for (unsigned i = 0; i < guest->count; i++) {
        const struct config_function *f = &guest->functions[i];
        each_bar(f);
        if (f->probe != NULL) {
            known[count++] = f;
        }
    }
    if (count < 2) {
        skip("BARs over each other", "one device that is known");
    }
    for (unsigned i = 1; i < count; i++) {
        over_each_other(known[i - 1], known[i]);
        over_each_other(known[i], known[i - 1]);
    }
}
