/* SPDX-License-Identifier: GPL-2.0-only
 * The first serial port's other end: what software sends is written out at once, and nothing is lost when the run
 * ends; what is typed arrives a byte at a time. */
#ifndef BULKHEAD_PLUGIN_SERIAL_H
#define BULKHEAD_PLUGIN_SERIAL_H

/* Once all devices are there. BULKHEAD_SERIAL (output) and BULKHEAD_SERIAL_IN (input) are a path or "fd:NUMBER";
 * without the first, Bochs' own com1 keeps the port. */
void serial_init();

#endif
