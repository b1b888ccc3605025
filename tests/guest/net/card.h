/* SPDX-License-Identifier: GPL-2.0-only
 * The virtio network device at 00:1d.0 as this test guest drives it, by polling (virtio 1.2, 2.7, 4.1, 5.1). */
#ifndef BULKHEAD_TESTS_GUEST_NET_CARD_H
#define BULKHEAD_TESTS_GUEST_NET_CARD_H

#include "kernel/lib/types.h"

#define CARD_QUEUE 8u
#define CARD_HEADER 12u
#define CARD_BUFFER 2048u
#define CARD_RECEIVE 0u
#define CARD_TRANSMIT 1u
#define CARD_NEEDS_RESET 64u

enum card_flag {
    CARD_NEXT = 1,
    CARD_WRITE = 2,
    CARD_INDIRECT = 4,
};

struct card {
    uint64_t common, notify, config; /* addresses of registers */
    uint16_t next[2], seen[2];
};

/* False: it is not there. */
bool card_find(struct card *c);
/* Reset, negotiate, both queues on, DRIVER_OK, that many buffers posted. False: the device did not agree. */
bool card_start(struct card *c, unsigned buffers);
uint8_t card_status(const struct card *c);
bool card_has_link(const struct card *c);
uint8_t card_mac_end(const struct card *c); /* the last byte of its address */

void card_describe(unsigned queue, unsigned index, uint64_t at, uint32_t bytes, uint16_t flags, uint16_t next);
void card_offer(struct card *c, unsigned queue, uint16_t head);
void card_jump(struct card *c, unsigned queue, uint16_t by); /* the available index, with nothing there */
void card_notify(const struct card *c, unsigned queue);
/* A request of the queue is done. */
bool card_done(struct card *c, unsigned queue, uint32_t *head, uint32_t *written);

/* A frame, waiting until the device took it; false after `us`. */
bool card_send(struct card *c, const uint8_t *frame, uint32_t bytes, uint64_t us);
/* The next frame: its bytes, at most CARD_BUFFER; 0: none is there. */
uint32_t card_receive(struct card *c, uint8_t *frame);

#endif
