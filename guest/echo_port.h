/* SPDX-License-Identifier: GPL-2.0-only
 * A port of a guest's virtio console that gives back what it gets, without losing a byte: to try the channel with
 * (the word echo-port on Bulkhead's command line). */
#ifndef BULKHEAD_GUEST_ECHO_PORT_H
#define BULKHEAD_GUEST_ECHO_PORT_H

#include "guest/virtio_console.h"

#define ECHO_PORT_BYTES 2048u

struct vm;

struct echo_port {
    struct vm *vm;           /* whose console it is on; set before the guest runs */
    uint32_t written, taken; /* bytes ever */
    uint8_t bytes[ECHO_PORT_BYTES];
};

/* The port org.bulkhead.echo; *echo (zeroed) lives on. */
struct virtio_console_port echo_port(struct echo_port *echo);

#endif
