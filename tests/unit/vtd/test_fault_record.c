/* SPDX-License-Identifier: GPL-2.0-only
 * Fault records and their words, against vectors worked out by hand from VT-d 4.1 11.4.7.6. */
#include "vtd/fault.h"
#include "vtd/fault_text.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void empty(void **state)
{
    (void)state;
    struct vtd_fault f;
    assert_false(vtd_fault_decode(0x1234000, 0x0000000500000020, 0, 0, &f));
    assert_false(vtd_fault_decode(0, 0x7fffffffffffffff, 0, 0, &f));
}

static void dma(void **state)
{
    (void)state;
    struct vtd_fault f;
    assert_true(vtd_fault_decode(0x0000000001234000, 0x8000000500000020, 3, 1, &f));
    assert_int_equal(f.unit, 3);
    assert_true(f.source.v == 0x00010020); /* 0001:00:04.0 */
    assert_int_equal(f.access, VTD_FAULT_WRITE);
    assert_true(f.address == 0x1234000);
    assert_int_equal(f.reason, 5);
    /* T1 (126): a read; with T2 (92) an atomic operation. The low 12 bits of the address are reserved. */
    assert_true(vtd_fault_decode(0xfffffffffffff777, 0xc00000060000ff00, 0, 0, &f));
    assert_int_equal(f.access, VTD_FAULT_READ);
    assert_true(f.address == 0xfffffffffffff000);
    assert_true(f.source.v == 0xff00);
    assert_true(vtd_fault_decode(0x1000, 0xc000000610000000, 0, 0, &f));
    assert_int_equal(f.access, VTD_FAULT_ATOMIC);
    assert_true(vtd_fault_decode(0x1000, 0x8000000610000000, 0, 0, &f));
    assert_int_equal(f.access, VTD_FAULT_PAGE_REQUEST);
}

static void interrupts(void **state)
{
    (void)state;
    struct vtd_fault f;
    assert_true(vtd_fault_decode(0x0123000000000000, 0x80000026000000fa, 0, 0, &f));
    assert_int_equal(f.access, VTD_FAULT_INTERRUPT);
    assert_int_equal(f.index, 0x123);
    assert_int_equal(f.reason, 0x26);
    assert_true(f.address == 0);
}

static void words(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        bool known = (a >= 1 && a <= 0xd) || (a >= 0x20 && a <= 0x28);
        assert_int_equal(strcmp(vtd_fault_text((uint8_t)a), "unknown reason") != 0, known);
        assert_null(strchr(vtd_fault_text((uint8_t)a), '"'));
        for (unsigned b = 0; known && b < a; b++) { /* no text twice */
            assert_int_not_equal(strcmp(vtd_fault_text((uint8_t)a), vtd_fault_text((uint8_t)b)), 0);
        }
    }
    assert_non_null(strstr(vtd_fault_text(5), "no write permission"));
    assert_non_null(strstr(vtd_fault_text(6), "no read permission"));
    assert_string_equal(vtd_fault_access_text(VTD_FAULT_PAGE_REQUEST), "page-request");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(dma),
        cmocka_unit_test(interrupts),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
