/* SPDX-License-Identifier: GPL-2.0-only
 * Metrics in Prometheus' text format 0.0.4, for node_exporter's textfile collector. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/bulkheadd/agent.h"

static const char *const states[] = {"running", "paused",  "stopping", "stopped", "powered-off",
                                     "crashed", "refused", "starting", "waiting"};

static void head(struct text *out, const char *name, const char *type, const char *help)
{
    text_put(out, "# HELP bulkhead_%s %s\n# TYPE bulkhead_%s %s\n", name, help, name, type);
}

static void single(struct text *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    text_put(out, "bulkhead_%s %" PRIu64 "\n", name, value);
}

/* A label's value: backslash, quote and line feed are escaped; names from outside have no other odd bytes left. */
static void label(struct text *out, const char *key, const char *value)
{
    struct text clean = {0};
    text_clean(&clean, value);
    text_put(out, "%s=\"", key);
    for (const char *c = text_string(&clean); *c != 0; c++) {
        text_put(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    text_put(out, "\"");
    text_free(&clean);
}

/* One sample with one label. */
static void labelled(struct text *out, const char *name, const char *key, const char *value, uint64_t number)
{
    text_put(out, "bulkhead_%s{", name);
    label(out, key, value);
    text_put(out, "} %" PRIu64 "\n", number);
}

static void put_agent(struct text *out, const struct agent *a)
{
    const struct state *s = &a->state;
    head(out, "info", "gauge", "Versions, as labels.");
    text_put(out, "bulkhead_info{");
    label(out, "agent", AGENT_VERSION);
    text_put(out, ",");
    label(out, "hypervisor", s->hypervisor);
    text_put(out, ",");
    label(out, "config_sha256", s->config_sha256);
    text_put(out, "} 1\n");
    head(out, "channel_up", "gauge", "1 while that port to the hypervisor is open.");
    labelled(out, "channel_up", "port", "control", a->control.fd >= 0);
    labelled(out, "channel_up", "port", "events", a->events.fd >= 0);
    single(out, "events_dropped_total", "counter", "Events that the hypervisor dropped because nobody read them.",
           s->dropped);
    single(out, "events_missed_total", "counter", "Numbers of events that never came, beyond those dropped.",
           s->missed);
    single(out, "malformed_lines_total", "counter", "Lines that were no JSON, no event or no answer.", s->malformed);
    single(out, "not_forwarded_total", "counter", "Events that journal, syslog or standard output did not take.",
           a->forward.lost);
}

static void put_events(struct text *out, const struct state *s)
{
    head(out, "events_total", "counter", "Events by type and severity, those of the agent included.");
    for (size_t i = 0; i < s->type_count; i++) {
        for (int k = 0; k < SEVERITY_COUNT; k++) {
            if (s->types[i].count[k] != 0) {
                text_put(out, "bulkhead_events_total{");
                label(out, "type", s->types[i].name);
                text_put(out, ",severity=\"%s\"} %" PRIu64 "\n", severity_text((enum severity)k), s->types[i].count[k]);
            }
        }
    }
}

static uint64_t guest_number(const struct state_guest *guest, int which)
{
    const uint64_t numbers[] = {guest->exits, guest->faults, guest->starts, guest->crashes, guest->resets};
    return numbers[which];
}

static void put_guests(struct text *out, const struct state *s)
{
    static const struct {
        const char *name, *help;
    } counters[] = {
        {"guest_exits_total", "Exits from the guest into the hypervisor."},
        {"guest_faults_total", "Remapping faults of the guest's devices, at least so many."},
        {"guest_starts_total", "Starts of the guest."},
        {"guest_crashes_total", "Crashes of the guest that the agent saw."},
        {"guest_resets_total", "Resets of the guest that the agent saw."},
    };
    for (int k = 0; k < (int)(sizeof(counters) / sizeof(counters[0])); k++) {
        head(out, counters[k].name, "counter", counters[k].help);
        for (size_t i = 0; i < s->guest_count; i++) {
            labelled(out, counters[k].name, "guest", s->guests[i].name, guest_number(&s->guests[i], k));
        }
    }
    head(out, "guest_state", "gauge", "1 for the state that the guest is in.");
    for (size_t i = 0; i < s->guest_count; i++) {
        for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++) {
            text_put(out, "bulkhead_guest_state{");
            label(out, "guest", s->guests[i].name);
            text_put(out, ",state=\"%s\"} %d\n", states[k], strcmp(states[k], s->guests[i].state) == 0);
        }
    }
}

static void put_devices(struct text *out, const struct state *s)
{
    head(out, "device_faults_total", "counter", "Remapping faults of the device, at least so many.");
    for (size_t i = 0; i < s->device_count; i++) {
        text_put(out, "bulkhead_device_faults_total{");
        label(out, "device", s->devices[i].id);
        text_put(out, ",");
        label(out, "guest", s->devices[i].guest);
        text_put(out, "} %" PRIu64 "\n", s->devices[i].faults);
    }
    head(out, "device_stopped", "gauge", "1 while the device is taken away from its guest.");
    for (size_t i = 0; i < s->device_count; i++) {
        labelled(out, "device_stopped", "device", s->devices[i].id, s->devices[i].stopped);
    }
    head(out, "network_up", "gauge", "0 while the network between guests is cut.");
    for (size_t i = 0; i < s->network_count; i++) {
        labelled(out, "network_up", "network", s->networks[i].name, s->networks[i].up);
    }
}

static void put_rules(struct text *out, const struct agent *a)
{
    head(out, "rule_actions_total", "counter", "Actions that a rule of the policy file called for.");
    for (size_t i = 0; a->policy != NULL && i < a->policy->count; i++) {
        const struct policy_rule *rule = &a->policy->rules[i];
        text_put(out, "bulkhead_rule_actions_total{");
        label(out, "rule", rule->name);
        text_put(out, ",action=\"%s\"} %" PRIu64 "\n", policy_action_command(rule->action), rule->acted);
    }
    single(out, "rule_failures_total", "counter", "Actions that were refused or held back.", a->refused);
}

void agent_metrics(struct text *out, const struct agent *a)
{
    put_agent(out, a);
    put_events(out, &a->state);
    put_guests(out, &a->state);
    put_devices(out, &a->state);
    put_rules(out, a);
}

/* Readable by all, as node_exporter runs as a user of its own. */
static bool write_file(const char *path, const struct text *text)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    bool good = fwrite(text->bytes, 1, text->length, file) == text->length;
    good = fchmod(fileno(file), 0644) == 0 && good;
    return fclose(file) == 0 && good;
}

bool agent_metrics_write(const struct agent *a)
{
    struct text all = {0};
    struct text other = {0};
    text_put(&other, "%s.new", a->options.metrics);
    agent_metrics(&all, a);
    bool good = write_file(other.bytes, &all) && rename(other.bytes, a->options.metrics) == 0;
    if (!good) {
        fprintf(stderr, "bulkheadd: cannot write %s: %s\n", a->options.metrics, strerror(errno));
    }
    text_free(&all);
    text_free(&other);
    return good;
}
