/* SPDX-License-Identifier: GPL-2.0-only
 * What the events told so far: guests, devices, networks, counts, and the last events themselves. All bounded: what
 * does not fit is counted, not kept. */
#ifndef BULKHEAD_AGENT_STATE_H
#define BULKHEAD_AGENT_STATE_H

#include "tools/bulkheadd/jtree.h"
#include "tools/bulkheadd/severity.h"

#define STATE_GUESTS_MAX 64
#define STATE_DEVICES_MAX 256
#define STATE_NETWORKS_MAX 64
#define STATE_TYPES_MAX 40 /* the last one is "other" */
#define STATE_NAME_SIZE 32
#define STATE_EVENTS_MOST 100000

struct state_guest {
    char name[STATE_NAME_SIZE];
    char state[STATE_NAME_SIZE]; /* the hypervisor's word; "" not known */
    uint64_t faults, starts, crashes, resets;
    uint64_t exits; /* as the hypervisor said last */
};

struct state_device {
    char id[STATE_NAME_SIZE];
    char guest[STATE_NAME_SIZE];
    uint64_t faults;
    bool stopped;
};

struct state_network {
    char name[STATE_NAME_SIZE];
    bool up;
};

struct state_type {
    char name[STATE_NAME_SIZE];
    uint64_t count[SEVERITY_COUNT];
};

struct state {
    struct state_guest guests[STATE_GUESTS_MAX];
    struct state_device devices[STATE_DEVICES_MAX];
    struct state_network networks[STATE_NETWORKS_MAX];
    struct state_type types[STATE_TYPES_MAX];
    size_t guest_count, device_count, network_count, type_count;
    uint64_t events;    /* from the hypervisor */
    uint64_t dropped;   /* by the hypervisor: its "dropped" events' counts */
    uint64_t missed;    /* numbers that never came, beyond those */
    uint64_t malformed; /* lines that were no event */
    uint64_t faults;    /* fault records, as counted by their events */
    uint64_t next_seq;  /* of the next event; 0: none came yet */
    char hypervisor[STATE_NAME_SIZE];
    char config_sha256[65];
    char **kept; /* ring of the last events' lines */
    size_t kept_most, kept_count, kept_next;
};

/* Keep the last `kept` events, at most STATE_EVENTS_MOST. */
struct state state_make(size_t kept);
void state_free(struct state *s);

/* An event of the hypervisor: counts it and takes over what it says. Returns how many events before it never came. */
uint64_t state_event(struct state *s, const struct jtree_node *event);

/* Count it by type and severity, and keep its line. */
void state_keep(struct state *s, const struct jtree_node *event, const char *line);

/* The "guests", "devices" and "networks" of an answer of the hypervisor. */
void state_answer(struct state *s, const struct jtree_node *answer);

/* The index-th of the events kept, 0 the oldest. */
const char *state_kept(const struct state *s, size_t index);

/* The PCI address of the device that an event or an item is about ("source" of those that have it: there "device" is a
 * name for people); NULL. */
const char *state_device_of(const struct jtree_node *event);

/* An event's severity; what it does not say counts as info. */
enum severity state_severity(const struct jtree_node *event);

#endif
