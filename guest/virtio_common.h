/* SPDX-License-Identifier: GPL-2.0-only
 * The common configuration of a virtio function (virtio 1.2, 4.1.4.3): for guest/virtio.c alone. */
#ifndef BULKHEAD_GUEST_VIRTIO_COMMON_H
#define BULKHEAD_GUEST_VIRTIO_COMMON_H

#include "guest/virtio.h"

#define VIRTIO_COMMON_BYTES 0x38u

/* As after power-on: queues off, nothing negotiated. The device is told. */
void virtio_common_reset(struct virtio *v);

/* Registers by offset, below VIRTIO_COMMON_BYTES when read; width 1, 2, 4 or 8. */
uint64_t virtio_common_read(const struct virtio *v, uint64_t offset);
void virtio_common_write(struct virtio *v, uint64_t offset, unsigned width, uint64_t value);

#endif
