/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's devices on networks between guests: the first is function 00:1d.0 of its bus, the next 00:1c.0. */
#ifndef BULKHEAD_GUEST_VM_NETWORK_H
#define BULKHEAD_GUEST_VM_NETWORK_H

#include "guest/virtio_net.h"

struct vm;

#define VM_NETWORKS_MAX (PCI_EMULATED_NETWORK - PCI_EMULATED_LOWEST + 1u)

/* One of them; link and device (storage for it) live on, the rest is copied. */
struct vm_network_request {
    struct net_link *link;
    uint64_t mac; /* first byte 47:40 */
    struct virtio_net *device;
};

/* The guest's index-th, below VM_NETWORKS_MAX: on its bus, after guest_pci_init() and before devices are assigned.
 * STATUS_NO_MEMORY, STATUS_CONFLICT. */
MUST_CHECK enum status vm_network_add(struct vm *vm, const struct vm_network_request *request, unsigned index);

#endif
