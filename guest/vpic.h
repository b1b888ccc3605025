/* SPDX-License-Identifier: GPL-2.0-only
 * The two cascaded 8259A interrupt controllers of a PC (Intel 8259A datasheet), with the edge/level control registers.
 * Ports 0x20, 0x21 (first), 0xA0, 0xA1 (second), 0x4D0, 0x4D1 (ELCR). */
#ifndef BULKHEAD_GUEST_PIC_H
#define BULKHEAD_GUEST_PIC_H

#include "kernel/lib/types.h"

#define PIC_CASCADE 2

struct vpic_chip {
    uint8_t irr, isr, imr;
    uint8_t elcr;      /* bit n: level-triggered */
    uint8_t lines;     /* inputs as they stand */
    uint8_t base;      /* vector of input 0 */
    uint8_t init_step; /* the ICW that comes next, 0 when initialised */
    uint8_t lowest;    /* the input of lowest priority, 7 after reset */
    bool needs_icw4, single, auto_eoi, rotate_on_auto_eoi, special_mask, special_nested;
    bool read_isr, poll;
};

struct vpic {
    struct vpic_chip chips[2];
};

void vpic_init(struct vpic *p);

/* irq 0..15, 2 is the cascade and ignored. */
void vpic_set_line(struct vpic *p, unsigned irq, bool asserted);

/* True while INTR is asserted; ask again after every call that changes something. */
bool vpic_is_pending(const struct vpic *p);
/* The INTA cycle: the vector to deliver; spurious (7 or 15) when the request went away. */
uint8_t vpic_acknowledge(struct vpic *p);

/* port is one of the six; other ports read 0xFF. Width is always 1: the bus splits wider accesses. */
uint8_t vpic_read(struct vpic *p, uint16_t port);
void vpic_write(struct vpic *p, uint16_t port, uint8_t value);

#endif
