/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/mtrr.c and mtrr_read.c on registers as real machines have them. */
#include "kernel/core/mtrr.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"

/* --- a pretended CPU */

static struct {
    bool has_mtrrs, has_address_leaf;
    uint64_t cap;
    uint64_t msrs[0x400];
    unsigned reads;
} cpu;

struct cpuid cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    struct cpuid c = {0};
    c.edx = leaf == 1 && cpu.has_mtrrs ? BIT32(12) : 0;
    c.eax = leaf == 0x80000000 ? (cpu.has_address_leaf ? 0x80000008 : 0x80000001) : 0;
    c.eax = leaf == 0x80000008 ? 0x3027 : c.eax; /* 39 bits */
    return c;
}

uint64_t msr_read(uint32_t msr)
{
    assert_true(cpu.has_mtrrs);
    bool fixed = msr == 0x250 || msr == 0x258 || msr == 0x259 || (msr >= 0x268 && msr <= 0x26f);
    assert_true(msr == 0xfe || msr == 0x2ff || (msr >= 0x200 && msr < 0x200 + 2 * (cpu.cap & 0xff)) ||
                (fixed && (cpu.cap & 0x100) != 0));
    cpu.reads++;
    return msr == 0xfe ? cpu.cap : cpu.msrs[msr];
}

static void set(unsigned i, uint64_t base, uint64_t size, uint64_t type)
{
    cpu.msrs[0x200 + 2 * i] = base | type;
    cpu.msrs[0x201 + 2 * i] = (MASK64(38, 12) & ~(size - 1)) | BIT64(11);
}

static int power_on(void **state)
{
    (void)state;
    memset(&cpu, 0, sizeof(cpu));
    cpu.has_mtrrs = cpu.has_address_leaf = true;
    cpu.cap = 0x508 | 2; /* WC, fixed, 10 variable ones */
    cpu.msrs[0x2ff] = 0xc06;
    for (unsigned i = 0; i < 8; i++) {
        cpu.msrs[0x268 + i] = 0x0505050505050505;
    }
    cpu.msrs[0x250] = cpu.msrs[0x258] = 0x0606060606060606;
    return 0;
}

static struct mtrr look(void)
{
    struct mtrr m;
    assert_int_equal(mtrr_read(&m), STATUS_OK);
    return m;
}

static void is(const struct mtrr *m, uint64_t start, uint64_t size, enum mtrr_type type, uint64_t uniform)
{
    uint64_t got = 0;
    assert_int_equal(mtrr_type_of(m, start, size, &got), type);
    assert_int_equal(got, uniform);
}

/* --- */

/* Bochs and SeaBIOS: write-back by default, the hole uncached. */
static void default_write_back_with_a_hole(void **state)
{
    (void)state;
    set(0, 0xe0000000, 0x20000000, 0);
    struct mtrr m = look();
    is(&m, MIB, 16 * GIB, MTRR_WRITE_BACK, 0xe0000000 - MIB);
    is(&m, 0xe0000000, GIB, MTRR_UNCACHED, 0x20000000);
    is(&m, 0xfee00000, 0x1000, MTRR_UNCACHED, 0x1000);
    is(&m, 4 * GIB, 60 * GIB, MTRR_WRITE_BACK, 60 * GIB);
}

/* A desktop of 8 GiB: uncached by default, write-back in powers of two, holes cut out of them. */
static void default_uncached_with_overlaps(void **state)
{
    (void)state;
    cpu.msrs[0x2ff] = 0xc00;
    set(0, 0, 8 * GIB, 6);
    set(1, 8 * GIB, 512 * MIB, 6);
    set(2, 0xe0000000, 512 * MIB, 0); /* the PCI hole, inside range 0 */
    set(3, 0xd0000000, 256 * MIB, 0);
    set(5, 0x21f000000, 16 * MIB, 0); /* the end of range 1 */
    cpu.msrs[0x209] = 0;              /* 4: not valid, whatever its base */
    cpu.msrs[0x208] = 0x100006;
    struct mtrr m = look();
    is(&m, MIB, 8 * GIB, MTRR_WRITE_BACK, 0xd0000000 - MIB);
    is(&m, 0xd0000000, GIB, MTRR_UNCACHED, 0x30000000); /* two ranges of one type are one */
    is(&m, 4 * GIB, 8 * GIB, MTRR_WRITE_BACK, 0x21f000000 - 4 * GIB);
    is(&m, 0x21f000000, GIB, MTRR_UNCACHED, GIB); /* and what no range names */
}

static void mixtures(void **state)
{
    (void)state;
    cpu.msrs[0x2ff] = 0xc00;
    set(0, 0, 2 * GIB, 6);
    set(1, 0x40000000, 16 * MIB, 4); /* write-through in write-back */
    set(2, 0x50000000, 16 * MIB, 1); /* write-combining in write-back: undefined, so uncached */
    set(3, 0x60000000, 16 * MIB, 5); /* write-protected likewise */
    set(4, 0x80000000, 16 * MIB, 1); /* alone */
    set(5, 0x90000000, 16 * MIB, 4);
    set(6, 0x90000000, 4 * MIB, 0);
    set(7, 0xa0000000, 16 * MIB, 5);
    set(8, 0x40000000, 4 * MIB, 6);  /* a third one */
    set(9, 0xb0000000, 16 * MIB, 3); /* no such type */
    struct mtrr m = look();
    is(&m, 0x40000000, GIB, MTRR_WRITE_THROUGH, 16 * MIB);
    is(&m, 0x50000000, GIB, MTRR_UNCACHED, 16 * MIB);
    is(&m, 0x60000000, GIB, MTRR_UNCACHED, 16 * MIB);
    is(&m, 0x61000000, 0x100000, MTRR_WRITE_BACK, 0x100000);
    is(&m, 0x80000000, GIB, MTRR_WRITE_COMBINING, 16 * MIB);
    is(&m, 0x90000000, GIB, MTRR_UNCACHED, 4 * MIB);
    is(&m, 0x90400000, GIB, MTRR_WRITE_THROUGH, 12 * MIB);
    is(&m, 0xa0000000, GIB, MTRR_WRITE_PROTECTED, 16 * MIB);
    is(&m, 0xb0000000, 16 * MIB, MTRR_UNCACHED, 16 * MIB);
    set(9, 0x41000000, 16 * MIB, 4); /* the neighbour of one of its type */
    m = look();
    is(&m, 0x40000000, GIB, MTRR_WRITE_THROUGH, 32 * MIB);
}

static void a_mask_with_holes(void **state)
{
    (void)state;
    cpu.msrs[0x200] = 0x100000; /* uncached where bit 20 is set, below 4 GiB */
    cpu.msrs[0x201] = (MASK64(38, 32) | BIT64(20)) | BIT64(11);
    struct mtrr m = look();
    is(&m, 2 * MIB, 16 * MIB, MTRR_WRITE_BACK, MIB);
    is(&m, 3 * MIB, 16 * MIB, MTRR_UNCACHED, MIB);
    is(&m, 4 * MIB + 0x1000, 16 * MIB, MTRR_WRITE_BACK, MIB - 0x1000);
    is(&m, 4 * GIB + MIB, 64 * MIB, MTRR_WRITE_BACK, 64 * MIB);
}

static void fixed_ranges(void **state)
{
    (void)state;
    cpu.msrs[0x259] = 0x0000000000000100; /* 0xa4000: write-combining */
    cpu.msrs[0x26a] = 0x0604050505050505; /* 0xd6000, 0xd7000 */
    struct mtrr m = look();
    is(&m, 0, 2 * MIB, MTRR_WRITE_BACK, 0xa0000);
    is(&m, 0xa0000, MIB, MTRR_UNCACHED, 0x4000);
    is(&m, 0xa4000, MIB, MTRR_WRITE_COMBINING, 0x4000);
    is(&m, 0xa8000, MIB, MTRR_UNCACHED, 0x18000);
    is(&m, 0xc0000, MIB, MTRR_WRITE_PROTECTED, 0x16000);
    is(&m, 0xd6000, MIB, MTRR_WRITE_THROUGH, 0x1000);
    is(&m, 0xd7000, MIB, MTRR_WRITE_BACK, 0x1000);
    is(&m, 0xffff0, 0x10, MTRR_WRITE_PROTECTED, 0x10);
    set(0, 0, 16 * MIB, 0); /* says nothing where fixed ones do */
    m = look();
    is(&m, 0, 2 * MIB, MTRR_WRITE_BACK, 0xa0000);
    cpu.msrs[0x2ff] = 0x806; /* fixed ones off */
    m = look();
    is(&m, 0, 2 * MIB, MTRR_UNCACHED, 2 * MIB);
    cpu.cap = 0x400 | 10; /* no fixed ones: they are not read */
    cpu.msrs[0x2ff] = 0xc06;
    m = look();
    is(&m, 0, 2 * MIB, MTRR_UNCACHED, 2 * MIB);
}

static void off_or_absent(void **state)
{
    (void)state;
    set(0, 0, GIB, 6);
    cpu.msrs[0x2ff] = 0x406;
    struct mtrr m = look();
    assert_false(mtrr_is_on(&m));
    is(&m, 0, 2 * GIB, MTRR_UNCACHED, 2 * GIB);
    cpu.msrs[0x2ff] = 0xc02; /* no such type */
    m = look();
    assert_true(mtrr_is_on(&m));
    is(&m, GIB, GIB, MTRR_UNCACHED, GIB);
    cpu.has_mtrrs = false;
    cpu.reads = 0;
    m = look();
    assert_int_equal(cpu.reads, 0);
    assert_true(mtrr_is_on(&m));
    is(&m, 0, 64 * GIB, MTRR_WRITE_BACK, 64 * GIB);
}

static void more_ranges_than_fit(void **state)
{
    (void)state;
    struct mtrr m;
    cpu.cap = 0x5ff;
    assert_int_equal(mtrr_read(&m), STATUS_UNSUPPORTED);
    cpu.cap = 0x500 | MTRR_VARIABLE_MAX;
    assert_int_equal(mtrr_read(&m), STATUS_OK);
    assert_int_equal(m.count, MTRR_VARIABLE_MAX);
    cpu.has_address_leaf = false;
    m = look();
    assert_int_equal(m.address_bits, 36);
}

static void every_difference_is_named(void **state)
{
    (void)state;
    set(3, 0xe0000000, 0x20000000, 0);
    struct mtrr a = look();
    struct mtrr b = look();
    assert_int_equal(mtrr_difference(&a, &b), 0);
    cpu.msrs[0x20a] = 0x123006; /* 5 is not valid */
    b = look();
    assert_int_equal(mtrr_difference(&a, &b), 0);
    static const uint16_t registers[] = {0x2ff, 0x250, 0x258, 0x259, 0x268, 0x26f, 0x206};
    for (size_t i = 0; i < ARRAY_LENGTH(registers); i++) {
        cpu.msrs[registers[i]] ^= 0x1000;
        b = look();
        assert_int_equal(mtrr_difference(&a, &b), registers[i]);
        cpu.msrs[registers[i]] ^= 0x1000;
    }
    cpu.msrs[0x20b] = BIT64(11); /* 5 is now */
    b = look();
    assert_int_equal(mtrr_difference(&a, &b), 0x20a);
    cpu.cap = 0x508;
    b = look();
    assert_int_equal(mtrr_difference(&a, &b), UINT32_MAX);
}

static struct {
    unsigned count;
    uint64_t start[8], end[8];
    enum mtrr_type type[8];
} lost;

static void note(uint64_t start, uint64_t end, enum mtrr_type type)
{
    assert_in_range(lost.count, 0, 7);
    lost.start[lost.count] = start;
    lost.end[lost.count] = end;
    lost.type[lost.count++] = type;
}

static void ram_that_is_not_write_back_is_not_used(void **state)
{
    (void)state;
    struct memory_map map = {.count = 0};
    memset(&lost, 0, sizeof(lost));
    assert_int_equal(memory_map_add(&map, 0, 0xa0000, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, MIB, 0xc0000000 - MIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 0x70000000, MIB, MEMORY_LOADER), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 4 * GIB, 4 * GIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 0xfed00000, MIB, MEMORY_RESERVED), STATUS_OK);
    cpu.msrs[0x2ff] = 0xc00;
    cpu.msrs[0x250] = 0; /* below 1 MiB nothing is given to guests */
    set(0, 0, 2 * GIB, 6);
    set(1, 2 * GIB, GIB, 6);
    set(2, 0xbf000000, 16 * MIB, 0); /* a firmware that counted wrong */
    set(3, 0x70000000, 0x200000, 4); /* half in the module, half behind it */
    set(4, 4 * GIB, 2 * GIB, 6);     /* and above 6 GiB nothing */
    struct mtrr m = look();
    assert_int_equal(mtrr_restrict(&m, &map, note), STATUS_OK);
    assert_int_equal(lost.count, 3);
    assert_int_equal(lost.start[0], 0x70100000);
    assert_int_equal(lost.end[0], 0x70200000);
    assert_int_equal(lost.type[0], MTRR_WRITE_THROUGH);
    assert_int_equal(lost.start[1], 0xbf000000);
    assert_int_equal(lost.end[1], 0xc0000000);
    assert_int_equal(lost.type[1], MTRR_UNCACHED);
    assert_int_equal(lost.start[2], 6 * GIB);
    assert_int_equal(lost.end[2], 8 * GIB);
    assert_int_equal(memory_map_total(&map, MEMORY_UNUSABLE), 17 * MIB + 2 * GIB);
    assert_int_equal(memory_map_total(&map, MEMORY_LOADER), MIB);
    assert_true(memory_map_overlaps(&map, 0, 0xa0000, MEMORY_RAM));
    uint64_t uniform = 0;
    for (size_t i = 0; i < map.count; i++) {
        const struct memory_range *r = &map.ranges[i];
        if (r->kind == MEMORY_RAM && r->start >= MIB) {
            assert_int_equal(mtrr_type_of(&m, r->start, r->end - r->start, &uniform), MTRR_WRITE_BACK);
            assert_int_equal(uniform, r->end - r->start);
        }
    }
}

static void a_full_map_is_told(void **state)
{
    (void)state;
    struct memory_map map = {.count = 0};
    memset(&lost, 0, sizeof(lost));
    for (uint64_t i = 0; i < MEMORY_MAP_MAX; i++) {
        assert_int_equal(memory_map_add(&map, 16 * MIB + i * 16 * MIB, 4 * MIB, MEMORY_RAM), STATUS_OK);
    }
    set(0, 16 * MIB, MIB, 0);
    struct mtrr m = look();
    assert_int_equal(mtrr_restrict(&m, &map, note), STATUS_NO_MEMORY);
    assert_int_equal(lost.count, 0);
}

static void texts(void **state)
{
    (void)state;
    static const char *const words[] = {"uncached",      "write-combining", "uncached",  "uncached",
                                        "write-through", "write-protected", "write-back"};
    for (unsigned i = 0; i < ARRAY_LENGTH(words); i++) {
        assert_string_equal(mtrr_type_text((enum mtrr_type)i), words[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(default_write_back_with_a_hole, power_on),
        cmocka_unit_test_setup(default_uncached_with_overlaps, power_on),
        cmocka_unit_test_setup(mixtures, power_on),
        cmocka_unit_test_setup(a_mask_with_holes, power_on),
        cmocka_unit_test_setup(fixed_ranges, power_on),
        cmocka_unit_test_setup(off_or_absent, power_on),
        cmocka_unit_test_setup(more_ranges_than_fit, power_on),
        cmocka_unit_test_setup(every_difference_is_named, power_on),
        cmocka_unit_test_setup(ram_that_is_not_write_back_is_not_used, power_on),
        cmocka_unit_test_setup(a_full_map_is_told, power_on),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
