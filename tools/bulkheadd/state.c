/* SPDX-License-Identifier: GPL-2.0-only
 * State from events. */
#include "tools/bulkheadd/state.h"

#include <stdlib.h>
#include <string.h>

struct state state_make(size_t kept)
{
    struct state s = {.kept_most = kept < STATE_EVENTS_MOST ? kept : STATE_EVENTS_MOST};
    s.kept = calloc(s.kept_most + 1, sizeof(*s.kept));
    if (s.kept == NULL) {
        s.kept_most = 0;
    }
    return s;
}

void state_free(struct state *s)
{
    for (size_t i = 0; i < s->kept_most; i++) {
        free(s->kept[i]);
    }
    free(s->kept);
    *s = (struct state){0};
}

/* A name of the other side, as it is kept: longer ones are no names of ours. */
static bool usable(const char *name)
{
    return name != NULL && name[0] != 0 && strlen(name) < STATE_NAME_SIZE;
}

const char *state_device_of(const struct jtree_node *event)
{
    const char *source = jtree_text(event, "source");
    return source != NULL ? source : jtree_text(event, "device");
}

static struct state_guest *find_guest(struct state *s, const char *name)
{
    if (!usable(name)) {
        return NULL;
    }
    for (size_t i = 0; i < s->guest_count; i++) {
        if (strcmp(s->guests[i].name, name) == 0) {
            return &s->guests[i];
        }
    }
    if (s->guest_count == STATE_GUESTS_MAX) {
        return NULL;
    }
    struct state_guest *guest = &s->guests[s->guest_count++];
    text_fit(guest->name, sizeof(guest->name), name);
    return guest;
}

static struct state_device *find_device(struct state *s, const char *id)
{
    if (!usable(id)) {
        return NULL;
    }
    for (size_t i = 0; i < s->device_count; i++) {
        if (strcmp(s->devices[i].id, id) == 0) {
            return &s->devices[i];
        }
    }
    if (s->device_count == STATE_DEVICES_MAX) {
        return NULL;
    }
    struct state_device *device = &s->devices[s->device_count++];
    text_fit(device->id, sizeof(device->id), id);
    return device;
}

static struct state_network *find_network(struct state *s, const char *name)
{
    if (!usable(name)) {
        return NULL;
    }
    for (size_t i = 0; i < s->network_count; i++) {
        if (strcmp(s->networks[i].name, name) == 0) {
            return &s->networks[i];
        }
    }
    if (s->network_count == STATE_NETWORKS_MAX) {
        return NULL;
    }
    struct state_network *network = &s->networks[s->network_count++];
    text_fit(network->name, sizeof(network->name), name);
    network->up = true;
    return network;
}

static void set_state(struct state_guest *guest, const char *word)
{
    text_fit(guest->state, sizeof(guest->state), word);
}

static void guest_event(struct state_guest *guest, const struct jtree_node *event, const char *type)
{
    if (strcmp(type, "guest-started") == 0) {
        guest->starts++;
        set_state(guest, "running");
    } else if (strcmp(type, "guest-exited") == 0) {
        const char *end = jtree_text(event, "end");
        set_state(guest, end != NULL && strcmp(end, "powered-off") == 0 ? end : "stopped");
    } else if (strcmp(type, "guest-crashed") == 0) {
        guest->crashes++;
        set_state(guest, "crashed");
    } else if (strcmp(type, "guest-reset") == 0) {
        guest->resets++;
        set_state(guest, "starting");
    } else if (strcmp(type, "guest-paused") == 0) {
        set_state(guest, "paused");
    } else if (strcmp(type, "guest-resumed") == 0) {
        set_state(guest, "running");
    }
}

static void device_event(struct state_device *device, const struct jtree_node *event, const char *type)
{
    const char *guest = jtree_text(event, "guest");
    if (usable(guest)) {
        text_fit(device->guest, sizeof(device->guest), guest);
    }
    bool done = jtree_get(event, "ok") == NULL || jtree_is_true(event, "ok");
    if (done && (strcmp(type, "device-stopped") == 0 || strcmp(type, "device-returned") == 0)) {
        device->stopped = strcmp(type, "device-stopped") == 0;
    }
}

static void fault_event(struct state *s, const struct jtree_node *event, struct state_guest *guest,
                        struct state_device *device)
{
    uint64_t count = jtree_number(event, "count", 1);
    s->faults += count;
    if (guest != NULL) {
        guest->faults += count;
    }
    if (device != NULL) {
        device->faults += count;
    }
}

static void take_hello(struct state *s, const struct jtree_node *event)
{
    const char *version = jtree_text(event, "version");
    const char *sha256 = jtree_text(event, "config-sha256");
    text_fit(s->hypervisor, sizeof(s->hypervisor), version != NULL ? version : "");
    text_fit(s->config_sha256, sizeof(s->config_sha256), sha256 != NULL ? sha256 : "");
    for (const struct jtree_node *item = jtree_items(event, "guests"); item != NULL; item = item->next) {
        find_guest(s, item->type == JTREE_STRING ? item->text : jtree_text(item, "name"));
    }
}

/* How many between the last one and this never came. A hello, which stands at the begin of each channel, has the number
 * of the last event that was given to whoever read before; a smaller one than ours is another hypervisor's. */
static uint64_t take_seq(struct state *s, const struct jtree_node *event, bool hello)
{
    uint64_t seq = jtree_number(event, "seq", UINT64_MAX);
    if (seq == UINT64_MAX) {
        return 0;
    }
    uint64_t expected = s->next_seq;
    uint64_t reached = hello ? seq + 1 : seq;
    s->next_seq = seq + 1;
    return expected != 0 && reached > expected ? reached - expected : 0;
}

uint64_t state_event(struct state *s, const struct jtree_node *event)
{
    const char *type = jtree_text(event, "type");
    struct state_guest *guest = find_guest(s, jtree_text(event, "guest"));
    struct state_device *device = find_device(s, state_device_of(event));
    struct state_network *network = find_network(s, jtree_text(event, "network"));
    uint64_t missed = take_seq(s, event, strcmp(type, "hello") == 0);
    s->events++;
    if (guest != NULL) {
        guest_event(guest, event, type);
    }
    if (device != NULL) {
        device_event(device, event, type);
    }
    if (strcmp(type, "fault") == 0) {
        fault_event(s, event, guest, device);
    } else if (strcmp(type, "link") == 0 && network != NULL) {
        network->up = jtree_is_true(event, "up");
    } else if (strcmp(type, "hello") == 0) {
        take_hello(s, event);
    } else if (strcmp(type, "dropped") == 0) {
        uint64_t count = jtree_number(event, "count", 1);
        s->dropped += count;
        missed = missed > count ? missed - count : 0; /* said, so not missed */
    }
    s->missed += missed;
    return missed;
}

enum severity state_severity(const struct jtree_node *event)
{
    enum severity severity = SEVERITY_INFO;
    severity_parse(jtree_text(event, "severity"), &severity);
    return severity;
}

static struct state_type *look_type(struct state *s, const char *name)
{
    for (size_t i = 0; i < s->type_count; i++) {
        if (strcmp(s->types[i].name, name) == 0) {
            return &s->types[i];
        }
    }
    return NULL;
}

static struct state_type *find_type(struct state *s, const char *name)
{
    struct state_type *type = usable(name) ? look_type(s, name) : NULL;
    if (type != NULL) {
        return type;
    }
    if (!usable(name) || s->type_count >= STATE_TYPES_MAX - 1) {
        name = "other";
        type = look_type(s, name);
    }
    if (type == NULL) {
        type = &s->types[s->type_count++]; /* the last of the array is left for "other" */
        text_fit(type->name, sizeof(type->name), name);
    }
    return type;
}

void state_keep(struct state *s, const struct jtree_node *event, const char *line)
{
    find_type(s, jtree_text(event, "type"))->count[state_severity(event)]++;
    if (s->kept_most != 0) {
        free(s->kept[s->kept_next]);
        s->kept[s->kept_next] = text_copy(line);
        s->kept_next = (s->kept_next + 1) % s->kept_most;
        s->kept_count += s->kept_count < s->kept_most;
    }
}

const char *state_kept(const struct state *s, size_t index)
{
    return s->kept[(s->kept_next + s->kept_most - s->kept_count + index) % s->kept_most];
}

static void answer_guest(struct state *s, const struct jtree_node *item)
{
    struct state_guest *guest = find_guest(s, jtree_text(item, "name"));
    const char *word = jtree_text(item, "state");
    if (guest != NULL) {
        guest->exits = jtree_number(item, "exits", guest->exits);
        guest->starts = jtree_number(item, "starts", guest->starts);
        set_state(guest, word != NULL ? word : guest->state);
    }
}

static void set_network(struct state *s, const char *name, const struct jtree_node *says)
{
    struct state_network *network = jtree_get(says, "up") != NULL ? find_network(s, name) : NULL;
    if (network != NULL) {
        network->up = jtree_is_true(says, "up");
    }
}

void state_answer(struct state *s, const struct jtree_node *answer)
{
    for (const struct jtree_node *item = jtree_items(answer, "guests"); item != NULL; item = item->next) {
        answer_guest(s, item);
    }
    for (const struct jtree_node *item = jtree_items(answer, "devices"); item != NULL; item = item->next) {
        struct state_device *device = find_device(s, state_device_of(item));
        const char *guest = jtree_text(item, "guest");
        if (device != NULL) {
            device->faults = jtree_number(item, "faults", device->faults);
        }
        if (device != NULL && usable(guest)) {
            text_fit(device->guest, sizeof(device->guest), guest);
        }
        if (device != NULL && jtree_get(item, "stopped") != NULL) {
            device->stopped = jtree_is_true(item, "stopped");
        }
    }
    for (const struct jtree_node *item = jtree_items(answer, "networks"); item != NULL; item = item->next) {
        set_network(s, jtree_text(item, "name"), item);
    }
    set_network(s, jtree_text(answer, "network"), answer); /* of cut and restore */
}
