/* SPDX-License-Identifier: GPL-2.0-only
 * A port that echoes; both directions are called with the guest's lock held. */
#include "guest/echo_port.h"

#include "guest/vm.h"

static size_t take(void *context, uint8_t *to, size_t most)
{
    struct echo_port *e = context;
    bool was_full = e->written - e->taken == ECHO_PORT_BYTES;
    size_t used = 0;
    while (used < most && e->taken != e->written) {
        to[used++] = e->bytes[e->taken++ % ECHO_PORT_BYTES];
    }
    if (was_full && used != 0) {
        vm_platform_device_wake(e->vm);
    }
    return used;
}

static size_t give(void *context, const uint8_t *from, size_t count)
{
    struct echo_port *e = context;
    bool was_empty = e->written == e->taken;
    size_t used = 0;
    while (used < count && e->written - e->taken != ECHO_PORT_BYTES) {
        e->bytes[e->written++ % ECHO_PORT_BYTES] = from[used++];
    }
    if (was_empty && used != 0) {
        vm_platform_device_wake(e->vm);
    }
    return used;
}

static void opened(void *context, bool open)
{
    struct echo_port *e = context;
    e->taken = open ? e->taken : e->written;
}

struct virtio_console_port echo_port(struct echo_port *echo)
{
    return (struct virtio_console_port){
        .name = "org.bulkhead.echo", .take = take, .give = give, .opened = opened, .context = echo};
}
