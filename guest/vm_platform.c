/* SPDX-License-Identifier: GPL-2.0-only
 * Devices of a guest's platform on its buses. */
#include "guest/vm_platform.h"

#include "guest/platform.h"
#include "guest/pmtimer.h"
#include "guest/vm.h"
#include "kernel/core/time.h"

#define PMTIMER_BITS 32
#define PIC_FIRST 0x20
#define PIC_SECOND 0xa0
#define PIC_ELCR 0x4d0
#define SYSTEM_CONTROL 0x61
#define TICKS_OWED_MAX 64u
#define TICK_SPACING_NS UINT64_C(250000)

/* The first vCPU keeps the platform's time: something may be due sooner than what it waits for. */
static void reschedule(struct vm *vm)
{
    __atomic_store_n(&vm->platform.moved, true, __ATOMIC_RELEASE);
    vm_kick(vm, 0);
}

static void set_irq(struct vm *vm, unsigned irq, bool asserted)
{
    struct vm_platform *p = &vm->platform;
    vpic_set_line(&p->pic, irq, asserted);
    vioapic_set_line(&p->ioapic, irq == PLATFORM_PIT_IRQ ? PLATFORM_PIT_GSI : irq, asserted);
    if (vpic_is_pending(&p->pic)) {
        vm_kick(vm, 0);
    }
}

static void follow(struct vm *vm, unsigned irq, bool wanted, bool *line)
{
    if (wanted != *line) {
        *line = wanted;
        set_irq(vm, irq, wanted);
    }
}

/* Pins of assigned functions, as they are now. */
static void follow_pci(struct vm_platform *p)
{
    uint32_t lines = guest_pci_lines(&p->pci);
    uint32_t changed = lines ^ p->pci_lines;
    p->pci_lines = lines;
    for (unsigned pin = 0; changed >> pin != 0; pin++) {
        if ((changed >> pin & 1) != 0) {
            vioapic_set_line(&p->ioapic, pin, (lines >> pin & 1) != 0);
        }
    }
}

static void pin_ended(void *context, unsigned pin)
{
    struct vm *vm = context;
    if ((vm->platform.pci_lines >> pin & 1) != 0) {
        guest_pci_line_ended(&vm->platform.pci, pin);
        follow_pci(&vm->platform);
    }
}

void vm_platform_line_arrived(void *vm)
{
    reschedule(vm);
}

void vm_platform_device_wake(struct vm *vm)
{
    __atomic_store_n(&vm->platform.woken, true, __ATOMIC_RELEASE);
    reschedule(vm);
}

bool vm_platform_hears_power_button(const struct vm *vm)
{
    return pm1_hears_power_button(&vm->platform.pm1);
}

void vm_platform_press_power_button(struct vm *vm)
{
    __atomic_store_n(&vm->platform.button, true, __ATOMIC_RELEASE);
    vm_platform_device_wake(vm);
}

/* Ticks that came while the vCPU's host CPU was busy elsewhere are delivered later, one by one: kernels count them
 * before they trust the timer. */
static void tick(struct vm *vm, uint64_t now_ns)
{
    struct vm_platform *p = &vm->platform;
    p->ticks_owed += pit_advance(&p->pit, now_ns);
    p->ticks_owed = p->ticks_owed < TICKS_OWED_MAX ? p->ticks_owed : TICKS_OWED_MAX;
    if (p->ticks_owed == 0 || now_ns < p->next_tick_ns) {
        return;
    }
    set_irq(vm, PLATFORM_PIT_IRQ, false);
    set_irq(vm, PLATFORM_PIT_IRQ, true);
    p->ticks_owed--;
    p->next_tick_ns = now_ns + TICK_SPACING_NS;
}

bool vm_platform_input(struct vm *vm, uint8_t byte)
{
    struct vm_input *input = &vm->platform.input;
    uint64_t flags = lock_take(&input->lock);
    uint32_t written = input->written;
    bool fits = written - __atomic_load_n(&input->taken, __ATOMIC_ACQUIRE) != VM_INPUT_BYTES;
    if (fits) {
        input->bytes[written % VM_INPUT_BYTES] = byte;
        __atomic_store_n(&input->written, written + 1, __ATOMIC_RELEASE);
    }
    lock_release(&input->lock, flags);
    if (fits) {
        vm_platform_device_wake(vm);
    }
    return fits;
}

/* The byte that waits longest; -1: none does. */
static int next_input(const struct vm_platform *p)
{
    bool any = __atomic_load_n(&p->input.written, __ATOMIC_ACQUIRE) != p->input.taken;
    return any ? p->input.bytes[p->input.taken % VM_INPUT_BYTES] : -1;
}

static void drop_input(struct vm_platform *p)
{
    bool full = __atomic_load_n(&p->input.written, __ATOMIC_ACQUIRE) - p->input.taken == VM_INPUT_BYTES;
    __atomic_store_n(&p->input.taken, p->input.taken + 1, __ATOMIC_RELEASE);
    if (full && p->input_room != NULL) {
        p->input_room(p->input_room_context);
    }
}

size_t vm_platform_take_input(struct vm *vm, uint8_t *to, size_t most)
{
    struct vm_platform *p = &vm->platform;
    size_t used = 0;
    for (int byte = next_input(p); byte >= 0 && used < most; byte = next_input(p)) {
        to[used++] = (uint8_t)byte;
        drop_input(p);
    }
    return used;
}

/* What hvc0 gets is taken by its device. */
static bool has_input(const struct vm *vm)
{
    const struct vm_platform *p = &vm->platform;
    return next_input(p) >= 0 && uart_room(&p->uart) != 0 && !vm_console_has_input(vm);
}

static void take_input(struct vm *vm)
{
    struct vm_platform *p = &vm->platform;
    while (has_input(vm) && uart_input(&p->uart, (uint8_t)next_input(p))) {
        drop_input(p);
    }
}

/* The serial port takes what waits for it, for it may have room now, or hvc0 be closed; lines follow what the devices
 * ask for; requests to end the guest are carried out. */
static void settle(struct vm *vm)
{
    struct vm_platform *p = &vm->platform;
    take_input(vm);
    follow(vm, PLATFORM_COM1_IRQ, uart_irq(&p->uart), &p->uart_line);
    follow(vm, PLATFORM_RTC_IRQ, rtc_irq(&p->rtc), &p->rtc_line);
    follow(vm, PLATFORM_SCI_IRQ, pm1_sci(&p->pm1), &p->sci_line);
    follow_pci(p);
    if (pm1_is_off(&p->pm1)) {
        vm_stop(vm, VM_POWERED_OFF, "powered off");
    } else if (reset_is_requested(&p->reset)) {
        vm_stop(vm, VM_RESET, "reset");
    }
}

/* Most accesses reach devices that tell of their changes themselves, or have none to tell of: nobody looks then. What
 * is due later than it was is found when that time comes. */
static void settle_touched(struct vm *vm, struct bus *bus)
{
    if (!bus->touched) {
        return;
    }
    bus->touched = false;
    settle(vm);
    if (guest_pci_deadline(&vm->platform.pci) < vm->platform.due) {
        reschedule(vm);
    }
}

uint64_t vm_platform_read(struct vm *vm, struct bus *bus, uint64_t address, unsigned width)
{
    uint64_t flags = lock_take(&vm->lock);
    uint64_t value = bus_read(bus, address, width, vm_now(vm));
    settle_touched(vm, bus);
    lock_release(&vm->lock, flags);
    return value;
}

void vm_platform_write(struct vm *vm, struct bus *bus, uint64_t address, unsigned width, uint64_t value)
{
    uint64_t flags = lock_take(&vm->lock);
    bus_write(bus, address, width, value, vm_now(vm));
    settle_touched(vm, bus);
    lock_release(&vm->lock, flags);
}

void vm_platform_printed(struct vm *vm, struct console *lines, const uint8_t *from, size_t count)
{
    bool first = lines->used == 0;
    for (size_t i = 0; i < count; i++) {
        console_put(lines, from[i], vm_now(vm));
    }
    if (vm->platform.text != NULL) {
        text_ring_put(vm->platform.text, from, count);
    }
    if (first) {
        reschedule(vm); /* lines that do not end are shown after a while */
    }
}

static void resume_by(struct vm_platform *p, uint64_t until_ns)
{
    uint64_t before = __atomic_load_n(&p->held_until_ns, __ATOMIC_SEQ_CST);
    while (
        (before == 0 || until_ns < before) &&
        !__atomic_compare_exchange_n(&p->held_until_ns, &before, until_ns, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
}

void vm_platform_held(struct vm *vm, uint64_t until_ns)
{
    resume_by(&vm->platform, until_ns);
    vm_platform_device_wake(vm);
}

static void resume_held(struct vm_platform *p)
{
    uint64_t now = time_now_ns();
    uint64_t until = __atomic_load_n(&p->held_until_ns, __ATOMIC_SEQ_CST);
    if (until == 0 || now < until) {
        return;
    }
    __atomic_store_n(&p->held_until_ns, 0, __ATOMIC_SEQ_CST); /* what is held from now on counts again */
    until = guest_pci_resume(&p->pci, now);
    if (until != 0) {
        resume_by(p, until);
    }
}

/* Guest time. */
static uint64_t resume_deadline(const struct vm *vm)
{
    uint64_t until = __atomic_load_n(&vm->platform.held_until_ns, __ATOMIC_SEQ_CST);
    return until == 0 ? UINT64_MAX : until > vm->start_ns ? until - vm->start_ns : 0;
}

void vm_platform_advance(struct vm *vm, uint64_t now_ns)
{
    struct vm_platform *p = &vm->platform;
    resume_held(p);
    tick(vm, now_ns);
    rtc_advance(&p->rtc, now_ns);
    console_advance(&p->console, now_ns);
    __atomic_store_n(&p->woken, false, __ATOMIC_SEQ_CST);
    console_advance(&p->hvc.lines, now_ns);
    guest_pci_advance(&p->pci, now_ns);
    if (__atomic_exchange_n(&p->button, false, __ATOMIC_ACQUIRE)) {
        pm1_press_power_button(&p->pm1);
    }
    settle(vm);
}

uint64_t vm_platform_next_deadline(const struct vm *vm)
{
    const struct vm_platform *p = &vm->platform;
    uint64_t next = p->ticks_owed != 0 ? p->next_tick_ns : pit_next_deadline(&p->pit);
    uint64_t rtc = rtc_next_deadline(&p->rtc, vm_now(vm));
    uint64_t console = console_next_deadline(&p->console);
    uint64_t hvc = console_next_deadline(&p->hvc.lines);
    uint64_t emulated = guest_pci_deadline(&p->pci);
    if (has_input(vm) || __atomic_load_n(&p->woken, __ATOMIC_ACQUIRE) || guest_pci_lines(&p->pci) != p->pci_lines) {
        return 0;
    }
    next = rtc < next ? rtc : next;
    uint64_t held = resume_deadline(vm);
    next = emulated < next ? emulated : next;
    next = held < next ? held : next;
    next = hvc < next ? hvc : next;
    return console < next ? console : next;
}

/* Handlers of the buses. The context is the guest. */

static uint64_t read_pic(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    (void)now_ns;
    return vpic_read(&vm->platform.pic, (uint16_t)(PIC_FIRST + offset));
}

static void write_pic(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    (void)now_ns;
    vpic_write(&vm->platform.pic, (uint16_t)(PIC_FIRST + offset), (uint8_t)value);
    if (vpic_is_pending(&vm->platform.pic)) {
        vm_kick(vm, 0);
    }
}

static uint64_t read_second_pic(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    return read_pic(context, PIC_SECOND - PIC_FIRST + offset, width, now_ns);
}

static void write_second_pic(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    write_pic(context, PIC_SECOND - PIC_FIRST + offset, width, value, now_ns);
}

static uint64_t read_elcr(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    return read_pic(context, PIC_ELCR - PIC_FIRST + offset, width, now_ns);
}

static void write_elcr(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    write_pic(context, PIC_ELCR - PIC_FIRST + offset, width, value, now_ns);
}

static uint64_t read_pit(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    return pit_read(&vm->platform.pit, (uint16_t)(PLATFORM_PIT_PORT + offset), now_ns);
}

static void write_pit(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    pit_write(&vm->platform.pit, (uint16_t)(PLATFORM_PIT_PORT + offset), (uint8_t)value, now_ns);
    vm->platform.ticks_owed = 0;
    reschedule(vm);
}

static uint64_t read_speaker(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    return read_pit(context, SYSTEM_CONTROL - PLATFORM_PIT_PORT + offset, width, now_ns);
}

static void write_speaker(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    write_pit(context, SYSTEM_CONTROL - PLATFORM_PIT_PORT + offset, width, value, now_ns);
}

/* Reading register C starts the next period. */
static uint64_t read_rtc(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    reschedule(vm);
    return rtc_read(&vm->platform.rtc, (unsigned)offset, now_ns);
}

static void write_rtc(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    rtc_write(&vm->platform.rtc, (unsigned)offset, (uint8_t)value, now_ns);
    reschedule(vm);
}

static uint64_t read_uart(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    (void)now_ns;
    return uart_read(&vm->platform.uart, (unsigned)offset);
}

static void write_uart(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    (void)now_ns;
    uart_write(&vm->platform.uart, (unsigned)offset, (uint8_t)value);
}

static uint64_t read_crtc(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    (void)now_ns;
    return crtc_read(&vm->platform.crtc, (unsigned)offset);
}

static void write_crtc(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    (void)now_ns;
    crtc_write(&vm->platform.crtc, (unsigned)offset, (uint8_t)value);
}

static void uart_out(void *context, uint8_t byte)
{
    struct vm *vm = context;
    vm_platform_printed(vm, &vm->platform.console, &byte, 1);
}

static uint64_t read_pm1(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)now_ns;
    return pm1_read(&vm->platform.pm1, (unsigned)offset, width);
}

static void write_pm1(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)now_ns;
    pm1_write(&vm->platform.pm1, (unsigned)offset, width, (uint32_t)value);
}

static uint64_t read_pmtimer(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    (void)context;
    return pmtimer_read(PMTIMER_BITS, (unsigned)offset, width, now_ns);
}

static uint64_t read_keyboard(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    (void)now_ns;
    return reset_read(&vm->platform.reset, (uint16_t)(RESET_KEYBOARD + offset));
}

static void write_keyboard(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)width;
    (void)now_ns;
    reset_write(&vm->platform.reset, (uint16_t)(RESET_KEYBOARD + offset), (uint8_t)value);
}

static uint64_t read_system(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    return read_keyboard(context, RESET_SYSTEM_CONTROL - RESET_KEYBOARD + offset, width, now_ns);
}

static void write_system(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    write_keyboard(context, RESET_SYSTEM_CONTROL - RESET_KEYBOARD + offset, width, value, now_ns);
}

static uint64_t read_reset(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)offset;
    (void)width;
    (void)now_ns;
    return reset_read(&vm->platform.reset, RESET_CONTROL);
}

static void write_reset(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)offset;
    (void)width;
    (void)now_ns;
    reset_write(&vm->platform.reset, RESET_CONTROL, (uint8_t)value);
}

struct bus_range vm_platform_reset_port(struct vm *vm)
{
    return (struct bus_range){RESET_CONTROL, 1, 1, read_reset, write_reset, vm, false};
}

static uint64_t read_ioapic(void *context, uint64_t offset, unsigned width, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)now_ns;
    return vioapic_read(&vm->platform.ioapic, offset, width);
}

static void write_ioapic(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    struct vm *vm = context;
    (void)now_ns;
    vioapic_write(&vm->platform.ioapic, offset, width, value);
}

static void ioapic_out(void *context, const struct apic_message *message)
{
    struct vm *vm = context;
    (void)vlapic_route_message(&vm->lapic_set, message, NULL);
}

/* Interrupt controllers act on their own accesses, and so does the PIT (reschedule); the others have lines, or ask for
 * the guest's end. */
enum {
    SETTLES = false,
    QUIET = true,
};

static enum status connect_ports(struct vm *vm)
{
    const struct bus_range ranges[] = {
        {PIC_FIRST, 2, 1, read_pic, write_pic, vm, QUIET},
        {PLATFORM_PIT_PORT, 4, 1, read_pit, write_pit, vm, QUIET},
        {SYSTEM_CONTROL, 1, 1, read_speaker, write_speaker, vm, QUIET},
        {RESET_KEYBOARD, 1, 1, read_keyboard, write_keyboard, vm, SETTLES},
        {PLATFORM_RTC_PORT, 2, 1, read_rtc, write_rtc, vm, SETTLES},
        {RESET_SYSTEM_CONTROL, 1, 1, read_system, write_system, vm, SETTLES},
        {PIC_SECOND, 2, 1, read_second_pic, write_second_pic, vm, QUIET},
        {CRTC_PORT, CRTC_PORTS, 1, read_crtc, write_crtc, vm, QUIET},
        {PLATFORM_COM1_PORT, UART_PORTS, 1, read_uart, write_uart, vm, SETTLES},
        {PIC_ELCR, 2, 1, read_elcr, write_elcr, vm, QUIET},
        {PLATFORM_PM1_EVENT_PORT, PM1_SIZE, 1 | 2 | 4, read_pm1, write_pm1, vm, SETTLES},
        {PLATFORM_PM_TIMER_PORT, 4, 1 | 2 | 4, read_pmtimer, NULL, vm, QUIET},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_LENGTH(ranges) && status == STATUS_OK; i++) {
        status = bus_add(&vm->platform.ports, &ranges[i]);
    }
    return status;
}

enum status vm_platform_init(struct vm *vm, uint64_t unix_seconds)
{
    struct vm_platform *p = &vm->platform;
    bool connected = p->ports.capacity != 0;
    p->ticks_owed = p->next_tick_ns = 0;
    p->uart_line = p->rtc_line = p->sci_line = false;
    p->pci_lines = 0;
    p->moved = true;
    vioapic_init(&p->ioapic, (uint8_t)vm->cpu_count, IOAPIC_VERSION_EOI, vm, ioapic_out);
    p->ioapic.ended = pin_ended;
    vpic_init(&p->pic);
    pit_init(&p->pit);
    rtc_init(&p->rtc, unix_seconds, 0);
    pm1_init(&p->pm1, PLATFORM_SLEEP_TYPE_OFF);
    __atomic_store_n(&p->button, false, __ATOMIC_SEQ_CST);
    reset_init(&p->reset);
    crtc_init(&p->crtc);
    uart_init(&p->uart, vm, uart_out);
    console_init(&p->console, vm->name);
    vm_console_power_on(vm);
    if (connected) {
        return STATUS_OK;
    }
    bus_init(&p->ports, BUS_PORTS, p->port_ranges, VM_PORT_RANGES);
    bus_init(&p->mmio, BUS_MMIO, p->mmio_ranges, VM_MMIO_RANGES);
    const struct bus_range ioapic = {GUEST_IOAPIC_START, IOAPIC_SIZE, 1 | 2 | 4, read_ioapic, write_ioapic, vm, QUIET};
    enum status status = connect_ports(vm);
    return status == STATUS_OK ? bus_add(&p->mmio, &ioapic) : status;
}
