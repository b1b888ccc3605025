/* SPDX-License-Identifier: GPL-2.0-only
 * Commands about the networks between guests: what goes over them, cut and restore. */
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/config.h"
#include "plan/config_keys.h"
#include "service/control_command.h"

#define PORT_ENTRY_MAX 256 /* a guest of a network: its name and five numbers */
_Static_assert(PORT_ENTRY_MAX *CONFIG_GUESTS_MAX <= CONTROL_ANSWER_MAX / 2, "one network fits an answer");

/* NULL: none is that name, or near it. */
static struct net_link *find(const struct control *control, const char *name, bool near)
{
    for (size_t i = 0; i < control->parts.network_count; i++) {
        struct net_link *link = &control->parts.networks[i];
        if (near ? config_keys_near(link->name, name) : strcmp(link->name, name) == 0) {
            return link;
        }
    }
    return NULL;
}

static struct net_port *find_port(const struct net_link *link, const char *guest)
{
    for (unsigned i = 0; i < link->count; i++) {
        if (strcmp(link->ports[i]->guest, guest) == 0) {
            return link->ports[i];
        }
    }
    return NULL;
}

static void put_counts(struct json *json, const struct net_port *port)
{
    struct net_counts c = net_port_counts(port);
    json_number(json, "packets-sent", c.packets_sent);
    json_number(json, "bytes-sent", c.bytes_sent);
    json_number(json, "packets-received", c.packets_received);
    json_number(json, "bytes-received", c.bytes_received);
    json_number(json, "dropped", c.dropped_sending + c.dropped_receiving);
}

static void put_totals(struct json *json, const struct net_link *link)
{
    uint64_t packets = 0, bytes = 0, dropped = 0;
    for (unsigned i = 0; i < link->count; i++) {
        struct net_counts c = net_port_counts(link->ports[i]);
        packets += c.packets_sent;
        bytes += c.bytes_sent;
        dropped += c.dropped_sending + c.dropped_receiving;
    }
    json_number(json, "packets", packets);
    json_number(json, "bytes", bytes);
    json_number(json, "dropped", dropped);
}

static void put_link(struct json *json, const struct net_link *link)
{
    json_object(json, NULL);
    json_text(json, "name", link->name);
    json_bool(json, "up", net_link_is_up(link, NULL));
    json_number(json, "mtu", link->mtu);
    put_totals(json, link);
    json_array(json, "guests");
    for (unsigned i = 0; i < link->count; i++) {
        const struct net_port *port = link->ports[i];
        json_object(json, NULL);
        json_text(json, "guest", port->guest);
        json_bool(json, "up", net_link_is_up(link, port));
        put_counts(json, port);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static void run_networks(struct control *control, const struct control_command *command)
{
    (void)command;
    size_t i = control_list_begin(control, "networks");
    if (i == SIZE_MAX) {
        return;
    }
    for (; i < control->parts.network_count &&
           control_list_fits(control, PORT_ENTRY_MAX * control->parts.networks[i].count);
         i++) {
        put_link(&control->json, &control->parts.networks[i]);
    }
    control_list_end(control, i, control->parts.network_count);
}

static void refuse_name(struct control *control, const char *name)
{
    char fix[CONTROL_FIX_SIZE] = "{\"command\":\"networks\"} lists them";
    const struct net_link *meant = find(control, name, true);
    if (meant != NULL) {
        format_text(fix, sizeof(fix), "write \"network\":\"%s\"", meant->name);
    }
    control_refuse(control, "not-found", fix, "no network '%.40s'", name);
}

/* The link of one guest, which the network's own state does not touch. */
static void run_port(struct control *control, struct net_link *link, const char *guest, bool up)
{
    const struct net_port *port = find_port(link, guest);
    if (port == NULL) {
        control_refuse(control, "not-found", "{\"command\":\"networks\"} lists who is on it",
                       "guest '%.40s' is not on network '%s'", guest, link->name);
    } else if (net_link_is_cut(port) != up) {
        control_refuse(control, "not-possible", "{\"command\":\"networks\"} shows which are up",
                       "guest '%s' is %s network '%s' already", port->guest, up ? "on" : "cut from", link->name);
    } else if (net_link_set(link, port->guest, up) == STATUS_OK) {
        json_text(&control->json, "network", link->name);
        json_text(&control->json, "guest", port->guest);
        json_bool(&control->json, "up", up);
    }
}

static void run_link(struct control *control, const struct control_command *command)
{
    const char *name = control_text(control, "network");
    const char *guest = control_text(control, "guest");
    bool up = strcmp(command->name, "restore") == 0;
    struct net_link *link = find(control, name, false);
    if (link == NULL) {
        refuse_name(control, name);
    } else if (*guest != 0) {
        run_port(control, link, guest, up);
    } else if (net_link_is_up(link, NULL) == up) {
        control_refuse(control, "not-possible", "{\"command\":\"networks\"} shows which are up",
                       "network '%s' is %s already", link->name, up ? "up" : "cut");
    } else if (net_link_set(link, NULL, up) == STATUS_OK) {
        json_text(&control->json, "network", link->name);
        json_bool(&control->json, "up", up);
    }
}

#define LINK_ARGUMENTS                                                                                                 \
    {                                                                                                                  \
        {.name = "network", .kind = JSON_STRING, .example = "\"lan\""},                                                \
        {                                                                                                              \
            .name = "guest", .kind = JSON_STRING, .optional = true, .example = "\"user\""                              \
        }                                                                                                              \
    }

const struct control_command control_network_commands[] = {
    {.name = "networks",
     .arguments = {{.name = "from", .kind = JSON_NUMBER, .optional = true, .example = "0"}},
     .run = run_networks,
     .description = "The networks between guests: whether they are up, and what went over them."},
    {.name = "cut",
     .arguments = LINK_ARGUMENTS,
     .run = run_link,
     .description = "Take a network's link down for one of its guests, or for all."},
    {.name = "restore",
     .arguments = LINK_ARGUMENTS,
     .run = run_link,
     .description = "Take a link up again that was cut."},
    {.name = NULL},
};
