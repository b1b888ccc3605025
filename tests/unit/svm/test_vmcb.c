/* SPDX-License-Identifier: GPL-2.0-only
 * svm/vmcb.c: every byte of a new control block against values worked out by hand from APM2 appendix B. */
#include "svm/vmcb.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static uint8_t vmcb[VMCB_SIZE];

/* Offset and value of every byte that is not zero, from the tables of the manual, not from our names. */
static const struct {
    uint16_t offset;
    uint8_t value;
} golden[] = {
    /* 000h: CR writes, bits 16+4 and 16+8 */
    {0x002, 0x10},
    {0x003, 0x01},
    /* 008h: exceptions #DB 1, #AC 17, #MC 18 */
    {0x008, 0x02},
    {0x00a, 0x06},
    /* 00Ch: INTR NMI SMI INIT VINTR | RDPMC 15 | CPUID 18 RSM 19 INVD 22 | HLT 24 INVLPGA 26 IOIO 27 MSR 28 TASK 29
     * FERR 30 SHUTDOWN 31 */
    {0x00c, 0x1f},
    {0x00d, 0x80},
    {0x00e, 0x4c},
    {0x00f, 0xfd},
    /* 010h: VMRUN VMMCALL VMLOAD VMSAVE STGI CLGI SKINIT | WBINVD MONITOR MWAIT MWAIT-armed XSETBV RDPRU */
    {0x010, 0x7f},
    {0x011, 0x7e},
    /* 040h IOPM, 048h MSRPM */
    {0x041, 0x50},
    {0x042, 0x34},
    {0x043, 0x12},
    {0x049, 0x80},
    {0x04a, 0x34},
    {0x04b, 0x12},
    /* 060h: priority 15 in 19:16, ignore TPR bit 20, V_INTR_MASKING bit 24, vector 39:32 */
    {0x062, 0x1f},
    {0x063, 0x01},
    {0x064, 0xff},
    /* 090h: nested paging; 0B0h: its root */
    {0x090, 0x01},
    {0x0b1, 0x70},
    {0x0b2, 0x56},
    {0x0b4, 0x01},
};

static void matches_the_manual(void **state)
{
    (void)state;
    const struct vmcb_setup setup = {
        .iopm = hpa(0x12345000), .msrpm = hpa(0x12348000), .nested_root = hpa(0x100567000), .spurious_vector = 0xff};
    uint8_t expected[VMCB_SIZE] = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(golden); i++) {
        expected[golden[i].offset] = golden[i].value;
    }
    memset(vmcb, 0xa5, sizeof(vmcb));
    vmcb_init(vmcb, &setup);
    for (size_t i = 0; i < sizeof(vmcb); i++) {
        if (vmcb[i] != expected[i]) {
            fail_msg("byte 0x%zx is 0x%02x, expected 0x%02x", i, vmcb[i], expected[i]);
        }
    }
}

static void segments_pack(void **state)
{
    (void)state;
    /* 64-bit code segment: P S type 0xb, G and L; the block keeps 0xa9b. */
    const struct vcpu_segment cs = {
        .base = 0x1122334455667788, .limit = 0xfffff123, .selector = 0x10, .attributes = 0xa09b};
    static const uint8_t bytes[16] = {0x10, 0x00, 0x9b, 0x0a, 0x23, 0xf1, 0xff, 0xff,
                                      0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    memset(vmcb, 0, sizeof(vmcb));
    vmcb_put_segment(vmcb, VMCB_CS, cs);
    assert_memory_equal(vmcb + 0x410, bytes, sizeof(bytes));
    struct vcpu_segment back = vmcb_segment(vmcb, 0x410);
    assert_int_equal(back.base, cs.base);
    assert_int_equal(back.limit, cs.limit);
    assert_int_equal(back.selector, cs.selector);
    assert_int_equal(back.attributes, cs.attributes);
}

static void intercepts_come_and_go(void **state)
{
    (void)state;
    memset(vmcb, 0, sizeof(vmcb));
    vmcb_intercept_iret(vmcb, true);
    assert_int_equal(vmcb[0x00e], 0x10);
    vmcb_intercept_cr4_read(vmcb, true);
    assert_int_equal(vmcb[0x000], 0x10);
    vmcb_intercept_iret(vmcb, false);
    vmcb_intercept_cr4_read(vmcb, false);
    for (size_t i = 0; i < sizeof(vmcb); i++) {
        assert_int_equal(vmcb[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_manual),
        cmocka_unit_test(segments_pack),
        cmocka_unit_test(intercepts_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
