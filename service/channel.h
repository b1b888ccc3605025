/* SPDX-License-Identifier: GPL-2.0-only
 * The service guest's channel: ports of its virtio console, which no other guest has.
 *   org.bulkhead.events         events as JSON lines (kernel/core/event.h); "hello" first, whenever it is opened
 *   org.bulkhead.control        commands, a line each, answered by a line each (service/control.h)
 *   org.bulkhead.console.NAME   what that guest prints; what is written there is typed for it
 * Nothing is kept for a reader beyond bounded rings: events that push out others are counted by a line "dropped", and a
 * command waits until the answer before it was read. */
#ifndef BULKHEAD_SERVICE_CHANNEL_H
#define BULKHEAD_SERVICE_CHANNEL_H

#include "guest/text_ring.h"
#include "guest/virtio_console.h"
#include "kernel/core/event.h"
#include "service/control.h"

#define CHANNEL_CONSOLES_MAX (VIRTIO_CONSOLE_PORTS_MAX - 4) /* hvc0, events, control, and one to spare */
#define CHANNEL_NAME_MAX 64
#define CHANNEL_HELLO_MAX 4096

struct channel;

/* Another guest's console. */
struct channel_console {
    struct channel *channel;
    struct vm *vm; /* that guest; NULL until channel_guest_made() */
    size_t guest;  /* its index */
    char name[CHANNEL_NAME_MAX];
    struct text_ring text;
};

struct channel_parts {
    struct control_parts control;   /* guests may be made later: its arrays are read when there are commands */
    const char *const *guest_names; /* by index, control.guest_count of them */
    size_t self;                    /* index of the service guest */
    void (*machine)(enum control_machine what); /* reset it, or switch it off; may return when that failed */
};

/* A line on its way to the guest. */
struct channel_line {
    const char *text;
    size_t length, sent;
};

struct channel {
    struct channel_parts parts;
    struct vm *vm; /* the service guest; NULL until channel_guest_made() */
    struct control control;
    struct channel_line hello, event, answer;
    bool greets;          /* the next line for the reader of events is a new hello */
    bool event_woke;      /* the guest was woken for events since it looked; atomic */
    uint64_t told;        /* number of the last event that was sent whole */
    size_t line_length;   /* of the command so far */
    bool line_too_long;   /* and what comes up to its end is not kept */
    bool waiting;         /* a command was left with the guest until the answer before it is read */
    uint64_t promised_ns; /* when the answer was out that promised a reset; 0: none did; atomic */
    char line[CONTROL_LINE_MAX];
    char hello_text[CHANNEL_HELLO_MAX];
    char event_text[EVENT_LINE_MAX];
    size_t console_count;
    struct channel_console consoles[];
};

/* Bytes of a channel for so many guests, the service guest among them. */
size_t channel_bytes(size_t guests);

/* channel: zeroed, of channel_bytes(), lives on, as all of parts does. More guests than there are ports for: the last
 * ones have no console here. */
void channel_init(struct channel *channel, const struct channel_parts *parts);

/* The ports for the service guest's console; returns how many (at most CHANNEL_CONSOLES_MAX + 2). */
unsigned channel_ports(struct channel *channel, struct virtio_console_port *ports);

/* Where what that guest prints goes to; NULL: nowhere (the service guest itself). */
struct text_ring *channel_text(struct channel *channel, size_t guest);

/* Guest `index` is made, nothing runs yet: from the last call on, everything works. */
void channel_guest_made(struct channel *channel, size_t index, struct vm_owned *owned);

/* Carry out a reset that was promised, when its answer had time to be read. From any port's functions, and from
 * whoever looks now and then; any CPU. */
void channel_poll(struct channel *channel);

#endif
