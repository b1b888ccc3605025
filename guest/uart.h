/* SPDX-License-Identifier: GPL-2.0-only
 * A 16550A serial port (National PC16550D datasheet) that sends at once and never loses what it is given. */
#ifndef BULKHEAD_GUEST_UART_H
#define BULKHEAD_GUEST_UART_H

#include "kernel/lib/types.h"

#define UART_FIFO_SIZE 16
#define UART_PORTS 8

enum uart_register {
    UART_DATA = 0, /* RBR, THR; divisor low with DLAB */
    UART_IER = 1,  /* divisor high with DLAB */
    UART_IIR = 2,  /* FCR when written */
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCRATCH = 7,
};

struct uart {
    uint8_t ier, fcr, lcr, mcr, scratch;
    uint8_t msr_delta; /* changes of the modem lines since MSR was read */
    uint16_t divisor;
    bool overrun;
    bool transmit_pending; /* "transmitter empty" has not been reported yet */
    uint8_t fifo[UART_FIFO_SIZE];
    unsigned head, count;
    void *context;
    void (*output)(void *context, uint8_t byte);
};

void uart_init(struct uart *u, void *context, void (*output)(void *context, uint8_t byte));

/* offset 0..7, bytes only; other offsets read 0xFF. */
uint8_t uart_read(struct uart *u, unsigned offset);
void uart_write(struct uart *u, unsigned offset, uint8_t value);

/* A byte from outside. False when there is no room (or the port is looped back): keep it and try again after the guest
 * has read. */
bool uart_input(struct uart *u, uint8_t byte);
/* Bytes that uart_input would take now. */
unsigned uart_room(const struct uart *u);

/* The interrupt line (IRQ 4 or 3); ask again after every call. MCR.OUT2 gates it, as on a PC. */
bool uart_irq(const struct uart *u);

#endif
