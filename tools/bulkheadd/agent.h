/* SPDX-License-Identifier: GPL-2.0-only
 * The agent: the two ports, what was learnt, the rules, and the clients of its socket, in one poll(2) loop. */
#ifndef BULKHEAD_AGENT_AGENT_H
#define BULKHEAD_AGENT_AGENT_H

#include <poll.h>

#include "tools/bulkheadd/forward.h"
#include "tools/bulkheadd/policy.h"
#include "tools/bulkheadd/port.h"
#include "tools/bulkheadd/state.h"

#define AGENT_VERSION "0.1"
#define AGENT_CLIENTS_MAX 32
#define AGENT_REQUESTS_MAX 64
#define AGENT_ID_SIZE 128
#define AGENT_COMMAND_MOST 4096            /* bytes of a line that the hypervisor takes (service/control.h) */
#define AGENT_ANSWER_MS 30000              /* an answer that takes longer will not come */
#define AGENT_CLIENT_OUT ((size_t)1 << 20) /* waiting for one client; an event beyond that is dropped and counted */

#define AGENT_PORT_EVENTS "org.bulkhead.events"
#define AGENT_PORT_CONTROL "org.bulkhead.control"
#define AGENT_SOCKET "/run/bulkhead.sock"

struct agent_client {
    int fd; /* -1: free */
    uint64_t serial;
    struct line_reader in;
    struct text out;
    bool follows;
    uint64_t dropped; /* events it was too slow for, not told yet */
};

/* Who asked what, while the hypervisor has not answered. */
enum agent_asker {
    AGENT_ASKER_NONE,
    AGENT_ASKER_CLIENT,
    AGENT_ASKER_POLICY,
    AGENT_ASKER_POLL, /* for metrics */
};

struct agent_request {
    enum agent_asker asker;
    uint64_t id; /* ours, on the port */
    uint64_t deadline;
    size_t client;                 /* its index ... */
    uint64_t serial;               /* ... and serial, as its place may be another's by then */
    uint64_t from;                 /* of a poll: where its list starts */
    char client_id[AGENT_ID_SIZE]; /* as JSON; "" none */
    char rule[64], target[64];     /* of a rule */
    char action[24];               /* the command, of a rule or a poll */
};

struct agent_options {
    const char *ports;            /* folder */
    const char *events, *control; /* names in it */
    const char *socket;
    const char *socket_group; /* NULL: root's own */
    const char *policy;       /* file; NULL: none */
    const char *metrics;      /* file; NULL: none */
    unsigned interval;        /* seconds between metrics */
    unsigned keep;            /* events */
};

struct agent {
    struct agent_options options;
    struct port events, control;
    struct state state;
    struct forward forward;
    struct policy *policy;
    struct agent_client clients[AGENT_CLIENTS_MAX];
    struct agent_request requests[AGENT_REQUESTS_MAX];
    uint64_t next_id, next_serial;
    uint64_t metrics_at;
    uint64_t acted, refused; /* rules' actions done, and not */
    int listener;            /* -1: none */
};

/* a is all zero but for the options. False: said why on stderr; agent_end all the same. */
bool agent_start(struct agent *a);
void agent_end(struct agent *a);

/* Wait for something to happen, at most until `until` (clock_ms), or until fd `also` (-1: none) is readable, and deal
 * with it. */
void agent_step(struct agent *a, int also, uint64_t until);

/* Read the policy file anew; when it is wrong the rules stay as they are. */
bool agent_reload(struct agent *a);

/* The text of a policy file checked; what is wrong goes to stderr. False: it is refused. */
bool agent_policy_load(struct policy *out, const char *path);

/* agent_event.c: an event of the agent's own. members: ,"key":value ... or "". */
void agent_say(struct agent *a, enum severity severity, const char *type, const char *members);
/* Lines that the events port has. */
void agent_take_events(struct agent *a);

/* agent_rules.c: what the rules make of an event of the hypervisor. */
void agent_apply_rules(struct agent *a, const struct jtree_node *event);
void agent_rule_answered(struct agent *a, const struct agent_request *request, const struct jtree_node *answer);

/* agent_control.c: send a command, its members as ,"key":value. what: all but id and deadline set. False: no answer
 * will come; *why and *fix say it. */
bool agent_ask(struct agent *a, const struct agent_request *what, const char *members, const char **why,
               const char **fix);
void agent_take_answers(struct agent *a);
/* Ask for a list, for our own state, from that index on; what follows is asked for when the answer came. */
void agent_poll(struct agent *a, const char *command, uint64_t from);
/* Requests whose time is over, or all of them because the port went. */
void agent_expire_requests(struct agent *a, uint64_t now, bool all);

/* agent_server.c */
bool agent_listen(struct agent *a);
void agent_accept(struct agent *a);
void agent_client_read(struct agent *a, size_t index);
void agent_client_write(struct agent_client *client);
void agent_client_close(struct agent_client *client);
/* A line for that client; too slow a client is closed. */
void agent_client_send(struct agent_client *client, const struct text *line);
void agent_client_event(struct agent_client *client, const char *line);
/* {"id":ID,"ok":false,"error":why,"fix":fix} */
void agent_client_refuse(struct agent_client *client, const char *id, const char *why, const char *fix);

/* agent_answer.c: what the agent answers itself. False: not one of its commands. */
bool agent_own_command(struct agent *a, struct agent_client *client, const char *id, const struct jtree_node *request);

/* metrics.c: in Prometheus' text format (0.0.4). */
void agent_metrics(struct text *out, const struct agent *a);
/* Into the file, as a whole (another name, then renamed). False: said why on stderr. */
bool agent_metrics_write(const struct agent *a);

#endif
