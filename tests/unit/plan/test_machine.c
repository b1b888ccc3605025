/* SPDX-License-Identifier: GPL-2.0-only
 * Which reserved regions may be believed. */
#include "plan/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_regions),
        cmocka_unit_test(regions_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
