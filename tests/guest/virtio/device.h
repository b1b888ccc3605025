/* SPDX-License-Identifier: GPL-2.0-only
 * The virtio console at 00:1f.0 as this test guest drives it: registers, and queues whose rings and requests may be
 * anything (virtio 1.2, 2.7, 4.1). */
#ifndef BULKHEAD_TESTS_GUEST_VIRTIO_DEVICE_H
#define BULKHEAD_TESTS_GUEST_VIRTIO_DEVICE_H

#include "kernel/lib/types.h"

#define QUEUE_SIZE 16u
#define QUEUES 4u /* of port 0: to the guest, from it; then control messages, likewise */
#define NEEDS_RESET 64u

enum descriptor_flag {
    FLAG_NEXT = 1,
    FLAG_WRITE = 2,
    FLAG_INDIRECT = 4,
};

struct device {
    uint64_t common, notify, isr, config, table; /* addresses of registers */
    uint16_t next[QUEUES], seen[QUEUES];
};

uint32_t device_pci_read(unsigned offset, unsigned width);
void device_pci_write(unsigned offset, unsigned width, uint32_t value);

/* Find it and its registers; false: it is not there. */
bool device_find(struct device *d);

/* MSI-X on, vectors 0 to 4 of it as interrupt vectors first, first + 1, ... to this CPU; or off. */
void device_messages(const struct device *d, uint8_t first);
void device_messages_off(void);

uint8_t device_status(const struct device *d);
void device_reset(struct device *d);
/* Reset, negotiate, all queues on, DRIVER_OK. False: the device did not agree. */
bool device_start(struct device *d);
/* The same with the rings of queue 1 there. */
bool device_start_at(struct device *d, uint64_t descriptors, uint64_t available, uint64_t used);

void device_describe(unsigned queue, unsigned index, uint64_t at, uint32_t bytes, uint16_t flags, uint16_t next);
void device_offer(struct device *d, unsigned queue, uint16_t head);
void device_index(struct device *d, unsigned queue, uint16_t index); /* set the available index */
void device_notify(const struct device *d, unsigned queue);
/* Requests of the queue that are done since the last call. */
unsigned device_done(struct device *d, unsigned queue);

/* Print a text on hvc0: true when the device took it within `us`. */
bool device_print(struct device *d, const char *text, uint64_t us);

/* Bytes around the used rings that nobody may write: all as they were? */
bool device_guards_hold(void);

#endif
