/* SPDX-License-Identifier: GPL-2.0-only
 * Events of a guest's life. */
#include "guest/vm_event.h"

#include "kernel/core/event.h"

static const char *const end_words[] = {
    [VM_RUNNING] = "running", [VM_POWERED_OFF] = "powered-off", [VM_RESET] = "reset",       [VM_CRASHED] = "crashed",
    [VM_STOPPED] = "stopped", [VM_RESTARTED] = "restarted",     [VM_WATCHDOG] = "watchdog", [VM_REFUSED] = "refused",
};

const char *vm_event_end_text(enum vm_end end)
{
    return end_words[end];
}

static void begin(struct event *e, enum event_severity severity, const char *type, const struct vm_owned *owned)
{
    event_begin(e, severity, type);
    json_text(&e->json, "guest", owned->vm.name);
}

void vm_event_started(const struct vm_owned *owned)
{
    struct event e;
    begin(&e, EVENT_INFO, "guest-started", owned);
    json_number(&e.json, "starts", owned->starts);
    event_end(&e);
}

static void put_stop(enum event_severity severity, const char *type, const struct vm_owned *owned)
{
    struct event e;
    begin(&e, severity, type, owned);
    json_text(&e.json, "end", vm_event_end_text(owned->vm.end));
    if (owned->vm.why[0] != 0) {
        json_text(&e.json, "why", owned->vm.why);
    }
    json_number(&e.json, "ran-ns", owned->ran_ns);
    event_end(&e);
}

void vm_event_stopped(const struct vm_owned *owned)
{
    switch (owned->vm.end) {
    case VM_RUNNING:
    case VM_POWERED_OFF:
    case VM_STOPPED:
        put_stop(EVENT_INFO, "guest-exited", owned);
        break;
    case VM_RESET:
    case VM_RESTARTED:
        put_stop(EVENT_INFO, "guest-reset", owned);
        break;
    case VM_WATCHDOG:
        put_stop(EVENT_WARNING, "guest-reset", owned);
        break;
    case VM_CRASHED:
    case VM_REFUSED:
        put_stop(EVENT_ERROR, "guest-crashed", owned);
        break;
    }
}

void vm_event_failed(const struct vm_owned *owned, const char *why)
{
    struct event e;
    begin(&e, EVENT_ERROR, "guest-crashed", owned);
    json_text(&e.json, "end", vm_event_end_text(VM_CRASHED));
    json_text(&e.json, "why", why);
    json_number(&e.json, "ran-ns", 0);
    event_end(&e);
}

void vm_event_paused(const struct vm_owned *owned, bool paused, const char *who)
{
    struct event e;
    begin(&e, EVENT_INFO, paused ? "guest-paused" : "guest-resumed", owned);
    json_text(&e.json, "by", who);
    event_end(&e);
}
