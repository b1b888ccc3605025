/* SPDX-License-Identifier: GPL-2.0-only
 * MADT, MCFG, FADT and HPET from synthesised tables, sound and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/acpi_diag.h"
#include "drivers/fadt.h"
#include "drivers/hpet.h"
#include "drivers/madt.h"
#include "drivers/mcfg.h"
#include "tests/unit/drivers/acpi_tables.h"

static struct diag items[256];
static struct diag_list diags;
static uint8_t arena_bytes[64 * 1024];
static struct arena arena;
static uint8_t *bytes;
static size_t used;

static int setup(void **state)
{
    (void)state;
    fake_memory_reset(0, MIB);
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    arena = arena_make(arena_bytes, sizeof(arena_bytes));
    bytes = fake_memory_at(0x1000, 0x10000);
    used = 0;
    return 0;
}

static void add(size_t size, uint64_t value)
{
    put(bytes + used, size, value);
    used += size;
}

static void start(const char *signature, size_t fixed)
{
    put_table(0x1000, signature, (uint32_t)fixed);
    used = fixed;
}

/* An exact copy on the heap, so that the sanitizer sees a read past its end. */
static struct acpi_view view_of(size_t length)
{
    uint8_t *copy = malloc(length != 0 ? length : 1);
    memcpy(copy, bytes, length);
    return (struct acpi_view){hpa(0x1000), copy, length};
}

static bool said(enum acpi_diag code)
{
    for (size_t i = 0; i < diags.count; i++) {
        if (diags.items[i].code == code) {
            return true;
        }
    }
    return false;
}

static void lapic(unsigned uid, unsigned id, uint32_t flags)
{
    add(1, 0), add(1, 8), add(1, uid), add(1, id), add(4, flags);
}

static void x2apic(uint32_t uid, uint32_t id, uint32_t flags)
{
    add(1, 9), add(1, 16), add(2, 0), add(4, id), add(4, flags), add(4, uid);
}

static void ioapic(unsigned id, uint32_t base, uint32_t gsi)
{
    add(1, 1), add(1, 12), add(1, id), add(1, 0), add(4, base), add(4, gsi);
}

static void source_override(unsigned bus, unsigned irq, uint32_t gsi, unsigned flags)
{
    add(1, 2), add(1, 10), add(1, bus), add(1, irq), add(4, gsi), add(2, flags);
}

static void good_madt(void)
{
    start("APIC", 44);
    put(bytes + 36, 4, 0xfee00000);
    put(bytes + 40, 4, 1);
    lapic(1, 0, 1);
    lapic(2, 2, 1);
    lapic(3, 4, 2);
    lapic(4, 255, 0);
    x2apic(300, 300, 1);
    ioapic(8, 0xfec00000, 0);
    ioapic(9, 0xfec01000, 24);
    source_override(0, 0, 2, 0);
    source_override(0, 9, 9, 0xd);
    add(1, 4), add(1, 6), add(1, 0xff), add(2, 5), add(1, 1); /* NMI, skipped */
}

static enum status parse_madt(struct madt *madt, size_t length)
{
    struct acpi_view view = view_of(length);
    enum status status = madt_parse(madt, &view, &arena, &diags);
    free((void *)view.bytes);
    return status;
}

static void test_madt(void **state)
{
    (void)state;
    struct madt m;
    good_madt();
    assert_int_equal(parse_madt(&m, used), STATUS_OK);
    assert_int_equal(diags.count, 0);
    assert_int_equal(m.lapic_base.v, 0xfee00000);
    assert_int_equal(m.cpu_count, 4);
    assert_int_equal(m.cpus[1].apic_id, 2);
    assert_int_equal(m.cpus[1].acpi_uid, 2);
    assert_true(m.cpus[1].enabled);
    assert_false(m.cpus[2].enabled);
    assert_true(m.cpus[2].online_capable);
    assert_int_equal(m.cpus[3].apic_id, 300);
    assert_int_equal(m.cpus[3].acpi_uid, 300);
    assert_true(m.cpus[3].x2apic);
    assert_int_equal(m.ioapic_count, 2);
    assert_int_equal(m.ioapics[1].id, 9);
    assert_int_equal(m.ioapics[1].base.v, 0xfec01000);
    assert_int_equal(m.ioapics[1].gsi_base, 24);
    assert_int_equal(m.override_count, 2);
    assert_int_equal(m.overrides[0].gsi, 2);
    assert_int_equal(m.overrides[0].trigger, MADT_TRIGGER_BUS);
    assert_int_equal(m.overrides[1].polarity, MADT_POLARITY_HIGH);
    assert_int_equal(m.overrides[1].trigger, MADT_TRIGGER_LEVEL);
}

static void test_madt_lapic_address(void **state)
{
    (void)state;
    struct madt m;
    good_madt();
    add(1, 5), add(1, 12), add(2, 0), add(8, UINT64_C(0x1fee00000));
    assert_int_equal(parse_madt(&m, used), STATUS_OK);
    assert_int_equal(m.lapic_base.v, UINT64_C(0x1fee00000));
}

static void test_madt_bad_entries(void **state)
{
    (void)state;
    struct madt m;
    good_madt();
    size_t good = used;
    add(1, 1), add(1, 0); /* zero length */
    lapic(9, 9, 1);
    assert_int_equal(parse_madt(&m, used), STATUS_OK);
    assert_true(said(ACPI_DIAG_MADT_ENTRY));
    assert_true(diags.errors == 1);
    assert_int_equal(m.cpu_count, 4); /* nothing after it is believed */

    setup(NULL);
    good_madt();
    assert_int_equal(used, good);
    add(1, 0), add(1, 7); /* shorter than its type */
    assert_int_equal(parse_madt(&m, used), STATUS_OK);
    assert_true(said(ACPI_DIAG_MADT_ENTRY));

    setup(NULL);
    good_madt();
    ioapic(8, 0xfec02000, 48);  /* id again */
    ioapic(10, 0xfec00000, 48); /* base again */
    ioapic(11, 0, 48);
    source_override(1, 3, 3, 0);
    source_override(0, 9, 10, 0);
    source_override(0, 16, 10, 0);
    source_override(0, 5, 5, 2);
    lapic(5, 2, 1);
    assert_int_equal(parse_madt(&m, used), STATUS_OK);
    assert_int_equal(m.ioapic_count, 2);
    assert_int_equal(m.override_count, 2);
    assert_int_equal(m.cpu_count, 4);
    assert_true(said(ACPI_DIAG_MADT_IOAPIC));
    assert_true(said(ACPI_DIAG_MADT_OVERRIDE));
    assert_true(said(ACPI_DIAG_MADT_CPU_TWICE));
}

static void test_madt_placeholder_does_not_hide_a_cpu(void **state)
{
    (void)state;
    struct madt m;
    start("APIC", 44);
    lapic(0, 0, 0);
    lapic(1, 0, 1);
    assert_int_equal(parse_madt(&m, used), STATUS_OK);
    assert_int_equal(m.cpu_count, 1);
    assert_true(m.cpus[0].enabled);
    assert_int_equal(diags.count, 0);
}

static void test_madt_no_cpu(void **state)
{
    (void)state;
    struct madt m;
    start("APIC", 44);
    lapic(0, 0, 0);
    assert_int_equal(parse_madt(&m, used), STATUS_BAD_FORMAT);
    assert_true(said(ACPI_DIAG_MADT_NO_CPU));
}

static void test_madt_mutations(void **state)
{
    (void)state;
    struct madt m;
    good_madt();
    size_t full = used;
    for (size_t length = 0; length <= full; length++) {
        setup(NULL);
        good_madt();
        if (parse_madt(&m, length) == STATUS_BAD_FORMAT) {
            assert_true(diags.errors > 0);
        }
    }
    for (size_t at = 36; at < full; at++) {
        for (unsigned value = 0; value < 256; value += 5) {
            setup(NULL);
            good_madt();
            bytes[at] = (uint8_t)value;
            (void)!parse_madt(&m, full);
            assert_true(m.cpu_count <= full / 8);
        }
    }
}

static void window(uint64_t base, unsigned segment, unsigned first, unsigned last)
{
    add(8, base), add(2, segment), add(1, first), add(1, last), add(4, 0);
}

static enum status parse_mcfg(struct mcfg *mcfg, size_t length)
{
    struct acpi_view view = view_of(length);
    enum status status = mcfg_parse(mcfg, &view, &arena, &diags);
    free((void *)view.bytes);
    return status;
}

static void test_mcfg(void **state)
{
    (void)state;
    struct mcfg m;
    start("MCFG", 44);
    window(0xe0000000, 0, 0, 255);
    window(UINT64_C(0x20000000000), 1, 0x80, 0xff);
    assert_int_equal(parse_mcfg(&m, used), STATUS_OK);
    assert_int_equal(diags.count, 0);
    assert_int_equal(m.count, 2);
    assert_int_equal(m.windows[0].base.v, 0xe0000000);
    assert_int_equal(m.windows[0].last_bus, 255);
    assert_int_equal(m.windows[1].segment, 1);
    assert_int_equal(m.windows[1].first_bus, 0x80);
}

static void test_mcfg_bad(void **state)
{
    (void)state;
    struct mcfg m;
    start("MCFG", 44);
    window(0, 0, 0, 255);
    window(0xe0080000, 0, 0, 255);
    window(0xe0000000, 0, 9, 8);
    window(UINT64_C(0xfffffffffff00000), 0, 0, 255);
    window(UINT64_C(0x000ffffffff00000), 0, 0, 1);
    window(0xe0000000, 0, 0, 63);
    window(0xd0000000, 0, 63, 64);
    window(0xd0000000, 1, 63, 64);
    window(0xc0000000, 0xff00, 0, 0);
    add(3, 0);
    assert_int_equal(parse_mcfg(&m, used), STATUS_OK);
    assert_int_equal(m.count, 2);
    assert_int_equal(m.windows[0].last_bus, 63);
    assert_int_equal(m.windows[1].segment, 1);
    assert_int_equal(diags.errors, 7);
    assert_true(said(ACPI_DIAG_MCFG_SEGMENT));
    assert_true(said(ACPI_DIAG_MCFG_WINDOW));
    assert_true(said(ACPI_DIAG_MCFG_OVERLAP));
    assert_true(said(ACPI_DIAG_MCFG_SHORT));
    for (size_t length = 0; length < 44; length++) {
        assert_int_equal(parse_mcfg(&m, length), STATUS_BAD_FORMAT);
    }
}

static void gas(size_t at, unsigned space, unsigned width, unsigned offset, uint64_t address)
{
    bytes[at] = (uint8_t)space;
    bytes[at + 1] = (uint8_t)width;
    bytes[at + 2] = (uint8_t)offset;
    put(bytes + at + 4, 8, address);
}

static void good_fadt(void)
{
    start("FACP", 276);
    used = 276;
    put(bytes + 40, 4, 0x7fe00000);
    put(bytes + 46, 2, 9);
    put(bytes + 48, 4, 0xb2);
    bytes[52] = 0xa0;
    put(bytes + 64, 4, 0x1804);
    put(bytes + 76, 4, 0x1808);
    bytes[89] = 2;
    bytes[91] = 4;
    put(bytes + 109, 2, 0x3);
    put(bytes + 112, 4, 1u << 8 | 1u << 10 | 1u << 19);
    gas(116, 1, 8, 0, 0xcf9);
    bytes[128] = 6;
}

static enum status parse_fadt(struct fadt *fadt, size_t length)
{
    struct acpi_view view = view_of(length);
    enum status status = fadt_parse(fadt, &view, &diags);
    free((void *)view.bytes);
    return status;
}

static void test_fadt(void **state)
{
    (void)state;
    struct fadt f;
    good_fadt();
    assert_int_equal(parse_fadt(&f, used), STATUS_OK);
    assert_int_equal(diags.count, 0);
    assert_true(f.pm_timer.present);
    assert_int_equal(f.pm_timer.space, FADT_SPACE_IO);
    assert_int_equal(f.pm_timer.address, 0x1808);
    assert_int_equal(f.pm1a_control.address, 0x1804);
    assert_int_equal(f.pm1a_control.width, 16);
    assert_false(f.pm1b_control.present);
    assert_true(f.reset.present);
    assert_int_equal(f.reset.address, 0xcf9);
    assert_int_equal(f.reset_value, 6);
    assert_int_equal(f.smi_command, 0xb2);
    assert_int_equal(f.acpi_enable, 0xa0);
    assert_int_equal(f.dsdt.v, 0x7fe00000);
}

static void test_fadt_extended_fields_win(void **state)
{
    (void)state;
    struct fadt f;
    good_fadt();
    gas(208, 1, 32, 0, 0x408);
    put(bytes + 140, 8, UINT64_C(0x100000000));
    assert_int_equal(parse_fadt(&f, used), STATUS_OK);
    assert_int_equal(f.pm_timer.address, 0x408);
    assert_int_equal(f.dsdt.v, UINT64_C(0x100000000));
    assert_true(said(ACPI_DIAG_FADT_REGISTER)); /* the two fields differ */
}

static void test_fadt_of_acpi1(void **state)
{
    (void)state;
    struct fadt f;
    good_fadt();
    assert_int_equal(parse_fadt(&f, 116), STATUS_OK);
    assert_int_equal(f.pm_timer.address, 0x1808);
    assert_false(f.reset.present);
    assert_int_equal(parse_fadt(&f, 115), STATUS_BAD_FORMAT);
    assert_true(said(ACPI_DIAG_FADT_SHORT));
}

static void test_fadt_bad_registers(void **state)
{
    (void)state;
    struct fadt f;
    good_fadt();
    put(bytes + 112, 4, 1u << 8);
    assert_int_equal(parse_fadt(&f, used), STATUS_OK);
    assert_false(f.reset.present); /* RESET_REG_SUP is clear */
    good_fadt();
    gas(116, 1, 8, 0, 0x10cf9);
    assert_int_equal(parse_fadt(&f, used), STATUS_OK);
    assert_false(f.reset.present);
    assert_true(said(ACPI_DIAG_FADT_REGISTER));
    good_fadt();
    gas(116, 1, 16, 0, 0xcf9);
    assert_int_equal(parse_fadt(&f, used), STATUS_OK);
    assert_false(f.reset.present);
    good_fadt();
    put(bytes + 76, 4, 0x12345678);
    assert_int_equal(parse_fadt(&f, used), STATUS_OK);
    assert_false(f.pm_timer.present);
}

static void test_fadt_hardware_reduced(void **state)
{
    (void)state;
    struct fadt f;
    good_fadt();
    put(bytes + 112, 4, 1u << 20 | 1u << 10);
    assert_int_equal(parse_fadt(&f, used), STATUS_OK);
    assert_true(f.hardware_reduced);
    assert_false(f.pm_timer.present);
    assert_false(f.pm1a_control.present);
    assert_true(f.reset.present);
}

static void test_fadt_lengths(void **state)
{
    (void)state;
    struct fadt f;
    good_fadt();
    gas(208, 1, 32, 0, 0x1808);
    for (size_t length = 0; length <= 276; length++) {
        assert_int_equal(parse_fadt(&f, length), length < 116 ? STATUS_BAD_FORMAT : STATUS_OK);
    }
}

static enum status parse_hpet(struct hpet *hpet, size_t length)
{
    struct acpi_view view = view_of(length);
    enum status status = hpet_parse(hpet, &view, &diags);
    free((void *)view.bytes);
    return status;
}

static void test_hpet(void **state)
{
    (void)state;
    struct hpet h;
    start("HPET", 56);
    put(bytes + 36, 4, 0x8086a201);
    gas(40, 0, 64, 0, 0xfed00000);
    bytes[52] = 3;
    put(bytes + 53, 2, 0x80);
    assert_int_equal(parse_hpet(&h, 56), STATUS_OK);
    assert_int_equal(h.base.v, 0xfed00000);
    assert_int_equal(h.number, 3);
    assert_int_equal(parse_hpet(&h, 54), STATUS_BAD_FORMAT);
    gas(40, 1, 64, 0, 0xfed00000);
    assert_int_equal(parse_hpet(&h, 56), STATUS_BAD_FORMAT);
    gas(40, 0, 64, 0, 0);
    assert_int_equal(parse_hpet(&h, 56), STATUS_BAD_FORMAT);
    assert_true(said(ACPI_DIAG_HPET_BAD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_madt, setup),
        cmocka_unit_test_setup(test_madt_lapic_address, setup),
        cmocka_unit_test_setup(test_madt_bad_entries, setup),
        cmocka_unit_test_setup(test_madt_placeholder_does_not_hide_a_cpu, setup),
        cmocka_unit_test_setup(test_madt_no_cpu, setup),
        cmocka_unit_test_setup(test_madt_mutations, setup),
        cmocka_unit_test_setup(test_mcfg, setup),
        cmocka_unit_test_setup(test_mcfg_bad, setup),
        cmocka_unit_test_setup(test_fadt, setup),
        cmocka_unit_test_setup(test_fadt_extended_fields_win, setup),
        cmocka_unit_test_setup(test_fadt_of_acpi1, setup),
        cmocka_unit_test_setup(test_fadt_bad_registers, setup),
        cmocka_unit_test_setup(test_fadt_hardware_reduced, setup),
        cmocka_unit_test_setup(test_fadt_lengths, setup),
        cmocka_unit_test_setup(test_hpet, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
