/* SPDX-License-Identifier: GPL-2.0-only
 * A guest joins networks. */
#include "guest/vm_network.h"

#include "guest/vm.h"
#include "kernel/core/panic.h"
#include "plan/config.h"

_Static_assert(VM_NETWORKS_MAX == CONFIG_NETWORKS_OF_GUEST_MAX, "the configuration allows as many as have places");

static void wake(void *context)
{
    vm_platform_device_wake(context);
}

enum status vm_network_add(struct vm *vm, const struct vm_network_request *request, unsigned index)
{
    bulkhead_assert(index < VM_NETWORKS_MAX);
    const struct virtio_net_place place = {
        .link = request->link,
        .mac = request->mac,
        .device = PCI_EMULATED_NETWORK - index,
        .router = &vm->router,
        .memory = &vm->memory,
        .guest = vm->name,
        .wake = wake,
        .context = vm,
    };
    enum status status = virtio_net_init(request->device, &place);
    return status == STATUS_OK ? guest_pci_add_emulated(&vm->platform.pci, &request->device->virtio.function) : status;
}
