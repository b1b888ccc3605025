/* SPDX-License-Identifier: GPL-2.0-only
 * svm/inject.c: events in and out, windows, NMI blocking. */
#include "svm/inject.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static uint8_t vmcb[VMCB_SIZE];
static struct vcpu vcpu;
static struct svm_inject inject;

static int setup(void **state)
{
    (void)state;
    memset(vmcb, 0, sizeof(vmcb));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&inject, 0, sizeof(inject));
    return 0;
}

static void put(unsigned offset, uint64_t v)
{
    memcpy(vmcb + offset, &v, sizeof(v));
}

static uint64_t get(unsigned offset)
{
    uint64_t v;
    memcpy(&v, vmcb + offset, sizeof(v));
    return v;
}

static const struct {
    struct vcpu_event event;
    uint64_t encoded; /* APM2 figure 15-4 */
} pairs[] = {
    {{.kind = VCPU_EVENT_NONE}, 0},
    {{.kind = VCPU_EVENT_INTERRUPT, .vector = 0x30}, 0x80000030},
    {{.kind = VCPU_EVENT_NMI, .vector = 2}, 0x80000202},
    {{.kind = VCPU_EVENT_EXCEPTION, .vector = 6}, 0x80000306},
    {{.kind = VCPU_EVENT_EXCEPTION, .vector = 14, .has_error = true, .error = 0x12}, 0x0000001280000b0e},
    {{.kind = VCPU_EVENT_EXCEPTION, .vector = 13, .has_error = true, .error = 0xffffffff}, 0xffffffff80000b0d},
};

static void events_go_in_and_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        assert_int_equal(svm_inject_encode(pairs[i].event), pairs[i].encoded);
        struct vcpu_event back = svm_inject_decode(pairs[i].encoded);
        assert_int_equal(back.kind, pairs[i].event.kind);
        assert_int_equal(back.vector, pairs[i].event.vector);
        assert_int_equal(back.has_error, pairs[i].event.has_error);
        assert_int_equal(back.error, pairs[i].event.error);
    }
}

static void software_interrupts_are_executed_again(void **state)
{
    (void)state;
    assert_int_equal(svm_inject_decode(0x80000480).kind, VCPU_EVENT_NONE); /* INT 0x80 */
    assert_int_equal(svm_inject_decode(0x80000303).kind, VCPU_EVENT_NONE); /* INT3 */
    assert_int_equal(svm_inject_decode(0x80000304).kind, VCPU_EVENT_NONE); /* INTO */
    assert_int_equal(svm_inject_decode(0x00000b0e).kind, VCPU_EVENT_NONE); /* not valid */
}

static void an_undelivered_event_comes_back(void **state)
{
    (void)state;
    vcpu.event = pairs[4].event;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_HARDWARE);
    assert_int_equal(get(0x0a8), pairs[4].encoded);
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NONE);
    put(0x088, pairs[4].encoded);
    put(0x070, 0x400);
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_int_equal(vcpu.event.vector, 14);
    assert_int_equal(vcpu.event.error, 0x12);
    put(0x088, 0);
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NONE);
}

static void no_event_clears_what_was_injected_before(void **state)
{
    (void)state;
    put(0x0a8, 0x80000030);
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_HARDWARE);
    assert_int_equal(get(0x0a8), 0);
}

static void the_window_is_a_virtual_interrupt(void **state)
{
    (void)state;
    put(0x060, UINT64_C(0xff011f0005));
    vcpu.window = true;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_HARDWARE);
    assert_int_equal(get(0x060), UINT64_C(0xff011f0105));
    put(0x070, 0x64);
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject)); /* wanted: the caller hears of it */
    vcpu.window = false;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_HARDWARE);
    assert_int_equal(get(0x060), UINT64_C(0xff011f0005));
    assert_true(svm_inject_finish(&vcpu, vmcb, &inject)); /* left over: nobody does */
}

/* One entry of a CPU whose VMRUN ignores the shadow; the exit's code, and how far RIP went. */
static void run_without_shadow(uint64_t exit_code, uint64_t advance)
{
    vcpu.window = true;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_HARDWARE);
    svm_inject_before_shadow(&vcpu, vmcb, &inject);
    assert_int_equal(get(0x060) >> 8 & 1, !inject.shadow);
    put(0x068, 0);
    put(0x070, exit_code);
    vcpu.rip += advance;
    (void)svm_inject_finish(&vcpu, vmcb, &inject);
    svm_inject_after_shadow(&vcpu, vmcb, &inject);
}

static void a_shadow_that_is_ignored_delays_the_window(void **state)
{
    (void)state;
    vcpu.shadow = true;
    run_without_shadow(0x60, 0); /* nothing ran */
    assert_true(vcpu.shadow);
    run_without_shadow(0x60, 1);
    assert_false(vcpu.shadow);
    run_without_shadow(0x60, 0); /* none is made up */
    assert_false(vcpu.shadow);
    vcpu.shadow = true;
    run_without_shadow(0x78, 0); /* HLT, the instruction in the shadow, exits: skipping it ends the shadow as ever */
    assert_false(vcpu.shadow);
}

static void a_loop_of_one_instruction_gets_its_window(void **state)
{
    (void)state;
    unsigned exits = 0;
    vcpu.shadow = true;
    while (vcpu.shadow && exits < 100) {
        run_without_shadow(0x60, 0);
        exits++;
    }
    assert_in_range(exits, 2, 20);
    run_without_shadow(0x60, 0);
    vcpu.shadow = true;
    run_without_shadow(0x60, 0); /* a later shadow counts anew */
    assert_true(vcpu.shadow);
}

static void the_shadow_is_carried(void **state)
{
    (void)state;
    vcpu.shadow = true;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_HARDWARE);
    assert_int_equal(get(0x068), 1);
    put(0x068, 0);
    put(0x070, 0x72);
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_false(vcpu.shadow);
    put(0x068, 3); /* bit 1 is another thing */
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_true(vcpu.shadow);
}

static void nmis_are_blocked_until_iret_has_run(void **state)
{
    (void)state;
    vcpu.event = pairs[2].event;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_HARDWARE);
    assert_true(vcpu.nmi_blocked);
    assert_int_equal(vmcb[0x00e] & 0x10, 0x10); /* IRET intercept */
    put(0x070, 0x72);
    vcpu.rip = 0x100;
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_true(vcpu.nmi_blocked);
    put(0x070, 0x74);
    vcpu.rip = 0x180;
    assert_true(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_true(vcpu.nmi_blocked);
    assert_int_equal(vmcb[0x00e] & 0x10, 0);
    put(0x070, 0x60);
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject)); /* a host interrupt before the IRET ran */
    assert_true(vcpu.nmi_blocked);
    vcpu.rip = 0x5000;
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_false(vcpu.nmi_blocked);
}

/* The IRET of an NMI handler while the next NMI waits: stepped, and its end is a window. */
static void begin_stepped_iret(void)
{
    vcpu.event = pairs[2].event;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_HARDWARE);
    vcpu.nmi_window = true;
    put(0x070, 0x74);
    put(0x568, 0xffff0ff0);
    vcpu.rip = 0x180;
    assert_true(svm_inject_finish(&vcpu, vmcb, &inject));
}

static void a_waiting_nmi_ends_the_run_behind_iret(void **state)
{
    (void)state;
    begin_stepped_iret();
    assert_int_equal(vcpu.rflags, 0x100);
    put(0x070, 0x41);
    put(0x568, 0xffff4ff0);
    vcpu.rip = 0x5000;
    vcpu.rflags = 2;
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_false(vcpu.nmi_blocked);
    assert_int_equal(get(0x070), 0x64);
    assert_int_equal(get(0x568), 0xffff0ff0); /* the guest does not see the step */
    put(0x070, 0x41);
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_int_equal(get(0x070), 0x41); /* the next #DB is the guest's */
}

static void a_breakpoint_behind_iret_is_the_guests(void **state)
{
    (void)state;
    begin_stepped_iret();
    put(0x070, 0x41);
    put(0x568, 0xffff4ff1);
    vcpu.rip = 0x5000;
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_int_equal(get(0x070), 0x41);
    assert_int_equal(get(0x568), 0xffff4ff1);
    vcpu.rflags = 0x100; /* a handler that steps itself is left alone */
    begin_stepped_iret();
    assert_int_equal(vcpu.rflags, 0x100);
    put(0x070, 0x41);
    put(0x568, 0xffff4ff0);
    vcpu.rip = 0x5000;
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject));
    assert_int_equal(get(0x070), 0x41);
}

static void the_quirk_changes_the_type_at_level_0_only(void **state)
{
    (void)state;
    vcpu.event = pairs[1].event;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_SOFTWARE);
    assert_int_equal(get(0x0a8), 0x80000430);
    put(0x088, 0x80000430);
    put(0x070, 0x400);
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject)); /* not delivered: an interrupt as before */
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_INTERRUPT);
    assert_int_equal(vcpu.event.vector, 0x30);
    vmcb[0x4cb] = 3;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_SOFTWARE);
    assert_int_equal(get(0x0a8), 0x80000030);
    assert_false(svm_inject_finish(&vcpu, vmcb, &inject)); /* now it is the guest's own INT 0x30 */
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NONE);
    vmcb[0x4cb] = 0;
    vcpu.event = pairs[4].event;
    svm_inject_prepare(&vcpu, vmcb, &inject, SVM_INJECT_SOFTWARE);
    assert_int_equal(get(0x0a8), pairs[4].encoded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(events_go_in_and_out, setup),
        cmocka_unit_test_setup(software_interrupts_are_executed_again, setup),
        cmocka_unit_test_setup(an_undelivered_event_comes_back, setup),
        cmocka_unit_test_setup(no_event_clears_what_was_injected_before, setup),
        cmocka_unit_test_setup(the_window_is_a_virtual_interrupt, setup),
        cmocka_unit_test_setup(a_shadow_that_is_ignored_delays_the_window, setup),
        cmocka_unit_test_setup(a_loop_of_one_instruction_gets_its_window, setup),
        cmocka_unit_test_setup(the_shadow_is_carried, setup),
        cmocka_unit_test_setup(the_quirk_changes_the_type_at_level_0_only, setup),
        cmocka_unit_test_setup(nmis_are_blocked_until_iret_has_run, setup),
        cmocka_unit_test_setup(a_waiting_nmi_ends_the_run_behind_iret, setup),
        cmocka_unit_test_setup(a_breakpoint_behind_iret_is_the_guests, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
