/* SPDX-License-Identifier: GPL-2.0-only
 * Commands about the networks between guests: cut and restore. */
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/config_keys.h"
#include "service/control_command.h"

static size_t count_of(const struct control *control)
{
    return control->parts.networks == NULL ? 0 : control->parts.networks->count();
}

/* Its index; SIZE_MAX: none is that name, or near it. */
static size_t find(const struct control *control, const char *name, bool near)
{
    for (size_t i = 0; i < count_of(control); i++) {
        const char *other = control->parts.networks->name(i);
        if (near ? config_keys_near(other, name) : strcmp(other, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void run_networks(struct control *control, const struct control_command *command)
{
    (void)command;
    size_t i = control_list_begin(control, "networks");
    if (i == SIZE_MAX) {
        return;
    }
    for (; i < count_of(control) && control_list_next(control); i++) {
        json_object(&control->json, NULL);
        json_text(&control->json, "name", control->parts.networks->name(i));
        json_bool(&control->json, "up", control->parts.networks->is_up(i));
        json_close(&control->json);
    }
    control_list_end(control, i, count_of(control));
}

static void refuse_name(struct control *control, const char *name)
{
    char fix[CONTROL_FIX_SIZE] = "{\"command\":\"networks\"} lists them";
    size_t meant = find(control, name, true);
    if (meant != SIZE_MAX) {
        format_text(fix, sizeof(fix), "write \"network\":\"%s\"", control->parts.networks->name(meant));
    }
    control_refuse(control, "not-found", fix, "no network '%.40s'", name);
}

static void run_link(struct control *control, const struct control_command *command)
{
    const char *name = control_text(control, "network");
    bool up = strcmp(command->name, "restore") == 0;
    size_t which = find(control, name, false);
    if (which == SIZE_MAX) {
        refuse_name(control, name);
        return;
    }
    name = control->parts.networks->name(which);
    if (control->parts.networks->is_up(which) == up) {
        control_refuse(control, "not-possible", "{\"command\":\"networks\"} shows which are up",
                       "network '%s' is %s already", name, up ? "up" : "cut");
        return;
    }
    enum status status = control->parts.networks->set(name, up);
    if (status != STATUS_OK) {
        control_refuse(control, "not-possible", "look at the hypervisor's log", "network '%s': %s", name,
                       status_text(status));
        return;
    }
    json_text(&control->json, "network", name);
    json_bool(&control->json, "up", up);
}

#define NETWORK_ARGUMENT                                                                                               \
    {                                                                                                                  \
        {                                                                                                              \
            .name = "network", .kind = JSON_STRING, .example = "\"lan\""                                               \
        }                                                                                                              \
    }

const struct control_command control_network_commands[] = {
    {.name = "networks",
     .arguments = {{.name = "from", .kind = JSON_NUMBER, .optional = true, .example = "0"}},
     .run = run_networks,
     .description = "The networks between guests, and whether they are up."},
    {.name = "cut",
     .arguments = NETWORK_ARGUMENT,
     .run = run_link,
     .description = "Take a network's link down for all its guests."},
    {.name = "restore",
     .arguments = NETWORK_ARGUMENT,
     .run = run_link,
     .description = "Take a network's link up again."},
    {.name = NULL},
};
