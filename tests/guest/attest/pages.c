/* SPDX-License-Identifier: GPL-2.0-only
 * Guest-physical pages that are neither RAM nor a device of this guest: reads are ones, writes vanish. */
#include "guest/memory.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "tests/guest/attest/attest.h"
#include "tests/guest/attest/targets.h"

#define LOW_PAGES 0x100000u /* below 4 GiB */
#define HIGH_PAGES 0x10000u

/* Flash, HPET, TPM, remapping units' and chipsets' usual places, the host's own ECAM, around the LAPIC. */
static const uint64_t hot[] = {0xfed00000, 0xfed01000, 0xfed40000, 0xfed45000, 0xfed90000, 0xfed91000,
                               0xfed92000, 0xfed1c000, 0xfed10000, 0xfed18000, 0xfec01000, 0xfec80000,
                               0xfee01000, 0xfeeff000, 0xfef00000, 0xffe00000, 0xfffff000, 0xf0000000,
                               0xf8000000, 0xb0000000, 0xe0100000, 0xfeb00000, 0xfd000000, 0xc0000000};

static bool in(uint64_t page, uint64_t start, uint64_t bytes)
{
    return page + PAGE_SIZE > start && page < start + bytes;
}

/* Of this guest: RAM and what firmware left below 1 MiB, its interrupt controllers and ECAM, its devices. */
static bool is_own(const struct config_guest *guest, uint64_t page)
{
    if (page < MIB || attest_memory_is_ram(page) || page == GUEST_IOAPIC_START || page == GUEST_LAPIC_START ||
        in(page, GUEST_ECAM_START, GUEST_ECAM_SIZE)) {
        return true;
    }
    for (unsigned i = 0; i < guest->count; i++) {
        for (unsigned bar = 0; bar < CONFIG_BARS; bar++) {
            if (guest->functions[i].size[bar] != 0 &&
                in(page, guest->functions[i].at[bar], guest->functions[i].size[bar])) {
                return true;
            }
        }
    }
    return false;
}

static void attempt(struct attest_tally *t, const struct config_guest *guest, uint64_t page, uint32_t offset)
{
    if (is_own(guest, page) || page >= attest_memory_mapped()) {
        attest_own(t);
        return;
    }
    struct hpa at = hpa(page + (offset & 0xffc));
    uint32_t before = mmio_read32(at);
    mmio_write32(at, 0x4b434148);
    uint32_t after = mmio_read32(at);
    ATTEST_JUDGE(t, before == UINT32_MAX && after == UINT32_MAX, "0x%llx reads 0x%x, after a write 0x%x, not ones",
                 (unsigned long long)at.v, before, after);
}

static void hot_pages(const struct config_guest *guest)
{
    struct attest_tally t = attest_begin("pages-hot", ATTEST_NO_DEVICE, 0, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(hot); i++) {
        for (uint32_t offset = 0; offset < 0x100; offset += 8) {
            attempt(&t, guest, hot[i], offset);
        }
    }
    uint64_t at;
    for (unsigned i = 0; attest_target(i, &at); i++) {
        attempt(&t, guest, align_down(at, PAGE_SIZE), 0);
        attempt(&t, guest, align_down(at, PAGE_SIZE), 0x28);
    }
    attest_end(&t);
}

void attest_pages(const struct attest_options *o, const struct config_guest *guest)
{
    hot_pages(guest);
    struct attest_tally t = attest_begin("pages-low", ATTEST_NO_DEVICE, LOW_PAGES, o->class_ms);
    for (uint32_t k = 0; k < LOW_PAGES && attest_more(&t); k++) {
        uint64_t page = (uint64_t)attest_walk(k, LOW_PAGES, o->seed) * PAGE_SIZE;
        attempt(&t, guest, page, attest_walk(k, PAGE_SIZE, 0));
    }
    attest_end(&t);
    if (attest_memory_mapped() <= GUEST_HOLE_END) {
        attest_not_attempted(ATTEST_NO_DEVICE, "pages-high", "this CPU has no pages of 1 GiB to map them with");
        return;
    }
    t = attest_begin("pages-high", ATTEST_NO_DEVICE, HIGH_PAGES, o->class_ms);
    uint64_t step = align_down((attest_memory_mapped() - GUEST_HOLE_END) / HIGH_PAGES, PAGE_SIZE);
    for (uint32_t k = 0; k < HIGH_PAGES && attest_more(&t); k++) {
        attempt(&t, guest, GUEST_HOLE_END + attest_walk(k, HIGH_PAGES, o->seed) * step, 0);
    }
    attest_end(&t);
}
