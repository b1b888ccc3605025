/* SPDX-License-Identifier: GPL-2.0-only
 * guest/acpi_tables.c: found by the RSDP, sums and addresses right; iasl reads them in tests/host/test_image_real.py.
 */
#include "guest/acpi_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "guest/platform.h"
#include "tests/unit/guest/low_memory.h"

static const struct acpi_tables_request request = {4, UINT64_C(0x180000000), UINT64_C(0x8000000000)};

static const uint8_t *bytes_at(uint64_t at)
{
    const uint8_t *p = guest_memory_at(&memory, gpa(at), 1);
    assert_non_null(p);
    return p;
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t v = 0;
    memcpy(&v, at, bytes);
    return v;
}

static uint8_t sum(const uint8_t *p, uint64_t count)
{
    uint8_t total = 0;
    for (uint64_t i = 0; i < count; i++) {
        total = (uint8_t)(total + p[i]);
    }
    return total;
}

static const uint8_t *table(uint64_t at, const char *signature)
{
    const uint8_t *t = bytes_at(at);
    assert_memory_equal(t, signature, 4);
    uint64_t bytes = get(t + 4, 4);
    assert_true(at >= GUEST_FIRMWARE_START && at + bytes <= GUEST_FIRMWARE_END);
    assert_int_equal(sum(t, bytes), 0);
    return t;
}

static const uint8_t *write_and_find(const char *signature)
{
    struct gpa rsdp;
    assert_int_equal(acpi_tables_write(&memory, &request, &rsdp), STATUS_OK);
    const uint8_t *r = bytes_at(rsdp.v);
    assert_memory_equal(r, "RSD PTR ", 8);
    assert_int_equal(rsdp.v % 16, 0); /* where ACPI 6.5 5.2.5.1 lets a scan find it */
    assert_int_equal(sum(r, 20), 0);
    assert_int_equal(sum(r, 36), 0);
    const uint8_t *xsdt = table(get(r + 24, 8), "XSDT");
    for (uint64_t at = 36; at < get(xsdt + 4, 4); at += 8) {
        uint64_t address = get(xsdt + at, 8);
        if (memcmp(bytes_at(address), signature, 4) == 0) {
            return table(address, signature);
        }
    }
    fail();
    return NULL;
}

static void test_fadt(void **state)
{
    (void)state;
    const uint8_t *t = write_and_find("FACP");
    assert_int_equal(get(t + 4, 4), 276);
    assert_int_equal(get(t + 46, 2), PLATFORM_SCI_IRQ);
    assert_int_equal(get(t + 48, 4), 0); /* no SMI command: always in ACPI mode */
    assert_int_equal(get(t + 56, 4), PLATFORM_PM1_EVENT_PORT);
    assert_int_equal(get(t + 64, 4), PLATFORM_PM1_CONTROL_PORT);
    assert_int_equal(get(t + 76, 4), PLATFORM_PM_TIMER_PORT);
    assert_int_equal(get(t + 120, 8), PLATFORM_RESET_PORT);
    assert_int_equal(t[128], PLATFORM_RESET_VALUE);
    assert_int_equal(get(t + 152, 8), PLATFORM_PM1_EVENT_PORT);
    assert_int_equal(get(t + 176, 8), PLATFORM_PM1_CONTROL_PORT);
    assert_int_equal(get(t + 212, 8), PLATFORM_PM_TIMER_PORT);
    assert_int_equal(get(t + 112, 4) & 1 << 10, 1 << 10);          /* reset register supported */
    assert_int_equal(get(t + 112, 4) & (1 << 4 | 1 << 5), 1 << 5); /* a power button in PM1, no sleep button there */
    (void)table(get(t + 140, 8), "DSDT");
    const uint8_t *facs = bytes_at(get(t + 132, 8));
    assert_memory_equal(facs, "FACS", 4);
    assert_int_equal(get(facs + 4, 4), 64);
    assert_int_equal(get(t + 132, 8) % 64, 0);
}

static void test_madt(void **state)
{
    (void)state;
    const uint8_t *t = write_and_find("APIC");
    unsigned cpus = 0, ioapics = 0, overrides = 0, nmis = 0;
    uint64_t end = get(t + 4, 4);
    uint64_t at = 44;
    for (; at + 2 <= end; at += t[at + 1]) {
        assert_true(t[at + 1] >= 6);
        if (t[at] == 0) {
            assert_int_equal(t[at + 3], cpus);
            assert_int_equal(get(t + at + 4, 4), 1);
            cpus++;
        } else if (t[at] == 1) {
            assert_int_equal(get(t + at + 4, 4), GUEST_IOAPIC_START);
            assert_int_equal(get(t + at + 8, 4), 0);
            ioapics++;
        } else if (t[at] == 2) {
            overrides++;
            assert_true(t[at + 3] == 0 ? get(t + at + 4, 4) == 2 : get(t + at + 8, 2) == 0xd);
        } else {
            assert_int_equal(t[at], 4);
            assert_int_equal(t[at + 2], 0xff);
            assert_int_equal(t[at + 5], 1);
            nmis++;
        }
    }
    assert_int_equal(at, end);
    assert_int_equal(cpus, 4);
    assert_int_equal(ioapics, 1);
    assert_int_equal(overrides, 2);
    assert_int_equal(nmis, 1);
    assert_int_equal(get(t + 36, 4), GUEST_LAPIC_START);
}

static void test_mcfg(void **state)
{
    (void)state;
    const uint8_t *t = write_and_find("MCFG");
    assert_int_equal(get(t + 4, 4), 60);
    assert_int_equal(get(t + 44, 8), GUEST_ECAM_START);
    assert_int_equal(get(t + 52, 2), 0);
    assert_int_equal(t[54], 0);
    assert_int_equal((t[55] + 1u) * MIB, GUEST_ECAM_SIZE);
}

static void test_dsdt_window(void **state)
{
    (void)state;
    const uint8_t *fadt = write_and_find("FACP");
    const uint8_t *dsdt = table(get(fadt + 140, 8), "DSDT");
    const uint64_t window[4] = {request.window_start, request.window_end - 1, 0,
                                request.window_end - request.window_start};
    unsigned found = 0;
    for (uint64_t at = 36; at + sizeof(window) <= get(dsdt + 4, 4); at++) {
        found += memcmp(dsdt + at, window, sizeof(window)) == 0;
    }
    assert_int_equal(found, 1);
}

static void test_writing_twice_is_the_same(void **state)
{
    (void)state;
    static uint8_t first[0x20000];
    (void)write_and_find("FACP");
    memcpy(first, bytes_at(GUEST_FIRMWARE_START), sizeof(first));
    (void)write_and_find("FACP");
    assert_memory_equal(first, bytes_at(GUEST_FIRMWARE_START), sizeof(first));
    assert_int_equal(*bytes_at(GUEST_FIRMWARE_START - 1), 0xcc);
    assert_int_equal(*bytes_at(GUEST_FIRMWARE_END), 0xcc);
}

static void test_no_ram_there(void **state)
{
    (void)state;
    struct gpa rsdp;
    memory.slots[0].size = GUEST_FIRMWARE_START;
    assert_int_equal(acpi_tables_write(&memory, &request, &rsdp), STATUS_OUT_OF_RANGE);
    memory.slots[0].size = GUEST_FIRMWARE_START + 0x200;
    assert_int_equal(acpi_tables_write(&memory, &request, &rsdp), STATUS_NO_MEMORY);
    assert_int_equal(*(uint8_t *)fake_memory_at(LOW_MEMORY_BACKING + GUEST_FIRMWARE_START + 0x200, 1), 0xcc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fadt, setup),         cmocka_unit_test_setup(test_madt, setup),
        cmocka_unit_test_setup(test_mcfg, setup),         cmocka_unit_test_setup(test_dsdt_window, setup),
        cmocka_unit_test_setup(test_no_ram_there, setup), cmocka_unit_test_setup(test_writing_twice_is_the_same, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
