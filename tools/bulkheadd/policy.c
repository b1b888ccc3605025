/* SPDX-License-Identifier: GPL-2.0-only
 * Rules against events: does it match, is it the count-th in time, did the rule act too often. */
#include "tools/bulkheadd/policy.h"

#include <stdlib.h>
#include <string.h>

#include "tools/bulkheadd/state.h"

static const struct {
    const char *command, *member;
} actions[POLICY_ACTIONS] = {
    [POLICY_LOG] = {"log", NULL},
    [POLICY_RESTART] = {"restart", "guest"},
    [POLICY_STOP] = {"stop", "guest"},
    [POLICY_SHUTDOWN] = {"shutdown", "guest"},
    [POLICY_START] = {"start", "guest"},
    [POLICY_PAUSE] = {"pause", "guest"},
    [POLICY_RESUME] = {"resume", "guest"},
    [POLICY_STOP_DEVICE] = {"stop-device", "device"},
    [POLICY_RETURN_DEVICE] = {"return-device", "device"},
    [POLICY_CUT] = {"cut", "network"},
    [POLICY_RESTORE] = {"restore", "network"},
    [POLICY_REBOOT] = {"reboot", NULL},
    [POLICY_POWEROFF] = {"poweroff", NULL},
};

const char *policy_action_command(enum policy_action action)
{
    return actions[action].command;
}

const char *policy_action_member(enum policy_action action)
{
    return actions[action].member;
}

bool policy_limit_parse(const char *text, struct policy_limit *out)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}};
    size_t digits = strspn(text, "0123456789");
    const char *time = text + digits + 1;
    if (digits == 0 || digits > 4 || text[digits] != '/') {
        return false;
    }
    size_t time_digits = strspn(time, "0123456789");
    uint32_t count = (uint32_t)strtoul(text, NULL, 10);
    if (count == 0 || count > POLICY_LIMIT_MAX || time_digits == 0 || time_digits > 6) {
        return false;
    }
    uint64_t amount = strtoull(time, NULL, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (amount != 0 && strcmp(time + time_digits, units[i].unit) == 0) {
            *out = (struct policy_limit){.count = count, .ms = amount * units[i].ms};
            return true;
        }
    }
    return false;
}

static bool fits(const char *wanted, const struct jtree_node *event, const char *member)
{
    const char *is = jtree_text(event, member);
    return wanted == NULL || (is != NULL && strcmp(is, wanted) == 0);
}

/* By its address, or by the name that faults have beside it. */
static bool fits_device(const char *wanted, const struct jtree_node *event)
{
    const char *address = state_device_of(event);
    return fits(wanted, event, "device") || (address != NULL && strcmp(address, wanted) == 0);
}

static bool matches(const struct policy_rule *rule, const struct jtree_node *event)
{
    return fits(rule->type, event, "type") && fits(rule->guest, event, "guest") && fits_device(rule->device, event) &&
           fits(rule->network, event, "network") && state_severity(event) >= rule->severity;
}

const char *policy_target(const struct policy_rule *rule, const struct jtree_node *event)
{
    const char *member = actions[rule->action].member;
    if (member == NULL) {
        return NULL;
    }
    if (rule->target != NULL) {
        return rule->target;
    }
    return strcmp(member, "device") == 0 ? state_device_of(event) : jtree_text(event, member);
}

/* The window of this key; a new one takes the place of the one unseen for longest. */
static struct policy_window *window_of(struct policy_window *windows, const char *key, uint32_t count, uint64_t now)
{
    struct policy_window *oldest = &windows[0];
    char wanted[sizeof(oldest->key)];
    text_fit(wanted, sizeof(wanted), key);
    for (size_t i = 0; i < POLICY_KEYS_MAX; i++) {
        if (windows[i].times != NULL && strcmp(windows[i].key, wanted) == 0) {
            windows[i].seen = now;
            return &windows[i];
        }
        bool older = windows[i].times == NULL || windows[i].seen < oldest->seen;
        oldest = oldest->times != NULL && older ? &windows[i] : oldest;
    }
    uint64_t *times = oldest->times != NULL ? oldest->times : calloc(count, sizeof(*times));
    *oldest = (struct policy_window){.times = times, .seen = now};
    text_fit(oldest->key, sizeof(oldest->key), key);
    return times != NULL ? oldest : NULL;
}

static void window_put(struct policy_window *window, uint32_t count, uint64_t now)
{
    window->times[window->next] = now;
    window->next = (window->next + 1) % count;
    window->used += window->used < count;
}

/* Were the last `count` all within the time? */
static bool window_full(const struct policy_window *window, const struct policy_limit *limit, uint64_t now)
{
    return window->used == limit->count && now - window->times[window->next] <= limit->ms;
}

/* An event may stand for many ("count"); more than the limit make no difference. */
static uint32_t weight_of(const struct jtree_node *event, uint32_t most)
{
    uint64_t count = jtree_number(event, "count", 1);
    return count < most ? (uint32_t)count : most;
}

bool policy_rule_event(struct policy_rule *rule, const struct jtree_node *event, uint64_t now_ms, bool *too_often)
{
    *too_often = false;
    if (!matches(rule, event)) {
        return false;
    }
    const char *target = policy_target(rule, event);
    const char *key = target != NULL ? target : "";
    struct policy_window *events = window_of(rule->events, key, rule->limit.count, now_ms);
    struct policy_window *acts = rule->most.count != 0 ? window_of(rule->acts, key, rule->most.count, now_ms) : NULL;
    for (uint32_t left = weight_of(event, rule->limit.count); events != NULL && left != 0; left--) {
        window_put(events, rule->limit.count, now_ms);
    }
    if (events == NULL || !window_full(events, &rule->limit, now_ms)) {
        return false;
    }
    events->used = 0; /* acted upon: the next action needs as many events again */
    events->next = 0;
    *too_often = acts != NULL && window_full(acts, &rule->most, now_ms);
    if (*too_often) {
        return false;
    }
    if (acts != NULL) {
        window_put(acts, rule->most.count, now_ms);
    }
    rule->acted++;
    return true;
}

void policy_free(struct policy *p)
{
    for (size_t i = 0; i < p->count; i++) {
        for (size_t k = 0; k < POLICY_KEYS_MAX; k++) {
            free(p->rules[i].events[k].times);
            free(p->rules[i].acts[k].times);
        }
    }
    p->count = 0;
}
