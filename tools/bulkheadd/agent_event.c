/* SPDX-License-Identifier: GPL-2.0-only
 * Events: from the port into the state, to the rules, and to all who listen. */
#include <inttypes.h>
#include <string.h>

#include "tools/bulkheadd/agent.h"
#include "tools/bulkheadd/clock.h"
#include "tools/bulkheadd/event_text.h"

#define SHOWN_OF_A_BAD_LINE 100

static void publish(struct agent *a, const struct jtree_node *event, const char *line)
{
    state_keep(&a->state, event, line);
    forward_event(&a->forward, event, line);
    for (size_t i = 0; i < AGENT_CLIENTS_MAX; i++) {
        if (a->clients[i].fd >= 0 && a->clients[i].follows) {
            agent_client_event(&a->clients[i], line);
        }
    }
}

void agent_say(struct agent *a, enum severity severity, const char *type, const char *members)
{
    struct text line = {0};
    struct jtree tree;
    char wall[CLOCK_WALL_SIZE];
    const char *why = NULL;
    text_put(&line, "{\"source-program\":\"bulkheadd\",\"wall\":\"%s\",\"severity\":\"%s\",\"type\":\"%s\"%s}",
             clock_wall(wall), severity_text(severity), type, members);
    if (jtree_parse(&tree, line.bytes, line.length, &why)) {
        publish(a, tree.root, line.bytes);
        jtree_free(&tree);
    }
    text_free(&line);
}

/* Of a flood of them every power of two is told. */
static void malformed(struct agent *a, const char *line, size_t length, const char *why)
{
    struct text members = {0};
    char shown[SHOWN_OF_A_BAD_LINE + 1] = "";
    a->state.malformed++;
    if ((a->state.malformed & (a->state.malformed - 1)) != 0) {
        return;
    }
    memcpy(shown, line, length < SHOWN_OF_A_BAD_LINE ? length : SHOWN_OF_A_BAD_LINE);
    text_put(&members, ",\"count\":%" PRIu64 ",\"why\":", a->state.malformed);
    text_json(&members, why);
    text_put(&members, ",\"line\":");
    text_json(&members, shown);
    agent_say(a, SEVERITY_WARNING, "malformed-line", text_string(&members));
    text_free(&members);
}

static void missed(struct agent *a, uint64_t count)
{
    struct text members = {0};
    text_put(&members, ",\"count\":%" PRIu64, count);
    agent_say(a, SEVERITY_WARNING, "events-missed", text_string(&members));
    text_free(&members);
}

static void take_line(struct agent *a, const char *line, size_t length)
{
    struct jtree tree;
    struct text again = {0};
    const char *why = NULL;
    if (!jtree_parse(&tree, line, length, &why)) {
        malformed(a, line, length, why);
        return;
    }
    if (!event_is_one(tree.root)) {
        malformed(a, line, length, "no event: an object with a type");
    } else {
        uint64_t lost = state_event(&a->state, tree.root);
        if (lost != 0) {
            missed(a, lost);
        }
        jtree_write(&again, tree.root); /* in one form, whatever spaces and escapes it came with */
        publish(a, tree.root, again.bytes);
        agent_apply_rules(a, tree.root);
    }
    text_free(&again);
    jtree_free(&tree);
}

void agent_take_events(struct agent *a)
{
    size_t length = 0;
    uint64_t too_long = a->events.in.too_long;
    for (char *line = line_reader_take(&a->events.in, &length); line != NULL;
         line = line_reader_take(&a->events.in, &length)) {
        if (length != 0) {
            take_line(a, line, length);
        }
    }
    for (; too_long != 0; too_long--) {
        malformed(a, "", 0, "a line that is too long");
    }
    a->events.in.too_long = 0;
}
