/* SPDX-License-Identifier: GPL-2.0-only
 * hvc0 of a guest. */
#include "guest/vm_console.h"

#include "guest/vm.h"
#include "kernel/core/panic.h"

static size_t take(void *context, uint8_t *to, size_t most)
{
    struct vm *vm = context;
    return vm_console_has_input(vm) ? vm_platform_take_input(vm, to, most) : 0;
}

static size_t give(void *context, const uint8_t *from, size_t count)
{
    struct vm *vm = context;
    struct vm_console *c = &vm->platform.hvc;
    c->used = true;
    vm_platform_printed(vm, &c->lines, from, count);
    return count;
}

bool vm_console_has_input(const struct vm *vm)
{
    const struct vm_console *c = &vm->platform.hvc;
    return c->present && c->used && virtio_console_is_open(&c->device, 0);
}

enum status vm_console_add(struct vm *vm, const struct vm_console_request *request)
{
    struct vm_console *c = &vm->platform.hvc;
    struct virtio_console_port ports[VIRTIO_CONSOLE_PORTS_MAX] = {{.take = take, .give = give, .context = vm}};
    bulkhead_assert(request->count < VIRTIO_CONSOLE_PORTS_MAX);
    for (unsigned i = 0; i < request->count; i++) {
        ports[1 + i] = request->ports[i];
    }
    enum status status = virtio_console_init(&c->device, ports, 1 + request->count, &vm->router, &vm->memory, vm->name);
    if (status != STATUS_OK) {
        return status;
    }
    status = guest_pci_add_emulated(&vm->platform.pci, &c->device.virtio.function);
    if (status != STATUS_OK) {
        virtio_console_free(&c->device);
        return status;
    }
    c->present = true;
    return STATUS_OK;
}

void vm_console_power_on(struct vm *vm)
{
    vm->platform.hvc.used = false;
    console_init(&vm->platform.hvc.lines, vm->name);
}
