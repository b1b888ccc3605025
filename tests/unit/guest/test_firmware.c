/* SPDX-License-Identifier: GPL-2.0-only
 * guest/firmware.c: every vector leads to code that returns, and IRQ 0 ticks through. */
#include "guest/firmware.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vlapic_irq.h"
#include "tests/unit/guest/low_memory.h"

static const uint8_t *bytes_at(uint64_t at)
{
    return guest_memory_at(&memory, gpa(at), 1);
}

static const uint8_t *handler(unsigned vector)
{
    const uint8_t *entry = bytes_at((uint64_t)4 * vector);
    uint64_t at = (uint64_t)(entry[2] | entry[3] << 8) * 16 + (uint64_t)(entry[0] | entry[1] << 8);
    assert_true(at >= GUEST_FIRMWARE_CODE && at < GUEST_FIRMWARE_END);
    return bytes_at(at);
}

static void test_vectors(void **state)
{
    (void)state;
    assert_int_equal(firmware_write(&memory), STATUS_OK);
    static const uint8_t first[] = {0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf};
    static const uint8_t second[] = {0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf};
    for (unsigned i = 0; i < 256; i++) {
        if (i == 8) {
            assert_int_equal(handler(i)[0], 0x1e);
            assert_int_equal(handler(i)[19], 0xcf);
        } else if (i > 8 && i < 16) {
            assert_memory_equal(handler(i), first, sizeof(first));
        } else if (i >= 0x70 && i < 0x78) {
            assert_memory_equal(handler(i), second, sizeof(second));
        } else {
            assert_int_equal(handler(i)[0], 0xcf);
        }
    }
    assert_int_equal(bytes_at(0x413)[0] | bytes_at(0x413)[1] << 8, 639);
    assert_int_equal(bytes_at(0x40e)[0] | bytes_at(0x40e)[1] << 8, 0x9fc0);
    assert_int_equal(bytes_at(0x500)[0], 0xcc); /* free for the program */
}

static void test_no_ram(void **state)
{
    (void)state;
    memory.slots[0].size = 0x80000;
    assert_int_equal(firmware_write(&memory), STATUS_OUT_OF_RANGE);
    assert_int_equal(*(uint8_t *)fake_memory_at(LOW_MEMORY_BACKING, 1), 0xcc);
}

static void test_devices(void **state)
{
    (void)state;
    struct vpic pic;
    struct pit pit;
    struct vlapic lapic;
    static uint32_t page[LAPIC_SIZE / 4];
    const struct vlapic_config config = {.page = page, .bootstrap = true, .physical_bits = 40};
    vpic_init(&pic);
    pit_init(&pit);
    vlapic_init(&lapic, &config);
    assert_false(vlapic_irq_takes_extint(&lapic));
    assert_int_equal(pit_next_deadline(&pit), UINT64_MAX);
    firmware_set_devices(&pic, &pit, 0);
    firmware_set_wire(&lapic, 0);
    assert_true(vlapic_irq_takes_extint(&lapic));
    assert_in_range(pit_next_deadline(&pit), 54900000, 54950000); /* 18.2 Hz */
    for (unsigned irq = 1; irq < 16; irq++) {
        vpic_set_line(&pic, irq, true);
    }
    assert_false(vpic_is_pending(&pic));
    vpic_set_line(&pic, 0, true);
    assert_true(vpic_is_pending(&pic));
    assert_int_equal(vpic_acknowledge(&pic), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_vectors, setup),
        cmocka_unit_test_setup(test_no_ram, setup),
        cmocka_unit_test_setup(test_devices, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
