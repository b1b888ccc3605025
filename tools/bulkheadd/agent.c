/* SPDX-License-Identifier: GPL-2.0-only
 * The agent's loop. */
#include "tools/bulkheadd/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/bulkhead/file.h"
#include "tools/bulkheadd/clock.h"

#define DIAGS_MAX 64
#define METRICS_FIRST 1000

bool agent_policy_load(struct policy *out, const char *path)
{
    struct diag items[DIAGS_MAX];
    struct diag_list diags = diag_list_make(items, DIAGS_MAX);
    uint8_t *bytes = NULL;
    size_t length = 0;
    out->count = 0;
    if (!file_read(path, &bytes, &length)) {
        return false;
    }
    bool good = policy_parse(out, (const char *)bytes, length, file_base_name(path), &diags);
    for (size_t i = 0; i < diags.count; i++) {
        char line[2 * DIAG_TEXT_SIZE + DIAG_WHERE_SIZE + 32];
        diag_line(&items[i], line, sizeof(line));
        fprintf(stderr, "%s\n", line);
    }
    free(bytes);
    return good;
}

bool agent_reload(struct agent *a)
{
    if (a->options.policy == NULL) {
        return true;
    }
    struct policy *fresh = calloc(1, sizeof(*fresh));
    if (fresh == NULL || !agent_policy_load(fresh, a->options.policy)) {
        if (fresh != NULL) {
            policy_free(fresh);
        }
        free(fresh);
        return false;
    }
    if (a->policy != NULL) {
        policy_free(a->policy);
    }
    free(a->policy);
    a->policy = fresh;
    return true;
}

bool agent_start(struct agent *a)
{
    a->events = port_make(a->options.ports, a->options.events);
    a->control = port_make(a->options.ports, a->options.control);
    a->state = state_make(a->options.keep);
    a->listener = -1;
    a->next_id = 1;
    a->next_serial = 1;
    a->metrics_at = clock_ms() + METRICS_FIRST; /* by then the ports are open and have answered */
    for (size_t i = 0; i < AGENT_CLIENTS_MAX; i++) {
        a->clients[i].fd = -1;
    }
    return agent_reload(a) && agent_listen(a);
}

void agent_end(struct agent *a)
{
    for (size_t i = 0; i < AGENT_CLIENTS_MAX; i++) {
        agent_client_close(&a->clients[i]);
    }
    if (a->listener >= 0) {
        close(a->listener);
        unlink(a->options.socket);
    }
    if (a->policy != NULL) {
        policy_free(a->policy);
    }
    free(a->policy);
    port_free(&a->events);
    port_free(&a->control);
    state_free(&a->state);
    forward_free(&a->forward);
}

/* What poll(2) looks at, and who each is. */
struct watch {
    struct pollfd fds[AGENT_CLIENTS_MAX + 5];
    size_t count;
    size_t first_client; /* in fds */
    size_t clients[AGENT_CLIENTS_MAX];
};

static void watch_add(struct watch *w, int fd, short events)
{
    w->fds[w->count++] = (struct pollfd){.fd = fd, .events = events};
}

enum {
    WATCH_EVENTS,
    WATCH_CONTROL,
    WATCH_LISTENER,
    WATCH_STDOUT,
    WATCH_ALSO,
};

static short port_interest(const struct port *p)
{
    return (short)(POLLIN | (p->out.length != 0 ? POLLOUT : 0));
}

/* A negative descriptor is left out by poll itself. */
static void watch_all(struct watch *w, const struct agent *a, int also)
{
    watch_add(w, a->events.fd, POLLIN);
    watch_add(w, a->control.fd, port_interest(&a->control));
    watch_add(w, a->listener, POLLIN);
    watch_add(w, a->forward.out.length != 0 ? STDOUT_FILENO : -1, POLLOUT);
    watch_add(w, also, POLLIN);
    w->first_client = w->count;
    for (size_t i = 0; i < AGENT_CLIENTS_MAX; i++) {
        const struct agent_client *client = &a->clients[i];
        if (client->fd >= 0) {
            w->clients[w->count - w->first_client] = i;
            watch_add(w, client->fd, (short)(POLLIN | (client->out.length != 0 ? POLLOUT : 0)));
        }
    }
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_moment(const struct agent *a, uint64_t until)
{
    until = a->events.fd < 0 ? sooner(until, a->events.retry_at) : until;
    until = a->control.fd < 0 ? sooner(until, a->control.retry_at) : until;
    until = a->options.metrics != NULL ? sooner(until, a->metrics_at) : until;
    for (size_t i = 0; i < AGENT_REQUESTS_MAX; i++) {
        if (a->requests[i].asker != AGENT_ASKER_NONE) {
            until = sooner(until, a->requests[i].deadline);
        }
    }
    return until;
}

static void ask_for_metrics(struct agent *a)
{
    agent_poll(a, "guests", 0);
    agent_poll(a, "devices", 0);
    agent_poll(a, "networks", 0);
}

/* The file has what the answers before said; the next one has the answers to this question. */
static void metrics_if_due(struct agent *a, uint64_t now)
{
    if (a->options.metrics != NULL && now >= a->metrics_at) {
        a->metrics_at = now + (uint64_t)a->options.interval * 1000;
        agent_metrics_write(a);
        ask_for_metrics(a);
    }
}

static void open_ports(struct agent *a, uint64_t now)
{
    if (port_try(&a->events, now)) {
        agent_say(a, SEVERITY_INFO, "channel-open", ",\"port\":\"events\"");
    }
    if (port_try(&a->control, now)) {
        agent_say(a, SEVERITY_INFO, "channel-open", ",\"port\":\"control\"");
        ask_for_metrics(a);
    }
}

static void port_lost(struct agent *a, const struct port *p, const char *which)
{
    struct text members = {0};
    text_put(&members, ",\"port\":\"%s\",\"why\":", which);
    text_json(&members, p->why);
    agent_say(a, SEVERITY_ERROR, "channel-lost", text_string(&members));
    text_free(&members);
}

static void step_ports(struct agent *a, const struct watch *w, uint64_t now)
{
    if (a->events.fd >= 0 && w->fds[WATCH_EVENTS].revents != 0) {
        bool open = port_fill(&a->events, now);
        agent_take_events(a);
        if (!open) {
            port_lost(a, &a->events, "events");
        }
    }
    if (a->control.fd >= 0 && w->fds[WATCH_CONTROL].revents != 0) {
        bool open = (w->fds[WATCH_CONTROL].revents & ~POLLOUT) == 0 || port_fill(&a->control, now);
        agent_take_answers(a);
        open = open && port_flush(&a->control, now);
        if (!open) {
            agent_expire_requests(a, now, true);
            port_lost(a, &a->control, "control");
        }
    }
}

static void step_clients(struct agent *a, const struct watch *w)
{
    for (size_t i = w->first_client; i < w->count; i++) {
        size_t index = w->clients[i - w->first_client];
        struct agent_client *client = &a->clients[index];
        if (client->fd == w->fds[i].fd && (w->fds[i].revents & POLLOUT) != 0) {
            agent_client_write(client);
        }
        if (client->fd == w->fds[i].fd && (w->fds[i].revents & ~POLLOUT) != 0) {
            agent_client_read(a, index);
        }
    }
}

void agent_step(struct agent *a, int also, uint64_t until)
{
    struct watch w = {0};
    uint64_t now = clock_ms();
    open_ports(a, now);
    metrics_if_due(a, now);
    watch_all(&w, a, also);
    if (poll(w.fds, w.count, clock_wait(now, next_moment(a, until))) < 0) {
        return;
    }
    now = clock_ms();
    step_ports(a, &w, now);
    step_clients(a, &w);
    if (w.fds[WATCH_LISTENER].revents != 0) {
        agent_accept(a);
    }
    forward_flush(&a->forward);
    agent_expire_requests(a, now, false);
}
