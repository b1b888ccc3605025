/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_platform.c and vm_run.c: who looks after an access, and at what time the first vCPU looks by itself. A guest
 * that does anything to its platform's ports, with bytes, lines and work coming from outside, loses none of them. */
#include "guest/vm_platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/platform.h"
#include "guest/rtc.h"
#include "guest/vm_run.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "tests/fake/time.h"

#define DEVICE 30
#define DEVICE_AT UINT64_C(0xc0000000)
#define PIN guest_pci_gsi(DEVICE)
#define ROUNDS 60000

static const struct cpu_backend backend = {.name = "fake"};
static struct vm vm;
static struct vm_cpu cpu;
static uint32_t lapic_page[LAPIC_SIZE / 4];
static uint64_t wake_ns; /* host time at which the loop looks by itself */
static uint64_t seed;

/* --- an emulated function: bit 0 of what is written to it is its line, the rest when it has work */

static struct pci_emulated function;
static uint8_t config_space[PCI_VIEW_SIZE];
static struct {
    uint64_t due;
    unsigned advances;
} device;

static uint64_t device_deadline(const void *context)
{
    (void)context;
    return device.due;
}

static void device_advance(void *context, uint64_t now_ns)
{
    (void)context;
    device.advances++;
    if (now_ns >= device.due) {
        device.due = UINT64_MAX;
        pci_emulated_line(&function, true);
    }
}

static const struct pci_emulated_ops device_ops = {
    .line = true, .deadline = device_deadline, .advance = device_advance};

static uint64_t device_read(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    (void)context, (void)offset, (void)width, (void)now_ns;
    pci_emulated_line(&function, false);
    return 0;
}

static void device_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    (void)context, (void)offset, (void)width;
    pci_emulated_line(&function, (value & 1) != 0);
    device.due = now_ns + value;
}

static void add_device(void)
{
    const struct bus_range range = {DEVICE_AT, 0x1000, 4, device_read, device_write, NULL, false};
    memset(config_space, 0, sizeof(config_space));
    function = (struct pci_emulated){.ops = &device_ops, .device = DEVICE, .view = {.value = config_space}};
    device.due = UINT64_MAX;
    device.advances = 0;
    vm.platform.pci.emulated[DEVICE] = &function;
    assert_int_equal(bus_add(&vm.platform.mmio, &range), STATUS_OK);
}

/* --- the guest */

static void kick(void *context, size_t index)
{
    vm_kick(context, (unsigned)index);
}

static int setup(void **state)
{
    (void)state;
    const struct vlapic_config lapic = {.page = lapic_page, .bootstrap = true, .x2apic = true, .physical_bits = 40};
    fake_time_reset();
    memset(&vm, 0, sizeof(vm));
    memset(&cpu, 0, sizeof(cpu));
    vm.cpus = &cpu;
    vm.cpu_count = 1;
    vm.backend = &backend;
    cpu.vm = &vm;
    cpu.vcpu.backend = &backend;
    vlapic_init(&cpu.lapic, &lapic);
    vm.lapics[0] = &cpu.lapic;
    vm.lapic_set = (struct vlapic_set){.lapics = vm.lapics, .count = 1, .context = &vm, .kick = kick};
    vm_set_clock(&vm);
    assert_int_equal(vm_platform_init(&vm, 0), STATUS_OK);
    add_device();
    seed = 1;
    return 0;
}

/* What the loop does before the next entry; the guest has interrupts off and waits. */
static void look(void)
{
    cpu.look = false;
    cpu.state = VM_CPU_HALTED;
    wake_ns = TIMER_NEVER;
    assert_false(vm_run_wants(&cpu, &wake_ns));
}

/* The loop looks when it was told to, or when its time has come. */
static bool loop(void)
{
    if (!cpu.look && time_now_ns() < wake_ns) {
        return false;
    }
    look();
    return true;
}

static void out(uint16_t port, unsigned width, uint64_t value)
{
    vm_platform_write(&vm, &vm.platform.ports, port, width, value);
}

static uint64_t in(uint16_t port, unsigned width)
{
    return vm_platform_read(&vm, &vm.platform.ports, port, width);
}

static void lines_are_as_devices_want(void)
{
    const struct vm_platform *p = &vm.platform;
    assert_int_equal(p->uart_line, uart_irq(&p->uart));
    assert_int_equal(p->rtc_line, rtc_irq(&p->rtc));
    assert_int_equal(p->sci_line, pm1_sci(&p->pm1));
    assert_int_equal(p->pci_lines, guest_pci_lines(&p->pci));
    assert_int_equal(vm.end != VM_RUNNING, pm1_is_off(&p->pm1) || reset_is_requested(&p->reset));
}

/* Nothing is due before the loop looks. */
static void time_is_not_missed(void)
{
    uint64_t due = vm_platform_next_deadline(&vm);
    assert_false(vm.platform.moved);
    assert_true(vm.platform.due <= due);
    assert_true(due == UINT64_MAX || wake_ns <= vm.start_ns + due);
}

/* --- tests */

static void only_what_may_change_things_is_looked_at(void **state)
{
    (void)state;
    look();
    uint64_t due = vm.platform.due;
    (void)in(PLATFORM_PM_TIMER_PORT, 4);
    (void)vm_platform_read(&vm, &vm.platform.mmio, GUEST_IOAPIC_START, 4);
    out(0x80, 1, 0x55); /* nobody's */
    assert_false(cpu.look || vm.platform.moved);
    assert_int_equal(vm.platform.due, due);
    out(PLATFORM_PIT_PORT + 3, 1, 0x34); /* channel 0, rate generator */
    out(PLATFORM_PIT_PORT, 1, 0xa9);
    out(PLATFORM_PIT_PORT, 1, 0x04); /* each millisecond */
    assert_true(cpu.look && vm.platform.moved);
    look();
    assert_true(wake_ns < time_now_ns() + 1100000);
}

static void work_that_is_due_sooner_moves_the_next_look(void **state)
{
    (void)state;
    look();
    vm_platform_write(&vm, &vm.platform.mmio, DEVICE_AT, 4, 5000000);
    assert_true(cpu.look);
    look();
    uint64_t first = wake_ns;
    vm_platform_write(&vm, &vm.platform.mmio, DEVICE_AT, 4, 9000000); /* later: found when the first look comes */
    assert_false(cpu.look);
    vm_platform_write(&vm, &vm.platform.mmio, DEVICE_AT, 4, 1000000);
    assert_true(cpu.look);
    look();
    assert_true(wake_ns < first);
    fake_time_advance_ns(1100000);
    assert_true(loop());
    assert_int_equal(vm.platform.pci_lines, 1u << PIN);
    (void)vm_platform_read(&vm, &vm.platform.mmio, DEVICE_AT, 4);
    assert_int_equal(vm.platform.pci_lines, 0);
}

static void what_others_bring_wakes_the_first_vcpu(void **state)
{
    (void)state;
    look();
    unsigned before = device.advances;
    vm_platform_device_wake(&vm);
    assert_true(loop());
    assert_int_equal(device.advances, before + 1);
    pci_emulated_line(&function, true); /* by somebody who tells of it as assigned functions' lines are told of */
    vm_platform_line_arrived(&vm);
    assert_true(loop());
    assert_int_equal(vm.platform.pci_lines, 1u << PIN);
    assert_true(vm_platform_input(&vm, 'x'));
    assert_true(loop());
    assert_int_equal(in(PLATFORM_COM1_PORT, 1), 'x');
}

static uint32_t next_random(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 32);
}

static const struct {
    uint16_t port;
    uint8_t count;
} places[] = {
    {0x20, 2},
    {0x40, 4},
    {0x61, 1},
    {0x64, 1},
    {PLATFORM_RTC_PORT, 2},
    {0x92, 1},
    {0xa0, 2},
    {PLATFORM_COM1_PORT, 8},
    {0x3d4, 2},
    {0x4d0, 2},
    {PLATFORM_PM1_EVENT_PORT, 6},
    {PLATFORM_PM_TIMER_PORT, 4},
};

static void touch_anything(void)
{
    unsigned which = next_random() % (ARRAY_LENGTH(places) + 3);
    uint32_t value = next_random() >> (next_random() % 32);
    bool reads = next_random() % 2 == 0;
    if (which < ARRAY_LENGTH(places)) {
        uint16_t port = (uint16_t)(places[which].port + next_random() % places[which].count);
        unsigned width = next_random() % 8 == 0 ? 4 : 1;
        value = port == PLATFORM_RTC_PORT ? RTC_A + value % 4 : value; /* its control registers alone */
        if (reads) {
            (void)in(port, width);
        } else {
            out(port, width, value & (width == 1 ? 0xff : UINT32_MAX));
        }
        return;
    }
    static const uint8_t ioapic[] = {0, 0x10, 0x10, 0x40};
    uint64_t at = which == ARRAY_LENGTH(places) ? DEVICE_AT : GUEST_IOAPIC_START + ioapic[next_random() % 4];
    value &= ~0x700u; /* its pins send interrupts, and no INIT */
    if (reads) {
        (void)vm_platform_read(&vm, &vm.platform.mmio, at, 4);
    } else {
        vm_platform_write(&vm, &vm.platform.mmio, at, 4, value);
    }
}

static void something_comes(void)
{
    switch (next_random() % 32) {
    case 0:
        (void)vm_platform_input(&vm, 'x');
        break;
    case 1:
        device.due = 0;
        vm_platform_device_wake(&vm);
        break;
    case 2:
        pci_emulated_line(&function, next_random() % 2 == 0);
        vm_platform_line_arrived(&vm);
        break;
    default:
        break;
    }
}

static void whatever_the_guest_does_nothing_is_missed(void **state)
{
    (void)state;
    unsigned looks = 0, ends = 0;
    look();
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool pic_waited = vpic_is_pending(&vm.platform.pic);
        touch_anything();
        lines_are_as_devices_want();
        assert_true(cpu.look || pic_waited || !vpic_is_pending(&vm.platform.pic));
        something_comes();
        looks += loop();
        time_is_not_missed();
        lines_are_as_devices_want();
        fake_time_advance_ns(next_random() % 1000000);
        if (vm.end != VM_RUNNING) {
            ends++;
            vm.end = VM_RUNNING;
            vm.start_ns = time_now_ns();
            device.due = UINT64_MAX;
            pci_emulated_line(&function, false);
            assert_int_equal(vm_platform_init(&vm, 0), STATUS_OK);
            look();
        }
    }
    assert_true(looks < ROUNDS && looks > ROUNDS / 10); /* not at everything, and not at nothing */
    assert_true(ends > 10 && device.advances > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_what_may_change_things_is_looked_at, setup),
        cmocka_unit_test_setup(work_that_is_due_sooner_moves_the_next_look, setup),
        cmocka_unit_test_setup(what_others_bring_wakes_the_first_vcpu, setup),
        cmocka_unit_test_setup(whatever_the_guest_does_nothing_is_missed, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
