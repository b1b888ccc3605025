/* SPDX-License-Identifier: GPL-2.0-only
 * Rules put to work: what they ask of the hypervisor, and what is said about it. */

#include "tools/bulkheadd/agent.h"
#include "tools/bulkheadd/clock.h"

/* An event of ours for each time that a rule called for something: done, refused, or held back. */
static void say(struct agent *a, const struct agent_request *request, const char *result, const char *why)
{
    struct text members = {0};
    bool good = why == NULL;
    text_put(&members, ",\"rule\":");
    text_json(&members, request->rule);
    text_put(&members, ",\"action\":\"%s\",\"result\":\"%s\"", request->action, result);
    if (request->target[0] != 0) {
        text_put(&members, ",\"target\":");
        text_json(&members, request->target);
    }
    if (!good) {
        text_put(&members, ",\"why\":");
        text_json(&members, why);
    }
    a->acted += good;
    a->refused += !good;
    agent_say(a, good ? SEVERITY_WARNING : SEVERITY_ERROR, "rule", text_string(&members));
    text_free(&members);
}

static void act(struct agent *a, const struct policy_rule *rule, const struct agent_request *request)
{
    struct text members = {0};
    const char *why = NULL;
    const char *fix = NULL;
    text_put(&members, ",\"command\":\"%s\"", request->action);
    if (request->target[0] != 0) {
        text_put(&members, ",\"%s\":", policy_action_member(rule->action));
        text_json(&members, request->target);
    }
    if (!agent_ask(a, request, text_string(&members), &why, &fix)) {
        say(a, request, "failed", why);
    }
    text_free(&members);
}

void agent_apply_rules(struct agent *a, const struct jtree_node *event)
{
    for (size_t i = 0; a->policy != NULL && i < a->policy->count; i++) {
        struct policy_rule *rule = &a->policy->rules[i];
        struct agent_request request = {.asker = AGENT_ASKER_POLICY};
        bool too_often = false;
        bool wanted = policy_rule_event(rule, event, clock_ms(), &too_often);
        const char *target = policy_target(rule, event);
        if (!wanted && !too_often) {
            continue;
        }
        text_fit(request.rule, sizeof(request.rule), rule->name);
        text_fit(request.action, sizeof(request.action), policy_action_command(rule->action));
        text_fit(request.target, sizeof(request.target), target != NULL ? target : "");
        if (too_often) {
            say(a, &request, "held-back", "acted as often as at-most allows");
        } else if (rule->action == POLICY_LOG) {
            say(a, &request, "done", NULL);
        } else if (policy_action_member(rule->action) != NULL && target == NULL) {
            say(a, &request, "failed", "the event does not say whom: give the rule a target");
        } else {
            act(a, rule, &request);
        }
    }
}

void agent_rule_answered(struct agent *a, const struct agent_request *request, const struct jtree_node *answer)
{
    bool good = jtree_is_true(answer, "ok");
    const char *why = jtree_text(answer, "error");
    say(a, request, good ? "done" : "failed", good ? NULL : why != NULL ? why : "refused without a reason");
}
