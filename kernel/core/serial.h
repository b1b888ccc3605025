/* SPDX-License-Identifier: GPL-2.0-only
 * The physical 16550 serial port that carries the console: polled, bounded, no lock of its own (the log holds one). */
#ifndef BULKHEAD_CORE_SERIAL_H
#define BULKHEAD_CORE_SERIAL_H

#include "kernel/core/console_option.h"
#include "kernel/lib/types.h"

/* Program 8n1, FIFOs on, interrupts off. A port where no UART answers is left alone and output is dropped. */
void serial_init(struct console_option option);

/* Write bytes; '\n' becomes "\r\n". Each byte waits at most a few character times; then it is dropped. */
void serial_write(const char *bytes, size_t length);

/* Wait, as long as a full FIFO takes at most, until all that was written is on the wire. */
void serial_drain(void);

/* Next received byte, or -1 when there is none. Never waits. */
int serial_read(void);

/* Raise the port's interrupt line when a byte comes in. */
void serial_interrupt_on_receive(void);

/* First port in use (8 of them), 0 when there is no console: guests must not reach these. */
uint16_t serial_port(void);

#endif
