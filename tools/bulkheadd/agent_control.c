/* SPDX-License-Identifier: GPL-2.0-only
 * Commands to the hypervisor and its answers: one port, several who ask; each request has an id of ours. */
#include <inttypes.h>
#include <string.h>

#include "tools/bulkheadd/agent.h"
#include "tools/bulkheadd/clock.h"

#define NO_CHANNEL_FIX                                                                                                 \
    "this must be the guest that system.service names, with the module virtio_console loaded (modprobe "               \
    "virtio_console); bulkhead-ctl status says more"

bool agent_ask(struct agent *a, const struct agent_request *what, const char *members, const char **why,
               const char **fix)
{
    struct text line = {0};
    size_t slot = 0;
    uint64_t now = clock_ms();
    while (slot < AGENT_REQUESTS_MAX && a->requests[slot].asker != AGENT_ASKER_NONE) {
        slot++;
    }
    if (a->control.fd < 0) {
        *why = "the hypervisor's control channel is not open";
        *fix = NO_CHANNEL_FIX;
        return false;
    }
    uint64_t id = a->next_id;
    text_put(&line, "{\"id\":%" PRIu64 "%s}\n", id, members);
    bool fits = line.length <= AGENT_COMMAND_MOST;
    bool sent = fits && slot < AGENT_REQUESTS_MAX && port_send(&a->control, &line);
    text_free(&line);
    if (!fits) {
        *why = "the command is longer than the hypervisor takes";
        *fix = "shorten it";
        return false;
    }
    if (!sent) {
        *why = "too many commands are waiting for the hypervisor's answers";
        *fix = "try again in some seconds";
        return false;
    }
    a->next_id++;
    a->requests[slot] = *what;
    a->requests[slot].id = id;
    a->requests[slot].deadline = now + AGENT_ANSWER_MS;
    (void)port_flush(&a->control, now); /* where that fails, the next poll says so */
    return true;
}

void agent_poll(struct agent *a, const char *command, uint64_t from)
{
    struct agent_request poll = {.asker = AGENT_ASKER_POLL, .from = from};
    struct text members = {0};
    const char *why = NULL;
    const char *fix = NULL;
    text_fit(poll.action, sizeof(poll.action), command);
    text_put(&members, ",\"command\":\"%s\"", command);
    if (from != 0) {
        text_put(&members, ",\"from\":%" PRIu64, from);
    }
    (void)agent_ask(a, &poll, text_string(&members), &why, &fix); /* without a channel there is nothing to learn */
    text_free(&members);
}

static struct agent_client *client_of(struct agent *a, const struct agent_request *request)
{
    struct agent_client *client = &a->clients[request->client];
    return client->fd >= 0 && client->serial == request->serial ? client : NULL;
}

static void relay(struct agent_client *client, const struct agent_request *request, const struct jtree_node *answer)
{
    struct text members = {0};
    struct text line = {0};
    jtree_write_members(&members, answer, "id");
    if (request->client_id[0] != 0) {
        text_put(&line, "{\"id\":%s%s}\n", request->client_id, text_string(&members));
    } else {
        text_put(&line, "{%s}\n", members.length != 0 ? members.bytes + 1 : "");
    }
    agent_client_send(client, &line);
    text_free(&members);
    text_free(&line);
}

/* Give the answer to whoever asked; the request is over. */
static void settle(struct agent *a, struct agent_request *request, const struct jtree_node *answer)
{
    struct agent_request done = *request;
    request->asker = AGENT_ASKER_NONE;
    state_answer(&a->state, answer);
    if (done.asker == AGENT_ASKER_POLL && jtree_number(answer, "next", 0) > done.from) {
        agent_poll(a, done.action, jtree_number(answer, "next", 0));
    } else if (done.asker == AGENT_ASKER_POLICY) {
        agent_rule_answered(a, &done, answer);
    } else if (done.asker == AGENT_ASKER_CLIENT && client_of(a, &done) != NULL) {
        relay(client_of(a, &done), &done, answer);
    }
}

static void take_answer(struct agent *a, const char *line, size_t length)
{
    struct jtree tree;
    const char *why = NULL;
    if (!jtree_parse(&tree, line, length, &why)) {
        a->state.malformed++;
        return;
    }
    uint64_t id = jtree_number(tree.root, "id", 0);
    bool found = false;
    for (size_t i = 0; i < AGENT_REQUESTS_MAX && !found; i++) {
        found = a->requests[i].asker != AGENT_ASKER_NONE && a->requests[i].id == id;
        if (found) {
            settle(a, &a->requests[i], tree.root);
        }
    }
    a->state.malformed += !found && (id == 0 || id >= a->next_id); /* a late answer is none */
    jtree_free(&tree);
}

void agent_take_answers(struct agent *a)
{
    size_t length = 0;
    a->state.malformed += a->control.in.too_long;
    a->control.in.too_long = 0;
    for (char *line = line_reader_take(&a->control.in, &length); line != NULL;
         line = line_reader_take(&a->control.in, &length)) {
        if (length != 0) {
            take_answer(a, line, length);
        }
    }
}

void agent_expire_requests(struct agent *a, uint64_t now, bool all)
{
    static const char late[] = "{\"ok\":false,\"error\":\"the hypervisor did not answer in time\","
                               "\"fix\":\"look at the machine's console; bulkhead-ctl status says what is open\"}";
    static const char gone[] = "{\"ok\":false,\"error\":\"the control channel went before the answer came\","
                               "\"fix\":\"the command may be done: look with bulkhead-ctl guests\"}";
    for (size_t i = 0; i < AGENT_REQUESTS_MAX; i++) {
        struct agent_request *request = &a->requests[i];
        struct jtree tree;
        const char *why = NULL;
        const char *answer = all ? gone : late;
        if (request->asker != AGENT_ASKER_NONE && (all || now >= request->deadline) &&
            jtree_parse(&tree, answer, strlen(answer), &why)) {
            settle(a, request, tree.root);
            jtree_free(&tree);
        }
    }
}
