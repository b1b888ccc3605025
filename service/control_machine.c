/* SPDX-License-Identifier: GPL-2.0-only
 * Commands about the machine and the hypervisor itself. */
#include "guest/vm_order.h"
#include "kernel/core/event.h"
#include "kernel/core/event_log.h"
#include "kernel/core/last_boot.h"
#include "kernel/core/log_level.h"
#include "kernel/core/percpu.h"
#include "kernel/core/power.h"
#include "kernel/core/time.h"
#include "kernel/lib/string.h"
#include "service/control_command.h"

#define NO_EVENTS "none"
#define ANSWER_TAIL_MAX 1024 /* of last-boot, behind its list */
#define FIX_LEVEL "write \"error\", \"warn\", \"info\" or \"debug\"; for \"events\", \"none\" too"

static void run_help(struct control *control, const struct control_command *command)
{
    (void)command;
    struct json *json = &control->json;
    const struct control_command *c;
    json_array(json, "commands");
    for (size_t i = 0; (c = control_command_at(i)) != NULL; i++) {
        json_object(json, NULL);
        json_text(json, "command", c->name);
        for (size_t k = 0; k < CONTROL_ARGUMENTS_MAX && c->arguments[k].name != NULL; k++) {
            const struct control_argument *a = &c->arguments[k];
            json_object(json, a->name);
            json_raw(json, "example", a->example, strlen(a->example));
            json_bool(json, "optional", a->optional);
            json_close(json);
        }
        json_text(json, "text", c->description);
        json_close(json);
    }
    json_close(json);
}

static void put_levels(struct json *json)
{
    int events = event_log_level();
    json_text(json, "level", log_level_text(log_current_level()));
    json_text(json, "events", events == EVENT_LOG_NONE ? NO_EVENTS : log_level_text((enum log_level)events));
}

static void run_status(struct control *control, const struct control_command *command)
{
    (void)command;
    struct json *json = &control->json;
    size_t running = 0;
    for (size_t i = 0; i < control->parts.guest_count; i++) {
        running += vm_order_state(control->parts.guests[i]) == VM_ORDER_RUNNING;
    }
    json_text(json, "version", control->parts.version);
    json_text(json, "config-sha256", control->parts.config_sha256);
    json_number(json, "time-ns", time_now_ns());
    json_number(json, "cpus", cpu_count());
    json_text(json, "service", control->parts.self->vm.name);
    json_number(json, "guest-count", control->parts.guest_count);
    json_number(json, "guests-running", running);
    if (control->parts.fault_total != NULL) {
        json_number(json, "faults", control->parts.fault_total());
    }
    json_object(json, "events");
    json_number(json, "last", event_last());
    json_number(json, "dropped", event_lost());
    json_close(json);
    json_object(json, "log");
    put_levels(json);
    json_close(json);
    json_bool(json, "can-power-off", power_why_not_off() == NULL);
}

static void run_log_level(struct control *control, const struct control_command *command)
{
    const struct json_member *console = json_read_find(&control->read, "level");
    const struct json_member *events = json_read_find(&control->read, "events");
    enum log_level level = LOG_INFO, event_level = LOG_INFO;
    bool none = events != NULL && strcmp(events->text, NO_EVENTS) == 0;
    bool good = (console == NULL || log_level_parse(console->text, &level)) &&
                (events == NULL || none || log_level_parse(events->text, &event_level));
    if (!good) {
        control_refuse(control, "bad-value", FIX_LEVEL, "no such level for command '%s'", command->name);
        return;
    }
    if (console != NULL) {
        log_set_level(level);
    }
    if (events != NULL) {
        event_log_set_level(none ? EVENT_LOG_NONE : (int)event_level);
    }
    put_levels(&control->json);
}

static void put_last_line(struct json *json, uint64_t index)
{
    char text[LAST_LOG_TEXT];
    bool whole = last_boot_line(index, text);
    json_object(json, NULL);
    json_bool(json, "damaged", !whole);
    json_text(json, "text", whole ? text : "");
    json_close(json);
}

static void run_last_boot(struct control *control, const struct control_command *command)
{
    (void)command;
    struct json *json = &control->json;
    struct last_boot_facts last = last_boot_facts();
    size_t i = control_list_begin(control, "log");
    if (i == SIZE_MAX) {
        return;
    }
    for (; control_list_fits(control, ANSWER_TAIL_MAX) && i < last.lines; i++) {
        put_last_line(json, i);
    }
    control_list_end(control, i, last.lines);
    json_text(json, "end", last.end);
    json_text(json, "why", last.why);
    json_number(json, "overwritten", last.overwritten);
    json_number(json, "damaged", last.damaged);
}

static void run_reboot(struct control *control, const struct control_command *command)
{
    (void)command;
    log_info("bulkhead: the service guest wants the machine to be reset");
    control->machine = CONTROL_MACHINE_REBOOT;
}

static void run_poweroff(struct control *control, const struct control_command *command)
{
    const char *why = power_why_not_off();
    if (why != NULL) {
        control_refuse(control, "not-supported", "use reboot, or the machine's own button", "'%s' cannot be: %s",
                       command->name, why);
        return;
    }
    log_info("bulkhead: the service guest wants the machine to be switched off");
    control->machine = CONTROL_MACHINE_OFF;
}

const struct control_command control_machine_commands[] = {
    {.name = "help", .run = run_help, .description = "This list."},
    {.name = "status", .run = run_status, .description = "The hypervisor: version, configuration, counts."},
    {.name = "log-level",
     .arguments = {{.name = "level", .kind = JSON_STRING, .optional = true, .example = "\"info\""},
                   {.name = "events", .kind = JSON_STRING, .optional = true, .example = "\"warn\""}},
     .run = run_log_level,
     .description = "From which level on lines are shown on the console, and sent as events of type log."},
    {.name = "last-boot",
     .arguments = {{.name = "from", .kind = JSON_NUMBER, .optional = true, .example = "0"}},
     .run = run_last_boot,
     .description = "How the boot before this one ended, and the end of its log."},
    {.name = "reboot", .run = run_reboot, .description = "Reset the machine, at once; guests are not asked."},
    {.name = "poweroff", .run = run_poweroff, .description = "Switch the machine off, at once; guests are not asked."},
    {.name = NULL},
};
