/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_apic.c: what a CPU that serves the local APIC is told, and when. */
#include "guest/vm_apic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vlapic_irq.h"

static uint32_t page[LAPIC_SIZE / 4];

static struct {
    unsigned pages, modes, statuses, thresholds;
    enum vcpu_apic_mode mode;
    struct vcpu_apic_status status;
    uint8_t threshold;
    unsigned help; /* what set_mode returns */
} told;

static bool needs_access_page(void)
{
    return true;
}

static void set_pages(struct vcpu *vcpu, struct hpa registers, struct hpa access)
{
    (void)vcpu;
    assert_int_equal(registers.v, 0x7000);
    assert_int_equal(access.v, 0x8000);
    told.pages++;
}

static unsigned set_mode(struct vcpu *vcpu, enum vcpu_apic_mode mode)
{
    (void)vcpu;
    told.mode = mode;
    told.modes++;
    return mode == VCPU_APIC_SOFTWARE ? 0 : told.help;
}

static void set_status(struct vcpu *vcpu, const struct vcpu_apic_status *status)
{
    (void)vcpu;
    told.status = *status;
    told.statuses++;
}

static void set_threshold(struct vcpu *vcpu, uint8_t threshold)
{
    (void)vcpu;
    told.threshold = threshold;
    told.thresholds++;
}

static bool post(struct vlapic *l, uint8_t vector, bool level)
{
    struct apic_message message = {.vector = vector, .delivery = APIC_FIXED, .level = level};
    return vlapic_irq_deliver(l, &message);
}

static const struct cpu_backend_apic apic = {needs_access_page, set_pages, set_mode, set_status, set_threshold};
static const struct cpu_backend backend = {.name = "fake", .apic = &apic};
static const struct cpu_backend without = {.name = "fake"};
static struct vm vm;
static struct vm_cpu cpu;

static int setup(void **state)
{
    (void)state;
    const struct vlapic_config config = {.page = page, .bootstrap = true, .x2apic = true, .physical_bits = 40};
    memset(&told, 0, sizeof(told));
    memset(&cpu, 0, sizeof(cpu));
    told.help = VCPU_APIC_REGISTERS | VCPU_APIC_INTERRUPTS;
    vm.apic_access = hpa(0x8000);
    cpu.vm = &vm;
    cpu.vcpu.backend = &backend;
    cpu.vcpu.rflags = 0x202;
    cpu.lapic_page = hpa(0x7000);
    vlapic_init(&cpu.lapic, &config);
    vlapic_write(&cpu.lapic, LAPIC_SVR, 4, 0x1ff, 0);
    return 0;
}

static void test_modes(void **state)
{
    (void)state;
    vm_apic_init(&cpu);
    assert_int_equal(told.pages, 1);
    assert_int_equal(told.modes, 0);
    vm_apic_follow_mode(&cpu);
    assert_int_equal(told.mode, VCPU_APIC_PAGE);
    assert_true(vm_apic_delivers(&cpu));
    vm_apic_follow_mode(&cpu); /* nothing changed */
    assert_int_equal(told.modes, 1);
    assert_int_equal(vlapic_base_write(&cpu.lapic, 0xfee00d00), STATUS_OK);
    vm_apic_follow_mode(&cpu);
    assert_int_equal(told.mode, VCPU_APIC_MSRS);
    assert_int_equal(vlapic_base_write(&cpu.lapic, 0xfee00000), STATUS_OK);
    vm_apic_follow_mode(&cpu);
    assert_int_equal(told.mode, VCPU_APIC_SOFTWARE);
    assert_false(vm_apic_delivers(&cpu));
    assert_int_equal(vlapic_base_write(&cpu.lapic, 0x42000800), STATUS_OK); /* moved away: by software */
    vm_apic_follow_mode(&cpu);
    assert_int_equal(told.modes, 3);
    assert_int_equal(vlapic_base_write(&cpu.lapic, 0xfee00800), STATUS_OK);
    vm_apic_follow_mode(&cpu);
    assert_int_equal(told.mode, VCPU_APIC_PAGE);
}

static void test_without_a_backends_help(void **state)
{
    (void)state;
    cpu.vcpu.backend = &without;
    vm_apic_init(&cpu);
    vm_apic_follow_mode(&cpu);
    vm_apic_set_threshold(&cpu);
    assert_false(vm_apic_delivers(&cpu));
}

static void test_status(void **state)
{
    (void)state;
    struct vlapic *l = &cpu.lapic;
    struct vcpu_apic_status s = vm_apic_status_of(l, vlapic_irq_pending(l), true);
    assert_int_equal(s.requested | s.in_service, 0);
    assert_int_equal(s.eoi_exits[0] | s.eoi_exits[1] | s.eoi_exits[2] | s.eoi_exits[3], 0);
    assert_true(post(l, 0x51, false));
    assert_true(post(l, 0xa3, true));
    s = vm_apic_status_of(l, vlapic_irq_pending(l), false);
    assert_int_equal(s.requested, 0xa3);
    assert_true(s.eoi_exits[2] == UINT64_C(1) << (0xa3 - 0x80)); /* the level-triggered one alone */
    assert_int_equal(s.eoi_exits[0] | s.eoi_exits[1] | s.eoi_exits[3], 0);
    vlapic_irq_accept(l, 0xa3);
    s = vm_apic_status_of(l, vlapic_irq_pending(l), false);
    assert_int_equal(s.requested, 0x51);
    assert_int_equal(s.in_service, 0xa3);
}

/* Guarded: the EOI exits as soon as something waits that cannot be delivered by this entry. */
static void test_guarded_status(void **state)
{
    (void)state;
    struct vlapic *l = &cpu.lapic;
    assert_true(post(l, 0x51, false));
    assert_int_equal(vm_apic_status_of(l, 0x51, true).eoi_exits[1], 0);
    assert_true(post(l, 0x55, false));
    assert_true(vm_apic_status_of(l, 0x55, true).eoi_exits[1] == UINT64_MAX);
    assert_int_equal(vm_apic_status_of(l, 0x55, false).eoi_exits[1], 0);
    vlapic_irq_accept(l, 0x55);
    assert_int_equal(vlapic_irq_pending(l), -1); /* 0x51 waits for the EOI of 0x55 */
    assert_true(vm_apic_status_of(l, -1, true).eoi_exits[3] == UINT64_MAX);
}

static void test_guarded_window(void **state)
{
    (void)state;
    told.help |= VCPU_APIC_GUARDED;
    vm_apic_init(&cpu);
    vm_apic_follow_mode(&cpu);
    assert_true(post(&cpu.lapic, 0x51, false));
    vm_apic_give(&cpu, vlapic_irq_pending(&cpu.lapic));
    assert_int_equal(told.status.requested, 0x51);
    assert_false(cpu.vcpu.window);
    cpu.vcpu.rflags = 2;
    vm_apic_give(&cpu, vlapic_irq_pending(&cpu.lapic));
    assert_true(cpu.vcpu.window);
    cpu.vcpu.window = false;
    cpu.apic_help &= ~(unsigned)VCPU_APIC_GUARDED;
    vm_apic_give(&cpu, vlapic_irq_pending(&cpu.lapic));
    assert_false(cpu.vcpu.window); /* a CPU that is right waits by itself */
}

static void test_threshold(void **state)
{
    (void)state;
    struct vlapic *l = &cpu.lapic;
    assert_int_equal(vm_apic_threshold_of(l), 0);
    assert_true(post(l, 0x51, false));
    assert_int_equal(vm_apic_threshold_of(l), 0); /* it can be taken: no need to wait for TPR */
    vlapic_set_tpr(l, 0x4f);
    assert_int_equal(vm_apic_threshold_of(l), 0);
    vlapic_set_tpr(l, 0x50);
    assert_int_equal(vm_apic_threshold_of(l), 5);
    vlapic_set_tpr(l, 0xff);
    assert_int_equal(vm_apic_threshold_of(l), 5);
    told.help = VCPU_APIC_REGISTERS;
    vm_apic_init(&cpu);
    vm_apic_set_threshold(&cpu); /* software mode still: MOV to CR8 exits anyhow */
    assert_int_equal(told.thresholds, 0);
    vm_apic_follow_mode(&cpu);
    vm_apic_set_threshold(&cpu);
    assert_int_equal(told.threshold, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_modes, setup),          cmocka_unit_test_setup(test_without_a_backends_help, setup),
        cmocka_unit_test_setup(test_status, setup),         cmocka_unit_test_setup(test_guarded_status, setup),
        cmocka_unit_test_setup(test_guarded_window, setup), cmocka_unit_test_setup(test_threshold, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
