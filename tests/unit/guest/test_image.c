/* SPDX-License-Identifier: GPL-2.0-only
 * guest/image*.c: every kind of kernel, told apart, placed and described as its protocol says; broken ones refused. */
#include "guest/image.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/fake/memory.h"
#include "tests/unit/guest/image_samples.h"

#define BACKING UINT64_C(0x40000000)
#define RAM (32 * MIB)

static uint8_t file[SAMPLE_BYTES];
static struct guest_memory memory;
static struct image_request request;
static struct image_entry entry;
static char why[200];

static int setup(void **state)
{
    (void)state;
    fake_memory_reset(BACKING, RAM);
    memory = (struct guest_memory){.count = 1, .slots = {{.base = gpa(0), .size = RAM, .backing = hpa(BACKING)}}};
    request = (struct image_request){.cmdline = "console=ttyS0", .rsdp = gpa(0xe0000), .map_count = 2};
    request.map[0] = (struct image_range){0, GUEST_LOW_RAM_END, true};
    request.map[1] = (struct image_range){0xe0000, 0x20000, false};
    return 0;
}

static enum status load(uint64_t size)
{
    request.kernel = (struct image_blob){.bytes = file, .size = size};
    why[0] = '\0';
    enum status status = image_load(&memory, &request, &entry, why, sizeof(why));
    assert_int_equal(status == STATUS_OK, why[0] == '\0');
    return status;
}

static uint8_t *ram(uint64_t at)
{
    uint8_t *p = guest_memory_at(&memory, gpa(at), 1);
    assert_non_null(p);
    return p;
}

static uint64_t get(uint64_t at, unsigned bytes)
{
    uint64_t v = 0;
    memcpy(&v, ram(at), bytes);
    return v;
}

static void check_elf_loaded(void)
{
    assert_memory_equal(ram(SAMPLE_LOAD), "0123456789abcdef", 16);
    for (unsigned i = 16; i < 0x2000; i++) {
        assert_int_equal(*ram(SAMPLE_LOAD + i), 0);
    }
}

static void add_modules(void)
{
    request.initrd = (struct image_blob){.bytes = "initrd!", .size = 7, .text = NULL};
    request.modules[0] = (struct image_blob){.bytes = "module", .size = 6, .text = "a module"};
    request.module_count = 1;
}

/* --- PVH */

static void check_pvh(bool is64)
{
    memset(ram(SAMPLE_LOAD), 0xaa, 0x2000);
    add_modules();
    assert_int_equal(load(sample_elf_kernel(file, is64, true)), STATUS_OK);
    assert_int_equal(entry.kind, IMAGE_PVH);
    assert_false(entry.long_mode);
    assert_int_equal(entry.rip, SAMPLE_ENTRY + 4);
    check_elf_loaded();
    uint64_t s = entry.rbx;
    assert_int_equal(get(s, 4), 0x336ec578);
    assert_int_equal(get(s + 4, 4), 1);
    assert_int_equal(get(s + 8, 4), 0);
    assert_int_equal(get(s + 12, 4), 2);
    assert_string_equal((char *)ram(get(s + 24, 8)), "console=ttyS0");
    assert_int_equal(get(s + 32, 8), 0xe0000);
    uint64_t modules = get(s + 16, 8);
    assert_memory_equal(ram(get(modules, 8)), "initrd!", 7);
    assert_int_equal(get(modules + 8, 8), 7);
    assert_memory_equal(ram(get(modules + 32, 8)), "module", 6);
    assert_string_equal((char *)ram(get(modules + 48, 8)), "a module");
    assert_true(get(modules + 32, 8) + 6 <= get(modules, 8));
    uint64_t map = get(s + 40, 8);
    assert_int_equal(get(s + 48, 4), 2);
    assert_int_equal(get(map + 8, 8), GUEST_LOW_RAM_END);
    assert_int_equal(get(map + 16, 4), 1);
    assert_int_equal(get(map + 24, 8), 0xe0000);
    assert_int_equal(get(map + 40, 4), 2);
}

static void test_pvh(void **state)
{
    (void)state;
    check_pvh(true);
    setup(NULL);
    check_pvh(false);
}

static void test_pvh_without_modules(void **state)
{
    (void)state;
    assert_int_equal(load(sample_elf_kernel(file, true, true)), STATUS_OK);
    assert_int_equal(get(entry.rbx + 12, 4), 0);
    assert_int_equal(get(entry.rbx + 16, 8), 0);
}

static void test_pvh_entry_above_4_gib(void **state)
{
    (void)state;
    uint64_t size = sample_elf_kernel(file, true, true);
    image_put(file + 0x318, 8, 4);
    image_put(file + 0x324, UINT64_C(0x100000004), 8);
    image_put(file + 0x40 + 56 + 32, 44, 8);
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    image_put(file + 0x324, SAMPLE_ENTRY, 8);
    assert_int_equal(load(size), STATUS_OK);
    assert_int_equal(entry.rip, SAMPLE_ENTRY);
}

/* --- multiboot */

static void check_multiboot_info(void)
{
    uint64_t i = entry.rbx;
    assert_int_equal(entry.rax, 0x2badb002);
    assert_int_equal(get(i, 4) & 0x4d, 0x4d); /* memory, command line, modules, map */
    assert_int_equal(get(i + 4, 4), 639);
    assert_int_equal(get(i + 8, 4), (RAM - MIB) / KIB);
    assert_string_equal((char *)ram(get(i + 16, 4)), "kernel console=ttyS0");
    assert_int_equal(get(i + 20, 4), 2);
    uint64_t modules = get(i + 24, 4);
    uint64_t start = get(modules + 16, 4), end = get(modules + 20, 4);
    assert_int_equal(end - start, 6);
    assert_memory_equal(ram(start), "module", 6);
    assert_string_equal((char *)ram(get(modules + 24, 4)), "a module");
    assert_int_equal(start % PAGE_SIZE, 0);
    assert_int_equal(get(i + 44, 4), 48);
    uint64_t map = get(i + 48, 4);
    assert_int_equal(get(map, 4), 20);
    assert_int_equal(get(map + 12, 8), GUEST_LOW_RAM_END);
    assert_int_equal(get(map + 20, 4), 1);
    assert_int_equal(get(map + 24, 4), 20);
    assert_int_equal(get(map + 28, 8), 0xe0000);
    assert_int_equal(get(map + 44, 4), 2);
    assert_string_equal((char *)ram(get(i + 64, 4)), "Bulkhead");
}

static void test_multiboot_elf(void **state)
{
    (void)state;
    add_modules();
    uint64_t size = sample_elf_kernel(file, false, false);
    sample_multiboot(file + 0x200, 3, NULL);
    assert_int_equal(load(size), STATUS_OK);
    assert_int_equal(entry.kind, IMAGE_MULTIBOOT);
    assert_int_equal(entry.rip, SAMPLE_ENTRY);
    check_elf_loaded();
    check_multiboot_info();
}

static void test_multiboot_addresses(void **state)
{
    (void)state;
    const uint32_t whole[] = {0x200010, 0x200000, 0, 0, 0x200030};
    memset(file, 0x5a, sizeof(file));
    sample_multiboot(file + 0x110, 0x10003, whole);
    assert_int_equal(load(0x400), STATUS_OK);
    assert_int_equal(entry.rip, 0x200030);
    assert_int_equal(get(0x200010, 4), 0x1badb002);
    assert_int_equal(*ram(0x2002ff), 0x5a);
    assert_int_equal(*ram(0x200300), 0);

    const uint32_t part[] = {0x200010, 0x200000, 0x200100, 0x200200, 0x200030};
    sample_multiboot(file + 0x110, 0x10000, part);
    memset(ram(0x200000), 0xee, 0x400);
    assert_int_equal(load(0x400), STATUS_OK);
    assert_int_equal(*ram(0x2000ff), 0x5a);
    assert_int_equal(*ram(0x200100), 0);
    assert_int_equal(*ram(0x2001ff), 0);
    assert_int_equal(*ram(0x200200), 0xee);
}

/* A program for real mode: below 1 MiB, and the boot structures behind it. */
static void test_multiboot_low(void **state)
{
    (void)state;
    const uint32_t low[] = {0x8010, 0x8000, 0, 0x20000, 0x8030};
    memset(file, 0x5a, sizeof(file));
    sample_multiboot(file + 0x110, 0x10000, low);
    add_modules();
    assert_int_equal(load(0x400), STATUS_OK);
    assert_int_equal(entry.rip, 0x8030);
    assert_int_equal(get(0x8010, 4), 0x1badb002);
    assert_int_equal(*ram(0x82ff), 0x5a);
    assert_true(entry.rbx >= 0x20000);
    assert_true(get(entry.rbx + 24, 4) >= 0x20000);
    const uint32_t vectors[] = {0x0, 0x0, 0, 0x2000, 0};
    sample_multiboot(file + 0x110, 0x10000, vectors);
    assert_int_equal(load(0x400), STATUS_NO_MEMORY);
    const uint32_t full[] = {0x8010, 0x8000, 0, 0x9f000, 0x8030}; /* no room for the information */
    sample_multiboot(file + 0x110, 0x10000, full);
    assert_int_equal(load(0x400), STATUS_NO_MEMORY);
}

static void test_multiboot_address_lies(void **state)
{
    (void)state;
    static const uint32_t lies[][5] = {
        {0x1ff000, 0x200000, 0, 0, 0},               /* header before the load address */
        {0x200200, 0x200000, 0, 0, 0},               /* more before the header than the file has */
        {0x200000, 0x200000, 0x1fffff, 0, 0},        /* ends before its start */
        {0x200000, 0x200000, 0x200301, 0, 0},        /* longer than the file */
        {0x200000, 0x200000, 0x200100, 0x2000ff, 0}, /* bss ends within the data */
        {0x200000, 0x200000, 0x200100, 0x100000, 0}, /* bss ends before the start */
        {0, 0xffffffff, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
        memset(file, 0, sizeof(file));
        sample_multiboot(file + 0x100, 0x10000, lies[i]);
        assert_int_equal(load(0x400), STATUS_BAD_FORMAT);
    }
    const uint32_t low[] = {0x9f000, 0x9f000, 0, 0, 0};
    sample_multiboot(file + 0x100, 0x10000, low);
    assert_int_equal(load(0x400), STATUS_NO_MEMORY);
    const uint32_t tables[] = {0xe0000, 0xe0000, 0, 0, 0};
    sample_multiboot(file + 0x100, 0x10000, tables);
    assert_int_equal(load(0x400), STATUS_NO_MEMORY);
    const uint32_t high[] = {0xfee00000, 0xfee00000, 0, 0, 0};
    sample_multiboot(file + 0x100, 0x10000, high);
    assert_int_equal(load(0x400), STATUS_NO_MEMORY);
}

static void test_multiboot_header(void **state)
{
    (void)state;
    memset(file, 0, sizeof(file));
    sample_multiboot(file + 0x100, 4, NULL); /* wants a video mode */
    assert_int_equal(load(0x400), STATUS_UNSUPPORTED);
    sample_multiboot(file + 0x100, 0x10000, NULL);
    assert_int_equal(load(0x110), STATUS_BAD_FORMAT); /* its addresses are cut off */
    sample_multiboot(file + 0x100, 0, NULL);
    assert_int_equal(load(0x400), STATUS_BAD_FORMAT); /* neither ELF nor addresses */
    file[0x108]++;
    assert_int_equal(load(0x400), STATUS_BAD_FORMAT); /* the sum is wrong: no kernel at all */
    assert_non_null(strstr(why, "not a kernel"));
}

/* --- ELF gone wrong */

static void test_elf_without_entry_note_is_no_kernel(void **state)
{
    (void)state;
    assert_int_equal(load(sample_elf_kernel(file, true, false)), STATUS_BAD_FORMAT);
    assert_non_null(strstr(why, "not a kernel"));
}

static void test_elf_every_truncation(void **state)
{
    (void)state;
    uint64_t size = sample_elf_kernel(file, true, true);
    for (uint64_t cut = 0; cut < size; cut++) {
        assert_int_equal(load(cut), STATUS_BAD_FORMAT);
    }
    assert_int_equal(load(size), STATUS_OK);
}

static void test_elf_refused(void **state)
{
    (void)state;
    uint64_t size = sample_elf_kernel(file, true, true);
    file[18] = 183; /* AArch64 */
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    size = sample_elf_kernel(file, true, true);
    file[5] = 2; /* big-endian */
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    size = sample_elf_kernel(file, true, true);
    sample_segment(file, true, 0, 1, SAMPLE_CODE, SAMPLE_LOAD, 16, 15);
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    size = sample_elf_kernel(file, true, true);
    sample_segment(file, true, 0, 1, UINT64_MAX, SAMPLE_LOAD, 2, 16);
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    size = sample_elf_kernel(file, true, true);
    image_put(file + 32, UINT64_MAX - 10, 8); /* program headers */
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    size = sample_elf_kernel(file, true, true);
    image_put(file + 0x314, UINT32_MAX, 4); /* a note's name */
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    size = sample_elf_kernel(file, true, true);
    sample_segment(file, true, 0, 0, SAMPLE_CODE, SAMPLE_LOAD, 16, 16); /* nothing to load */
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
}

static void test_elf_does_not_fit(void **state)
{
    (void)state;
    static const uint64_t places[][2] = {{RAM - 0x1000, 0x2000},
                                         {RAM, 0x10},
                                         {0, 0x10},
                                         {MIB - 1, 0x10},
                                         {UINT64_MAX - 0xf, 0x20},
                                         {GUEST_LAPIC_START, 0x1000},
                                         {SAMPLE_LOAD, UINT64_MAX},
                                         {4 * GIB, 0x1000},
                                         {UINT64_MAX - 0xf, UINT64_MAX}};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        uint64_t size = sample_elf_kernel(file, true, true);
        sample_segment(file, true, 0, 1, SAMPLE_CODE, places[i][0], 16, places[i][1]);
        assert_int_equal(load(size), STATUS_NO_MEMORY);
    }
}

static void test_elf_overlaps_end(void **state)
{
    (void)state;
    sample_elf_kernel(file, true, true);
    sample_elf(file, true, 8);
    for (unsigned i = 0; i < 7; i++) {
        sample_segment(file, true, i, 1, SAMPLE_CODE, SAMPLE_LOAD, 16, 16 * MIB);
    }
    sample_segment(file, true, 7, 4, 0x300, 0, 20, 20);
    image_put(file + 0x300, 4, 4);
    image_put(file + 0x304, 4, 4);
    image_put(file + 0x308, 18, 4);
    memcpy(file + 0x30c, "Xen", 4);
    assert_int_equal(load(0x500), STATUS_NO_MEMORY);
    assert_non_null(strstr(why, "overlap"));
}

/* --- bzImage */

static void check_e820(uint64_t zero)
{
    assert_int_equal(*ram(zero + 0x1e8), 2);
    assert_int_equal(get(zero + 0x2d0, 8), 0);
    assert_int_equal(get(zero + 0x2d8, 8), GUEST_LOW_RAM_END);
    assert_int_equal(get(zero + 0x2e0, 4), 1);
    assert_int_equal(get(zero + 0x2e4, 8), 0xe0000);
    assert_int_equal(get(zero + 0x2f4, 4), 2);
}

static void test_bzimage(void **state)
{
    (void)state;
    add_modules();
    assert_int_equal(load(sample_bzimage(file)), STATUS_OK);
    assert_int_equal(entry.kind, IMAGE_BZIMAGE);
    assert_true(entry.long_mode);
    assert_int_equal(entry.rip, 16 * MIB + 0x200);
    assert_memory_equal(ram(16 * MIB), "0123456789abcdef0123456789ABCDEF", 32);
    uint64_t zero = entry.rsi;
    assert_int_equal(zero % PAGE_SIZE, 0);
    assert_memory_equal(ram(zero + 0x202), "HdrS", 4);
    assert_int_equal(*ram(zero + 0x210), 0xff);
    assert_string_equal((char *)ram(get(zero + 0x228, 4)), "console=ttyS0");
    assert_int_equal(get(zero + 0x21c, 4), 7);
    assert_memory_equal(ram(get(zero + 0x218, 4)), "initrd!", 7);
    assert_int_equal(get(zero + 0x70, 8), 0xe0000);
    check_e820(zero);
}

/* Walk the boot page tables: every 4 KiB of the low 4 GiB must map to itself. */
static void test_bzimage_state(void **state)
{
    (void)state;
    assert_int_equal(load(sample_bzimage(file)), STATUS_OK);
    const uint64_t frame = UINT64_C(0xffffffffff000);
    for (uint64_t at = 0; at < 4 * GIB; at += 2 * MIB - PAGE_SIZE) {
        uint64_t e = get(entry.cr3 + 8 * (at >> 39), 8);
        e = get((e & frame) + 8 * (at >> 30 & 511), 8);
        assert_int_equal(e & 3, 3);
        e = get((e & frame) + 8 * (at >> 21 & 511), 8);
        assert_int_equal(e & 0x83, 0x83);
        assert_int_equal((e & frame & ~(2 * MIB - 1)) | (at & (2 * MIB - 1)), at);
    }
    assert_int_equal(entry.gdt_limit, 31);
    assert_int_equal(get(entry.gdt_base + 0x10, 8), UINT64_C(0x00af9b000000ffff)); /* __BOOT_CS */
    assert_int_equal(get(entry.gdt_base + 0x18, 8), UINT64_C(0x00cf93000000ffff)); /* __BOOT_DS */
}

static void test_bzimage_refused(void **state)
{
    (void)state;
    uint64_t size = sample_bzimage(file);
    assert_int_equal(load(size - 1), STATUS_BAD_FORMAT);
    assert_int_equal(load(1024), STATUS_BAD_FORMAT);
    image_put(file + 0x206, 0x20b, 2);
    assert_int_equal(load(size), STATUS_UNSUPPORTED);
    sample_bzimage(file);
    image_put(file + 0x236, 0, 2); /* no 64-bit entry */
    assert_int_equal(load(size), STATUS_UNSUPPORTED);
    sample_bzimage(file);
    image_put(file + 0x260, 16, 4); /* more code than memory for it */
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    sample_bzimage(file);
    file[0x1f1] = 200;
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    sample_bzimage(file);
    file[0x201] = 0x10; /* the header ends before what we read */
    assert_int_equal(load(size), STATUS_BAD_FORMAT);
    sample_bzimage(file);
    image_put(file + 0x258, UINT64_MAX, 8);
    assert_int_equal(load(size), STATUS_NO_MEMORY);
    sample_bzimage(file);
    image_put(file + 0x260, 17 * MIB, 4); /* one MiB more than there is */
    assert_int_equal(load(size), STATUS_NO_MEMORY);
    sample_bzimage(file);
    image_put(file + 0x238, 12, 4); /* shorter than the command line */
    assert_int_equal(load(size), STATUS_NO_MEMORY);
}

static void test_initrd_limit(void **state)
{
    (void)state;
    add_modules();
    uint64_t size = sample_bzimage(file);
    image_put(file + 0x258, 2 * MIB, 8);
    image_put(file + 0x22c, 0x7fffff, 4);
    assert_int_equal(load(size), STATUS_OK);
    assert_int_equal(get(entry.rsi + 0x218, 4), 8 * MIB - PAGE_SIZE);
    image_put(file + 0x22c, 2 * MIB + 0x10000, 4); /* ends within the kernel's own memory */
    assert_int_equal(load(size), STATUS_NO_MEMORY);
}

/* --- room */

static void test_module_does_not_fit(void **state)
{
    (void)state;
    static uint8_t large[RAM];
    request.initrd = (struct image_blob){.bytes = large, .size = sizeof(large)};
    assert_int_equal(load(sample_elf_kernel(file, true, true)), STATUS_NO_MEMORY);
    request.initrd.size = sizeof(large) - MIB - 0x2000; /* exactly from the kernel's end to the end of RAM */
    assert_int_equal(load(sample_elf_kernel(file, true, true)), STATUS_OK);
    request.initrd.size++;
    assert_int_equal(load(sample_elf_kernel(file, true, true)), STATUS_NO_MEMORY);
}

static void test_long_texts(void **state)
{
    (void)state;
    static char text[600 * 1024];
    memset(text, 'x', sizeof(text) - 1);
    request.cmdline = text;
    assert_int_equal(load(sample_elf_kernel(file, true, true)), STATUS_NO_MEMORY);
    sample_elf_kernel(file, false, false);
    sample_multiboot(file + 0x200, 0, NULL);
    assert_int_equal(load(SAMPLE_CODE + 16), STATUS_NO_MEMORY);
}

static void test_tiny_guests(void **state)
{
    (void)state;
    for (uint64_t size = PAGE_SIZE; size <= MIB + 0x2000; size += PAGE_SIZE) {
        memory.slots[0].size = size;
        enum status expected = size < MIB + 0x2000 ? STATUS_NO_MEMORY : STATUS_OK;
        assert_int_equal(load(sample_elf_kernel(file, true, true)), expected);
        sample_elf_kernel(file, false, false);
        sample_multiboot(file + 0x200, 0, NULL);
        assert_int_equal(load(SAMPLE_CODE + 16), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pvh, setup),
        cmocka_unit_test_setup(test_pvh_without_modules, setup),
        cmocka_unit_test_setup(test_pvh_entry_above_4_gib, setup),
        cmocka_unit_test_setup(test_multiboot_elf, setup),
        cmocka_unit_test_setup(test_multiboot_addresses, setup),
        cmocka_unit_test_setup(test_multiboot_low, setup),
        cmocka_unit_test_setup(test_multiboot_address_lies, setup),
        cmocka_unit_test_setup(test_multiboot_header, setup),
        cmocka_unit_test_setup(test_elf_without_entry_note_is_no_kernel, setup),
        cmocka_unit_test_setup(test_elf_every_truncation, setup),
        cmocka_unit_test_setup(test_elf_refused, setup),
        cmocka_unit_test_setup(test_elf_does_not_fit, setup),
        cmocka_unit_test_setup(test_elf_overlaps_end, setup),
        cmocka_unit_test_setup(test_bzimage, setup),
        cmocka_unit_test_setup(test_bzimage_state, setup),
        cmocka_unit_test_setup(test_bzimage_refused, setup),
        cmocka_unit_test_setup(test_initrd_limit, setup),
        cmocka_unit_test_setup(test_module_does_not_fit, setup),
        cmocka_unit_test_setup(test_long_texts, setup),
        cmocka_unit_test_setup(test_tiny_guests, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
