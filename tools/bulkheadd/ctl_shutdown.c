/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl shutdown: press a guest's power button and, if wanted, wait until it is off. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bulkheadd/clock.h"
#include "tools/bulkheadd/ctl.h"

#define WAIT_MOST 86400u /* seconds */
#define LOOK_US 250000u

struct shutdown {
    const char *guest;
    uint64_t wait_s; /* 0: do not */
};

static bool take_seconds(const char *text, uint64_t *seconds)
{
    size_t digits = strspn(text, "0123456789");
    *seconds = digits != 0 && digits <= 5 && text[digits] == 0 ? strtoull(text, NULL, 10) : 0;
    return *seconds != 0 && *seconds <= WAIT_MOST;
}

static bool take_arguments(int argc, char **argv, struct shutdown *out)
{
    *out = (struct shutdown){0};
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--wait") == 0) {
            if (at + 1 >= argc || !take_seconds(argv[at + 1], &out->wait_s)) {
                ctl_usage("shutdown: --wait needs a number of seconds, 1 to %u", WAIT_MOST);
                return false;
            }
            at++;
        } else if (out->guest == NULL && argv[at][0] != '-') {
            out->guest = argv[at];
        } else {
            return ctl_no_more(argc, argv, at);
        }
    }
    if (out->guest == NULL) {
        ctl_usage("shutdown: which guest? bulkhead-ctl shutdown user");
    }
    return out->guest != NULL;
}

static void say_accepted(const struct ctl *c, const struct shutdown *s, const struct jtree *answer)
{
    if (c->json && s->wait_s == 0) {
        ctl_print_json(answer->root);
    } else if (!c->json) {
        printf("shutdown %s: accepted\n", s->guest);
        fflush(stdout);
    }
}

static enum ctl_exit press(struct ctl *c, const struct shutdown *s)
{
    struct jtree answer;
    struct text members = {0};
    text_put(&members, ",\"command\":\"shutdown\",\"guest\":");
    text_json(&members, s->guest);
    enum ctl_exit result = ctl_ask(c, members.bytes, &answer, false);
    text_free(&members);
    if (result == CTL_DONE) {
        say_accepted(c, s, &answer);
        jtree_free(&answer);
    }
    return result;
}

static const struct jtree_node *guest_in(const struct jtree *guests, const char *name)
{
    for (const struct jtree_node *g = jtree_items(guests->root, "guests"); g != NULL; g = g->next) {
        const char *is = jtree_text(g, "name");
        if (is != NULL && strcmp(is, name) == 0) {
            return g;
        }
    }
    return NULL;
}

static bool is_one_of(const struct jtree_node *guest, const char *one, const char *other)
{
    const char *state = jtree_text(guest, "state");
    return state != NULL && (strcmp(state, one) == 0 || strcmp(state, other) == 0);
}

/* On the way: it runs still, or what it had is taken back. */
static bool is_awake(const struct jtree_node *guest)
{
    return is_one_of(guest, "running", "stopping");
}

static bool is_off(const struct jtree_node *guest)
{
    return is_one_of(guest, "powered-off", "stopped");
}

/* CTL_DONE: *guests is to be freed, and shows the guest off, or as it is when the time is up. */
static enum ctl_exit wait_until_off(struct ctl *c, const struct shutdown *s, struct jtree *guests)
{
    uint64_t end_ms = clock_ms() + s->wait_s * 1000;
    enum ctl_exit result = ctl_ask_list(c, "guests", "guests", guests, false);
    while (result == CTL_DONE && is_awake(guest_in(guests, s->guest)) && clock_ms() < end_ms) {
        jtree_free(guests);
        usleep(LOOK_US);
        result = ctl_ask_list(c, "guests", "guests", guests, false);
    }
    return result;
}

static void say_not_off(const struct shutdown *s, const char *state)
{
    char what[160], fix[160];
    snprintf(what, sizeof(what), "guest '%s' is %s, not off, after its power button was pressed", s->guest, state);
    snprintf(fix, sizeof(fix), "look at it: bulkhead-ctl console %s; or stop it: bulkhead-ctl stop %s", s->guest,
             s->guest);
    ctl_error(what, fix);
}

/* It may have crashed instead, or run on. */
static enum ctl_exit say_end(const struct ctl *c, const struct shutdown *s, const struct jtree *guests)
{
    const struct jtree_node *guest = guest_in(guests, s->guest);
    const char *state = jtree_text(guest, "state");
    bool off = is_off(guest);
    if (c->json && guest != NULL) {
        ctl_print_json(guest);
    } else if (off) {
        printf("shutdown %s: %s\n", s->guest, state);
    } else {
        say_not_off(s, state != NULL ? state : "gone");
    }
    return off ? CTL_DONE : CTL_REFUSED;
}

/* CTL_DONE: *guests is to be freed. */
static enum ctl_exit press_and_wait(struct ctl *c, const struct shutdown *s, struct jtree *guests)
{
    enum ctl_exit result = ctl_ask_list(c, "guests", "guests", guests, false);
    if (result != CTL_DONE || is_off(guest_in(guests, s->guest))) {
        return result; /* what is wanted is so already */
    }
    jtree_free(guests);
    result = press(c, s);
    return result == CTL_DONE ? wait_until_off(c, s, guests) : result;
}

int ctl_shutdown(struct ctl *c, int argc, char **argv)
{
    struct shutdown s;
    struct jtree guests;
    if (!take_arguments(argc, argv, &s)) {
        return CTL_USAGE;
    }
    if (s.wait_s == 0) {
        return press(c, &s);
    }
    enum ctl_exit result = press_and_wait(c, &s, &guests);
    if (result == CTL_DONE) {
        result = say_end(c, &s, &guests);
        jtree_free(&guests);
    }
    return result;
}
