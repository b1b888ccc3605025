/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl events: the last ones, and those that come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkheadd/ctl.h"
#include "tools/bulkheadd/event_text.h"
#include "tools/bulkheadd/state.h"
#include "tools/bulkheadd/table.h"

#define TIME_WIDTH 20

struct wanted {
    const char *last, *type, *guest, *severity; /* NULL: not given */
    bool follow;
    enum severity least;
};

static const char **place_of(struct wanted *w, const char *option)
{
    if (strcmp(option, "--last") == 0) {
        return &w->last;
    }
    if (strcmp(option, "--type") == 0) {
        return &w->type;
    }
    if (strcmp(option, "--guest") == 0) {
        return &w->guest;
    }
    return strcmp(option, "--severity") == 0 ? &w->severity : NULL;
}

static bool check(struct wanted *w)
{
    if (w->last != NULL && (w->last[0] == 0 || w->last[strspn(w->last, "0123456789")] != 0 || strlen(w->last) > 9)) {
        ctl_usage("events: --last takes a number, not \"%s\"", w->last);
        return false;
    }
    w->least = SEVERITY_INFO;
    if (w->severity != NULL && !severity_parse(w->severity, &w->least)) {
        ctl_usage("events: --severity takes info, warning, error or critical, not \"%s\"", w->severity);
        return false;
    }
    return true;
}

static bool take_arguments(struct wanted *w, int argc, char **argv)
{
    *w = (struct wanted){0};
    for (int i = 1; i < argc; i++) {
        const char **place = place_of(w, argv[i]);
        if (strcmp(argv[i], "--follow") == 0 || strcmp(argv[i], "-f") == 0) {
            w->follow = true;
        } else if (place != NULL && i + 1 < argc) {
            *place = argv[++i];
        } else if (place != NULL) {
            ctl_usage("events: %s needs a value; see bulkhead-ctl --help", argv[i]);
            return false;
        } else {
            return ctl_no_more(argc, argv, i);
        }
    }
    return check(w);
}

static bool fits(const struct wanted *w, const struct jtree_node *event)
{
    const char *type = jtree_text(event, "type");
    const char *guest = jtree_text(event, "guest");
    return event_is_one(event) && (w->type == NULL || strcmp(type, w->type) == 0) &&
           (w->guest == NULL || (guest != NULL && strcmp(guest, w->guest) == 0)) && state_severity(event) >= w->least;
}

static void print_event(const struct ctl *c, const struct jtree_node *event)
{
    struct text line = {0};
    struct text time = {0};
    const char *severity = severity_text(state_severity(event));
    const char *colour = c->colour ? table_colour(severity) : "";
    if (c->json) {
        jtree_write(&line, event);
    } else {
        event_time(&time, event);
        text_put(&line, "%*s  %s%-8s%s  ", TIME_WIDTH, time.bytes, colour, severity, colour[0] != 0 ? TABLE_PLAIN : "");
        event_text(&line, event);
    }
    puts(line.bytes);
    text_free(&line);
    text_free(&time);
}

/* One line of the agent; false: the agent went. */
static bool take_line(struct ctl *c, const struct wanted *w)
{
    struct jtree tree;
    size_t length = 0;
    const char *why = NULL;
    const char *line = ctl_line(c, -1, &length);
    if (line != NULL && jtree_parse(&tree, line, length, &why)) {
        const struct jtree_node *event = jtree_get(tree.root, "event");
        if (fits(w, event)) {
            print_event(c, event);
        }
        jtree_free(&tree);
    }
    return line != NULL;
}

static enum ctl_exit show(struct ctl *c, const struct wanted *w, uint64_t count)
{
    bool there = true;
    for (uint64_t i = 0; i < count && there; i++) {
        there = take_line(c, w);
    }
    while (w->follow && there) {
        fflush(stdout);
        if (ferror(stdout) != 0) {
            return CTL_DONE; /* who read it has enough */
        }
        there = take_line(c, w);
    }
    if (!there) {
        ctl_error("bulkheadd went", "look at: systemctl status bulkheadd");
    }
    return there ? CTL_DONE : CTL_NO_AGENT;
}

int ctl_events(struct ctl *c, int argc, char **argv)
{
    struct wanted w;
    struct jtree answer;
    struct text members = {0};
    if (!take_arguments(&w, argc, argv)) {
        return CTL_USAGE;
    }
    text_put(&members, ",\"command\":\"events\",\"follow\":%s", w.follow ? "true" : "false");
    if (w.last != NULL) {
        text_put(&members, ",\"last\":%lu", strtoul(w.last, NULL, 10));
    }
    enum ctl_exit result = ctl_ask(c, members.bytes, &answer, false);
    text_free(&members);
    if (result == CTL_DONE) {
        uint64_t count = jtree_number(answer.root, "count", 0);
        jtree_free(&answer);
        result = show(c, &w, count);
    }
    return result;
}
