/* SPDX-License-Identifier: GPL-2.0-only
 * A pretended machine for commands: three guests that take orders, four devices, two networks. Included by one source
 * of a test program: it defines what guest/vm_order.h, kernel/core/power.h and kernel/core/percpu.h declare. */
#ifndef BULKHEAD_UNIT_SERVICE_CONTROL_RIG_H
#define BULKHEAD_UNIT_SERVICE_CONTROL_RIG_H

#include <stdlib.h>
#include <string.h>

#include "guest/device_stop.h"
#include "guest/vm_order.h"
#include "kernel/core/event.h"
#include "kernel/core/event_log.h"
#include "kernel/core/percpu.h"
#include "kernel/core/power.h"
#include "service/control.h"
#include "tests/fake/log.h"

#define CONTROL_RIG_GUESTS 3
#define CONTROL_RIG_DEVICES 4 /* three of "user", one of "storage-1"; all of bus 0 */

static struct {
    struct vm_owned *guests[CONTROL_RIG_GUESTS];
    enum vm_order_state states[CONTROL_RIG_GUESTS];
    struct vm_device devices[CONTROL_RIG_DEVICES];
    struct pci_function functions[CONTROL_RIG_DEVICES];
    bool stopped[CONTROL_RIG_DEVICES]; /* of "user" */
    struct net_link links[2];
    struct net_port ports[4];
    unsigned wakes;
    const char *no_off;
    bool deaf; /* no guest listens to its power button */
    unsigned orders, device_orders;
    struct control control;
} control_rig;

static inline size_t control_rig_index(const struct vm_owned *owned)
{
    size_t i = 0;
    while (control_rig.guests[i] != owned) {
        i++;
    }
    return i;
}

bool watch_is_armed(const struct watch *w)
{
    return w->armed;
}

/* As if it were carried out at once. */
void watch_order(struct watch *w, bool on)
{
    w->armed = on;
}

enum vm_order_state vm_order_state(const struct vm_owned *owned)
{
    return control_rig.states[control_rig_index(owned)];
}

enum status vm_order_guest(struct vm_owned *owned, enum vm_order order, const char *who)
{
    (void)who;
    enum vm_order_state *state = &control_rig.states[control_rig_index(owned)];
    static const struct {
        enum vm_order order;
        enum vm_order_state from, to;
    } moves[] = {
        {VM_ORDER_STOP, VM_ORDER_RUNNING, VM_ORDER_STOPPING},
        {VM_ORDER_START, VM_ORDER_CRASHED, VM_ORDER_STARTING},
        {VM_ORDER_START, VM_ORDER_STOPPED, VM_ORDER_STARTING},
        {VM_ORDER_RESTART, VM_ORDER_RUNNING, VM_ORDER_STOPPING},
        {VM_ORDER_RESTART, VM_ORDER_CRASHED, VM_ORDER_STARTING},
        {VM_ORDER_PAUSE, VM_ORDER_RUNNING, VM_ORDER_PAUSED},
        {VM_ORDER_RESUME, VM_ORDER_PAUSED, VM_ORDER_RUNNING},
        {VM_ORDER_SHUTDOWN, VM_ORDER_RUNNING, VM_ORDER_RUNNING},
    };
    if (order == VM_ORDER_SHUTDOWN && control_rig.deaf) {
        return STATUS_UNSUPPORTED;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(moves); i++) {
        if (moves[i].order == order && moves[i].from == *state) {
            *state = moves[i].to;
            control_rig.orders++;
            return STATUS_OK;
        }
    }
    return STATUS_CONFLICT;
}

enum status vm_order_device(struct vm_owned *owned, struct sbdf device, bool stop)
{
    for (size_t i = 0; i < owned->request.device_count; i++) {
        if (sbdf_equal(owned->request.devices[i].function->at, device)) {
            control_rig.stopped[i] = stop;
            control_rig.device_orders++;
            return vm_order_state(owned) == VM_ORDER_RUNNING ? STATUS_OK : STATUS_CONFLICT;
        }
    }
    return STATUS_NOT_FOUND;
}

bool device_is_stopped(const struct vm_owned *owned, struct sbdf device)
{
    for (size_t i = 0; owned == control_rig.guests[1] && i < CONTROL_RIG_DEVICES; i++) {
        if (sbdf_equal(control_rig.functions[i].at, device)) {
            return control_rig.stopped[i];
        }
    }
    return false;
}

/* A guest's bus is its own CPUs' to look at. */
struct guest_pci_function *guest_pci_find(const struct guest_pci *pci, struct sbdf host)
{
    (void)pci, (void)host;
    abort();
}

const char *vm_order_state_text(enum vm_order_state state)
{
    static const char *const words[] = {"running", "paused",  "stopping", "stopped", "powered-off",
                                        "crashed", "refused", "starting", "waiting"};
    return words[state];
}

const char *vm_order_text(enum vm_order order)
{
    static const char *const words[] = {"stop", "start", "restart", "pause", "resume"};
    return words[order];
}

const char *power_why_not_off(void)
{
    return control_rig.no_off;
}

unsigned cpu_count(void)
{
    return 4;
}

static void control_rig_wake(void *context)
{
    (void)context;
    control_rig.wakes++;
}

/* "lan" of the first two guests, "storage-net" of the first and the last. */
static inline void control_rig_make_networks(void)
{
    static const char *const guests[] = {"service", "user", "service", "storage-1"};
    for (unsigned i = 0; i < ARRAY_LENGTH(guests); i++) {
        struct net_link *link = &control_rig.links[i / 2];
        if (i % 2 == 0) {
            net_link_init(link, i == 0 ? "lan" : "storage-net", 1500, false);
        }
        net_port_join(&control_rig.ports[i], link, guests[i], 0x525400000000 + i, NULL, control_rig_wake, NULL);
    }
}

static uint64_t control_rig_faults(struct sbdf source, bool *lower_bound)
{
    *lower_bound = sbdf_rid(source) == 8;
    return sbdf_rid(source);
}

static uint64_t control_rig_fault_total(void)
{
    return 99;
}

static inline void control_rig_free(void)
{
    for (size_t i = 0; i < CONTROL_RIG_GUESTS; i++) {
        free(control_rig.guests[i]);
        control_rig.guests[i] = NULL;
    }
}

/* "service" runs and is the service guest, "user" runs, "storage-1" crashed. */
static inline void control_rig_make(void)
{
    static const char *const names[] = {"service", "user", "storage-1"};
    static const struct control_faults faults = {control_rig_faults};
    control_rig_free();
    memset(&control_rig, 0, sizeof(control_rig));
    event_reset();
    event_log_set_level(LOG_WARN);
    fake_log_reset();
    for (size_t i = 0; i < CONTROL_RIG_DEVICES; i++) {
        control_rig.functions[i] =
            (struct pci_function){.at = sbdf_make(0, 0, (uint8_t)(i + 1), 0), .vendor = 0x8086, .device = 0x1000};
        control_rig.devices[i].function = &control_rig.functions[i];
    }
    for (size_t i = 0; i < CONTROL_RIG_GUESTS; i++) {
        control_rig.guests[i] = calloc(1, sizeof(struct vm_owned));
        memcpy(control_rig.guests[i]->vm.name, names[i], strlen(names[i]) + 1);
        control_rig.guests[i]->request.cpu_count = 1;
    }
    control_rig.guests[1]->request.devices = control_rig.devices;
    control_rig.guests[1]->request.device_count = 3;
    control_rig.guests[2]->request.devices = &control_rig.devices[3];
    control_rig.guests[2]->request.device_count = 1;
    static const char why[] = "triple fault at \"0x10\"";
    memcpy(control_rig.guests[2]->vm.why, why, sizeof(why));
    control_rig.states[2] = VM_ORDER_CRASHED;
    control_rig_make_networks();
    const struct control_parts parts = {
        .version = "1.0",
        .config_sha256 = "0123",
        .guests = control_rig.guests,
        .guest_count = CONTROL_RIG_GUESTS,
        .self = control_rig.guests[0],
        .networks = control_rig.links,
        .network_count = ARRAY_LENGTH(control_rig.links),
        .faults = &faults,
        .fault_total = control_rig_fault_total,
    };
    control_init(&control_rig.control, &parts);
}

#endif
