/* SPDX-License-Identifier: GPL-2.0-only
 * The 8254 interval timer (Intel 8254 datasheet) and the system control port 0x61 that gates its channel 2.
 * Channel 0 drives IRQ 0, channel 1 nothing, channel 2 the speaker and Linux's TSC calibration. */
#ifndef BULKHEAD_GUEST_PIT_H
#define BULKHEAD_GUEST_PIT_H

#include "kernel/lib/types.h"

#define PIT_HZ UINT64_C(1193182)

enum pit_port {
    PIT_CHANNEL0 = 0x40, /* 0x41, 0x42: channels 1 and 2 */
    PIT_CONTROL = 0x43,
    PIT_SYSTEM_CONTROL = 0x61,
};

struct pit_channel {
    uint8_t mode;   /* 0..5 */
    uint8_t access; /* 1 low byte, 2 high byte, 3 low then high */
    bool bcd;
    bool gate;
    bool loaded;       /* a count was written since the mode was */
    bool running;      /* counting from start_ns; else stopped at stopped_ticks */
    uint32_t count;    /* ticks of one round, 1..65536 */
    uint64_t start_ns; /* when the round began */
    uint64_t stopped_ticks;
    uint8_t written_low;
    bool write_high_next, read_high_next;
    bool count_latched, status_latched;
    uint16_t latch;
    uint8_t status;
};

struct pit {
    struct pit_channel channels[3];
    uint64_t edges_reported; /* of channel 0 since its count was written */
    bool speaker;
};

void pit_init(struct pit *p);

/* Ports 0x40..0x43 and 0x61, bytes only; others read 0xFF. */
uint8_t pit_read(struct pit *p, uint16_t port, uint64_t now_ns);
void pit_write(struct pit *p, uint16_t port, uint8_t value, uint64_t now_ns);

/* Output pin of channel 0..2. */
bool pit_output(const struct pit *p, unsigned channel, uint64_t now_ns);

/* When the next IRQ 0 edge is due; UINT64_MAX for never. */
uint64_t pit_next_deadline(const struct pit *p);
/* IRQ 0 edges since the last call: pulse the line once for each, or once for all of them. */
uint64_t pit_advance(struct pit *p, uint64_t now_ns);

#endif
