/* SPDX-License-Identifier: GPL-2.0-only
 * Faults told, and acted on. */
#include "service/fault_events.h"

#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "vtd/fault_text.h"

#define TOLD_AGAIN_NS UINT64_C(1000000000)

/* Lines of a source: some at once, then one a second; and of all. A serial line of 115,200 baud takes 30 ms for one. */
static const struct vtd_fault_limit line_limit = {.burst = 16, .period_ns = UINT64_C(1000000000)};
static const struct rate_limit all_lines_limit = {.count = 32, .period_ns = UINT64_C(2000000000)};

_Static_assert((int)CONFIG_INFO == EVENT_INFO && (int)CONFIG_WARNING == EVENT_WARNING &&
                   (int)CONFIG_ERROR == EVENT_ERROR && (int)CONFIG_CRITICAL == EVENT_CRITICAL,
               "a severity of the configuration is one of events");

void fault_events_init(struct fault_events *e, const struct fault_events_ops *ops)
{
    e->ops = *ops;
    vtd_fault_log_init(&e->log, line_limit, NULL, NULL);
    e->lost_told_ns = e->storm_told_ns = 0;
    e->lines = (struct rate_window){0};
    e->others = (struct fault_events_source){0};
    e->forgot = false;
    for (size_t i = 0; i < FAULT_EVENTS_SOURCES; i++) {
        e->sources[i] = (struct fault_events_source){0};
    }
}

/* --- who it was */

/* One that owes no event and may send the next one at once tells nothing: its place can be another's. */
static bool is_idle(const struct fault_events_source *s, uint64_t now_ns)
{
    return !s->taken || (s->pending == 0 && !s->lower_bound && now_ns >= s->next_ns);
}

static struct fault_events_source *find(struct fault_events *e, struct sbdf source, uint64_t now_ns)
{
    struct fault_events_source *idle = NULL, *unused = NULL;
    for (size_t i = 0; i < FAULT_EVENTS_SOURCES; i++) {
        struct fault_events_source *s = &e->sources[i];
        if (s->taken && sbdf_equal(s->last.source, source)) {
            return s;
        }
        if (unused == NULL && !s->taken) {
            unused = s;
        } else if (idle == NULL && is_idle(s, now_ns)) {
            idle = s;
        }
    }
    if (unused != NULL) { /* a count is given up only when there are more sources than places */
        return unused;
    }
    if (idle == NULL) {
        return &e->others;
    }
    e->forgot |= idle->total != 0;
    *idle = (struct fault_events_source){0};
    return idle;
}

uint64_t fault_events_count(const struct fault_events *e, struct sbdf source, bool *lower_bound)
{
    uint64_t total = 0;
    for (size_t i = 0; i < FAULT_EVENTS_SOURCES; i++) {
        const struct fault_events_source *s = &e->sources[i];
        if (__atomic_load_n(&s->taken, __ATOMIC_RELAXED) && sbdf_equal(s->last.source, source)) {
            total = __atomic_load_n(&s->total, __ATOMIC_RELAXED);
        }
    }
    *lower_bound = __atomic_load_n(&e->lost_told_ns, __ATOMIC_RELAXED) != 0 ||
                   __atomic_load_n(&e->forgot, __ATOMIC_RELAXED) ||
                   __atomic_load_n(&e->others.total, __ATOMIC_RELAXED) != 0;
    return total;
}

static enum config_severity severity_of(const struct fault_subject *subject)
{
    return subject->policy != NULL ? subject->policy->rules.severity : CONFIG_WARNING;
}

static enum log_level level_of(enum config_severity severity)
{
    return severity == CONFIG_INFO ? LOG_INFO : severity == CONFIG_WARNING ? LOG_WARN : LOG_ERROR;
}

/* --- telling */

static void put_place(struct json *json, const struct vtd_fault *fault, const struct vtd_fault_owner *owner)
{
    char source[SBDF_TEXT_SIZE];
    json_text(json, "source", sbdf_text(fault->source, source));
    json_text(json, "device", owner->device);
    json_text(json, "guest", owner->guest);
}

static void put_request(struct json *json, const struct vtd_fault *fault)
{
    json_text(json, "access", vtd_fault_access_text(fault->access));
    if (fault->access == VTD_FAULT_INTERRUPT) {
        json_number(json, "index", fault->index);
    } else {
        json_hex(json, "address", fault->address);
    }
    json_hex(json, "reason", fault->reason);
    json_text(json, "text", vtd_fault_text(fault->reason));
}

static void put_words(struct json *json, const struct forensics *words)
{
    json_text(json, "what", words->what);
    if (words->before[0] != 0) {
        json_text(json, "before", words->before);
    }
    json_text(json, "cause", words->cause);
    if (words->fix[0] != 0) {
        json_text(json, "fix", words->fix);
    }
}

static void explain(struct fault_events *e, const struct vtd_fault *fault)
{
    e->ops.facts(e->ops.context, fault, &e->facts);
    forensics_explain(&e->facts, &e->words);
}

/* e->words explain s->last. */
static void send(struct fault_events *e, struct fault_events_source *s, const struct fault_subject *subject,
                 uint64_t now_ns)
{
    struct json *json = &e->event.json;
    event_begin(&e->event, (enum event_severity)severity_of(subject), "fault");
    json_number(json, "unit", s->last.unit);
    put_place(json, &s->last, &subject->owner);
    put_request(json, &s->last);
    json_number(json, "count", s->pending);
    json_bool(json, "lower-bound", s->lower_bound);
    if (s == &e->others) {
        json_bool(json, "several-sources", true);
    }
    put_words(json, &e->words);
    event_end(&e->event);
    s->pending = 0;
    s->lower_bound = false;
    s->next_ns = now_ns + FAULT_EVENTS_NS;
}

static void print(const struct fault_events *e, const struct vtd_fault *fault, const struct fault_subject *subject,
                  uint64_t suppressed)
{
    char line[VTD_FAULT_LOG_LINE_SIZE];
    const struct vtd_fault_notes notes = {e->words.what, e->words.before, e->words.cause};
    vtd_fault_log_line(fault, subject->owner, suppressed, notes, line, sizeof(line));
    log_only(level_of(severity_of(subject)), "%s", line);
}

/* --- acting */

static void tell_action(struct fault_events *e, const struct vtd_fault *fault, const struct fault_subject *subject,
                        enum config_on_fault action, enum status status)
{
    char source[SBDF_TEXT_SIZE];
    const struct rate_limit limit = subject->policy->rules.fault_limit;
    log_only(LOG_WARN, "policy: sid=%s device=%s guest=%s action=%s limit=%u/%lluus: %s",
             sbdf_text(fault->source, source), subject->owner.device, subject->owner.guest, policy_action_text(action),
             limit.count, (unsigned long long)(limit.period_ns / 1000), status_text(status));
    event_begin(&e->event, EVENT_ERROR, "policy-applied");
    put_place(&e->event.json, fault, &subject->owner);
    json_text(&e->event.json, "action", policy_action_text(action));
    json_number(&e->event.json, "limit-count", limit.count);
    json_number(&e->event.json, "limit-us", limit.period_ns / 1000);
    json_bool(&e->event.json, "ok", status == STATUS_OK);
    if (status != STATUS_OK) {
        json_text(&e->event.json, "error", status_text(status));
    }
    event_end(&e->event);
}

/* --- what the watch calls */

static bool may_print(struct fault_events *e, struct sbdf source, uint64_t now_ns, uint64_t *suppressed)
{
    if (rate_exceeded(&e->lines, all_lines_limit, now_ns, 1)) {
        vtd_fault_log_leave_out(&e->log, source, now_ns);
        return false;
    }
    bool may = vtd_fault_log_admit(&e->log, source, now_ns, suppressed);
    e->lines.count -= !may;
    return may;
}

/* The last fault of a source: an event when one is due, and a line within the limit. */
static void tell(struct fault_events *e, struct fault_events_source *s, const struct fault_subject *subject, bool due,
                 uint64_t now_ns)
{
    uint64_t suppressed = 0;
    bool shown = may_print(e, s->last.source, now_ns, &suppressed);
    if (due || shown) {
        explain(e, &s->last);
    }
    if (due) {
        send(e, s, subject, now_ns);
    }
    if (shown) {
        print(e, &s->last, subject, suppressed);
    }
}

static void heard(void *context, const struct vtd_fault *fault)
{
    struct fault_events *e = context;
    struct fault_subject subject;
    uint64_t now = time_now_ns();
    e->ops.subject(e->ops.context, fault->source, &subject);
    struct fault_events_source *s = find(e, fault->source, now);
    s->taken = true;
    s->last = *fault;
    s->pending++;
    s->total++;
    enum config_on_fault action = subject.policy != NULL ? policy_fault(subject.policy, now) : CONFIG_FAULT_LOG;
    enum status status = STATUS_OK;
    if (action == CONFIG_FAULT_STOP_DEVICE || action == CONFIG_FAULT_RESTART_GUEST) {
        status = e->ops.act(e->ops.context, fault->source, action); /* words can wait */
    }
    bool acts = action != CONFIG_FAULT_LOG;
    tell(e, s, &subject, acts || now >= s->next_ns, now);
    if (acts) {
        tell_action(e, fault, &subject, action, status);
    }
    if (action == CONFIG_FAULT_REBOOT) {
        (void)e->ops.act(e->ops.context, fault->source, action); /* does not come back */
    }
}

static void mark_lost(struct fault_events_source *s, unsigned unit, uint64_t now_ns)
{
    if (s->taken && s->last.unit == unit && !is_idle(s, now_ns)) {
        s->lower_bound = true;
    }
}

/* Whose the lost ones were nobody knows: all counts of that unit are lower bounds now. */
static void lost(void *context, unsigned unit)
{
    struct fault_events *e = context;
    uint64_t now = time_now_ns();
    for (size_t i = 0; i < FAULT_EVENTS_SOURCES; i++) {
        mark_lost(&e->sources[i], unit, now);
    }
    mark_lost(&e->others, unit, now);
    if (e->lost_told_ns == 0 || now - e->lost_told_ns >= TOLD_AGAIN_NS) {
        e->lost_told_ns = now;
        vtd_fault_log_overflow(unit);
    }
}

static void storm(void *context, unsigned unit)
{
    struct fault_events *e = context;
    uint64_t now = time_now_ns();
    if (e->storm_told_ns == 0 || now - e->storm_told_ns >= TOLD_AGAIN_NS) {
        e->storm_told_ns = now;
        vtd_fault_log_storm(unit);
    }
}

/* An event that is owed and may be sent; *next_ns: when the next one may. */
static void catch_up(struct fault_events *e, struct fault_events_source *s, uint64_t now_ns, uint64_t *next_ns)
{
    if (!s->taken || (s->pending == 0 && !s->lower_bound)) {
        return;
    }
    if (now_ns < s->next_ns) {
        *next_ns = s->next_ns < *next_ns ? s->next_ns : *next_ns;
        return;
    }
    struct fault_subject subject;
    e->ops.subject(e->ops.context, s->last.source, &subject);
    explain(e, &s->last);
    send(e, s, &subject, now_ns);
}

static uint64_t looked(void *context, uint64_t now_ns)
{
    struct fault_events *e = context;
    uint64_t next = TIMER_NEVER;
    for (size_t i = 0; i < FAULT_EVENTS_SOURCES; i++) {
        catch_up(e, &e->sources[i], now_ns, &next);
    }
    catch_up(e, &e->others, now_ns, &next);
    return next;
}

struct vtd_fault_listener fault_events_listener(struct fault_events *e)
{
    return (struct vtd_fault_listener){.fault = heard, .lost = lost, .storm = storm, .looked = looked, .context = e};
}
