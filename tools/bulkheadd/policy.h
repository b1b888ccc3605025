/* SPDX-License-Identifier: GPL-2.0-only
 * What to do about which events, as the administrator's policy file says. */
#ifndef BULKHEAD_AGENT_POLICY_H
#define BULKHEAD_AGENT_POLICY_H

#include "kernel/lib/diag.h"
#include "plan/config.h"
#include "tools/bulkheadd/jtree.h"
#include "tools/bulkheadd/severity.h"

#define POLICY_RULES_MAX 64
#define POLICY_POOL_SIZE (16 * 1024)
#define POLICY_LIMIT_MAX 1000
#define POLICY_KEYS_MAX 32 /* targets watched a rule; of more, the one unseen for longest is forgotten */

enum policy_action {
    POLICY_LOG,
    POLICY_RESTART,
    POLICY_STOP,
    POLICY_SHUTDOWN,
    POLICY_START,
    POLICY_PAUSE,
    POLICY_RESUME,
    POLICY_STOP_DEVICE,
    POLICY_RETURN_DEVICE,
    POLICY_CUT,
    POLICY_RESTORE,
    POLICY_REBOOT,
    POLICY_POWEROFF,
    POLICY_ACTIONS,
};

/* "3/60s": so many within that time. */
struct policy_limit {
    uint32_t count;
    uint64_t ms;
};

/* When it happened last to one target, the last `count` times at most. */
struct policy_window {
    char key[64];
    uint64_t seen;
    uint64_t *times; /* ring of limit.count */
    uint32_t used, next;
};

struct policy_rule {
    const char *name;                     /* "on.fault", "on.fault.disk" */
    struct config_position at;            /* of its table's line */
    const char *type;                     /* of the event */
    const char *guest, *device, *network; /* of the event; NULL: any */
    enum severity severity;               /* at least */
    bool has_action;
    enum policy_action action;
    const char *target;        /* NULL: the event's own guest, device or network */
    struct policy_limit limit; /* act at the count-th event within that time */
    struct policy_limit most;  /* act so often at most within that time; count 0: always */
    struct policy_window events[POLICY_KEYS_MAX];
    struct policy_window acts[POLICY_KEYS_MAX];
    uint64_t acted;
};

/* Large: rules point into the pool; do not copy it. */
struct policy {
    struct policy_rule rules[POLICY_RULES_MAX];
    size_t count;
    char pool[POLICY_POOL_SIZE];
};

/* The text of a policy file into *out, which need not be initialised. Always to be freed. False: errors in diags. */
bool policy_parse(struct policy *out, const char *text, size_t length, const char *file, struct diag_list *diags);
void policy_free(struct policy *p);

/* Does this event, now, call for the rule's action? Counts it. *too_often: it does, but `most` forbids it. */
bool policy_rule_event(struct policy_rule *rule, const struct jtree_node *event, uint64_t now_ms, bool *too_often);

/* The target of a rule's action for an event: the rule's own, or the event's; NULL when there is none. */
const char *policy_target(const struct policy_rule *rule, const struct jtree_node *event);

/* The control command of an action ("restart", "stop-device"), and the member that names its target ("guest"; NULL: it
 * has none). POLICY_LOG has the command "log", which is none of the hypervisor's. */
const char *policy_action_command(enum policy_action action);
const char *policy_action_member(enum policy_action action);

/* "3/60s": also ms, min, h; count 1 to POLICY_LIMIT_MAX, time above 0. */
bool policy_limit_parse(const char *text, struct policy_limit *out);

#endif
