/* SPDX-License-Identifier: GPL-2.0-only
 * Commands that the agent answers itself: "agent" (what it knows and how it fares) and "events". */
#include <inttypes.h>
#include <string.h>

#include "tools/bulkheadd/agent.h"

static void begin(struct text *out, const char *id)
{
    text_put(out, "{");
    if (id[0] != 0) {
        text_put(out, "\"id\":%s,", id);
    }
    text_put(out, "\"ok\":true");
}

static void put_port(struct text *out, const char *key, const struct port *p)
{
    text_put(out, "\"%s\":{\"open\":%s,\"opened\":%" PRIu64, key, p->fd >= 0 ? "true" : "false", p->opened);
    if (p->fd < 0) {
        text_put(out, ",\"why\":");
        text_json(out, p->why);
    }
    text_put(out, "}");
}

static void put_networks(struct text *out, const struct state *s)
{
    text_put(out, ",\"networks\":[");
    for (size_t i = 0; i < s->network_count; i++) {
        text_put(out, "%s{\"name\":", i != 0 ? "," : "");
        text_json(out, s->networks[i].name);
        text_put(out, ",\"up\":%s}", s->networks[i].up ? "true" : "false");
    }
    text_put(out, "]");
}

static void put_rules(struct text *out, const struct agent *a)
{
    text_put(out, ",\"rules\":[");
    for (size_t i = 0; a->policy != NULL && i < a->policy->count; i++) {
        const struct policy_rule *rule = &a->policy->rules[i];
        text_put(out, "%s{\"name\":", i != 0 ? "," : "");
        text_json(out, rule->name);
        text_put(out, ",\"action\":\"%s\",\"acted\":%" PRIu64 "}", policy_action_command(rule->action), rule->acted);
    }
    text_put(out, "]");
}

static void answer_agent(struct agent *a, struct agent_client *client, const char *id)
{
    const struct state *s = &a->state;
    struct text line = {0};
    size_t clients = 0;
    for (size_t i = 0; i < AGENT_CLIENTS_MAX; i++) {
        clients += a->clients[i].fd >= 0;
    }
    begin(&line, id);
    text_put(&line, ",\"agent-version\":\"" AGENT_VERSION "\",\"channels\":{");
    put_port(&line, "events", &a->events);
    text_put(&line, ",");
    put_port(&line, "control", &a->control);
    text_put(&line, "},\"hypervisor\":");
    text_json(&line, s->hypervisor);
    text_put(&line, ",\"config-sha256\":");
    text_json(&line, s->config_sha256);
    text_put(&line,
             ",\"events\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"malformed\":%" PRIu64
             ",\"not-forwarded\":%" PRIu64 ",\"faults\":%" PRIu64 ",\"clients\":%zu,\"rules-acted\":%" PRIu64
             ",\"rules-refused\":%" PRIu64,
             s->events, s->dropped, s->missed, s->malformed, a->forward.lost, s->faults, clients, a->acted, a->refused);
    put_networks(&line, s);
    put_rules(&line, a);
    text_put(&line, "}\n");
    agent_client_send(client, &line);
    text_free(&line);
}

/* First the answer with the count of lines that follow it, then these, then - where asked for - all that come. */
static void answer_events(struct agent *a, struct agent_client *client, const char *id,
                          const struct jtree_node *request)
{
    const struct state *s = &a->state;
    struct text line = {0};
    uint64_t last = jtree_number(request, "last", UINT64_MAX);
    size_t count = last < s->kept_count ? (size_t)last : s->kept_count;
    bool follow = jtree_is_true(request, "follow");
    begin(&line, id);
    size_t from = s->kept_count - count;
    size_t total = 0;
    for (size_t i = s->kept_count; i > from; i--) { /* the newest that fit */
        total += strlen(state_kept(s, i - 1)) + sizeof("{\"event\":}\n");
        if (total > AGENT_CLIENT_OUT) {
            from = i;
        }
    }
    text_put(&line, ",\"count\":%zu}\n", s->kept_count - from);
    for (size_t i = from; i < s->kept_count; i++) {
        text_put(&line, "{\"event\":%s}\n", state_kept(s, i));
    }
    client->follows = client->follows || follow;
    agent_client_send(client, &line);
    text_free(&line);
}

bool agent_own_command(struct agent *a, struct agent_client *client, const char *id, const struct jtree_node *request)
{
    const char *command = jtree_text(request, "command");
    if (strcmp(command, "agent") == 0) {
        answer_agent(a, client, id);
        return true;
    }
    if (strcmp(command, "events") == 0) {
        answer_events(a, client, id, request);
        return true;
    }
    return false;
}
