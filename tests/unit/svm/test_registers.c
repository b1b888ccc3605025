/* SPDX-License-Identifier: GPL-2.0-only
 * svm/registers.c: what the guest sees and what the CPU gets. */
#include "svm/registers.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static uint8_t vmcb[VMCB_SIZE];
static struct svm_vcpu data;
static struct vcpu vcpu;

static int setup(void **state)
{
    (void)state;
    memset(vmcb, 0, sizeof(vmcb));
    data = (struct svm_vcpu){.vmcb = vmcb};
    vcpu = (struct vcpu){.data = &data};
    return 0;
}

static uint64_t get(unsigned offset)
{
    uint64_t v;
    memcpy(&v, vmcb + offset, sizeof(v));
    return v;
}

static void every_register_has_a_place_of_its_own(void **state)
{
    (void)state;
    for (unsigned r = 0; r < VCPU_REGISTER_COUNT; r++) {
        svm_registers_write(&vcpu, r, r == VCPU_CR8 ? 9 : 0x1000 * (r + 1));
    }
    for (unsigned r = 0; r < VCPU_REGISTER_COUNT; r++) {
        uint64_t expected = r == VCPU_CR8 ? 9 : 0x1000 * (r + 1);
        if (r == VCPU_EFER) {
            expected &= ~UINT64_C(0x1000);
        }
        assert_int_equal(svm_registers_read(&vcpu, r), expected);
    }
    /* a few places from APM2 table B-2 */
    assert_int_equal(get(0x558), 0x1000 * (VCPU_CR0 + 1));
    assert_int_equal(get(0x550), 0x1000 * (VCPU_CR3 + 1));
    assert_int_equal(get(0x640), 0x1000 * (VCPU_CR2 + 1));
    assert_int_equal(get(0x668), 0x1000 * (VCPU_PAT + 1));
    assert_int_equal(get(0x620), 0x1000 * (VCPU_KERNEL_GS_BASE + 1));
    assert_int_equal(get(0x488), 0x1000 * (VCPU_IDTR_BASE + 1));
}

static void svme_is_set_and_hidden(void **state)
{
    (void)state;
    svm_registers_write(&vcpu, VCPU_EFER, 0x501);
    assert_int_equal(get(0x4d0), 0x1501);
    assert_int_equal(svm_registers_read(&vcpu, VCPU_EFER), 0x501);
}

static void machine_checks_stay_on(void **state)
{
    (void)state;
    svm_registers_write(&vcpu, VCPU_CR4, 0x20);
    assert_int_equal(get(0x548), 0x60);
    assert_int_equal(vmcb[0] & 0x10, 0x10); /* reads of CR4 exit */
    assert_int_equal(svm_registers_read(&vcpu, VCPU_CR4), 0x20);
    svm_registers_write(&vcpu, VCPU_CR4, 0x60);
    assert_int_equal(vmcb[0] & 0x10, 0);
    assert_int_equal(svm_registers_read(&vcpu, VCPU_CR4), 0x60);
}

static void cr8_leaves_its_neighbours(void **state)
{
    (void)state;
    const uint64_t before = UINT64_C(0xff011f0100);
    memcpy(vmcb + 0x060, &before, sizeof(before));
    svm_registers_write(&vcpu, VCPU_CR8, 0xb);
    assert_int_equal(get(0x060), before | 0xb);
    svm_registers_write(&vcpu, VCPU_CR8, 0);
    assert_int_equal(get(0x060), before);
}

static void paging_registers_flush(void **state)
{
    (void)state;
    for (unsigned r = 0; r < VCPU_REGISTER_COUNT; r++) {
        vcpu.flush = false;
        svm_registers_write(&vcpu, r, 0);
        assert_int_equal(vcpu.flush, r == VCPU_CR0 || r == VCPU_CR3 || r == VCPU_CR4 || r == VCPU_EFER);
    }
}

static void cpl_follows_ss(void **state)
{
    (void)state;
    svm_registers_write_segment(&vcpu, VCPU_SS, (struct vcpu_segment){.selector = 0x1b, .attributes = 0xc0f3});
    assert_int_equal(vmcb[0x4cb], 3);
    assert_int_equal(svm_registers_read_segment(&vcpu, VCPU_SS).attributes, 0xc0f3);
    svm_registers_write_segment(&vcpu, VCPU_DS, (struct vcpu_segment){.attributes = 0xc093});
    assert_int_equal(vmcb[0x4cb], 3);
}

static void plain_fields_travel(void **state)
{
    (void)state;
    vcpu.rip = 1;
    vcpu.rflags = 2;
    vcpu.gprs[VCPU_RSP] = 3;
    vcpu.gprs[VCPU_RAX] = 4;
    vcpu.tsc_offset = 5;
    svm_registers_load(&vcpu);
    assert_int_equal(get(0x578), 1);
    assert_int_equal(get(0x570), 2);
    assert_int_equal(get(0x5d8), 3);
    assert_int_equal(get(0x5f8), 4);
    assert_int_equal(get(0x050), 5);
    vcpu.rip = vcpu.rflags = vcpu.gprs[VCPU_RSP] = vcpu.gprs[VCPU_RAX] = 0;
    svm_registers_store(&vcpu);
    assert_int_equal(vcpu.rip, 1);
    assert_int_equal(vcpu.rflags, 2);
    assert_int_equal(vcpu.gprs[VCPU_RSP], 3);
    assert_int_equal(vcpu.gprs[VCPU_RAX], 4);
}

static void code_is_where_and_how_it_decodes(void **state)
{
    (void)state;
    struct vcpu_code code;
    vcpu.rip = 0x10;
    svm_registers_write(&vcpu, VCPU_CR3, 0x3000);
    svm_registers_write(&vcpu, VCPU_CR4, 0x20);
    svm_registers_write(&vcpu, VCPU_EFER, 0x500);
    svm_registers_write_segment(&vcpu, VCPU_CS, (struct vcpu_segment){.base = 0xf0000, .attributes = 0x209b});
    svm_registers_read_code(&vcpu, &code);
    assert_int_equal(code.bits, 64);
    assert_int_equal(code.linear, 0x10); /* no base in 64-bit code */
    assert_int_equal(code.cr3, 0x3000);
    assert_int_equal(code.cr4, 0x20); /* without the host's MCE */
    assert_int_equal(code.efer, 0x500);
    svm_registers_write(&vcpu, VCPU_EFER, 0x100); /* long mode off: L means nothing */
    svm_registers_read_code(&vcpu, &code);
    assert_int_equal(code.bits, 16);
    assert_int_equal(code.linear, 0xf0010);
    svm_registers_write_segment(&vcpu, VCPU_CS, (struct vcpu_segment){.base = 0xf0000, .attributes = 0x409b});
    svm_registers_read_code(&vcpu, &code);
    assert_int_equal(code.bits, 32);
    svm_registers_write(&vcpu, VCPU_CR4, 0x60);
    svm_registers_read_code(&vcpu, &code);
    assert_int_equal(code.cr4, 0x60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_register_has_a_place_of_its_own, setup),
        cmocka_unit_test_setup(svme_is_set_and_hidden, setup),
        cmocka_unit_test_setup(machine_checks_stay_on, setup),
        cmocka_unit_test_setup(cr8_leaves_its_neighbours, setup),
        cmocka_unit_test_setup(paging_registers_flush, setup),
        cmocka_unit_test_setup(cpl_follows_ss, setup),
        cmocka_unit_test_setup(plain_fields_travel, setup),
        cmocka_unit_test_setup(code_is_where_and_how_it_decodes, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
