/* SPDX-License-Identifier: GPL-2.0-only
 * plan/machine.c: which reserved regions may be believed, and why a machine's tables are refused. */
#include "plan/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/drivers/acpi_tables.h"
#include "vtd/dmar_diag.h"

#define REGISTERS UINT64_C(0xfed90000)

static struct memory_map map;
static struct pci_function functions[2];
static struct dmar_unit unit = {.base = {REGISTERS}, .window = PAGE_SIZE};
static const struct dmar_hop hop = {.device = 0x14, .function = 0};
static const struct dmar_scope scope = {.type = DMAR_SCOPE_ENDPOINT, .hops = &hop, .hop_count = 1};
static struct dmar_rmrr rmrr = {.scopes = {&scope, 1}};
static struct machine machine;

static struct sbdf usb(void)
{
    return sbdf_make(0, 0, 0x14, 0);
}

static void start(uint64_t region, uint64_t size)
{
    map.count = 0;
    assert_int_equal(memory_map_add(&map, 0, 0x9f000, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, MIB, 256 * MIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 2 * MIB, 2 * MIB, MEMORY_HYPERVISOR), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 8 * MIB, MIB, MEMORY_LOADER), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 512 * MIB, MIB, MEMORY_RESERVED), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 513 * MIB, MIB, MEMORY_ACPI_NVS), STATUS_OK);
    functions[0] = (struct pci_function){.at = usb(), .parent = PCI_NO_INDEX};
    functions[1] = (struct pci_function){.at = sbdf_make(0, 0, 0x15, 0), .parent = PCI_NO_INDEX};
    rmrr.start = region;
    rmrr.size = size;
    machine = (struct machine){.has_dmar = true,
                               .memory = &map,
                               .pci = {.functions = functions, .count = 2},
                               .dmar = {.units = &unit, .unit_count = 1, .rmrrs = &rmrr, .rmrr_count = 1}};
}

static void sound_regions(void **state)
{
    (void)state;
    static const uint64_t regions[] = {512 * MIB, 513 * MIB, 0xe0000, REGISTERS - PAGE_SIZE, REGISTERS + PAGE_SIZE};
    for (size_t i = 0; i < ARRAY_LENGTH(regions); i++) {
        start(regions[i], PAGE_SIZE);
        assert_true(machine_has_reserved_memory(&machine, usb()));
        assert_true(machine_reserved_is_sound(&machine, usb()));
    }
}

static void regions_in_use(void **state)
{
    (void)state;
    static const uint64_t regions[] = {0x9e000, MIB, 3 * MIB, 8 * MIB, 257 * MIB - PAGE_SIZE, REGISTERS};
    for (size_t i = 0; i < ARRAY_LENGTH(regions); i++) {
        start(regions[i], 2 * PAGE_SIZE);
        assert_true(machine_has_reserved_memory(&machine, usb()));
        assert_false(machine_reserved_is_sound(&machine, usb()));
        assert_true(machine_reserved_is_sound(&machine, functions[1].at)); /* not named */
    }
}

#define DMAR_HEAD 48  /* VT-d 4.1 8.1 */
#define DRHD_BYTES 16 /* 8.3, without scopes */
#define UNIT_IN_RAM (16 * MIB)

static _Alignas(16) uint8_t space[64 * KIB], dmar_bytes[DMAR_HEAD + DRHD_BYTES];
static struct acpi_view tables[2];
static struct diag items[8];
static struct diag_list diags;

/* A DMAR with one unit there, or with none: 0. */
static void make_dmar(uint64_t unit_at)
{
    size_t length = unit_at == 0 ? DMAR_HEAD : sizeof(dmar_bytes);
    memset(dmar_bytes, 0, sizeof(dmar_bytes));
    memcpy(dmar_bytes, "DMAR", 4);
    put(dmar_bytes + 4, 4, length);
    dmar_bytes[8] = 1;
    dmar_bytes[36] = 38; /* address bits less one */
    put(dmar_bytes + DMAR_HEAD + 2, 2, DRHD_BYTES);
    dmar_bytes[DMAR_HEAD + 4] = 1; /* INCLUDE_ALL */
    put(dmar_bytes + DMAR_HEAD + 8, 8, unit_at);
    fix_sum(dmar_bytes, length, 9);
    tables[0] = tables[1] = (struct acpi_view){.bytes = dmar_bytes, .length = length};
}

static enum status read_dmar(size_t count)
{
    struct arena arena = arena_make(space, sizeof(space));
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    start(512 * MIB, PAGE_SIZE);
    acpi_take(&machine.acpi, tables, count, &diags);
    machine.has_dmar = false;
    enum status status = machine_read_dmar(&machine, &arena, &diags);
    assert_int_equal(machine.has_dmar, status == STATUS_OK);
    return status;
}

/* The last one: above it may be what the parser found. */
static void assert_says(enum machine_diag code, const char *where, const char *what, const char *fix)
{
    assert_true(diags.count != 0 && diags.errors != 0);
    const struct diag *d = &items[diags.count - 1];
    assert_int_equal(d->code, code);
    assert_int_equal(d->severity, DIAG_ERROR);
    assert_string_equal(d->where, where);
    assert_string_equal(d->what, what);
    assert_string_equal(d->fix, fix);
}

static void a_sound_dmar(void **state)
{
    (void)state;
    make_dmar(REGISTERS);
    assert_int_equal(read_dmar(1), STATUS_OK);
    assert_int_equal(diags.errors, 0);
    assert_int_equal(machine.dmar.unit_count, 1);
}

static void no_dmar_and_two(void **state)
{
    (void)state;
    make_dmar(REGISTERS);
    assert_int_equal(read_dmar(0), STATUS_UNSUPPORTED);
    assert_says(MACHINE_DIAG_NO_DMAR, "DMAR", "there is no DMAR table: this machine has no VT-d, or it is off",
                "turn on \"VT-d\" (Intel Virtualization Technology for Directed I/O) in the firmware's setup");
    assert_int_equal(read_dmar(2), STATUS_UNSUPPORTED);
    assert_says(MACHINE_DIAG_TWO_DMARS, "DMAR", "there are two DMAR tables; which one is true cannot be known",
                "update the firmware, or load one table by GRUB's acpi command");
}

static void a_bad_dmar(void **state)
{
    (void)state;
    make_dmar(REGISTERS);
    dmar_bytes[9]++;
    assert_int_equal(read_dmar(1), STATUS_UNSUPPORTED);
    assert_says(MACHINE_DIAG_DMAR_BAD, "DMAR", "the DMAR table is damaged: its length or checksum is wrong",
                "update the firmware");
    make_dmar(REGISTERS + 1); /* no page */
    assert_int_equal(read_dmar(1), STATUS_UNSUPPORTED);
    assert_says(MACHINE_DIAG_DMAR_BAD, "DMAR", "the DMAR table cannot be trusted",
                "update the firmware; the errors above say what is wrong");
}

static void no_units_and_units_in_memory(void **state)
{
    (void)state;
    make_dmar(0);
    assert_int_equal(read_dmar(1), STATUS_UNSUPPORTED);
    assert_int_equal(items[0].code, DMAR_DIAG_NO_UNIT);
    assert_says(MACHINE_DIAG_DMAR_BAD, "DMAR", "the DMAR table cannot be trusted",
                "update the firmware; the errors above say what is wrong");
    make_dmar(UNIT_IN_RAM);
    assert_int_equal(read_dmar(1), STATUS_UNSUPPORTED);
    assert_says(MACHINE_DIAG_UNIT_IN_RAM, "DMAR", "the registers of the unit at 0x1000000 lie in ram memory",
                "update the firmware");
}

static void no_acpi_and_no_madt(void **state)
{
    (void)state;
    struct arena arena = arena_make(space, sizeof(space));
    static const uint8_t rsdp[36] = "RSD PTR "; /* its sum is wrong */
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    fake_memory_reset(0, MIB);
    assert_int_equal(machine_read_tables(&machine, rsdp, sizeof(rsdp), &map, &arena, &diags), STATUS_NOT_FOUND);
    assert_says(MACHINE_DIAG_NO_ACPI, "ACPI", "no sound ACPI root table was found",
                "boot through GRUB's multiboot2 on a machine with ACPI");
    make_dmar(REGISTERS);
    machine = (struct machine){0};
    acpi_take(&machine.acpi, tables, 1, &diags);
    assert_int_equal(machine_read_saved_tables(&machine, &map, &arena, &diags), STATUS_NOT_FOUND);
    assert_says(MACHINE_DIAG_NO_MADT, "MADT", "the table that lists processors is missing or broken",
                "update the firmware; Bulkhead finds processors by this table");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_regions),       cmocka_unit_test(regions_in_use),
        cmocka_unit_test(a_sound_dmar),        cmocka_unit_test(no_dmar_and_two),
        cmocka_unit_test(a_bad_dmar),          cmocka_unit_test(no_units_and_units_in_memory),
        cmocka_unit_test(no_acpi_and_no_madt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
