/* SPDX-License-Identifier: GPL-2.0-only
 * Small hand-made kernels of every kind for the loader's tests. Each builder fills `out` (SAMPLE_BYTES, zeroed here)
 * and returns the file's size. */
#ifndef BULKHEAD_TESTS_IMAGE_SAMPLES_H
#define BULKHEAD_TESTS_IMAGE_SAMPLES_H

#include <string.h>

#include "guest/image_place.h"

#define SAMPLE_BYTES 8192
#define SAMPLE_CODE 0x400 /* of an ELF sample's first segment in the file; 16 bytes of it */
#define SAMPLE_LOAD UINT64_C(0x100000)
#define SAMPLE_ENTRY UINT64_C(0x100004)

/* An ELF header and `count` program headers at 0x40. */
static inline void sample_elf(uint8_t *out, bool is64, unsigned count)
{
    memset(out, 0, SAMPLE_BYTES);
    memcpy(out, "\177ELF", 4);
    out[4] = is64 ? 2 : 1;
    out[5] = 1;
    out[6] = 1;
    image_put(out + 16, 2, 2);
    image_put(out + 18, is64 ? 62 : 3, 2);
    image_put(out + 20, 1, 4);
    size_t word = is64 ? 8 : 4;
    image_put(out + 24, SAMPLE_ENTRY, word);
    image_put(out + 24 + word, 0x40, word);
    size_t rest = 24 + 3 * word + 4;
    image_put(out + rest, is64 ? 64 : 52, 2);
    image_put(out + rest + 2, is64 ? 56 : 32, 2);
    image_put(out + rest + 4, count, 2);
}

static inline void sample_segment(uint8_t *out, bool is64, unsigned index, uint32_t type, uint64_t offset, uint64_t at,
                                  uint64_t file_size, uint64_t memory_size)
{
    uint8_t *p = out + 0x40 + (size_t)index * (is64 ? 56 : 32);
    size_t word = is64 ? 8 : 4;
    image_put(p, type, 4);
    p += is64 ? 8 : 4;
    image_put(p, offset, word);
    image_put(p + word, at, word);
    image_put(p + 2 * word, at, word);
    image_put(p + 3 * word, file_size, word);
    image_put(p + 4 * word, memory_size, word);
}

/* One loaded segment of 16 bytes "0123456789abcdef" with 0x2000 in memory, and a PVH note when asked for. */
static inline uint64_t sample_elf_kernel(uint8_t *out, bool is64, bool pvh)
{
    sample_elf(out, is64, pvh ? 2 : 1);
    sample_segment(out, is64, 0, 1, SAMPLE_CODE, SAMPLE_LOAD, 16, 0x2000);
    memcpy(out + SAMPLE_CODE, "0123456789abcdef", 16);
    if (pvh) {
        sample_segment(out, is64, 1, 4, 0x300, 0, 40, 40);
        image_put(out + 0x300, 4, 4); /* a note of someone else first */
        image_put(out + 0x304, 2, 4);
        image_put(out + 0x308, 1, 4);
        memcpy(out + 0x30c, "GNU", 4);
        image_put(out + 0x314, 4, 4);
        image_put(out + 0x318, 4, 4);
        image_put(out + 0x31c, 18, 4);
        memcpy(out + 0x320, "Xen", 4);
        image_put(out + 0x324, SAMPLE_ENTRY + 4, 4);
    }
    return SAMPLE_CODE + 16;
}

/* A multiboot header; addresses: NULL, or header, load, load end, bss end, entry. */
static inline void sample_multiboot(uint8_t *at, uint32_t flags, const uint32_t *addresses)
{
    image_put(at, 0x1badb002, 4);
    image_put(at + 4, flags, 4);
    image_put(at + 8, (uint32_t) - (0x1badb002 + flags), 4);
    for (unsigned i = 0; addresses != NULL && i < 5; i++) {
        image_put(at + 12 + (size_t)4 * i, addresses[i], 4);
    }
}

/* A bzImage of protocol 2.15: one setup sector, 32 bytes of code for 16 MiB. */
static inline uint64_t sample_bzimage(uint8_t *out)
{
    memset(out, 0, SAMPLE_BYTES);
    out[0x1f1] = 1;
    image_put(out + 0x1f4, 2, 4);
    image_put(out + 0x1fe, 0xaa55, 2);
    image_put(out + 0x200, 0x6aeb, 2);
    memcpy(out + 0x202, "HdrS", 4);
    image_put(out + 0x206, 0x20f, 2);
    image_put(out + 0x22c, 0x7fffffff, 4);
    image_put(out + 0x236, 1, 2);
    image_put(out + 0x238, 64, 4);
    image_put(out + 0x258, 16 * MIB, 8);
    image_put(out + 0x260, 0x10000, 4);
    memcpy(out + 1024, "0123456789abcdef0123456789ABCDEF", 32);
    return 1024 + 32;
}

#endif
