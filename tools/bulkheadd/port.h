/* SPDX-License-Identifier: GPL-2.0-only
 * One port of the virtio-console device, as Linux shows it: lines in both directions, opened again when it goes. */
#ifndef BULKHEAD_AGENT_PORT_H
#define BULKHEAD_AGENT_PORT_H

#include "tools/bulkheadd/line_reader.h"
#include "tools/bulkheadd/text.h"

#define PORT_FOLDER "/dev/virtio-ports"
#define PORT_WHY_SIZE 256
#define PORT_OUT_MOST ((size_t)64 << 10)

struct port {
    const char *folder, *name; /* "/dev/virtio-ports", "org.bulkhead.events" */
    int fd;                    /* -1: closed */
    char why[PORT_WHY_SIZE];   /* then: why */
    uint64_t retry_at;         /* then: when to try again, clock_ms */
    unsigned wait;             /* then: ms to the try after that */
    uint64_t opened;           /* how often */
    struct line_reader in;
    struct text out; /* not written yet */
};

struct port port_make(const char *folder, const char *name);

/* Open that port once: its path in the folder or, where nothing makes such links (no udev), the device that
 * /sys/class/virtio-ports gives this name. Returns the descriptor, or -1 with errno. flags: of open(2). */
int port_open_path(const char *folder, const char *name, int flags);

/* Open it if it is closed and its time has come. True: it is open now and was not before. */
bool port_try(struct port *p, uint64_t now);

/* Read what is there. False: the port went; it is closed, why says how. */
bool port_fill(struct port *p, uint64_t now);

/* Write what waits as far as it goes. False: as port_fill. */
bool port_flush(struct port *p, uint64_t now);

/* Queue a line; false when too much waits already. */
bool port_send(struct port *p, const struct text *line);

void port_close(struct port *p, uint64_t now, const char *why);
void port_free(struct port *p);

#endif
