/* SPDX-License-Identifier: GPL-2.0-only
 * Commands about what is watched and what was measured (docs/integrity.md). */
#include "service/control_command.h"
#include "service/measured.h"

static void put_watch(struct json *json, const struct vm_owned *owned)
{
    const struct watch *w = &owned->watch;
    json_object(json, NULL);
    json_text(json, "guest", owned->vm.name);
    json_bool(json, "armed", watch_is_armed(w));
    json_text(json, "on-watch", w->rules.allow ? "allow" : "block");
    json_number(json, "ranges", w->rules.count);
    json_number(json, "writes", __atomic_load_n(&w->report.total, __ATOMIC_RELAXED));
    json_close(json);
}

static void run_watches(struct control *control, const struct control_command *command)
{
    (void)command;
    size_t i = control_list_begin(control, "watches");
    if (i == SIZE_MAX) {
        return;
    }
    size_t total = 0; /* all fit: a guest takes less than a sixty-fourth of an answer */
    for (size_t g = 0; g < control->parts.guest_count; g++) {
        const struct vm_owned *owned = control->parts.guests[g];
        if (owned->vm.memory.watch != NULL && total++ >= i && control_list_next(control)) {
            put_watch(&control->json, owned);
        }
    }
    control_list_end(control, total, total);
}

static void run_watch(struct control *control, const struct control_command *command)
{
    (void)command;
    struct vm_owned *owned = control_guest_named(control);
    const struct json_member *on = json_read_find(&control->read, "on");
    if (owned == NULL) {
        return;
    }
    if (owned->vm.memory.watch == NULL) {
        control_refuse(control, "not-possible", "add watch = [\"0x1000000+0x200000\"] to its table, and start anew",
                       "guest '%s' has no ranges to watch", owned->vm.name);
        return;
    }
    watch_order(&owned->watch, on->yes);
    json_text(&control->json, "guest", owned->vm.name);
    json_bool(&control->json, "on", on->yes);
}

static void put_measured(struct json *json, const struct tpm_event *event)
{
    char digest[MEASURED_DIGEST_TEXT_SIZE];
    json_object(json, NULL);
    json_number(json, "pcr", event->pcr);
    json_text(json, "event-type", tpm_log_type_text(event->type));
    json_hex(json, "event-code", event->type);
    json_text(json, "algorithm", tpm_log_algorithm_text(event->algorithm));
    json_text(json, "digest", measured_digest_text(event, digest));
    json_text(json, "text", event->text);
    json_close(json);
}

static void run_measured_log(struct control *control, const struct control_command *command)
{
    (void)command;
    struct tpm_event event;
    size_t i = control_list_begin(control, "measured");
    if (i == SIZE_MAX) {
        return;
    }
    for (; control_list_next(control) && measured_at(i, &event) == STATUS_OK; i++) {
        put_measured(&control->json, &event);
    }
    control_list_end(control, i, measured_count());
    json_bool(&control->json, "present", measured_why_not() == NULL);
    json_bool(&control->json, "unsound", measured_is_cut());
    if (measured_why_not() != NULL) {
        json_text(&control->json, "why", measured_why_not());
    }
}

const struct control_command control_integrity_commands[] = {
    {.name = "watches",
     .arguments = {{.name = "from", .kind = JSON_NUMBER, .optional = true, .example = "0"}},
     .run = run_watches,
     .description = "Guests whose memory is watched, and whether the watch is armed."},
    {.name = "watch",
     .arguments = {{.name = "guest", .kind = JSON_STRING, .example = "\"user\""},
                   {.name = "on", .kind = JSON_BOOL, .example = "true"}},
     .run = run_watch,
     .description = "Arm the watch over a guest's memory, or disarm it, until the guest starts again."},
    {.name = "measured-log",
     .arguments = {{.name = "from", .kind = JSON_NUMBER, .optional = true, .example = "0"}},
     .run = run_measured_log,
     .description = "What firmware and boot loader measured, as the TPM's event log has it."},
    {.name = NULL},
};
