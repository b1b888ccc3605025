/* SPDX-License-Identifier: GPL-2.0-only
 * This guest as a witness: all its RAM that the image does not use holds a pattern made of addresses and the seed. */
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "tests/guest/attest/attest.h"
#include "tests/guest/lib/machine.h"

#define FIRST_GIB 4u
#define LAST_GIB 512u
#define PAGE_1G_CPUID BIT32(26)
#define LARGE_PAGE 0x83u

extern uint64_t start_pdpt[];

static uint64_t mapped = UINT64_C(4) * GIB;

void attest_memory_map(void)
{
    if ((cpu_cpuid(0x80000001, 0).edx & PAGE_1G_CPUID) == 0) {
        return;
    }
    uint64_t top = BIT64(cpu_cpuid(0x80000008, 0).eax & 0xff);
    for (uint64_t i = FIRST_GIB; i < LAST_GIB && (i + 1) * GIB <= top; i++) {
        start_pdpt[i] = i * GIB | LARGE_PAGE;
        mapped = (i + 1) * GIB;
    }
    cpu_write_cr3(cpu_read_cr3());
}

uint64_t attest_memory_mapped(void)
{
    return mapped;
}

bool attest_memory_is_ram(uint64_t at)
{
    uint64_t start, bytes;
    for (unsigned i = 0; machine_ram(i, &start, &bytes); i++) {
        if (at >= start && at - start < bytes) {
            return true;
        }
    }
    return false;
}

/* Piece `index` of RAM that is mapped and behind the image, in whole pages; false past the end. */
static bool piece(unsigned index, uint64_t *start, uint64_t *end)
{
    uint64_t bytes;
    if (!machine_ram(index, start, &bytes)) {
        return false;
    }
    uint64_t limit = *start + bytes < mapped ? *start + bytes : mapped;
    uint64_t image = align_up((uintptr_t)image_end, PAGE_SIZE);
    *start = *start > image ? *start : image;
    *end = limit > *start ? limit : *start;
    return true;
}

static uint64_t pattern(uint64_t at, uint32_t seed)
{
    return (at ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
}

void attest_memory_fill(uint32_t seed)
{
    uint64_t start, end;
    for (unsigned i = 0; piece(i, &start, &end); i++) {
        for (uint64_t at = start; at + 8 <= end; at += 8) {
            *(volatile uint64_t *)(uintptr_t)at = pattern(at, seed);
        }
    }
}

uint64_t attest_memory_changed(uint32_t seed, uint64_t *first)
{
    uint64_t start, end, changed = 0;
    for (unsigned i = 0; piece(i, &start, &end); i++) {
        for (uint64_t at = start; at + 8 <= end; at += 8) {
            if (*(volatile uint64_t *)(uintptr_t)at != pattern(at, seed)) {
                *first = changed == 0 ? at : *first;
                changed += 8;
            }
        }
    }
    return changed;
}

uint64_t attest_memory_bytes(void)
{
    uint64_t start, end, sum = 0;
    for (unsigned i = 0; piece(i, &start, &end); i++) {
        sum += end - start;
    }
    return sum;
}

void attest_memory_spoil(void)
{
    uint64_t start, end;
    for (unsigned i = 0; piece(i, &start, &end); i++) {
        if (end > start) {
            *(volatile uint8_t *)(uintptr_t)(start + (end - start) / 2) ^= 1;
            return;
        }
    }
}
