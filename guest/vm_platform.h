/* SPDX-License-Identifier: GPL-2.0-only
 * The guest's platform: the devices of a small PC behind its two buses, and their interrupt lines. All functions but
 * vm_platform_init are called with the guest's lock held, where nothing else is said. Time is guest time in
 * nanoseconds. */
#ifndef BULKHEAD_GUEST_VM_PLATFORM_H
#define BULKHEAD_GUEST_VM_PLATFORM_H

#include "guest/bus.h"
#include "guest/console.h"
#include "guest/crtc.h"
#include "guest/pci.h"
#include "guest/pit.h"
#include "guest/pm1.h"
#include "guest/reset.h"
#include "guest/rtc.h"
#include "guest/uart.h"
#include "guest/vioapic.h"
#include "guest/vm_console.h"
#include "guest/vm_watchdog.h"
#include "guest/vpic.h"

#define VM_PORT_RANGES 24
#define VM_MMIO_RANGES (4 + GUEST_PCI_MMIO_RANGES)

struct vm;

/* Bytes typed for the guest, from any CPU (writers take the lock) to its own (one reader, under the guest's lock). */
#define VM_INPUT_BYTES 256u
struct vm_input {
    struct lock lock; /* of writers */
    uint8_t bytes[VM_INPUT_BYTES];
    uint32_t written, taken; /* ever; atomic */
};

struct vm_platform {
    struct bus ports, mmio;
    struct bus_range port_ranges[VM_PORT_RANGES];
    struct bus_range mmio_ranges[VM_MMIO_RANGES];
    struct vioapic ioapic;
    struct vpic pic;
    struct pit pit;
    struct rtc rtc;
    struct pm1 pm1;
    struct reset reset;
    struct uart uart;
    struct crtc crtc;
    struct console console;
    struct vm_input input;
    struct vm_console hvc;
    struct vm_watchdog watchdog;
    struct text_ring *text; /* what it prints on either console goes there too, for the service guest; NULL: nowhere */
    void (*input_room)(void *context); /* input that was full has room again; may be NULL; under the guest's lock */
    void *input_room_context;
    struct guest_pci pci;
    uint64_t ticks_owed;                /* of the PIT: due, not yet delivered */
    uint64_t next_tick_ns;              /* when the next of them may be */
    bool uart_line, rtc_line, sci_line; /* as last given to the interrupt controllers */
    uint32_t pci_lines;                 /* likewise: pins of the I/O APIC that assigned functions assert */
    bool moved;                         /* atomic: what is due next may have changed */
    bool woken;                         /* atomic: emulated functions have to look */
    bool button;                        /* atomic: the power button was pressed, the guest not told yet */
    uint64_t due;                       /* guest time: when the first vCPU, who sets it, looks next; not while moved */
    uint64_t held_until_ns;             /* atomic, host time: when the first held interrupt may go on; 0: none is */
};

/* Set every device up (again, after a reset; PCI functions apart) and connect it. unix_seconds: the clock's start. */
MUST_CHECK enum status vm_platform_init(struct vm *vm, uint64_t unix_seconds);

/* The device at port 0xCF9, for the PCI address port around it. */
struct bus_range vm_platform_reset_port(struct vm *vm);

/* A vCPU's access to one of the two buses, and what follows from it. Without the lock: they take it. */
uint64_t vm_platform_read(struct vm *vm, struct bus *bus, uint64_t address, unsigned width);
void vm_platform_write(struct vm *vm, struct bus *bus, uint64_t address, unsigned width, uint64_t value);

/* A byte that was typed for the guest: for its hvc0 or its serial port (vm_console_has_input). From any CPU, interrupt
 * handlers too, without the lock. False: too many wait, and the byte is dropped. */
bool vm_platform_input(struct vm *vm, uint8_t byte);

/* For hvc0: typed bytes, how many there were; and bytes that the guest printed, for the physical console by lines and
 * for whoever reads along. */
size_t vm_platform_take_input(struct vm *vm, uint8_t *to, size_t most);
void vm_platform_printed(struct vm *vm, struct console *lines, const uint8_t *from, size_t count);

/* An assigned function's line interrupted; vm is a struct vm. From any CPU's interrupt handler, without the lock. */
void vm_platform_line_arrived(void *vm);

/* Something came for an emulated function (its advance function looks on the guest's first vCPU), from any CPU without
 * the lock; in interrupt handlers too. */
void vm_platform_device_wake(struct vm *vm);

/* Whether the guest's system wants to hear of its power button; press it. Any CPU, interrupt handlers too, without the
 * lock. */
bool vm_platform_hears_power_button(const struct vm *vm);
void vm_platform_press_power_button(struct vm *vm);

/* An interrupt of a device is held until then (time_now_ns()), and is let go by vm_platform_advance(). Any CPU,
 * interrupt handlers too, without the lock. */
void vm_platform_held(struct vm *vm, uint64_t until_ns);

/* Fire what is due, and when something will be next (UINT64_MAX: never). */
void vm_platform_advance(struct vm *vm, uint64_t now_ns);
uint64_t vm_platform_next_deadline(const struct vm *vm);

#endif
