/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's virtio console: port 0 (hvc0) shows whole lines on the physical console as the serial port does, and gets
 * what is typed for the guest once the guest has written to it; the other ports are the caller's. */
#ifndef BULKHEAD_GUEST_VM_CONSOLE_H
#define BULKHEAD_GUEST_VM_CONSOLE_H

#include "guest/console.h"
#include "guest/text_ring.h"
#include "guest/virtio_console.h"

struct vm;

/* Ports from 1 on; the array may go after vm_create(). */
struct vm_console_request {
    const struct virtio_console_port *ports;
    unsigned count; /* below VIRTIO_CONSOLE_PORTS_MAX */
};

struct vm_console {
    bool present;
    bool used; /* the guest wrote to hvc0 since it started */
    struct console lines;
    struct virtio_console device;
};

/* On the guest's bus, after guest_pci_init() and before devices are assigned. STATUS_NO_MEMORY, STATUS_CONFLICT. */
MUST_CHECK enum status vm_console_add(struct vm *vm, const struct vm_console_request *request);

/* The guest starts (anew): its PCI is reset by guest_pci_reset(). */
void vm_console_power_on(struct vm *vm);

/* Does what is typed go to hvc0? Else it goes to the serial port. */
bool vm_console_has_input(const struct vm *vm);

#endif
