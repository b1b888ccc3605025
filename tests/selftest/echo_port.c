/* SPDX-License-Identifier: GPL-2.0-only
 * A port org.bulkhead.echo of each guest's virtio console, for the word echo-port on the command line: it gives back
 * what it gets, without losing a byte. Both directions are called with the guest's lock held. */
#include "kernel/selftest.h"

#include "kernel/core/cmdline.h"
#include "plan/config.h"
#include "tests/selftest/cases.h"

#define ECHO_BYTES 2048u

struct echo_port {
    struct vm *vm;           /* whose console it is on */
    uint32_t written, taken; /* bytes ever */
    uint8_t bytes[ECHO_BYTES];
};

static struct echo_port echoes[CONFIG_GUESTS_MAX];

static size_t take(void *context, uint8_t *to, size_t most)
{
    struct echo_port *e = context;
    bool was_full = e->written - e->taken == ECHO_BYTES;
    size_t used = 0;
    while (used < most && e->taken != e->written) {
        to[used++] = e->bytes[e->taken++ % ECHO_BYTES];
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
    while (used < count && e->written - e->taken != ECHO_BYTES) {
        e->bytes[e->written++ % ECHO_BYTES] = from[used++];
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

bool selftest_console_port(const char *cmdline, size_t guest, struct virtio_console_port *port)
{
    *port = (struct virtio_console_port){
        .name = "org.bulkhead.echo", .take = take, .give = give, .opened = opened, .context = &echoes[guest]};
    return cmdline_has(cmdline, "echo-port");
}

void selftest_echo(const struct selftest_guests *made)
{
    for (size_t i = 0; i < made->count; i++) {
        echoes[i].vm = &made->guests[i]->vm;
    }
}
