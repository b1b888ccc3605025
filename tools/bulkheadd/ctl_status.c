/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl status: the agent, its channels, and what the hypervisor says of itself. */
#include <stdio.h>
#include <string.h>

#include "tools/bulkheadd/ctl.h"
#include "tools/bulkheadd/table.h"

#define LABEL_WIDTH 18

static void put_line(const char *label, const struct text *value)
{
    printf("%-*s %s\n", LABEL_WIDTH, label, text_string(value));
}

static void put_channel(const struct ctl *c, const struct jtree_node *agent, const char *name)
{
    const struct jtree_node *port = jtree_get(jtree_get(agent, "channels"), name);
    const char *why = jtree_text(port, "why");
    const char *word = jtree_is_true(port, "open") ? "open" : "closed";
    struct text value = {0};
    char label[LABEL_WIDTH + 1];
    text_put(&value, "%s%s%s", c->colour ? table_colour(word) : "", word, c->colour ? TABLE_PLAIN : "");
    if (why != NULL) {
        text_put(&value, " (");
        text_clean(&value, why);
        text_put(&value, ")");
    }
    snprintf(label, sizeof(label), "channel %s", name);
    put_line(label, &value);
    text_free(&value);
}

static void put_members(const struct jtree_node *object, const char *const *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct jtree_node *value = jtree_get(object, members[i]);
        struct text cell = {0};
        if (value != NULL) {
            table_cell(&cell, value, TABLE_TEXT);
            put_line(members[i], &cell);
        }
        text_free(&cell);
    }
}

/* Members that are one value; those of an object inside of it as "events last". */
static void put_values(const struct jtree_node *object, const char *prefix)
{
    for (const struct jtree_node *member = object->child; member != NULL; member = member->next) {
        struct text label = {0};
        struct text cell = {0};
        bool is_time = strcmp(member->key, "time-ns") == 0;
        bool shown = strcmp(member->key, "id") != 0 && strcmp(member->key, "ok") != 0 && member->text != NULL;
        if (shown) {
            text_put(&label, "%s%s", prefix, prefix[0] != 0 ? " " : "");
            text_clean(&label, is_time ? "uptime" : member->key);
            table_cell(&cell, member, is_time ? TABLE_SECONDS : TABLE_TEXT);
            put_line(label.bytes, &cell);
        }
        text_free(&label);
        text_free(&cell);
    }
}

static void put_hypervisor(const struct jtree_node *status)
{
    put_values(status, "");
    for (const struct jtree_node *member = status->child; member != NULL; member = member->next) {
        if (member->type == JTREE_OBJECT) {
            struct text prefix = {0};
            text_clean(&prefix, member->key);
            put_values(member, text_string(&prefix));
            text_free(&prefix);
        }
    }
}

static void print_text(const struct ctl *c, const struct jtree_node *agent, const struct jtree_node *status)
{
    static const char *const members[] = {"agent-version", "events",        "dropped",     "missed",       "malformed",
                                          "faults",        "not-forwarded", "rules-acted", "rules-refused"};
    put_channel(c, agent, "events");
    put_channel(c, agent, "control");
    put_members(agent, members, sizeof(members) / sizeof(members[0]));
    for (const struct jtree_node *network = jtree_items(agent, "networks"); network != NULL; network = network->next) {
        const char *name = jtree_text(network, "name");
        const char *word = jtree_is_true(network, "up") ? "up" : "cut";
        struct text value = {0};
        text_clean(&value, name != NULL ? name : "-");
        text_put(&value, " %s%s%s", c->colour ? table_colour(word) : "", word, c->colour ? TABLE_PLAIN : "");
        put_line("network", &value);
        text_free(&value);
    }
    if (status != NULL) {
        printf("\n");
        put_hypervisor(status);
    }
}

static void put_object(struct text *out, const struct jtree_node *object)
{
    struct text members = {0};
    jtree_write_members(&members, object, "id");
    text_put(out, "{%s}", members.length != 0 ? members.bytes + 1 : "");
    text_free(&members);
}

static void print_json(const struct jtree_node *agent, const struct jtree_node *status)
{
    struct text line = {0};
    text_put(&line, "{\"agent\":");
    put_object(&line, agent);
    text_put(&line, ",\"hypervisor\":");
    if (status != NULL) {
        put_object(&line, status);
    } else {
        text_put(&line, "null");
    }
    printf("%s}\n", line.bytes);
    text_free(&line);
}

int ctl_status(struct ctl *c, int argc, char **argv)
{
    struct jtree agent;
    struct jtree status;
    if (!ctl_no_more(argc, argv, 1)) {
        return CTL_USAGE;
    }
    enum ctl_exit result = ctl_ask_command(c, "agent", &agent);
    if (result != CTL_DONE) {
        return result;
    }
    bool json = c->json;
    c->json = false; /* a refusal is said on standard error, the agent's part is printed all the same */
    result = ctl_ask_command(c, "status", &status);
    c->json = json;
    const struct jtree_node *hypervisor = result == CTL_DONE ? status.root : NULL;
    if (json) {
        print_json(agent.root, hypervisor);
    } else {
        print_text(c, agent.root, hypervisor);
    }
    if (result == CTL_DONE) {
        jtree_free(&status);
    }
    jtree_free(&agent);
    return result;
}
