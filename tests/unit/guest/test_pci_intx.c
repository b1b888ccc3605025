/* SPDX-License-Identifier: GPL-2.0-only
 * guest/pci_intx.c and vtd/line.c: a line of the machine, through the models of the I/O APIC and the unit, to a guest.
 */
#include "guest/pci_intx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/irq.h"
#include "tests/fake/log.h"
#include "tests/fake/mmio.h"
#include "tests/fake/time.h"
#include "tests/model/ioapic_model.h"

#define IOAPIC_AT 0xfec00000u
#define IOAPIC_SOURCE 0xf0f8
#define PIN 17u
#define GUEST_PIN 16u /* of the device at slot 1 */

static struct guest_pci_rig rig;
static void (*start)(struct guest_pci_rig *rig) = guest_pci_rig_start;
static size_t failed;
static struct ioapic_model model;
static struct ioapic io;
static struct vtd_line_place place;
static struct ioapic_model_message waiting;
static bool waits;
static unsigned interrupts, notes;

/* Interrupts are off while a lock is held: the message waits for serve(). */
static void on_message(void *context, const struct ioapic_model_message *m)
{
    (void)context;
    assert_false(waits);
    waiting = *m;
    waits = true;
}

static void serve(void)
{
    struct vtd_model_message out;
    while (waits) {
        waits = false;
        assert_true(vtd_model_interrupt(rig.model, IOAPIC_SOURCE, waiting.address, waiting.data, &out));
        assert_true(out.level && out.delivery == 0 && !out.logical);
        assert_int_equal(out.vector, waiting.vector); /* else no EOI would find the pin */
        interrupts++;
        assert_true(fake_irq_raise(out.dest - 0x10, out.vector));
        ioapic_model_eoi(&model, out.vector);
    }
}

static void set_line(bool asserted)
{
    ioapic_model_line(&model, PIN, asserted);
    serve();
}

static void end(unsigned pin)
{
    guest_pci_line_ended(&rig.pci, pin);
    serve();
}

static uint64_t read_window(void *context, uint64_t offset, unsigned width)
{
    (void)context, (void)width;
    return ioapic_model_read(&model, offset);
}

static void write_window(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context, (void)width;
    ioapic_model_write(&model, offset, (uint32_t)value);
}

static void note(void *context)
{
    assert_ptr_equal(context, &rig);
    notes++;
}

static int setup(void **state)
{
    (void)state;
    const struct ioapic_model_io out = {.send = on_message};
    start(&rig);
    ioapic_model_reset(&model, 2, &out);
    fake_mmio_add(IOAPIC_AT, PAGE_SIZE, read_window, write_window, NULL);
    assert_int_equal(ioapic_init(&io, hpa(IOAPIC_AT), 2, 0), STATUS_OK);
    place = (struct vtd_line_place){.io = &io, .pin = PIN, .unit = &rig.vtd.units[0], .source = IOAPIC_SOURCE};
    rig.pci.config.lines.cpu = 2;
    rig.pci.config.lines.apic_id = 0x12;
    rig.pci.config.lines.notify = note;
    rig.pci.config.lines.context = &rig;
    interrupts = notes = 0;
    waits = false;
    return 0;
}

static void attach(void)
{
    rig.plain_device.line = place;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &rig.plain_device, 1, &failed), STATUS_OK);
}

static bool may_assert(void)
{
    return (fake_pci_get(rig.plain, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF) == 0;
}

static void the_guest_sees_inta(void **state)
{
    (void)state;
    attach();
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_INTERRUPT_PIN, 1), 1);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_INTERRUPT_LINE, 1), GUEST_PIN);
    assert_true(may_assert());
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
    assert_false(may_assert());
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_true(may_assert());
}

static void without_a_line_there_is_none(void **state)
{
    (void)state;
    guest_pci_rig_attach(&rig, &rig.plain_device);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_INTERRUPT_PIN, 1), 0);
    assert_false(may_assert());
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_false(may_assert());
}

/* Once, however long the line stays asserted, until the guest has ended it. */
static void masked_until_the_guest_ends_it(void **state)
{
    (void)state;
    attach();
    set_line(true);
    assert_int_equal(interrupts, 1);
    assert_int_equal(notes, 1);
    assert_int_equal(guest_pci_lines(&rig.pci), 1u << GUEST_PIN);
    set_line(false);
    set_line(true);
    assert_int_equal(interrupts, 1);
    end(GUEST_PIN + 1); /* another pin */
    assert_int_equal(interrupts, 1);
    end(GUEST_PIN);
    assert_int_equal(interrupts, 2); /* still asserted */
    assert_int_equal(guest_pci_lines(&rig.pci), 1u << GUEST_PIN);
    set_line(false);
    end(GUEST_PIN);
    assert_int_equal(guest_pci_lines(&rig.pci), 0);
    end(GUEST_PIN); /* once too often */
    assert_int_equal(interrupts, 2);
    assert_null(vtd_model_violation(rig.model));
}

static void detach_gives_it_back(void **state)
{
    (void)state;
    attach();
    set_line(true);
    assert_int_equal(notes, 1);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.plain_device), STATUS_OK);
    assert_int_equal(notes, 2); /* else the guest's pin would stay asserted until somebody happens to look */
    assert_int_equal(fake_irq_taken(), 0);
    assert_int_equal(guest_pci_lines(&rig.pci), 0);
    assert_false(may_assert());
    set_line(false);
    set_line(true);
    assert_int_equal(interrupts, 1);
    assert_null(vtd_model_violation(rig.model));
}

static void a_reset_starts_anew(void **state)
{
    (void)state;
    attach();
    set_line(true);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
    set_line(false);
    assert_int_equal(guest_pci_rig_anew(&rig, &rig.plain_device, 1, &failed), STATUS_OK);
    assert_int_equal(guest_pci_lines(&rig.pci), 0);
    assert_true(may_assert());
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_INTERRUPT_PIN, 1), 1);
    set_line(true);
    assert_int_equal(interrupts, 2);
}

/* The guest ends it every time, and the device asserts it for ever. */
static void a_storm_is_held(void **state)
{
    (void)state;
    attach();
    struct guest_intx *x = &guest_pci_find(&rig.pci, rig.plain->at)->intx;
    fake_log_reset();
    set_line(true);
    for (unsigned i = 0; i < GUEST_INTX_STORM - 2; i++) {
        end(GUEST_PIN);
    }
    fake_time_advance_ns(GUEST_INTX_AT_ONCE_NS);
    assert_false(x->held);
    set_line(false);
    end(GUEST_PIN);
    fake_time_advance_ns(GUEST_INTX_AT_ONCE_NS); /* a pause: it starts to count anew */
    set_line(true);
    interrupts = 0;
    for (unsigned i = 0; i < 2 * GUEST_INTX_STORM; i++) {
        end(GUEST_PIN);
    }
    assert_int_equal(interrupts, GUEST_INTX_STORM);
    assert_true(x->held);
    assert_int_equal(x->storms, 1);
    assert_int_equal(fake_log_count("0000:02:00.0: its interrupt line stays asserted"), 1);
    assert_int_equal(guest_pci_lines(&rig.pci), 0);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
    serve();
    assert_false(x->held);
    assert_int_equal(interrupts, GUEST_INTX_STORM + 1); /* it still asserts it */
    set_line(false);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.plain_device), STATUS_OK);
    assert_null(vtd_model_violation(rig.model));
}

static void no_vector_is_an_error(void **state)
{
    (void)state;
    fake_irq_limit(0);
    rig.plain_device.line = place;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &rig.plain_device, 1, &failed), STATUS_NO_MEMORY);
    assert_int_equal(fake_irq_taken(), 0);
    assert_false(may_assert());
}

/* Interrupts are not remapped, and firmware says of no unit that the I/O APIC is behind it. */
static void without_a_unit(void **state)
{
    place.unit = NULL;
    masked_until_the_guest_ends_it(state);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.plain_device), STATUS_OK);
    assert_int_equal(fake_irq_taken(), 0);
}

static void a_cpu_that_no_entry_names(void **state)
{
    (void)state;
    rig.pci.config.lines.apic_id = 0xff;
    rig.plain_device.line = place;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &rig.plain_device, 1, &failed), STATUS_OUT_OF_RANGE);
    assert_int_equal(fake_irq_taken(), 0);
    assert_false(may_assert());
}

static int use_unremapped(void **state)
{
    (void)state;
    start = guest_pci_rig_start_unremapped;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_guest_sees_inta, setup),
        cmocka_unit_test_setup(without_a_line_there_is_none, setup),
        cmocka_unit_test_setup(masked_until_the_guest_ends_it, setup),
        cmocka_unit_test_setup(detach_gives_it_back, setup),
        cmocka_unit_test_setup(a_reset_starts_anew, setup),
        cmocka_unit_test_setup(a_storm_is_held, setup),
        cmocka_unit_test_setup(no_vector_is_an_error, setup),
    };
    const struct CMUnitTest unremapped[] = {
        cmocka_unit_test_setup(masked_until_the_guest_ends_it, setup),
        cmocka_unit_test_setup(detach_gives_it_back, setup),
        cmocka_unit_test_setup(a_reset_starts_anew, setup),
        cmocka_unit_test_setup(a_storm_is_held, setup),
        cmocka_unit_test_setup(no_vector_is_an_error, setup),
        cmocka_unit_test_setup(without_a_unit, setup),
        cmocka_unit_test_setup(a_cpu_that_no_entry_names, setup),
    };
    int failures = cmocka_run_group_tests_name("remapped", tests, NULL, NULL);
    return failures + cmocka_run_group_tests_name("not remapped", unremapped, use_unremapped, NULL);
}
