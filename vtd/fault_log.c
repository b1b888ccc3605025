/* SPDX-License-Identifier: GPL-2.0-only
 * The fault line and its rate limit. */
#include "vtd/fault_log.h"

#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/lib/format.h"
#include "vtd/fault_text.h"

void vtd_fault_log_init(struct vtd_fault_log *log, struct vtd_fault_limit limit, vtd_fault_lookup *lookup,
                        void *context)
{
    *log = (struct vtd_fault_log){.limit = limit, .lookup = lookup, .context = context};
    log->shared.tokens = limit.burst;
}

static void refill(struct vtd_fault_bucket *b, struct vtd_fault_limit limit, uint64_t now_ns)
{
    uint64_t fresh = limit.period_ns == 0 ? limit.burst : (now_ns - b->refilled_ns) / limit.period_ns;
    if (fresh >= limit.burst - b->tokens) {
        b->tokens = limit.burst;
        b->refilled_ns = now_ns;
    } else {
        b->tokens += (uint32_t)fresh;
        b->refilled_ns += fresh * limit.period_ns;
    }
}

/* A bucket that is full again and owes no count tells nothing: it can serve another source. */
static bool is_idle(struct vtd_fault_log *log, struct vtd_fault_bucket *b, uint64_t now_ns)
{
    if (!b->taken) {
        return true;
    }
    refill(b, log->limit, now_ns);
    return b->tokens == log->limit.burst && b->suppressed == 0;
}

static struct vtd_fault_bucket *find_bucket(struct vtd_fault_log *log, struct sbdf source, uint64_t now_ns)
{
    struct vtd_fault_bucket *idle = NULL;
    for (size_t i = 0; i < VTD_FAULT_LOG_SOURCES; i++) {
        struct vtd_fault_bucket *b = &log->buckets[i];
        if (b->taken && sbdf_equal(b->source, source)) {
            return b;
        }
        if (idle == NULL && is_idle(log, b, now_ns)) {
            idle = b;
        }
    }
    if (idle == NULL) {
        return &log->shared;
    }
    *idle =
        (struct vtd_fault_bucket){.source = source, .taken = true, .tokens = log->limit.burst, .refilled_ns = now_ns};
    return idle;
}

bool vtd_fault_log_admit(struct vtd_fault_log *log, struct sbdf source, uint64_t now_ns, uint64_t *suppressed)
{
    struct vtd_fault_bucket *b = find_bucket(log, source, now_ns);
    refill(b, log->limit, now_ns);
    if (b->tokens == 0) {
        b->suppressed++;
        return false;
    }
    b->tokens--;
    *suppressed = b->suppressed;
    b->suppressed = 0;
    return true;
}

void vtd_fault_log_leave_out(struct vtd_fault_log *log, struct sbdf source, uint64_t now_ns)
{
    find_bucket(log, source, now_ns)->suppressed++;
}

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

/* Room for one more key. */
#define KEY_SIZE 32

static size_t put_note(const char *key, const char *note, char *out, size_t size, size_t used)
{
    bool room = used < size;
    return note == NULL || note[0] == 0
               ? used
               : used + format_text(room ? out + used : NULL, room ? size - used : 0, " %s=\"%s\"", key, note);
}

size_t vtd_fault_log_line(const struct vtd_fault *fault, struct vtd_fault_owner owner, uint64_t suppressed,
                          struct vtd_fault_notes notes, char *out, size_t size)
{
    char source[SBDF_TEXT_SIZE];
    char where[KEY_SIZE];
    char left_out[KEY_SIZE] = "";
    if (fault->access == VTD_FAULT_INTERRUPT) {
        format_text(where, sizeof(where), "index=0x%x", (unsigned)fault->index);
    } else {
        format_text(where, sizeof(where), "addr=0x%llx", (unsigned long long)fault->address);
    }
    if (suppressed != 0) {
        format_text(left_out, sizeof(left_out), " suppressed=%llu", (unsigned long long)suppressed);
    }
    size_t used =
        format_text(out, size, "fault: unit=%u sid=%s device=%s guest=%s access=%s %s reason=0x%x%s", fault->unit,
                    sbdf_text(fault->source, source), or_dash(owner.device), or_dash(owner.guest),
                    vtd_fault_access_text(fault->access), where, (unsigned)fault->reason, left_out);
    used = put_note("what", notes.what, out, size, used);
    used = put_note("before", notes.before, out, size, used);
    used = put_note("cause", notes.cause, out, size, used);
    return put_note("text", vtd_fault_text(fault->reason), out, size, used);
}

void vtd_fault_log_sink(void *log, const struct vtd_fault *fault)
{
    struct vtd_fault_log *l = log;
    struct vtd_fault_owner owner = {NULL, NULL};
    char line[VTD_FAULT_LOG_LINE_SIZE];
    uint64_t suppressed;
    if (!vtd_fault_log_admit(l, fault->source, time_now_ns(), &suppressed)) {
        return;
    }
    if (l->lookup != NULL) {
        owner = l->lookup(l->context, fault->source);
    }
    vtd_fault_log_line(fault, owner, suppressed, (struct vtd_fault_notes){NULL, NULL, NULL}, line, sizeof(line));
    log_warn("%s", line);
}

void vtd_fault_log_overflow(unsigned unit)
{
    log_warn("fault: unit=%u overflow=1 text=\"the unit lost faults: its records were full\"", unit);
}

void vtd_fault_log_storm(unsigned unit)
{
    log_warn("fault: unit=%u storm=1 text=\"faults come faster than they can be read: not all are shown\"", unit);
}
